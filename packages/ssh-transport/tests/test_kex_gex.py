"""Group exchange: what is asked for, chosen, judged; and the whole of it on the wire."""

from __future__ import annotations

import contextlib

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hostile import FAST, Side, drain, ended, plain, refused_plain, split, taken, without_strict
from ssh_keys import PrivateKey
from ssh_transport import KexCompleted, Transport, TransportOptions
from ssh_transport.errors import KeyExchangeFailed
from ssh_transport.kex.gex import REQUEST, choose, hashed, read_group, read_request
from ssh_transport.kex.groups import SIZES, modp
from ssh_transport.states import TransportState
from ssh_transport.testing import Pair, pump
from ssh_wire import DisconnectReason, ProtocolError
from ssh_wire.messages.kex import KexDHGexGroup, KexDHGexInit, KexDHGexReply, KexDHGexRequest

BAD = DisconnectReason.PROTOCOL_ERROR
FAILED = DisconnectReason.KEY_EXCHANGE_FAILED
NAMES = ["diffie-hellman-group-exchange-sha256", "diffie-hellman-group-exchange-sha1"]
OPTIONS = TransportOptions(algorithms=attrs.evolve(FAST, kex=(NAMES[0],)))
MOST = 2**32 - 1


def request(minimum: int, preferred: int, maximum: int) -> bytes:
    asked = KexDHGexRequest(minimum=minimum, preferred=preferred, maximum=maximum)
    return asked.encode()


@pytest.mark.row("T22")
@pytest.mark.parametrize(
    "sizes",
    [(3000, 2048, 8192), (2048, 8192, 4096), (1024, 1024, 2047), (MOST, MOST, MOST), (0, 0, 0)],
)
def test_t22_invalid_group_request_is_refused(sizes: tuple[int, int, int]) -> None:
    with pytest.raises(KeyExchangeFailed):
        read_request(request(*sizes))


@pytest.mark.parametrize(
    ("sizes", "chosen"),
    [
        ((2048, 2048, 8192), 2048),
        ((1024, 1024, 8192), 2048),
        ((2048, 2049, 8192), 3072),
        ((2048, 7680, 8192), 8192),
        ((2048, 7680, 8191), 6144),
        ((2048, MOST, MOST), 8192),
        ((4096, 4096, 4096), 4096),
    ],
)
def test_smallest_group_of_preferred_size_is_chosen(
    sizes: tuple[int, int, int], chosen: int
) -> None:
    assert choose(read_request(request(*sizes))) == modp(chosen)


@pytest.mark.row("T22")
def test_t22_group_request_without_group_in_range_is_refused() -> None:
    with pytest.raises(KeyExchangeFailed, match="5000 to 5500"):
        choose(read_request(request(5000, 5200, 5500)))


@given(st.tuples(*[st.integers(0, 9000)] * 3))
def test_any_group_request_gives_group_in_range_or_is_refused(sizes: tuple[int, int, int]) -> None:
    try:
        group = choose(read_request(request(*sizes)))
    except KeyExchangeFailed:
        return
    assert sizes[0] <= group.bits <= sizes[2]
    assert group.bits in SIZES


def group(p: int, g: int) -> bytes:
    return KexDHGexGroup(p=p, g=g).encode()


def negative(payload: bytes) -> bytes:
    at = payload.index(b"\0\xff\xff\xff\xff")
    return payload[:at] + b"\xff" + payload[at + 1 :]


P = modp(2048).p


@pytest.mark.row("T22")
@pytest.mark.parametrize(
    "payload",
    [
        group(modp(1024).p, 2),
        group(2**2046 + 1, 2),
        group(2**8192 + 1, 2),
        group(P - 1, 2),
        group(P, 0),
        group(P, 1),
        group(P, P - 1),
        group(P, P),
        group(0, 2),
        group(modp(4096).p - 2, 2),
        negative(group(P, 2)),
    ],
)
def test_t22_invalid_group_is_refused(payload: bytes) -> None:
    with pytest.raises(KeyExchangeFailed):
        read_group(payload)


@pytest.mark.parametrize("bits", SIZES)
def test_well_known_group_of_every_size_is_accepted(bits: int) -> None:
    assert read_group(group(*modp(bits))) == modp(bits)


