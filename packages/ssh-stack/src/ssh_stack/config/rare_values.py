"""How the arguments of keywords with a form of their own are read (readconf.c, misc.c)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, Literal

from ssh_stack.config.choices import CONFIRM
from ssh_stack.config.values import (
    FLAGS,
    agent_socket,
    alone,
    duration,
    one,
    port_number,
    some,
)
from ssh_wire import UsageError

if TYPE_CHECKING:
    from ssh_stack.config.forward_specs import ForwardSpec
    from ssh_stack.config.lines import Line

QOS: Final[dict[str, int | None]] = {
    "none": None,
    **{f"af{row}{drop}": row << 5 | drop << 3 for row in range(1, 5) for drop in range(1, 4)},
    **{f"cs{row}": row << 5 for row in range(8)},
    "ef": 0xB8,
    "le": 0x04,
    "va": 0xB0,
    # deprecated: "using system default instead"
    "lowdelay": None,
    "throughput": None,
    "reliability": None,
}
"""The names of IPQoS, each with its byte of the IP header; None for the system's default."""

_MAX_BYTE: Final = 255
_MAX_TUNNEL: Final = 0x7FFFFFFF - 2
_MAX_INTERVAL: Final = 1000
KEYSTROKE_INTERVAL: Final = 20
"""Milliseconds between packets where ObscureKeystrokeTiming is "yes"."""


def quality_of_service(line: Line) -> tuple[int | None, int | None]:
    """Return the bytes of IPQoS: for interactive sessions, and for others."""
    words = some(line, most=2)
    return _qos(line, words[0]), _qos(line, words[-1])


def _qos(line: Line, word: str) -> int | None:
    if word.lower() in QOS:
        return QOS[word.lower()]
    if not re.fullmatch(r"\+?[0-9]{1,9}", word) or int(word) > _MAX_BYTE:
        problem = f"takes names or numbers of DSCP values, not {word!r}"
        raise line.error(problem)
    return int(word)


def local_forward(line: Line) -> ForwardSpec:
    """Return the forward of a line LocalForward."""
    return _forward(line, some(line, least=2, most=2))


def remote_forward(line: Line) -> ForwardSpec:
    """Return the forward of a line RemoteForward; with one argument it is asked by SOCKS."""
    if line.arguments[1:] == ("",):  # as if it were not there
        return _forward(line, line.arguments[:1], remote=True)
    return _forward(line, some(line, most=2), remote=True)


def dynamic_forward(line: Line) -> ForwardSpec:
    """Return the forward of a line DynamicForward."""
    return _forward(line, (one(line),))


def _forward(line: Line, words: tuple[str, ...], *, remote: bool = False) -> ForwardSpec:
    from ssh_stack.config.forward_specs import parse_forward  # where there is a forward

    try:
        return parse_forward(":".join(words), dynamic=len(words) == 1, remote=remote)
    except UsageError as error:
        raise line.error(str(error)) from None


def remote_targets(line: Line) -> tuple[str, ...]:
    """Return what PermitRemoteOpen names: host:port each, "any", or "none"."""
    arguments = alone("any", "none")(line)
    for word in arguments:
        host, port = _host_and_port(word)
        if word not in {"any", "none"} and (
            host is None or (port != "*" and not port_number(port))
        ):
            problem = f"takes host:port, not {word!r}"
            raise line.error(problem)
    return arguments


def _host_and_port(word: str) -> tuple[str | None, str]:
    found = re.fullmatch(r"(\[[^\]]*\]|[^:/]*):(.*)", word, re.DOTALL)
    return (None, "") if found is None else (found[1], found[2])


def tunnel_device(line: Line) -> tuple[int | None, int | None]:
    """Return the numbers of the devices here and there; None for "any"."""
    word = one(line)
    here, colon, there = word.partition(":")
    return _device(line, here), _device(line, there) if colon else None


def _device(line: Line, word: str) -> int | None:
    if word.lower() == "any":
        return None
    if not re.fullmatch(r"[0-9]{1,10}", word) or int(word) > _MAX_TUNNEL:
        problem = f"takes numbers of devices, or any, not {word!r}"
        raise line.error(problem)
    return int(word)


