"""OpenSSH's command line, read as its getopt reads it.

Options end at the destination and may go on behind it; what follows them is the command.
An option that has a directive becomes that configuration line, in the order of the
command line, so that "the first value wins" as it does for ssh.
"""

from __future__ import annotations

import getopt
from collections.abc import Sequence
from typing import Final, Literal, TypeAlias

import attrs

from ssh_keys import is_key_text
from ssh_stack.arguments import parse_destination
from ssh_stack.cli.forwards import ForwardSpec, parse_forward
from ssh_stack.config.lines import quoted
from ssh_stack.local.user import expand_home
from ssh_wire import UsageError, lazy_attrs
from ssh_wire.numbers import MAX_PORT

__all__ = ["Arguments", "Target", "directive", "is_missing", "parse_arguments"]

_LETTERS: Final = (
    "1246ab:c:e:fgi:kl:m:no:p:qstvxAB:CD:E:F:GI:J:KL:MNO:P:Q:R:S:TVw:W:XYy"  # ssh's own
)
_IGNORED: Final = frozenset("ACMXYgy")
_DIRECTIVES: Final = {"i": "IdentityFile", "P": "Tag"}
# these win over -o, and the last of them over the others
_OVERRIDING: Final = {
    "4": "AddressFamily inet",
    "6": "AddressFamily inet6",
    "a": "ForwardAgent no",
    "b": "BindAddress",
    "c": "Ciphers",
    "e": "EscapeChar",
    "k": "GSSAPIDelegateCredentials no",
    "m": "MACs",
    "x": "ForwardX11 no",
}

Terminal: TypeAlias = Literal["auto", "none", "wanted", "forced"]


@lazy_attrs.frozen(kw_only=True)
class Target:
    """Where to, and with which configuration."""

    host: str
    """The host as it was written."""
    lines: tuple[str, ...] = ()
    """Configuration lines of the command line, in its order."""
    config: str | None = None
    """The configuration file, "none" for none; None for the usual ones."""


@lazy_attrs.define(kw_only=True)
class Arguments:
    """What the command line asks for."""

    host: str = ""
    """The destination's host; empty where none was given."""
    command: str | None = None
    """The command line for the other side; None for a shell."""
    lines: list[str] = attrs.field(factory=list[str])
    """Configuration lines, in the order of the command line."""
    config: str | None = None
    """The file of -F."""
    verbose: int = 0
    """How often -v was given."""
    quiet: bool = False
    """-q."""
    terminal: Terminal = "auto"
    """-t, -tt, -T, or none of them."""
    no_command: bool = False
    """-N."""
    no_input: bool = False
    """-n."""
    subsystem: bool = False
    """-s: the command is the name of a subsystem."""
    show: Literal["", "version", "config"] = ""
    """-V and -G."""
    query: str | None = None
    """-Q: what is asked for; the first one counts."""
    log: str | None = None
    """The file of -E."""
    local: list[ForwardSpec] = attrs.field(factory=list[ForwardSpec])
    """-L, in order."""
    remote: list[ForwardSpec] = attrs.field(factory=list[ForwardSpec])
    """-R, in order."""
    ignored: list[str] = attrs.field(factory=list[str])
    """Options that are not supported and do without."""
    missing: list[str] = attrs.field(factory=list[str])
    """Files of -i that are not there."""

    @property
    def target(self) -> Target:
        """Where to."""
        return Target(host=self.host, lines=tuple(self.lines), config=self.config)


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
    return arguments


def _options(words: Sequence[str], arguments: Arguments) -> list[str]:
    try:
        options, rest = getopt.getopt(list(words), _LETTERS)
    except getopt.GetoptError as error:
        raise UsageError(str(error)) from None
    for option, value in options:
        _option(option[1:], value, arguments)
    return rest


def _option(letter: str, value: str, arguments: Arguments) -> None:
    if letter == "1":
        problem = "option -1: version 1 of the protocol is not supported any more"
        raise UsageError(problem)
    if letter in _IGNORED:
        arguments.ignored.append(f"-{letter}")
    elif letter in _OVERRIDING:
        line = f"{_OVERRIDING[letter]} {quoted(value)}" if value else _OVERRIDING[letter]
        arguments.lines.insert(0, line)
    elif letter in "lpiJPo":
        if letter == "i":
            _refuse_key(value)
        arguments.lines.append(directive(letter, value))
        if letter == "i" and is_missing(value):
            arguments.missing.append(value)
    elif letter == "L":
        arguments.local.append(parse_forward(value))
    elif letter == "R":
        arguments.remote.append(parse_forward(value))
    elif not _flag(letter, value, arguments):
        problem = f"option -{letter} is not supported yet"
        raise UsageError(problem)


def _flag(letter: str, value: str, arguments: Arguments) -> bool:
    match letter:
        case "F":
            arguments.config = value
        case "E":
            arguments.log = value
        case "Q":
            arguments.query = arguments.query or value
        case "v":
            arguments.verbose += 1
        case "q":
            arguments.quiet = True
        case "T":
            arguments.terminal = "none"
        case "t":
            again = arguments.terminal in {"wanted", "forced"}
            arguments.terminal = "forced" if again else "wanted"
        case _:
            return _mode(letter, arguments)
    return True


def _mode(letter: str, arguments: Arguments) -> bool:
    match letter:
        case "N":
            arguments.no_command = True
        case "n":
            arguments.no_input = True
        case "s":
            arguments.subsystem = True
        case "V":
            arguments.show = "version"
        case "G":
            arguments.show = "config"
        case _:
            return letter == "2"  # the version that there is
    return True


def directive(letter: str, value: str) -> str:
    """Return the configuration line of -l, -p, -i, -J, -P or -o.

    Raises:
        UsageError: the value cannot be used.
    """
    match letter:
        case "p":
            return f"Port {_port(value)}"
        case "J":
            return f"ProxyJump {_jumps(value)}"
        case "l":
            return f"User {quoted(_literal(value))}"
        case "o":
            return value
        case _:
            return f"{_DIRECTIVES[letter]} {quoted(value)}"


def _jumps(text: str) -> str:
    """Return the value of -J, which a configuration line takes without quotes."""
    if not text.isprintable() or not {"#", '"', "'", "\\"}.isdisjoint(text):
        problem = f"{text!r} cannot be hosts to go through"
        raise UsageError(problem)
    return text


def _literal(user: str) -> str:
    """Return a name in which nothing is replaced: that of the command line means itself."""
    if "${" in user:
        problem = f"{user!r} cannot be the name of a user"
        raise UsageError(problem)
    return user.replace("%", "%%")


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 0 < int(text) <= MAX_PORT):
        problem = f"bad port {text!r}"
        raise UsageError(problem)
    return int(text)


def is_missing(identity: str) -> bool:
    """Return whether an -i names a file that is not there; one with tokens is not looked for.

    Raises:
        UsageError: it is not the name of a file: it is a key.
    """
    _refuse_key(identity)
    return not {"%", "$"} & set(identity) and not expand_home(identity).exists()


def _refuse_key(identity: str) -> None:
    """Refuse the text of a key where its file is wanted: every other error would quote it."""
    if is_key_text(identity):
        problem = "-i takes the path of a key file, not a key; save the key to a file of mode 600"
        raise UsageError(problem)


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
        arguments.lines.append(directive("l", user))
    if port is not None:
        arguments.lines.append(f"Port {_port(str(port))}")
