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
from ssh_wire.numbers import MAX_PORT

__all__ = ["Reader"]

Reader: TypeAlias = Callable[[Line], object]
"""Reads the value of a line, or raises `ConfigError`."""

_MAX_INT: Final = 2**31 - 1
_SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_SCALES: Final = {"": 0, "b": 0, "k": 10, "m": 20, "g": 30, "t": 40, "p": 50, "e": 60}
_TIME: Final = r"([0-9]+(?:\.[0-9]+(?=[sS]|$))?)([smhdwSMHDW]?)"
_SCALED: Final = r"([0-9]+(?:\.[0-9]*)?)([bBkKmMgGtTpPeE]?)"
_HOP: Final = r"""(ssh://)?([^\s@'"][^'"]*@)?(\[[^\]]+\]|[^\s@\[\]'"]+?)(:[0-9]{1,5})?/?"""
_QUOTED: Final = r"""(["'])([A-Za-z0-9._-]+)\1"""
_FLAGS: Final = {"yes": "yes", "true": "yes", "no": "no", "false": "no"}
_NAMED_FLAG: Final = r"\A[A-Za-z_][A-Za-z0-9_]*\Z"


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


yes_or_no: Final = choice(_FLAGS)
"""Reads "yes" or "no"."""


def flag(line: Line) -> bool:
    """Return whether the argument is "yes"."""
    return yes_or_no(line) == "yes"


def port(line: Line) -> int:
    """Return the number of a port, which may be given by the name of a service."""
    word = one(line)
    number = _port(word)
    if number is None:
        problem = f"is a number, not {word!r}"
        raise line.error(problem)
    if not 0 < number <= MAX_PORT:
        problem = f"{number} is not a port"
        raise line.error(problem)
    return number


def _port(word: str) -> int | None:
    digits = word.lstrip(" \t\n\v\f\r").removeprefix("+")
    if digits.isascii() and digits.isdigit():
        return int(digits[:9])  # nine digits are too many in any case
    try:
        return socket.getservbyname(word, "tcp")
    except (OSError, ValueError, UnicodeError):
        return None


def number(line: Line) -> int:
    """Return a number that is not negative."""
    word = one(line)
    digits = word.lstrip(" \t\n\v\f\r").removeprefix("+")
    if not (digits.isascii() and digits.isdigit()) or len(digits) > 10 or int(digits) > _MAX_INT:  # noqa: PLR2004 (as many as 2**31 has)
        problem = f"is a number, not {word!r}"
        raise line.error(problem)
    return int(digits)


def seconds(line: Line) -> int:
    """Return the seconds of a time; 0 for "none"."""
    word = one(line)
    return 0 if word == "none" else _time(line, word)


def _time(line: Line, word: str) -> int:
    """Return the seconds of a time as in sshd_config(5), TIME FORMATS: 90, 1m30s, 1h."""
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
    if not word or pos < len(word) or total > _MAX_INT:
        problem = f"is a time, not {word!r}"
        raise line.error(problem)
    return int(total)


def persistence(line: Line) -> str:
    """Return "yes", "no" or seconds (ControlPersist)."""
    word = one(line)
    return _FLAGS.get(word) or str(_time(line, word))


def rekey_limit(line: Line) -> tuple[int, int]:
    """Return bytes and seconds after which to rekey; 0 for the default."""
    words = some(line, most=2)
    size = 0 if words[0] == "default" else _scaled(line, words[0])
    if 0 < size < 16:  # noqa: PLR2004 (readconf.c: "RekeyLimit too small")
        problem = f"{words[0]} is too small"
        raise line.error(problem)
    if len(words) == 1 or words[1] == "none":
        return size, 0
    return size, _time(line, words[1])


def _scaled(line: Line, word: str) -> int:
    found = re.fullmatch(_SCALED, word)
    if found is None:
        problem = f"is a number of bytes, such as 1G, not {word!r}"
        raise line.error(problem)
    whole_part, _, fraction = found[1].partition(".")
    scale = 1 << _SCALES[found[2].lower()]
    size = int(whole_part or 0) * scale
    if fraction:
        size += int(fraction) * scale // 10 ** len(fraction)
    if size > 2**63 - 1:
        problem = f"{word} is too large"
        raise line.error(problem)
    return size


def alone(*words: str) -> Reader:
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


def socket_or_flag(line: Line) -> str:
    """Return "yes", "no", or the socket of an agent (ForwardAgent)."""
    return _FLAGS.get(one(line).lower()) or agent_socket(line)


def agent_socket(line: Line) -> str:
    """Return the socket of an agent, "none", or "$VARIABLE" (IdentityAgent)."""
    word = one(line)
    if word.startswith("$") and not word.startswith("${") and not re.match(_NAMED_FLAG, word[1:]):
        problem = f"names no environment variable: {word!r}"
        raise line.error(problem)
    return word


def escape_char(line: Line) -> str:
    """Return the escape character, or "none"."""
    word = one(line)
    if word == "none" or len(word) == 1:
        return word
    if len(word) == 2 and word[0] == "^" and 64 <= ord(word[1]) < 128:  # noqa: PLR2004 (^A)
        return chr(ord(word[1]) & 31)
    problem = f"is one character, ^ and a letter, or none, not {word!r}"
    raise line.error(problem)


def octal(line: Line) -> int:
    """Return a mode."""
    word = one(line)
    if not re.match(r"[0-7]{1,3}", word) or re.match(r"0*[0-7]{4}", word):
        problem = f"is an octal number up to 0777, not {word!r}"
        raise line.error(problem)
    return int(re.findall(r"[0-7]+", word)[0], 8)