def channel_timeouts(line: Line) -> tuple[tuple[str, int], ...]:
    """Return patterns of types of channels, each with its seconds; nothing for "none"."""
    arguments = alone("none")(line)
    if arguments == ("none",):
        return ()
    pairs: list[tuple[str, int]] = []
    for word in arguments:
        kind, _, interval = word.partition("=")
        if not kind or not interval:
            problem = f"takes TYPE=INTERVAL, not {word!r}"
            raise line.error(problem)
        pairs.append((kind, duration(line, interval)))
    return tuple(pairs)


def keys_to_agent(line: Line) -> tuple[str, int]:
    """Return AddKeysToAgent's word, and the seconds that a key stays; 0 for ever."""
    words = some(line, most=2)
    word = CONFIRM.get(words[0].lower())
    if len(words) == 1:
        return ("yes", duration(line, words[0])) if word is None else (word, 0)
    if word != "confirm":
        problem = "takes one argument, or confirm and a time"
        raise line.error(problem)
    return word, duration(line, words[1])


def keystroke_timing(line: Line) -> int:
    """Return the milliseconds between packets of ObscureKeystrokeTiming; 0 for "no"."""
    word = one(line)
    if word in FLAGS:
        return KEYSTROKE_INTERVAL if FLAGS[word] == "yes" else 0
    found = re.fullmatch(r"interval:\+?([0-9]{1,9})", word)
    if not (found and 0 < int(found[1]) <= _MAX_INTERVAL):
        problem = f"is yes, no or interval:MILLISECONDS, not {word!r}"
        raise line.error(problem)
    return int(found[1])


def persistence(line: Line) -> int | Literal["no"]:
    """Return the seconds of ControlPersist, 0 for ever, or "no"."""
    word = one(line)
    if word in FLAGS:
        return 0 if FLAGS[word] == "yes" else "no"
    return duration(line, word)


def forwarded_agent(line: Line) -> str:
    """Return "yes", "no", or the socket of an agent (ForwardAgent)."""
    return FLAGS.get(one(line).lower()) or agent_socket(line)


def addendum(line: Line) -> str:
    """Return what VersionAddendum adds, a # included; nothing for "none"."""
    return "" if line.rest.lower() == "none" else line.rest


def limit_of_rekey(line: Line) -> tuple[int, int | None]:
    """Return bytes and seconds after which to rekey; 0 for the default, None for no seconds."""
    words = some(line, most=2)
    size = 0 if words[0] == "default" else _scaled(line, words[0])
    if 0 < size < 16:  # noqa: PLR2004 (readconf.c: "RekeyLimit too small")
        problem = f"{words[0]} is too small"
        raise line.error(problem)
    if len(words) == 1 or words[1] == "none":
        return size, None
    return size, duration(line, words[1])


_SCALES: Final = {"": 0, "b": 0, "k": 10, "m": 20, "g": 30, "t": 40, "p": 50, "e": 60}
# what follows the letter is looked at only if it is a letter or a digit (scan_scaled)
_SCALED: Final = r"([0-9]+(?:\.[0-9]*)?)(?:([bBkKmMgGtTpPeE])(?:[^A-Za-z0-9].*)?)?"


def _scaled(line: Line, word: str) -> int:
    found = re.fullmatch(_SCALED, word, re.DOTALL)
    if found is None:
        problem = f"is a number of bytes, such as 1G, not {word!r}"
        raise line.error(problem)
    whole_part, _, fraction = found[1].partition(".")
    scale = 1 << _SCALES[(found[2] or "").lower()]
    size = int(whole_part or 0) * scale
    if fraction:
        size += int(fraction) * scale // 10 ** len(fraction)
    if size > 2**63 - 1:
        problem = f"{word} is too large"
        raise line.error(problem)
    return size


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
    found = re.match(r"\+?([0-7]+)", word)  # strtol: what follows is not looked at
    if found is None or int(found[1], 8) > 0o777:  # noqa: PLR2004 (all permissions)
        problem = f"is an octal number up to 0777, not {word!r}"
        raise line.error(problem)
    return int(found[1], 8)
