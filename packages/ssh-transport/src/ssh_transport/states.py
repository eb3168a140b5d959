"""The table: what is done with each message number in each state.

Two laws.  First: whether a message may arrive is decided here and nowhere else, and what
a row does not name is refused.  Second: this file knows numbers and nothing behind them;
a row is data, and documents draw the diagram from it.

A state is named after what is awaited.  Strict key exchange (OpenSSH's PROTOCOL section
1.9) is a row of its own wherever the first exchange goes through: it has nothing but the
expected message and SSH_MSG_DISCONNECT.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum, auto
from functools import cache
from typing import Final

from ssh_transport.algorithms import Role
from ssh_wire import UsageError

__all__ = ["TABLE", "Action", "Row", "TransportState", "row_of", "userauth_row"]


class TransportState(Enum):
    """What the transport waits for."""

    IDENTIFICATION = auto()
    """The peer's identification line."""

    FIRST_KEXINIT = auto()
    """The first SSH_MSG_KEXINIT; whether the peer is strict is not known yet."""

    GUESS = auto()
    """A packet that was sent on a wrong guess, to be dropped (RFC 4253 section 7)."""

    GUESS_STRICT = auto()
    """The same, in a strict first exchange."""

    KEX = auto()
    """The message of the key exchange method."""

    KEX_STRICT = auto()
    """The same, in a strict first exchange."""

    GROUP = auto()
    """What a group exchange begins with: the client's wish, or the server's group."""

    GROUP_STRICT = auto()
    """The same, in a strict first exchange."""

    GROUP_KEX = auto()
    """The message of a group exchange that comes when the group is known."""

    GROUP_KEX_STRICT = auto()
    """The same, in a strict first exchange."""

    NEWKEYS = auto()
    """SSH_MSG_NEWKEYS."""

    NEWKEYS_STRICT = auto()
    """The same, in a strict first exchange."""

    SERVICE = auto()
    """The service request, or its answer (RFC 4253 section 10)."""

    AUTH = auto()
    """The end of user authentication (RFC 4252)."""

    OPEN = auto()
    """Anything: the user is authenticated."""

    CLOSED = auto()
    """Nothing more."""


class Action(Enum):
    """What is done with a message."""

    REJECT = auto()
    """The connection ends: the message may not arrive now."""

    UNIMPLEMENTED = auto()
    """SSH_MSG_UNIMPLEMENTED answers: no one knows the message (RFC 4253 section 11.4)."""

    IGNORE = auto()
    """Nothing."""

    DELIVER = auto()
    """The layer above gets it."""

    HOLD = auto()
    """It waits for an authentication decision, or the connection ends."""

    DISCONNECT = auto()
    """SSH_MSG_DISCONNECT: the connection has ended."""

    NOT_KNOWN = auto()
    """SSH_MSG_UNIMPLEMENTED: the peer does not know a message of ours."""

    DEBUG = auto()
    """SSH_MSG_DEBUG."""

    SERVICE_REQUEST = auto()
    """SSH_MSG_SERVICE_REQUEST."""

    SERVICE_REPEATED = auto()
    """SSH_MSG_SERVICE_REQUEST although a service runs: some clients ask for each login."""

    SERVICE_LATE = auto()
    """SSH_MSG_SERVICE_REQUEST after authentication: the connection ends."""

    SERVICE_ACCEPT = auto()
    """SSH_MSG_SERVICE_ACCEPT."""

    EXT_INFO = auto()
    """SSH_MSG_EXT_INFO."""

    KEXINIT = auto()
    """SSH_MSG_KEXINIT."""

    KEX = auto()
    """A message of the key exchange method."""

    SKIP_GUESS = auto()
    """The packet that a wrong guess sent ahead."""

    NEWKEYS = auto()
    """SSH_MSG_NEWKEYS."""

    PING = auto()
    """SSH_MSG_PING of OpenSSH."""

    PONG = auto()
    """SSH_MSG_PONG of OpenSSH."""


Row = tuple[Action, ...]
"""The action for each of the 256 message numbers."""

_Entries = dict[int, Action]


def userauth_row(role: Role, numbers: frozenset[int]) -> Row:
    """Return the row of `AUTH` where authentication methods use some of the numbers 60 to 79.

    They are "method-specific" (RFC 4252 section 6): the layer above knows the methods.

    Raises:
        UsageError: a number is not one of them.
    """
    if not numbers <= _METHOD_NUMBERS:
        problem = f"messages of authentication methods have the numbers 60 to 79, not {numbers}"
        raise UsageError(problem)
    delivered = dict.fromkeys(numbers, Action.DELIVER)
    row = row_of(role, TransportState.AUTH)
    return tuple(delivered.get(number, action) for number, action in enumerate(row))


_METHOD_NUMBERS: Final = frozenset(range(60, 80))


def _each(numbers: Iterable[int], action: Action) -> _Entries:
    return dict.fromkeys(numbers, action)


