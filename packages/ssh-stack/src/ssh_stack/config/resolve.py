"""The options of one host: the first value of each that a line for this host gives.

The lines are gone through in order, as OpenSSH's readconf.c does it, since a Match line is
held against what the lines before it set, and IgnoreUnknown is for the lines behind it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, cast

from ssh_keys.patterns import matches_list
from ssh_stack.config.canonical import canonical_host
from ssh_stack.config.criteria import host_matches, parse_match
from ssh_stack.config.directives import ALIASES, BLOCKS, DIRECTIVES
from ssh_stack.config.files import included
from ssh_stack.config.found_value import FoundValue
from ssh_stack.config.host_tokens import HostTokens
from ssh_stack.config.lines import Line
from ssh_stack.config.tokens import UnknownVariable, expand
from ssh_stack.config.without_lines import CANONICAL
from ssh_stack.local.interfaces import interface_addresses
from ssh_stack.local.user import local_user
from ssh_stack.usage_errors import ConfigError
from ssh_wire import UsageError

if TYPE_CHECKING:
    from ssh_stack.config.directive import Directive
    from ssh_stack.config.files import Config, Source
    from ssh_stack.config.host_config import HostConfig
    from ssh_stack.config.tokens import Tokens

__all__ = ["ConfigResolver", "Request", "resolve"]

_MAX_DEPTH: Final = 16
_MAX_LINES: Final = 100_000
_DEFAULT_PORT: Final = 22
_PLATFORMS: Final = {"darwin": frozenset({"usekeychain"})}  # what a system's own ssh adds


class Request(NamedTuple):
    """What the configuration is asked about."""

    host: str
    """The host as the user wrote it."""
    user: str | None = None
    """The user that was asked for, whatever the configuration says."""
    port: int | None = None
    """The port that was asked for."""
    command: str = ""
    """The command that will be run."""
    session_type: Literal["none", "subsystem"] | None = None
    """What will be started, where it is neither a command nor a shell."""
    addresses: Callable[[], Iterable[str]] = interface_addresses
    """Returns the addresses of this machine's interfaces."""


def resolve(config: Config, request: Request) -> HostConfig:
    """Return the options for a host; see `Config.resolve`."""
    from ssh_stack.config.build_host_config import build_host_config  # it imports this module

    resolver = ConfigResolver(config, request)
    resolver.run()
    resolver.fix_host_name()
    if resolver.needs_final_pass or resolver.canonicalizes:
        # the second pass adds to the first, and Host lines see the name that was found
        resolver.final = True
        resolver.run()
    return build_host_config(resolver)


