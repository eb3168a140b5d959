from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hostile import split
from ssh_transport.ciphers import CIPHERS
from ssh_transport.macs import MACS, Mac
from ssh_transport.packets.outbound import _LAYOUTS, HeldQueue, Outbound
from ssh_wire import UsageError

if TYPE_CHECKING:
    from ssh_wire.primitives import Buffer

LIMIT = 262144


def outbound() -> Outbound:
    return Outbound(lambda size: b"r" * size, LIMIT)


def writes(out: Outbound) -> list[bytes]:
    found: list[bytes] = []
    while (data := out.take()) is not None:
        found.append(bytes(data))
    return found


@given(st.lists(st.integers(1, 40_000), max_size=30))
def test_packets_keep_their_order_whatever_their_size(sizes: list[int]) -> None:
    out = outbound()
    payloads = [bytes([n]) * size for n, size in enumerate(sizes)]
    for payload in payloads:
        out.send((payload[:1], memoryview(payload)[1:]))
    waiting = out.waiting
    found = writes(out)
    assert split(b"".join(found))[1] == payloads
    assert sum(map(len, found)) == waiting == out.octets
    assert out.waiting == 0
    assert out.sequence == out.packets == len(sizes)


def test_any_number_of_sizes_needs_few_layouts() -> None:
    out = outbound()
    payloads = [bytes(size) for size in (*range(1, 200), *range(1, 200))]
    for payload in payloads:
        out.send((payload,))
    assert split(b"".join(writes(out)))[1] == payloads
    assert len(out._layouts) <= _LAYOUTS


@given(st.integers(0, 300))
@pytest.mark.parametrize("cipher", [None, *CIPHERS])
@pytest.mark.parametrize("mac", MACS)
def test_packet_is_padded_to_block_of_cipher(cipher: str | None, mac: str, size: int) -> None:
    out = outbound()
    block, clear, trailer = 8, 0, 0
    if cipher:
        spec = CIPHERS[cipher]
        code = None if spec.aead else Mac(MACS[mac], bytes(MACS[mac].size))
        sealer = spec.load().sealer(bytes(spec.key_size), bytes(spec.iv_size), code)
        out.switch(sealer, reset=True)
        block, clear, trailer = sealer.block, sealer.clear, sealer.trailer
    out.send((bytes(size),))
    packet = len(b"".join(writes(out))) - trailer
    assert (packet - clear) % block == 0
    assert 4 <= packet - 5 - size < 4 + block


def test_small_packets_leave_in_one_write_and_large_ones_in_chunks() -> None:
    out = outbound()
    for _ in range(50):
        out.send((b"\x5d", bytes(8)))
    assert len(writes(out)) == 1
    out.send((bytes(20),))
    out.send((bytes(5000),))
    out.send((bytes(20),))
    assert len(writes(out)) == 1
    for _ in range(32):
        out.send((bytes(32_768),))
    found = writes(out)
    assert 2 <= len(found) <= 4
    assert all(len(write) <= 512 * 1024 for write in found)


def test_payload_beyond_largest_raises_usage_error() -> None:
    out = outbound()
    out.send((bytes(LIMIT - 12),))
    assert len(split(writes(out)[0])[1][0]) == LIMIT - 12
    with pytest.raises(UsageError):
        out.send((bytes(LIMIT),))
    assert out.take() is None
    assert out.packets == 1


def test_taken_output_is_never_overwritten() -> None:
    out = outbound()
    kept: list[tuple[memoryview | bytes | bytearray, bytes]] = []
    for turn in range(20):
        for size in (10, 33_000, 70_000, 10, 5000):
            out.send((bytes([turn + 1]) * size,))
        while (data := out.take()) is not None:
            kept.append((data, bytes(data)))
    assert all(bytes(data) == copy for data, copy in kept)
    assert len({id(d.obj) if isinstance(d, memoryview) else id(d) for d, _ in kept}) == len(kept)


