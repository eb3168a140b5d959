"""Which hosts a `Host` or `Match` line is for."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from typing import Final, TypeAlias

import attrs

from ssh_keys.patterns import matches_list
from ssh_stack.config.lines import Line
from ssh_stack.dial import split_command

__all__ = ["Condition", "Subject", "parse_condition"]

_EXEC_TIMEOUT: Final = 10.0


@attrs.frozen
class Subject:
    """What conditions are held against."""

    original: str
    """The host as the user wrote it."""
    host: str
    """The host after HostName."""
    user: str
    """The user to log in as."""
    local_user: str
    """The user who connects."""
    tokens: dict[str, str]
    """%-tokens for `exec`."""
    final: bool = False
    """Whether this is the second pass."""


Test: TypeAlias = Callable[[Subject, str], bool]


@attrs.frozen
class _Criterion:
    """One criterion of a Match line."""

    test: Test
    argument: str
    negated: bool


@attrs.frozen
class Condition:
    """A Host or Match line: all its criteria must hold."""

    line: Line
    criteria: tuple[_Criterion, ...]

    def holds(self, subject: Subject) -> bool:
        """Return whether the lines below are for `subject`."""
        return all(c.test(subject, c.argument) is not c.negated for c in self.criteria)

    @property
    def wants_final(self) -> bool:
        """Whether it asks for a second pass."""
        return any(c.test is _final for c in self.criteria)


def _patterns(text: str) -> tuple[bytes, ...]:
    return tuple(part.strip().lower().encode() for part in text.split(","))


def _host(subject: Subject, argument: str) -> bool:
    return matches_list(_patterns(argument), subject.host.lower().encode())


def _original(subject: Subject, argument: str) -> bool:
    return matches_list(_patterns(argument), subject.original.lower().encode())


def _named(subject: Subject, argument: str) -> bool:
    """Whether a Host line is for the host: as it was written, in the second pass as found."""
    return (_host if subject.final else _original)(subject, argument)


def _user(subject: Subject, argument: str) -> bool:
    patterns = tuple(part.strip().encode() for part in argument.split(","))
    return matches_list(patterns, subject.user.encode())


def _local_user(subject: Subject, argument: str) -> bool:
    patterns = tuple(part.strip().encode() for part in argument.split(","))
    return matches_list(patterns, subject.local_user.encode())


def _all(_subject: Subject, _argument: str) -> bool:
    return True


def _final(subject: Subject, _argument: str) -> bool:
    return subject.final


def _exec(subject: Subject, argument: str) -> bool:
    """Whether a program ends with status 0; no shell reads the command."""
    arguments = split_command(argument, subject.tokens)
    try:
        done = subprocess.run(  # noqa: S603 (the user's own configuration names it)
            arguments,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            timeout=_EXEC_TIMEOUT,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


_BARE: Final[dict[str, Test]] = {"all": _all, "final": _final, "canonical": _final}
_WITH_ARGUMENT: Final[dict[str, Test]] = {
    "host": _host,
    "originalhost": _original,
    "user": _user,
    "localuser": _local_user,
    "exec": _exec,
}


def parse_condition(line: Line) -> Condition:
    """Parse a Host or Match line.

    Raises:
        ConfigError: an unknown criterion, or one without its argument.
    """
    if line.keyword == "host":
        patterns = ",".join(line.arguments)
        return Condition(line, (_Criterion(_named, patterns, negated=False),))
    return Condition(line, tuple(_criteria(line)))


def _criteria(line: Line) -> Iterator[_Criterion]:
    words = iter(line.arguments)
    for word in words:
        name, equals, argument = word.partition("=")
        negated = name.startswith("!")
        name = name.removeprefix("!").lower()
        if name in _BARE:
            if name == "all" and len(line.arguments) > 1:
                problem = "all stands alone"
                raise line.error(problem)
            yield _Criterion(_BARE[name], "", negated)
            continue
        test = _WITH_ARGUMENT.get(name)
        if test is None:
            problem = f"has an unknown criterion {name!r}"
            raise line.error(problem)
        if not equals:
            argument = next(words, "")
        if not argument:
            problem = f"{name} has no argument"
            raise line.error(problem)
        yield _Criterion(test, argument, negated)
