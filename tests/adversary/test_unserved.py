"""Details of channel opens and global requests: read of types that are served, and of no others.

OpenSSH refuses a type that it does not serve before it reads what belongs to that type.  The
head, which every type has, is read always; a malformed one is a protocol error.
"""

from __future__ import annotations

import asyncio
from typing import Final

import pytest

from ssh_wire.messages import connection, openssh
from tests.adversary.outcome import outcome
from tests.adversary.stages import stages
from tests.adversary.wiretap import Role

_DISPLAY: Final = connection.X11Open(
    origin_host="::1", origin_port=1, sender=5, window=100, max_packet=100
)
_FORWARDED: Final = connection.ForwardedTCPIPOpen(
    address="::1", port=1, origin_host="::1", origin_port=2, sender=5, window=100, max_packet=100
)
_SESSION: Final = connection.SessionOpen(sender=5, window=100, max_packet=100)
_FORWARD: Final = connection.TCPIPForward(want_reply=True, address="::1", port=0)
_KEYS: Final = openssh.HostKeys(want_reply=True, keys=(b"key",))
_PROVE: Final = openssh.HostKeysProve(want_reply=True, keys=(b"key",))
_NO_MORE: Final = openssh.NoMoreSessions(want_reply=True)
_UNKNOWN: Final = connection.GlobalRequest(kind="x@test", want_reply=True)


def _tried(role: Role, payload: bytes) -> str:
    return asyncio.run(outcome(stages(role, strict=True)["open"], payload))


def _head(payload: bytes, *, fixed: int) -> bytes:
    """Return the number, the name and what every message with such a name has behind it."""
    return payload[: 5 + int.from_bytes(payload[1:5], "big") + fixed]


_UNSERVED: Final = [
    pytest.param("client", _SESSION.encode(), 12, "SAYS(92)", id="client-session"),
    pytest.param("client", _DISPLAY.encode(), 12, "SAYS(92)", id="client-x11"),
    pytest.param("client", _FORWARDED.encode(), 12, "SAYS(92)", id="client-forwarded-tcpip"),
    pytest.param("client", _FORWARD.encode(), 1, "SAYS(82)", id="client-tcpip-forward"),
    pytest.param("client", _KEYS.encode(), 1, "SAYS(82)", id="client-host-keys"),
    pytest.param("client", _UNKNOWN.encode(), 1, "SAYS(82)", id="client-unknown-request"),
    pytest.param("server", _DISPLAY.encode(), 12, "SAYS(92)", id="server-x11"),
    pytest.param("server", _FORWARDED.encode(), 12, "SAYS(92)", id="server-forwarded-tcpip"),
    pytest.param("server", _KEYS.encode(), 1, "SAYS(82)", id="server-host-keys"),
    pytest.param("server", _UNKNOWN.encode(), 1, "SAYS(82)", id="server-unknown-request"),
]
unserved = pytest.mark.parametrize(("role", "payload", "fixed", "refusal"), _UNSERVED)


@unserved
def test_details_of_a_type_that_is_not_served_are_not_read(
    role: Role, payload: bytes, fixed: int, refusal: str
) -> None:
    head = _head(payload, fixed=fixed)
    for details in (payload[len(head) :], payload[len(head) : -1], b"", b"\xff", b"\xff" * 9):
        assert (details, _tried(role, head + details)) == (details, refusal)
    assert _tried(role, payload + b"zz") == refusal


@unserved
def test_malformed_head_of_a_type_that_is_not_served_ends_the_connection(
    role: Role, payload: bytes, fixed: int, refusal: str
) -> None:
    del refusal
    head = _head(payload, fixed=fixed)
    for cut in (1, 3, 5, len(head) - fixed - 1, len(head) - fixed, len(head) - 1):
        assert (cut, _tried(role, head[:cut])) == (cut, "DISC(2)")
    longer = head[:1] + b"\xff" * 4 + head[5:]
    assert _tried(role, longer) == "DISC(2)"


@pytest.mark.parametrize(
    ("role", "payload"),
    [
        pytest.param("server", _SESSION.encode() + b"zz", id="server-session-trailing"),
        pytest.param("server", _SESSION.encode()[:-1], id="server-session-truncated"),
        pytest.param("server", _PROVE.encode()[:-1], id="server-host-keys-prove-truncated"),
        pytest.param("server", _NO_MORE.encode() + b"zz", id="server-no-more-sessions-trailing"),
    ],
)
def test_malformed_details_of_a_type_that_is_served_end_the_connection(
    role: Role, payload: bytes
) -> None:
    assert _tried(role, payload) == "DISC(2)"