class ConfigResolver:
    """The values that are found for one host, and what conditions are held against."""

    def __init__(self, config: Config, request: Request) -> None:
        self._config = config
        self._expanded_user = ""
        self._lines = 0
        self.request: Request = request
        """What is asked."""
        self.original: str = request.host
        """The host as the user wrote it."""
        self.values: dict[str, list[FoundValue]] = {}
        """What was found, by the name of the directive, in the order it was found in."""
        if request.session_type is not None:
            self.values["SessionType"] = [FoundValue(request.session_type, None)]
        self.notes: list[str] = []
        """What is worth knowing beside it."""
        self.final = False
        """Whether this is the final pass."""
        self.needs_final_pass: bool = False
        """Whether the configuration asks for a final pass."""
        self.renamed: bool = False
        """Whether a line HostName is for the host."""
        self.texts: dict[str, list[str]] = {}
        """What values were replaced by, by the name of the directive."""
        self.late_errors: dict[str, ConfigError] = {}
        """Why a value cannot be used that is expanded when it is used, by its field."""
        self.finished: bool = False
        """Whether all lines were gone through: the name and the user are final."""
        self.tokens: Tokens = HostTokens(self)
        """%-tokens for what is replaced while lines are read."""

    # ------------------------------------------------------------- what is known so far

    @property
    def host(self) -> str:
        """The name to connect to, as far as it is known."""
        found = self.first("Hostname")
        if found is None:
            return self.original
        if found.line is None:
            return cast("str", found.value)
        try:
            return expand(found.value, {"h": self.original})
        except UsageError as error:
            raise found.error(str(error)) from None

    @property
    def named(self) -> str:
        """The name that Host lines are held against."""
        return self.host if self.final else self.original

    @property
    def user(self) -> str:
        """The user to log in as, as far as it is known."""
        return self.request.user or self._expanded_user or self.value("User") or local_user()

    @property
    def local_user(self) -> str:
        """The user who connects."""
        return local_user()

    @property
    def port(self) -> int:
        """The port to connect to, as far as it is known."""
        return self.request.port or self.value("Port") or _DEFAULT_PORT

    @property
    def canonicalizes(self) -> bool:
        """Whether the canonical name of the host is asked for."""
        return (self.value("CanonicalizeHostname") or "no") != "no"

    @property
    def tag(self) -> str:
        """The value of Tag."""
        return self.value("Tag") or ""

    @property
    def command(self) -> str:
        """The command of the command line."""
        return self.request.command

    @property
    def session_type(self) -> str:
        """What will be started, as far as it is known (readconf.c, `match_cfg_line`)."""
        word = self.value("SessionType")
        if word in {"none", "subsystem"}:
            return str(word)
        return "exec" if self.request.command else "shell"

    def interface_addresses(self) -> Iterable[str]:
        """Return the addresses of this machine's interfaces."""
        return self.request.addresses()

    def first(self, name: str) -> FoundValue | None:
        """Return what was found first for a directive."""
        rows = self.values.get(name)
        return rows[0] if rows else None

    def value(self, name: str) -> Any:  # noqa: ANN401 (each directive has a type of its own)
        """Return the first value of a directive, or None."""
        found = self.first(name)
        return None if found is None else found.value

    def check_command(self, command: str, line: Line) -> None:
        """Check the tokens of a command of Match exec that is not run."""
        try:
            expand(command, self.tokens)
        except UsageError as error:
            problem = f"exec: {error}"
            raise line.error(problem) from None

    def run_command(self, command: str, line: Line) -> bool:
        """Run a command of Match exec; return whether it ends with status 0."""
        from ssh_stack.local.shell_command import (  # this criterion is rare
            command_status,
            expand_command,
        )

        try:
            status = command_status(expand_command(command, self.tokens))
        except UsageError as error:
            problem = f"exec: {error}"
            raise line.error(problem) from None
        if status < 0:
            problem = f"exec: the command {command!r} was ended by signal {-status}"
            raise line.error(problem)
        return status == 0

    # ------------------------------------------------------------- going through the lines

    def run(self) -> None:
        """Take every line that is for the host."""
        self._lines = 0
        for source in self._config.sources:
            self._read_lines(source, active=True, depth=0)

    def finish(self) -> None:
        """Take the name of the host and the user as final; expand the user's name."""
        self.finished = True
        rows, row = self.values.get("User"), DIRECTIVES["user"]
        self._expanded_user = row.build(rows, self, row) if rows else ""

    def fix_host_name(self) -> None:
        """Make the name that was found, or its canonical form, the one to connect to.

        How names are canonicalized is settled then (`fill_default_options_for_canonicalization`).
        """
        for name, value in CANONICAL.items():
            self.values.setdefault(name, [FoundValue(value, None)])
        self.renamed = self.first("Hostname") is not None
        self.values["Hostname"] = [FoundValue(canonical_host(self), None)]

    def _read_lines(self, source: Source, *, active: bool, depth: int) -> None:
        holds = active
        for line in source.lines:
            self._lines += 1
            if self._lines > _MAX_LINES:
                problem = f"is beyond {_MAX_LINES} lines of configuration"
                raise line.error(problem)
            if line.keyword not in BLOCKS:
                self._apply_line(line, holds=holds)
            elif source.options:
                problem = "is for files alone: it cannot be an option"
                raise line.error(problem)
            elif line.keyword == "include":
                self._include(line, source, holds, depth + 1)
            else:
                # a block ends where the next begins; an included one stays inside its own
                holds = self._block_applies(line, active=active)

    def _block_applies(self, line: Line, *, active: bool) -> bool:
        if line.keyword == "host":
            return host_matches(self, line) and active
        match = parse_match(line)
        self.needs_final_pass = self.needs_final_pass or match.needs_final_pass
        return active and match.applies_to(self)

    def _include(self, line: Line, source: Source, active: bool, depth: int) -> None:  # noqa: FBT001 (as the caller has it)
        for argument in line.arguments:
            if not argument:
                problem = "has an empty argument"
                raise line.error(problem)
            try:
                pattern = expand(argument, self.tokens, variables=True)
            except UsageError as error:
                if not isinstance(error, UnknownVariable):
                    raise line.error(str(error)) from None
                # "the setting for that keyword will be ignored"
                self.notes.append(str(line.error(f"{error}: ignored")))
                continue
            for path in included(pattern, source, line):
                if depth > _MAX_DEPTH:
                    problem = f"nests deeper than {_MAX_DEPTH} files"
                    raise line.error(problem)
                found = self._config.include(path, source.folder, line)
                if found is not None:
                    self._read_lines(found, active=active, depth=depth)

    def _apply_line(self, line: Line, *, holds: bool) -> None:
        directive = DIRECTIVES.get(ALIASES.get(line.keyword, line.keyword))
        if directive is None:
            self._check_unknown(line)
            return
        value = directive.read(line)  # a bad value is an error in every block
        if not holds:
            return
        if directive.refuses:
            problem = f"refuses the connection: {value}"
            raise line.error(problem)
        self._store_value(directive, FoundValue(value, line))

    def _store_value(self, directive: Directive, found: FoundValue) -> None:
        if found.value is None:  # "none" of a time: as if there were no line
            return
        rows = self.values.setdefault(directive.name, [])
        if directive.accumulates:
            if found not in rows:  # the final pass meets each line again
                rows.append(found)
            return
        other = directive.competes_with if found.value else ""
        if rows or other in self.values:
            return
        rows.append(found)
        if other:  # "whichever is specified first will prevent later instances of the other"
            self.values[other] = [FoundValue("none", found.line)]

    def _check_unknown(self, line: Line) -> None:
        patterns = (self.value("IgnoreUnknown") or "").lower().split(",")
        encoded = tuple(each.encode("utf-8", "surrogateescape") for each in patterns)
        if matches_list(encoded, line.keyword.encode("utf-8", "surrogateescape")):
            return
        if line.keyword not in _PLATFORMS.get(sys.platform, ()):
            raise line.error(_unknown_keyword(line))


def _unknown_keyword(line: Line) -> str:
    from difflib import get_close_matches  # where something is wrong

    names = {row.name.lower(): row.name for row in DIRECTIVES.values()}
    names.update({"host": "Host", "match": "Match", "include": "Include"})
    visible = "".join(char for char in line.spelling if char.isascii() and char.isalnum())
    if visible.lower() in names and visible != line.spelling:
        return (
            f"is not a keyword of ssh_config: there are characters about {visible} that do not "
            "belong there"
        )
    close = get_close_matches(visible.lower(), names, 1)
    hint = f"; is {names[close[0]]} meant?" if close else ""
    return f"is not a keyword of ssh_config{hint} (a line IgnoreUnknown before it permits it)"
