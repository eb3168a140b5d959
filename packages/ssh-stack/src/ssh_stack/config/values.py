"""How the arguments of a line are read; each function raises `ConfigError` for a bad value.

What a value may be is what OpenSSH's readconf.c takes, for every keyword that it knows: a
bad value is an error in every block, also in one that is for another host.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

from ssh_stack.config.lines import Line
from ssh_stack.config.names import is_safe_host, is_safe_user
from ssh_stack.config.tokens import expand_variables
from ssh_wire import UsageError
from ssh_wire.numbers import MAX_PORT

__all__ = ["Reader", "parse_duration", "port_number", "split_hop"]

Reader: TypeAlias = Callable[[Line], object]
"""Reads the value of a line, or raises `ConfigError`."""

MAX_INT: Final = 2**31 - 1
_SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_TIME: Final = r"([0-9]+(?:\.[0-9]+(?=[sS]|$))?)([smhdwSMHDW]?)"
_HOP: Final = r"""(ssh://)?([^\s@'"][^'"]*@)?(\[[^\]]+\]|[^\s@:/\[\]'"]+)(:[0-9]{1,5})?(?(1)/?)"""
_QUOTED: Final = r"""(["'])([A-Za-z0-9._-]+)\1"""
FLAGS: Final = {"yes": "yes", "true": "yes", "no": "no", "false": "no"}
_NAME: Final = r"\A[A-Za-z_][A-Za-z0-9_]*\Z"


def one(line: Line) -> str:
    """Return the one argument, which is not empty."""
    (argument,) = some(line, most=1)
    return argument


def some(line: Line, least: int = 1, most: int | None = None) -> tuple[str, ...]:
    """Return the arguments, none of them empty."""
    count = len(line.arguments)
    if "" in line.arguments:
        problem = "has an empty argument"
        raise line.error(problem)
    if count < least:
        problem = f"takes {least} arguments, not {count}" if count else "has no argument"
        raise line.error(problem)
    if most is not None and count > most:
        problem = f"takes {most} argument{'s' * (most > 1)}, not {count}"
        raise line.error(problem)
    return line.arguments


def whole(line: Line) -> str:
    """Return all that follows, as it is written: a command for a shell."""
    text = line.rest.lstrip(" \t\r\n=")
    if not text:
        problem = "has no argument"
        raise line.error(problem)
    return text


def jumps(line: Line) -> tuple[str, ...]:
    """Return the hosts of ProxyJump, first to last; nothing for "none"."""
    text = line.rest.partition("#")[0].rstrip()
    if (quoted := re.fullmatch(_QUOTED, text)) is not None:
        text = quoted[2]  # a shell takes the quotes away for OpenSSH
    if text.lower() == "none":
        return ()
    hops = tuple(hop.strip() for hop in text.split(","))
    for hop in hops:
        found = re.fullmatch(_HOP, hop)
        if found is None or not 0 < int((found[4] or ":22")[1:]) <= MAX_PORT:
            problem = f"takes [user@]host[:port] with commas between them, not {hop!r}"
            raise line.error(problem)
        # what comes from the command line may be put together by another program
        user, host = (found[2] or "")[:-1], found[3].strip("[]")
        if not line.number and not (is_safe_host(host) and (not user or is_safe_user(user))):
            problem = f"cannot have {hop!r}: a character of it is not allowed"
            raise line.error(problem)
    return hops


def split_hop(text: str) -> tuple[str, str, int]:
    """Return user, host and port of a host to go through; "" and 0 for none."""
    user, _, place = text.removeprefix("ssh://").rstrip("/").rpartition("@")
    host, port = place, ""
    if place.startswith("["):
        host, _, port = place[1:].partition("]")
    elif place.count(":") == 1:
        host, _, port = place.partition(":")
    return user, host, int(port.lstrip(":") or 0)


def anything(line: Line) -> str:
    """Return all that follows; nothing of it is wrong."""
    return line.rest


def choice(values: Mapping[str, str]) -> Reader:
    """Return a reader of one of some words, in any case, each with what it means."""

    def read(line: Line) -> str:
        word = one(line)
        if word.lower() not in values:
            problem = f"is one of {', '.join(values)}, not {word!r}"
            raise line.error(problem)
        return values[word.lower()]

    return read


yes_or_no: Final = choice(FLAGS)
"""Reads "yes" or "no"."""


def flag(line: Line) -> bool:
    """Return whether the argument is "yes"."""
    return yes_or_no(line) == "yes"


def port(line: Line) -> int:
    """Return the number of a port, which may be given by the name of a service."""
    word = one(line)
    number = port_number(word)
    if number:
        return number
    digits = word.lstrip(" \t\n\v\f\r").removeprefix("+")
    problem = f"{digits} is not a port" if digits.isdecimal() else f"is a number, not {word!r}"
    raise line.error(problem)


def port_number(word: str) -> int | None:
    """Return a port, which may have the name of a service; None for what is neither."""
    digits = word.lstrip(" \t\n\v\f\r").removeprefix("+")
    if digits.isascii() and digits.isdigit():
        number = int(digits[:9])  # nine digits are too many in any case
        return number if number <= MAX_PORT else None
    try:
        return socket.getservbyname(word, "tcp")
    except (OSError, ValueError, UnicodeError):
        return None


def number(line: Line) -> int:
    """Return a number that is not negative."""
    word = one(line)
    digits = word.lstrip(" \t\n\v\f\r").removeprefix("+")
    if not (digits.isascii() and digits.isdigit()) or len(digits) > 10 or int(digits) > MAX_INT:  # noqa: PLR2004 (as many as 2**31 has)
        problem = f"is a number, not {word!r}"
        raise line.error(problem)
    return int(digits)


def seconds(line: Line) -> int | None:
    """Return the seconds of a time; None for "none", as if there were no line."""
    word = one(line)
    return None if word == "none" else duration(line, word)


def duration(line: Line, word: str) -> int:
    """Return the seconds of a time; see `parse_duration`."""
    found = parse_duration(word)
    if found is None:
        problem = f"is a time, not {word!r}"
        raise line.error(problem)
    return found


def parse_duration(word: str) -> int | None:
    """Return the seconds of a time as in sshd_config(5), TIME FORMATS: 90, 1m30s, 1h.

    None is returned for what is not one.
    """
    total, pos = 0.0, 0
    units: list[str] = []
    while found := re.match(_TIME, word[pos:]):
        unit = found[2].lower() or "s"
        end = pos + found.end()
        if (not found[2] and end < len(word)) or (unit == "s" and "s" in units):
            break
        units.append(unit)
        total += float(found[1]) * _SECONDS[unit]
        pos = end
    if not word or pos < len(word) or total > MAX_INT:
        return None
    return int(total)


def alone(*words: str) -> Callable[[Line], tuple[str, ...]]:
    """Return a reader of arguments among which each of `words` must be the only one."""

    def read(line: Line) -> tuple[str, ...]:
        arguments = some(line)
        found = [each for each in arguments if each.lower() in words]
        if found and len(arguments) > 1:
            problem = f"takes {found[0]!r} only alone"
            raise line.error(problem)
        return tuple(found[0].lower() if each in found else each for each in arguments)

    return read


files: Final = alone("none")
"""Reads the names of files, or "none"."""


def variable_patterns(line: Line) -> tuple[str, ...]:
    """Return patterns of names of environment variables (SendEnv)."""
    arguments = some(line)
    if any("=" in each for each in arguments):
        problem = "takes names of environment variables without values"
        raise line.error(problem)
    return arguments


def variables(line: Line) -> tuple[tuple[str, str], ...]:
    """Return environment variables with their values (SetEnv); the first of a name counts."""
    found: dict[str, str] = {}
    for argument in line.arguments:
        name, equals, value = argument.partition("=")
        if not equals:
            problem = "takes NAME=VALUE"
            raise line.error(problem)
        found.setdefault(name, value)
    if not found:
        problem = "has no argument"
        raise line.error(problem)
    return tuple(found.items())


def agent_socket(line: Line) -> str:
    """Return the socket of an agent, "none", or "$VARIABLE" (IdentityAgent)."""
    word = one(line)
    if word.startswith("$") and not word.startswith("${") and not re.match(_NAME, word[1:]):
        problem = f"names no environment variable: {word!r}"
        raise line.error(problem)
    try:
        expand_variables(word)
    except UsageError as error:
        raise line.error(str(error)) from None
    return word
