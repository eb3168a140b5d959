"""Values of keywords that are not honoured: whether OpenSSH would take them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from ssh_stack.config.values import choice, one, seconds, some
from ssh_wire.numbers import MAX_PORT

if TYPE_CHECKING:
    from ssh_stack.config.lines import Line

_QOS: Final = (
    r"(?i:(af[1-4][1-3]|cs[0-7]|ef|le|va|lowdelay|throughput|reliability|none"
    r"|0x[0-9a-f]{1,2}|[0-9]{1,3}))"
)
_TUNNEL: Final = r"(?i:(any|[0-9]+)(:(any|[0-9]+))?)"
_TIMED: Final = r"[^=]+=.+"
_INTERVAL: Final = r"interval:([0-9]{1,4})"
_MAX_INTERVAL: Final = 1000
_FLAGS: Final = {"yes": "yes", "true": "yes", "no": "no", "false": "no"}
_CONFIRM: Final = {**_FLAGS, "ask": "ask", "confirm": "confirm"}


def _checked(line: Line, words: tuple[str, ...], form: str, what: str) -> str:
    for word in words:
        if re.fullmatch(form, word) is None:
            problem = f"takes {what}, not {word!r}"
            raise line.error(problem)
    return " ".join(words)


def quality_of_service(line: Line) -> str:
    """Check IPQoS: one value for both kinds of session, or one for each."""
    return _checked(line, some(line, most=2), _QOS, "names or numbers of DSCP values")


def forward(line: Line) -> str:
    """Check LocalForward or RemoteForward: where to listen, and where to connect to."""
    least = 2 if line.keyword == "localforward" else 1
    return _places(line, some(line, least=least, most=2))


def dynamic_forward(line: Line) -> str:
    """Check DynamicForward: where to listen."""
    return _places(line, (one(line),))


def _places(line: Line, words: tuple[str, ...]) -> str:
    for word in words:
        port = word.rpartition(":")[2]
        is_path = "/" in word or "${" in word
        if not is_path and not (port.isascii() and port.isdigit() and int(port) <= MAX_PORT):
            problem = f"takes [address:]port or a path, not {word!r}"
            raise line.error(problem)
    return " ".join(words)


def tunnel_device(line: Line) -> str:
    """Check TunnelDevice."""
    return _checked(line, (one(line),), _TUNNEL, "numbers of devices, or any")


def channel_timeouts(line: Line) -> str:
    """Check ChannelTimeout."""
    if [each.lower() for each in some(line)] == ["none"]:
        return "none"
    return _checked(line, line.arguments, _TIMED, "TYPE=INTERVAL")


def keys_to_agent(line: Line) -> str:
    """Check AddKeysToAgent: a word, "confirm" and a time, or a time."""
    words = some(line, most=2)
    word = _CONFIRM.get(words[0].lower())
    if len(words) == 1 and word is not None:
        return word
    if len(words) == 2 and word != "confirm":  # noqa: PLR2004 (a word and a time)
        problem = "takes one argument, or confirm and a time"
        raise line.error(problem)
    seconds_of(line, words[-1])
    return " ".join(words)


def seconds_of(line: Line, word: str) -> int:
    """Return the seconds of one argument of a line."""
    import attrs  # this keyword is rare

    return seconds(attrs.evolve(line, arguments=(word,)))


def keystroke_timing(line: Line) -> str:
    """Check ObscureKeystrokeTiming."""
    word = one(line)
    found = re.fullmatch(_INTERVAL, word)
    if word not in _FLAGS and not (found and 0 < int(found[1]) <= _MAX_INTERVAL):
        problem = f"is yes, no or interval:MILLISECONDS, not {word!r}"
        raise line.error(problem)
    return _FLAGS.get(word, word)


facility: Final = choice(
    {
        name.lower(): name
        for name in (
            *("DAEMON", "USER", "AUTH", "AUTHPRIV"),
            *(f"LOCAL{number}" for number in range(8)),
        )
    }
)
"""Check SyslogFacility."""
