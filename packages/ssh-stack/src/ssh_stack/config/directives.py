"""The keywords that are honoured: a table from keyword to field and reader.

Adding a keyword is one row here and one field in `resolve.HostConfig`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

import attrs

from ssh_stack.config.lines import Line

__all__ = ["DIRECTIVES", "Directive"]

Reader: TypeAlias = Callable[[Line], object]
"""Reads the value of a line, or raises `ConfigError`."""

_MAX_PORT = 65535
_UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}


@attrs.frozen
class Directive:
    """How a keyword is read, and which field it sets."""

    field: str
    """The field of `HostConfig`."""
    read: Reader
    """Reads its value."""
    accumulates: bool = False
    """Whether every line adds to the field; otherwise the first one counts."""


def _one(line: Line) -> str:
    if len(line.arguments) != 1:
        problem = f"takes one argument, not {len(line.arguments)}"
        raise line.error(problem)
    return line.arguments[0]


def _words(line: Line) -> tuple[str, ...]:
    return line.arguments


def _yes_or_no(line: Line) -> bool:
    value = _choice(line, {"yes": "yes", "true": "yes", "no": "no", "false": "no"})
    return value == "yes"


def _choice(line: Line, values: Mapping[str, str]) -> str:
    word = _one(line)
    if word.lower() not in values:
        problem = f"is one of {', '.join(values)}, not {word!r}"
        raise line.error(problem)
    return values[word.lower()]


def _port(line: Line) -> int:
    number = _number(line)
    if not 0 < number <= _MAX_PORT:
        problem = f"{number} is not a port"
        raise line.error(problem)
    return number


def _number(line: Line) -> int:
    word = _one(line)
    if not (word.isascii() and word.isdigit()):
        problem = f"is a number, not {word!r}"
        raise line.error(problem)
    return int(word)


def _seconds(line: Line) -> int:
    """A time as in sshd_config(5), TIME FORMATS: 90, 1m30s, 1h; 0 or none for never."""
    word = _one(line).lower()
    if word == "none":
        return 0
    total, digits = 0, ""
    for char in word:
        if char.isascii() and char.isdigit():
            digits += char
        elif digits and char in _UNITS:
            total += int(digits) * _UNITS[char]
            digits = ""
        else:
            problem = f"is a time, not {word!r}"
            raise line.error(problem)
    return total + int(digits or 0)


def _policy(line: Line) -> str:
    return _choice(
        line,
        {
            "yes": "strict",
            "true": "strict",
            "ask": "ask",
            "accept-new": "accept-new",
            "no": "off",
            "off": "off",
            "false": "off",
        },
    )


def _update(line: Line) -> str:
    return _choice(line, {"yes": "yes", "true": "yes", "no": "no", "false": "no", "ask": "ask"})


def _command(line: Line) -> str:
    return "none" if line.rest.lower() == "none" else line.rest


def _jump(line: Line) -> tuple[str, ...]:
    word = _one(line)
    return () if word.lower() == "none" else tuple(part.strip() for part in word.split(","))


def _variable(line: Line) -> tuple[tuple[str, str], ...]:
    pairs = [argument.partition("=") for argument in line.arguments]
    if not all(name and equals for name, equals, _ in pairs):
        problem = "takes NAME=VALUE"
        raise line.error(problem)
    return tuple((name, value) for name, _, value in pairs)


DIRECTIVES: Final[Mapping[str, Directive]] = {
    "connecttimeout": Directive("connect_timeout", _seconds),
    "hashknownhosts": Directive("hash_known_hosts", _yes_or_no),
    "hostname": Directive("hostname", _one),
    "identitiesonly": Directive("identities_only", _yes_or_no),
    "identityfile": Directive("identity_files", _one, accumulates=True),
    "port": Directive("port", _port),
    "proxycommand": Directive("proxy_command", _command),
    "proxyjump": Directive("proxy_jump", _jump),
    "sendenv": Directive("send_env", _words, accumulates=True),
    "serveralivecountmax": Directive("alive_count_max", _number),
    "serveraliveinterval": Directive("alive_interval", _seconds),
    "setenv": Directive("set_env", _variable, accumulates=True),
    "stricthostkeychecking": Directive("strict_host_key_checking", _policy),
    "updatehostkeys": Directive("update_host_keys", _update),
    "user": Directive("user", _one),
    "userknownhostsfile": Directive("known_hosts_files", _words),
}
"""The keywords that are honoured, in lower case."""