def test_hash_covers_request_and_group() -> None:
    p = hashed(REQUEST, modp(2048))
    assert p[:12] == b"\0\0\x08\0\0\0\x08\0\0\0\x0c\0"
    assert p[12:18] == b"\0\0\x01\x01\0\xff"
    assert p[-5:] == b"\0\0\0\1\2"


@given(st.binary(max_size=600))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    for read in (read_group, read_request):
        with contextlib.suppress(ProtocolError):
            read(data)


# ---------------------------------------------------------------- on the wire


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("strict", [True, False])
def test_group_exchange_completes_with_and_without_strict(
    name: str, strict: bool, key: PrivateKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not strict:
        without_strict(monkeypatch)
    pair = Pair.connected(attrs.evolve(FAST, kex=(name,)), key=key)
    pair.server.start_rekey()
    pair.client.send_payload(b"\x5e data")
    pair.run()
    assert pair.client.agreement.kex == name
    assert pair.client.agreement.strict is strict
    assert pair.payloads(pair.server) == [b"\x5e data"]
    assert sum(isinstance(event, KexCompleted) for event in pair.client_events) == 1


def staged(side: Side, phase: TransportState, key: PrivateKey) -> tuple[Transport, Pair]:
    """A transport that waits in one of the two phases of a group exchange."""
    pair = Pair(OPTIONS, OPTIONS, key=key)
    mine, peer = (pair.client, pair.server) if side == "client" else (pair.server, pair.client)
    pump(peer, mine)
    pair.answer()
    if phase is TransportState.GROUP_KEX_STRICT:
        pump(mine, peer)  # KEXINIT, and of the client its wish
        pair.answer()
        pump(peer, mine)  # the wish, or the group
        pair.answer()
        if side == "server":
            taken(peer)
    assert mine._machine.state is phase
    taken(mine)
    return mine, pair


NUMBERS = {
    ("client", TransportState.GROUP_STRICT): 31,
    ("server", TransportState.GROUP_STRICT): 34,
    ("client", TransportState.GROUP_KEX_STRICT): 33,
    ("server", TransportState.GROUP_KEX_STRICT): 32,
}


@pytest.mark.row("T14")
@pytest.mark.row("T22")
@pytest.mark.parametrize("phase", [TransportState.GROUP_STRICT, TransportState.GROUP_KEX_STRICT])
@pytest.mark.parametrize("side", ["client", "server"])
def test_t22_messages_come_in_their_order(
    side: Side, phase: TransportState, key: PrivateKey
) -> None:
    for number in range(256):
        if number in {1, NUMBERS[side, phase]}:
            continue
        mine, _ = staged(side, phase, key)
        mine.receive(plain(bytes([number]) + bytes(12)))
        assert f"message {number} " in ended(mine, BAD).description


@pytest.mark.row("T22")
@pytest.mark.parametrize("p", [modp(1024).p, P - 1, P - 2])
def test_t22_invalid_group_ends_connection(p: int, key: PrivateKey) -> None:
    client, _ = staged("client", TransportState.GROUP_STRICT, key)
    client.receive(plain(group(p, 2)))
    refused_plain(client, FAILED)


@pytest.mark.row("T22")
def test_t22_invalid_group_request_ends_connection(key: PrivateKey) -> None:
    server, _ = staged("server", TransportState.GROUP_STRICT, key)
    server.receive(plain(request(4096, 2048, 8192)))
    refused_plain(server, FAILED)


@pytest.mark.row("T21")
@pytest.mark.parametrize("share", [0, 1, P - 1, P])
def test_t21_invalid_share_in_group_ends_connection(share: int, key: PrivateKey) -> None:
    server, _ = staged("server", TransportState.GROUP_KEX_STRICT, key)
    server.receive(plain(KexDHGexInit(e=share).encode()))
    refused_plain(server, FAILED)
    client, _ = staged("client", TransportState.GROUP_KEX_STRICT, key)
    reply = KexDHGexReply(host_key=key.public_key.blob, f=share, signature=b"")
    client.receive(plain(reply.encode()))
    refused_plain(client, FAILED)


def test_group_exchange_is_never_guessed(key: PrivateKey) -> None:
    guessing = attrs.evolve(OPTIONS, guess=True)
    pair = Pair(guessing, OPTIONS, key=key)
    sent = split(taken(pair.client))[1]
    assert [payload[0] for payload in sent] == [20]
    drain(pair.client)