def test_padding_is_random_and_used_once() -> None:
    served: list[int] = []

    def random(size: int) -> bytes:
        served.append(size)
        return bytes(n % 251 for n in range(size))

    out = Outbound(random, LIMIT)
    for _ in range(200):
        out.send((b"x" * 9,))
    stream = b"".join(writes(out))
    paddings = [stream[at + 14 : at + 24] for at in range(0, len(stream), 24)]
    assert len(set(paddings[:100])) == 100
    assert len(served) == -(-200 // (1024 // 10))


def test_counters_of_output_start_at_zero_with_new_key() -> None:
    out = outbound()
    out.write(b"SSH-2.0-x\r\n")
    out.send((b"x",))
    sealer = CIPHERS["aes128-gcm@openssh.com"].load().sealer(bytes(16), bytes(12), None)
    out.switch(sealer, reset=False)
    assert (out.sequence, out.packets, out.octets) == (1, 0, 0)
    out.switch(sealer, reset=True)
    assert out.sequence == 0


def test_burst_equals_payloads_sent_one_by_one() -> None:
    together, alone = (Outbound(bytes, LIMIT) for _ in range(2))

    for sizes in ([8], [32_768] * 20, [3, 3, 0], [32_768] * 5 + [7], [1, 40_000]):
        payloads = [(b"\x5d", bytes(size)) for size in sizes]
        together.send_all(payloads)
        for parts in payloads:
            alone.send(parts)

    assert together.waiting == alone.waiting
    assert b"".join(writes(together)) == b"".join(writes(alone))
    assert (together.sequence, together.octets, together.packets) == (
        (alone.sequence, alone.octets, alone.packets)
    )


def test_failed_seal_sends_and_counts_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    out = outbound()

    def fail(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(type(out._sealer), "seal_run", fail)
    with pytest.raises(MemoryError):
        out.send_all([(bytes(32_768),)] * 8)
    assert (out.sequence, out.octets, out.packets, out.waiting) == (0, 0, 0, 0)
    assert b"".join(writes(out)) == b""


def take_all(out: Outbound) -> list[Buffer]:
    found: list[Buffer] = []
    while (taken := out.take()) is not None:
        found.append(taken)
    return found


def memory(taken: Buffer | None) -> object:
    assert isinstance(taken, memoryview)
    return taken.obj


def test_large_write_is_reused_only_when_given_back() -> None:
    out = outbound()

    def write(*, give_back: bool) -> object:
        out.send_all([(bytes(32_768),)] * 8)
        taken = out.take()
        if give_back and taken is not None:
            out.give_back(taken)
        return memory(taken)

    write(give_back=False)  # the first ones are small: a packet or two
    while out.take() is not None:
        pass
    kept = write(give_back=False)
    lent = write(give_back=True)
    again = write(give_back=True)
    assert kept is not lent
    assert lent is again


def test_idle_connection_keeps_no_large_write() -> None:
    out = outbound()
    out.send_all([(bytes(32_768),)] * 8)
    take_all(out)
    out.send_all([(bytes(32_768),)] * 8)
    last = take_all(out)[-1]
    out.give_back(last)
    out.send((b"x" * 9,))
    out.take()
    out.send_all([(bytes(32_768),)] * 8)
    assert memory(out.take()) is not memory(last)


def test_foreign_memory_given_back_is_not_used() -> None:
    out = outbound()
    stranger = memoryview(bytearray(512 * 1024))
    for _ in range(3):
        out.send_all([(bytes(32_768),)] * 8)
        for taken in take_all(out):
            out.give_back(b"")
            out.give_back(stranger)
            assert memory(taken) is not stranger.obj


def test_held_queue_is_full_when_both_bounds_are_reached() -> None:
    held = HeldQueue(2, 10)
    held.push((b"a", memoryview(b"bcdefghijk")))
    assert not held.full
    held.push((b"x",))
    assert held.full
    assert len(held) == 2
    assert held.pop() == b"abcdefghijk"
    assert not held.full
    held.clear()
    assert len(held) == 0
