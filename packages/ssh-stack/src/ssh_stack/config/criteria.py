"""Which hosts a `Host` or `Match` line is for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Final, Protocol, TypeAlias

from ssh_keys.patterns import matches_list
from ssh_stack.config.lines import Line
from ssh_wire import UsageError, lazy_attrs

__all__ = ["OPENSSH_VERSION", "Match", "MatchContext", "host_matches", "parse_match"]


class MatchContext(Protocol):
    """What conditions are held against, as far as it is known when a line is reached."""

    @property
    def original(self) -> str:
        """The host as the user wrote it."""
        ...

    @property
    def named(self) -> str:
        """The host for Host lines: as it was written, in the final pass as it was found."""
        ...

    @property
    def host(self) -> str:
        """The host after HostName."""
        ...

    @property
    def user(self) -> str:
        """The user to log in as."""
        ...

    @property
    def local_user(self) -> str:
        """The user who connects."""
        ...

    @property
    def tag(self) -> str:
        """The value of Tag."""
        ...

    @property
    def final(self) -> bool:
        """Whether this is the final pass."""
        ...

    @property
    def command(self) -> str:
        """The command that will be run; "" for a shell."""
        ...

    @property
    def session_type(self) -> str:
        """What will be started: "shell", "exec", "subsystem", or "none"."""
        ...

    def interface_addresses(self) -> Iterable[str]:
        """Return the addresses of this machine's interfaces."""
        ...

    def check_command(self, command: str, line: Line) -> None:
        """Check the tokens of a command that is not run."""
        ...

    def run_command(self, command: str, line: Line) -> bool:
        """Run a command in the user's shell; return whether it ends with status 0."""
        ...


OPENSSH_VERSION: Final = "OpenSSH_10.6p1"
"""The release whose configuration is understood here: what `Match version` is held against."""

CriterionTest: TypeAlias = Callable[[MatchContext, str, Line], bool]


def host_matches(context: MatchContext, line: Line) -> bool:
    """Return whether a Host line is for the subject; a comma is part of a pattern.

    Raises:
        ConfigError: a pattern is empty.
    """
    if "" in line.arguments:
        problem = "has an empty argument"
        raise line.error(problem)
    return matches_list(tuple(map(_bytes, line.arguments)), _bytes(context.named))


@lazy_attrs.frozen
class Match:
    """A Match line: the criteria that must all hold."""

    line: Line
    """The line."""
    criteria: tuple[_Criterion, ...]
    """Its criteria, in order."""

    @property
    def needs_final_pass(self) -> bool:
        """Whether it asks for a final pass."""
        return any(each.name == "final" and not each.negated for each in self.criteria)

    def applies_to(self, context: MatchContext) -> bool:
        """Return whether the lines below it are for the subject.

        Raises:
            ConfigError: a command cannot be run, or an argument cannot be used.
        """
        applies = True
        for each in self.criteria:
            if each.name == "exec" and not applies:
                context.check_command(each.argument, self.line)  # as OpenSSH, which skips it then
            else:
                holds = _TESTS[each.name](context, each.argument, self.line)
                applies = applies and holds is not each.negated
        return applies


@lazy_attrs.frozen
class _Criterion:
    """One criterion of a Match line."""

    name: str
    argument: str
    negated: bool


def parse_match(line: Line) -> Match:
    """Parse a Match line.

    Raises:
        ConfigError: an unknown criterion, one without its argument, or none.
    """
    criteria = tuple(_criteria(line))
    if not criteria:
        problem = "has no criterion"
        raise line.error(problem)
    return Match(line, criteria)


def _criteria(line: Line) -> Iterator[_Criterion]:
    words = iter(line.arguments)
    for count, word in enumerate(words):
        if word.startswith("#"):  # as in `_argument`
            return
        bare = word.removeprefix("!")
        name, equals, argument = bare.partition("=")
        if equals and name.lower() not in _WITH_EQUALS:
            name, equals = bare, ""
        name = name.lower()
        if name == "all":
            _check_all(line, count, next(words, None))
        elif name not in _BARE:
            argument = _argument(line, name, argument if equals else next(words, None))
        if name not in _TESTS:
            problem = f"has an unknown criterion {word!r}"
            raise line.error(problem)
        yield _Criterion(name, argument, negated=word.startswith("!"))


def _check_all(line: Line, before: int, behind: str | None) -> None:
    """Refuse `all` beside more than one other criterion; `final all` is valid."""
    if before > 1 or (behind and not behind.startswith("#")):
        problem = "takes all alone, or behind one other criterion"
        raise line.error(problem)


def _argument(line: Line, name: str, argument: str | None) -> str:
    # a quoted # at the start of a word is taken for a comment here (readconf.c, match_cfg_line)
    if not argument and name in _EMPTY and argument is not None:
        return argument
    if not argument or argument.startswith("#"):
        problem = f"has a criterion {name!r} without an argument"
        raise line.error(problem)
    return argument


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _listed(argument: str, text: str) -> bool:
    return matches_list(tuple(_bytes(argument).split(b",")), _bytes(text))


def _listed_host(argument: str, host: str) -> bool:
    patterns = _bytes(argument).lower().split(b",")  # the case of ASCII letters does not count
    return matches_list(tuple(patterns), _bytes(host).lower())


def _host(context: MatchContext, argument: str, _line: Line) -> bool:
    return _listed_host(argument, context.host)


def _original(context: MatchContext, argument: str, _line: Line) -> bool:
    return _listed_host(argument, context.original)


def _user(context: MatchContext, argument: str, _line: Line) -> bool:
    return _listed(argument, context.user)


def _local_user(context: MatchContext, argument: str, _line: Line) -> bool:
    return _listed(argument, context.local_user)


def _version(_context: MatchContext, argument: str, _line: Line) -> bool:
    return _listed(argument, OPENSSH_VERSION)


def _tagged(context: MatchContext, argument: str, _line: Line) -> bool:
    return _listed_or_empty(argument, context.tag)


def _command(context: MatchContext, argument: str, _line: Line) -> bool:
    return _listed_or_empty(argument, context.command)


def _listed_or_empty(argument: str, text: str) -> bool:
    return _listed(argument, text) if text else not argument


def _session_type(context: MatchContext, argument: str, _line: Line) -> bool:
    return _listed(argument, context.session_type)


def _local_network(context: MatchContext, argument: str, line: Line) -> bool:
    from ssh_stack.local.interfaces import is_in_networks, read_networks  # rarely needed

    try:
        networks = read_networks(argument)
    except UsageError as error:
        problem = f"localnetwork: {error}"
        raise line.error(problem) from None
    return any(is_in_networks(address, networks) for address in context.interface_addresses())


def _all(_context: MatchContext, _argument: str, _line: Line) -> bool:
    return True


def _final(context: MatchContext, _argument: str, _line: Line) -> bool:
    return context.final


def _exec(context: MatchContext, argument: str, line: Line) -> bool:
    return context.run_command(argument, line)


_TESTS: Final[dict[str, CriterionTest]] = {
    "all": _all,
    "canonical": _final,
    "command": _command,
    "exec": _exec,
    "final": _final,
    "host": _host,
    "localnetwork": _local_network,
    "localuser": _local_user,
    "originalhost": _original,
    "sessiontype": _session_type,
    "tagged": _tagged,
    "user": _user,
    "version": _version,
}
_BARE: Final = frozenset({"all", "canonical", "final"})
_EMPTY: Final = frozenset({"command", "tagged"})  # their argument may be empty
_WITH_EQUALS: Final = _TESTS.keys() - _BARE - {"sessiontype"}
