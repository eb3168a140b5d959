"""The outbound direction: packets are laid out, sealed, and gathered into writes.

A write is one buffer that is not touched again until it is given back, because an event
loop may keep what it could not send.  Small packets are gathered in a list and joined; a
large one is sealed straight into a chunk.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from struct import Struct
from typing import TYPE_CHECKING

from ssh_transport.ciphers.base import SEQUENCE_MASK
from ssh_transport.ciphers.plain import PlainSealer
from ssh_wire import UsageError

if TYPE_CHECKING:
    from ssh_transport.ciphers.base import Sealer
    from ssh_transport.kex.base import Random
    from ssh_transport.packets.compression import CompressionCounts
    from ssh_wire.primitives import Buffer

__all__ = ["HeldQueue", "Outbound"]

_HEAD = Struct(">IB")
_LARGE = 4096
# all that one wake-up of a bulk sender seals: one large write costs less than several small
_CHUNK = 512 * 1024
_FIRST_CHUNK = 36 * 1024
_POOL = 1024
_LAYOUTS = 64  # sizes of payloads whose layout is kept: a connection uses few
_MIN_PADDING = 4


class Outbound:
    """Takes payloads, gives writes.

    Attributes:
        sequence: the sequence number of the next packet.
        octets: the bytes sealed under the present key.
        packets: the packets sealed under the present key.
        waiting: the bytes that wait to be taken.
    """

    __slots__ = (
        "_chunk",
        "_layouts",
        "_limit",
        "_pool",
        "_pool_at",
        "_random",
        "_ready",
        "_recycler",
        "_sealer",
        "_small",
        "_used",
        "octets",
        "packets",
        "sequence",
        "waiting",
    )

    def __init__(self, random: Random, limit: int) -> None:
        self._random = random
        self._limit = limit
        self._pool = b""
        self._pool_at = 0
        self._sealer: Sealer = PlainSealer()
        self._layouts: dict[int, tuple[bytes, int, int]] = {}  # by the size of the payload
        self._ready: deque[Buffer] = deque()
        self._small: list[bytes] = []
        self._chunk: memoryview | None = None
        self._recycler = _Recycler()
        self._used = 0
        self.sequence: int = 0
        self.octets: int = 0
        self.packets: int = 0
        self.waiting: int = 0

    def write(self, data: bytes) -> None:
        """Send bytes that are not a packet: the identification."""
        self._small.append(data)
        self.waiting += len(data)

    def send(self, parts: tuple[Buffer, ...]) -> None:
        """Seal a payload that comes in parts."""
        self._send_run((parts,), sum(map(len, parts)))

    def send_all(self, payloads: Sequence[tuple[Buffer, ...]]) -> None:
        """Seal payloads of one size, but for the last, which may have another.

        Raises:
            ValueError: another has a size of its own: it fits no place among the others.
        """
        size, last = sum(map(len, payloads[0])), sum(map(len, payloads[-1]))
        if size == last:
            self._send_run(payloads, size)
        else:
            self._send_run(payloads[:-1], size)
            self._send_run(payloads[-1:], last)

    def _send_run(self, payloads: Sequence[tuple[Buffer, ...]], size: int) -> None:
        """Seal payloads of one size."""
        head, share, total = self._layouts.get(size) or self._lay_out(size)
        if total < _LARGE and self._chunk is None:
            for parts in payloads:
                packet = b"".join((head, *parts, self._padding(share)))
                self._small.append(self._sealer.seal(packet, self.sequence))
                self._count(1, total)
            return
        done = 0
        while done < len(payloads):
            chunk, used = self._chunk, self._used
            if chunk is None or used + total > len(chunk):
                chunk, used = self._next_chunk(total)
            run = payloads[done : done + (len(chunk) - used) // total]
            count = len(run)
            padding = self._padding(count * share)
            stop = used + count * total
            self._sealer.seal_run(head, run, padding, self.sequence, chunk[used:stop])
            self._used = stop  # not before: what could not be sealed is never sent
            self._count(count, total)
            done += count

    def _count(self, packets: int, total: int) -> None:
        octets = packets * total
        self.waiting += octets
        self.octets += octets
        self.packets += packets
        self.sequence = (self.sequence + packets) & SEQUENCE_MASK

    def _padding(self, size: int) -> bytes:
        """Return random bytes, of which many are drawn at once."""
        at = self._pool_at
        stop = self._pool_at = at + size
        if stop > len(self._pool):
            self._pool = self._random(max(size, _POOL))
            at, stop = 0, size
            self._pool_at = stop
        return self._pool[at:stop]

    def _lay_out(self, size: int) -> tuple[bytes, int, int]:
        """Return the head, the bytes of padding and all bytes of a packet for a payload."""
        sealer = self._sealer
        # "packet_length || padding_length || payload || random padding ... MUST be a
        # multiple of the cipher block size or 8"; AEAD and EtM leave packet_length out
        padding = -(size + 5 - sealer.clear) % sealer.block
        if padding < _MIN_PADDING:
            padding += sealer.block
        length = size + 1 + padding
        if length > self._limit:
            problem = f"a payload of {size} bytes is too large for a packet"
            raise UsageError(problem)
        if len(self._layouts) >= _LAYOUTS:
            self._layouts.clear()
        layout = _HEAD.pack(length, padding), padding, 4 + length + sealer.trailer
        self._layouts[size] = layout
        return layout

    def take(self) -> Buffer | None:
        """Return one write, or None when nothing waits."""
        if self._ready:
            taken = self._ready.popleft()
        elif self._chunk is not None:
            taken = self._chunk[: self._used]
            self._recycler.lend(self._chunk)
            self._chunk = None
        elif self._small:
            taken = self._small[0] if len(self._small) == 1 else b"".join(self._small)
            self._small.clear()
            self._recycler.clear()  # the bulk is over: a connection that is idle holds little
        else:
            return None
        self.waiting -= len(taken)
        return taken

    def give_back(self, taken: Buffer) -> None:
        """Use the memory of a write again: it is not in use any more."""
        self._recycler.give_back(taken)

    @property
    def compression_counts(self) -> CompressionCounts | None:
        """What was compressed; None where nothing is."""
        return None

    def switch(self, sealer: Sealer, *, reset: bool, compression: str = "none") -> None:  # noqa: ARG002
        """Use a new key from the next packet on (RFC 4253 section 7.3).

        Args:
            sealer: the new key.
            reset: whether strict key exchange resets the sequence numbers.
            compression: what was negotiated; nothing else than "none" is here.
        """
        self._sealer = sealer
        self._layouts.clear()
        self.octets = 0
        self.packets = 0
        if reset:
            self.sequence = 0

    def _next_chunk(self, total: int) -> tuple[memoryview, int]:
        small = b"".join(self._small)
        self._small.clear()
        # a write starts small, for a single packet, unless the last one had many
        many = self._recycler.spare is not None or self._used > _FIRST_CHUNK // 2
        size = _CHUNK if many else _FIRST_CHUNK
        if self._chunk is not None:
            self._ready.append(self._chunk[: self._used])
        chunk = self._recycler.take()
        if chunk is None or not len(small) + total <= size <= len(chunk):
            chunk = memoryview(bytearray(max(size, len(small) + total)))
        self._chunk = chunk
        used = self._used = len(small)
        chunk[:used] = small
        return chunk, used


class _Recycler:
    """The memory of large writes, used again once a write is given back.

    Attributes:
        spare: memory that came back.
    """

    __slots__ = ("_bulk", "_lent", "spare")

    def __init__(self) -> None:
        self._bulk = False  # whether the last write was a large one
        self._lent: memoryview | None = None  # the chunk of the last write
        self.spare: memoryview | None = None

    def lend(self, chunk: memoryview) -> None:
        """Note which chunk leaves as a write."""
        # not the first of its size: when that is freed, glibc begins to keep such memory
        # in the process, which spares the blocks of a file their page faults too
        large = len(chunk) == _CHUNK
        self._lent = chunk if large and self._bulk else None
        self._bulk = large

    def give_back(self, taken: Buffer) -> None:
        """Keep the memory of a write, if it is that of the last large one."""
        lent, self._lent = self._lent, None
        if lent is not None and isinstance(taken, memoryview) and taken.obj is lent.obj:
            self.spare = lent

    def take(self) -> memoryview | None:
        """Return the memory that came back, for a new chunk."""
        spare, self.spare = self.spare, None
        return spare

    def clear(self) -> None:
        """Free what came back."""
        self.spare = None
        self._bulk = False


class HeldQueue:
    """Messages that wait for the end of a key exchange (RFC 4253 section 7.1)."""

    __slots__ = ("_bytes", "_messages", "_packets", "_size")

    def __init__(self, packets: int, size: int) -> None:
        self._messages: deque[bytes] = deque()
        self._packets = packets
        self._bytes = size
        self._size = 0

    def __len__(self) -> int:
        return len(self._messages)

    @property
    def full(self) -> bool:
        """Whether both bounds are reached."""
        return len(self._messages) >= self._packets and self._size >= self._bytes

    def push(self, parts: tuple[Buffer, ...]) -> None:
        """Copy a message into the queue."""
        message = b"".join(parts)
        self._messages.append(message)
        self._size += len(message)

    def pop(self) -> bytes:
        """Take the oldest message."""
        message = self._messages.popleft()
        self._size -= len(message)
        return message

    def clear(self) -> None:
        """Drop everything."""
        self._messages.clear()
        self._size = 0