_DISCONNECT: _Entries = {1: Action.DISCONNECT}
_ANY_TIME: _Entries = {
    1: Action.DISCONNECT,
    2: Action.IGNORE,
    3: Action.NOT_KNOWN,
    4: Action.DEBUG,
}
_GUESSED = _each(range(30, 50), Action.SKIP_GUESS)
_EARLY_PING: _Entries = {192: Action.IGNORE, 193: Action.IGNORE}
# numbers that no state after the first exchange gives a meaning to
_UNKNOWN = {
    **_each(range(8, 20), Action.UNIMPLEMENTED),
    **_each(range(22, 30), Action.UNIMPLEMENTED),
    **_each(range(32, 50), Action.UNIMPLEMENTED),
    **_each(range(128, 256), Action.UNIMPLEMENTED),
}
# of the numbers of user authentication, 54 to 59 name no message, and 60 to 79 those that
# `userauth_row` is told of
_USERAUTH = {
    **_each(range(50, 80), Action.UNIMPLEMENTED),
    **_each(range(50, 54), Action.DELIVER),
}
_AFTER_KEX = {**_UNKNOWN, **_ANY_TIME, 20: Action.KEXINIT}

_BOTH: dict[TransportState, _Entries] = {
    TransportState.IDENTIFICATION: {},
    TransportState.FIRST_KEXINIT: {**_ANY_TIME, 20: Action.KEXINIT},
    TransportState.GUESS: {**_ANY_TIME, **_GUESSED},
    TransportState.GUESS_STRICT: {**_DISCONNECT, **_GUESSED},
    TransportState.NEWKEYS: {**_ANY_TIME, 21: Action.NEWKEYS},
    TransportState.NEWKEYS_STRICT: {**_DISCONNECT, 21: Action.NEWKEYS},
    TransportState.CLOSED: {},
}

_CLIENT: dict[TransportState, _Entries] = {
    **_BOTH,
    TransportState.KEX: {**_ANY_TIME, 31: Action.KEX},
    TransportState.KEX_STRICT: {**_DISCONNECT, 31: Action.KEX},
    TransportState.GROUP: {**_ANY_TIME, 31: Action.KEX},
    TransportState.GROUP_STRICT: {**_DISCONNECT, 31: Action.KEX},
    TransportState.GROUP_KEX: {**_ANY_TIME, 33: Action.KEX},
    TransportState.GROUP_KEX_STRICT: {**_DISCONNECT, 33: Action.KEX},
    TransportState.SERVICE: {
        **_AFTER_KEX,
        **_EARLY_PING,
        6: Action.SERVICE_ACCEPT,
        7: Action.EXT_INFO,
    },
    TransportState.AUTH: {
        **_AFTER_KEX,
        **_EARLY_PING,
        7: Action.EXT_INFO,
        **_USERAUTH,
    },
    TransportState.OPEN: {
        **_AFTER_KEX,
        **_each((5, 6, 7), Action.UNIMPLEMENTED),
        **_each(range(50, 80), Action.UNIMPLEMENTED),
        **_each(range(80, 128), Action.DELIVER),
        192: Action.PING,
        193: Action.PONG,
    },
}

_SERVER: dict[TransportState, _Entries] = {
    **_BOTH,
    TransportState.KEX: {**_ANY_TIME, 30: Action.KEX},
    TransportState.KEX_STRICT: {**_DISCONNECT, 30: Action.KEX},
    TransportState.GROUP: {**_ANY_TIME, 34: Action.KEX},
    TransportState.GROUP_STRICT: {**_DISCONNECT, 34: Action.KEX},
    TransportState.GROUP_KEX: {**_ANY_TIME, 32: Action.KEX},
    TransportState.GROUP_KEX_STRICT: {**_DISCONNECT, 32: Action.KEX},
    TransportState.SERVICE: {
        **_AFTER_KEX,
        **_EARLY_PING,
        5: Action.SERVICE_REQUEST,
        7: Action.EXT_INFO,
    },
    TransportState.AUTH: {
        **_AFTER_KEX,
        **_EARLY_PING,
        5: Action.SERVICE_REPEATED,
        7: Action.EXT_INFO,
        **_USERAUTH,
        # RFC 4252 section 6: "if the server receives [these] before authentication has been
        # completed ... MUST disconnect"
        **_each(range(80, 128), Action.HOLD),
    },
    TransportState.OPEN: {
        **_AFTER_KEX,
        5: Action.SERVICE_LATE,
        **_each((6, 7), Action.UNIMPLEMENTED),
        # RFC 4252 section 5.1: "any further authentication requests received after that
        # SHOULD be silently ignored"
        50: Action.IGNORE,
        **_each(range(51, 80), Action.UNIMPLEMENTED),
        **_each(range(80, 128), Action.DELIVER),
        192: Action.PING,
        193: Action.PONG,
    },
}


TABLE: dict[tuple[Role, TransportState], _Entries] = {
    **{("client", state): entries for state, entries in _CLIENT.items()},
    **{("server", state): entries for state, entries in _SERVER.items()},
}
"""What each state takes, for each role; what an entry does not name is `Action.REJECT`."""


@cache
def row_of(role: Role, state: TransportState) -> Row:
    """Return the row of a state, made when the state is first entered."""
    row = [Action.REJECT] * 256
    for number, action in TABLE[role, state].items():
        row[number] = action
    return tuple(row)
