"""OpenSSH's command line, read as its getopt reads it.

Options end at the destination and may go on behind it; what follows them is the command.
What each letter does is a row of `ssh_stack.cli.ssh_letters`.
"""

from __future__ import annotations

import getopt
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, Literal

from ssh_connection.addresses import Address
from ssh_stack.arguments import parse_destination
from ssh_stack.cli import letter_values as values
from ssh_stack.cli.ssh_letters import LETTERS
from ssh_stack.config.lines import parse_line, quoted
from ssh_stack.usage_errors import ConfigError
from ssh_wire import UsageError, lazy_attrs

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Arguments", "Target", "directive", "parse_arguments"]

_GETOPT: Final = "".join(f"{row.name}:" if row.value else row.name for row in LETTERS.values())
_IMPLIED_BY_STREAM: Final = ("ExitOnForwardFailure yes", "ClearAllForwardings yes")
"""What -W implies, "though these can be overridden … using -o" (ssh(1))."""


@lazy_attrs.frozen(kw_only=True)
class Target:
    """Where to, and with which configuration."""

    host: str
    """The host as it was written."""
    lines: tuple[str, ...] = ()
    """Configuration lines of the command line, in its order."""
    config: str | None = None
    """The configuration file, "none" for none; None for the usual ones."""
    command: str = ""
    """The command, which the configuration may look at."""
    control_path: Path | None = None
    """The socket of a master whose connection is used, in proxy mode."""


@lazy_attrs.define(kw_only=True)
class Arguments:
    """What the command line asks for."""

    host: str = ""
    """The destination's host; empty where none was given."""
    command: str | None = None
    """The command line for the other side; None for a shell."""
    config: str | None = None
    """The file of -F."""
    debugs: bool = False
    """Whether there was a -v."""
    print_config: bool = False
    """-G."""
    answer: tuple[Literal["query", "version"], str] | None = None
    """-Q with what is asked for, or -V: the first of them."""
    log: str | None = None
    """The file of -E."""
    syslog: bool = False
    """-y."""
    stdio_forward: Address | None = None
    """-W: what standard input and output are joined to."""
    control_command: str = ""
    """-O: what is asked of a master."""
    control_path: Path | None = None
    """The socket of the master, where it is asked for proxy mode."""
    missing: list[str] = lazy_attrs.field(factory=list[str])
    """Files of -i that are not there."""
    _replacing: dict[str, str] = lazy_attrs.field(factory=dict[str, str])
    _lines: list[str] = lazy_attrs.field(factory=list[str])

    def replace(self, keyword: str, rest: str) -> None:
        """Set a keyword whatever was given for it before.

        Args:
            keyword: the keyword, as ssh_config(5) spells it.
            rest: what follows it in a configuration line.
        """
        self._replacing[keyword] = rest

    def add(self, line: str) -> None:
        """Add a configuration line, which counts if nothing before it sets its keyword."""
        self._lines.append(line)

    def value(self, keyword: str) -> str | None:
        """Return what the letters so far come to for a keyword; None for nothing."""
        if keyword in self._replacing:
            return self._replacing[keyword]
        for text in self._lines:
            try:
                line = parse_line(text, "option", 0)
            except ConfigError:  # told when the configuration is read
                continue
            if line is not None and line.keyword == keyword.lower():
                return line.rest
        return None

    @property
    def lines(self) -> list[str]:
        """Configuration lines, those first that win over the others."""
        first = [f"{keyword} {rest}" for keyword, rest in self._replacing.items()]
        implied = _IMPLIED_BY_STREAM if self.stdio_forward is not None else ()
        return [*first, *self._lines, *implied]

    @property
    def level(self) -> str | None:
        """The LogLevel of -q and -v; None without them."""
        return self._replacing.get("LogLevel")

    @property
    def session_type(self) -> Literal["none", "subsystem"] | None:
        """The type of session that the letters ask for, which `Match sessiontype` looks at."""
        match (self.value("SessionType") or "").lower():
            case "none":
                return "none"
            case "subsystem":
                return "subsystem"
            case _:
                return None

    @property
    def target(self) -> Target:
        """Where to."""
        command = self.command or ""
        return Target(
            host=self.host,
            lines=tuple(self.lines),
            config=self.config,
            command=command,
            control_path=self.control_path,
        )


def parse_arguments(words: Sequence[str]) -> Arguments:
    """Read the words behind `ssh`.

    Raises:
        UsageError: an unknown option, one that is not supported, or a value that is wrong.
    """
    arguments = Arguments()
    rest = _options(words, arguments)
    if rest:
        _destination(rest[0], arguments)
        # getopt begins again behind the destination, as ssh does it
        rest = _options(rest[1:], arguments)
    if rest:
        arguments.command = " ".join(rest)
    if arguments.syslog and arguments.log is not None:
        problem = "-y and -E exclude each other"
        raise UsageError(problem)
    return arguments


def _options(words: Sequence[str], arguments: Arguments) -> list[str]:
    try:
        options, rest = getopt.getopt(list(words), _GETOPT)
    except getopt.GetoptError as error:
        raise UsageError(str(error)) from None
    for option, value in options:
        if arguments.answer:
            break  # ssh answers -Q and -V at once, whatever follows
        LETTERS[option[1:]].apply(arguments, value)
    return rest


def directive(letter: str, value: str) -> str:
    """Return the configuration line of -l, -p, -J, -P or -o.

    Raises:
        UsageError: the value cannot be used.
    """
    match letter:
        case "p":
            return f"Port {values.port(value)}"
        case "J":
            return f"ProxyJump {values.jumps(value)}"
        case "l":
            return f"User {values.user(value)}"
        case "o":
            return value
        case _:
            return f"Tag {quoted(value)}"


def _destination(text: str, arguments: Arguments) -> None:
    """Take `[user@]host` or `ssh://[user@]host[:port]`; options that came before win."""
    user: str | None
    port: int | None = None
    if text.startswith("ssh://"):
        user, arguments.host, port = parse_destination(text)
    else:
        name, at, arguments.host = text.rpartition("@")
        user = name if at else None
        if at and not name:
            problem = f"{text!r} has no user before the @"
            raise UsageError(problem)
    if user is not None:
        arguments.add(directive("l", user))
    if port is not None:
        arguments.add(f"Port {values.port(str(port))}")
