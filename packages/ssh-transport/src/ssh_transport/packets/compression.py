"""Compression `zlib@openssh.com` (RFC 4253 section 6.2, OpenSSH's PROTOCOL section 1.2).

It begins when the user is authenticated, so that no other peer can use it against this side.
Each direction has a context of its own, which begins again with every key.  Nothing here is
loaded, and no packet pays for it, unless compression is offered.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from ssh_transport.errors import CompressionFailed
from ssh_transport.packets.inbound import Inbound
from ssh_transport.packets.outbound import Outbound
from ssh_wire import UsageError, lazy_attrs

if TYPE_CHECKING:
    from ssh_transport.ciphers.base import Opener, Sealer
    from ssh_transport.kex.base import Random
    from ssh_transport.limits import Limits
    from ssh_wire.primitives import Buffer

__all__ = ["CompressionCounts", "DeflatingOutbound", "InflatingInbound"]

_LEVEL = 6


@lazy_attrs.frozen(kw_only=True)
class CompressionCounts:
    """Bytes that one direction has compressed since its present key.

    Attributes:
        plain: before compression.
        compressed: behind it.
    """

    plain: int
    compressed: int


class _Compressor(Protocol):
    """What `zlib.compressobj` returns: the type has no public name."""

    def compress(self, data: Buffer, /) -> bytes: ...

    def flush(self, mode: int, /) -> bytes: ...


class _Decompressor(Protocol):
    """What `zlib.decompressobj` returns."""

    @property
    def unconsumed_tail(self) -> bytes: ...

    def decompress(self, data: Buffer, max_length: int, /) -> bytes: ...


class DeflatingOutbound(Outbound):
    """Compresses payloads before they are sealed."""

    __slots__ = ("_begun", "_compressed", "_compression", "_context", "_most", "_plain")

    def __init__(self, random: Random, limits: Limits) -> None:
        super().__init__(random, limits.packet_length)
        self._most = limits.payload
        self._begun = False
        self._compression = "none"
        self._context: _Compressor | None = None
        self._plain = self._compressed = 0

    def _send_run(self, payloads: Sequence[tuple[Buffer, ...]], size: int) -> None:
        """Seal payloads of one size, which compressed they have no more."""
        if self._context is None:
            super()._send_run(payloads, size)
            return
        for parts in payloads:
            squeezed = self._deflated(self._context, parts)
            super()._send_run((squeezed,), sum(map(len, squeezed)))

    def _deflated(self, context: _Compressor, parts: tuple[Buffer, ...]) -> tuple[Buffer, ...]:
        size = sum(map(len, parts))
        if size > self._most:
            problem = f"a payload of {size} bytes is too large for a packet"
            raise UsageError(problem)
        pieces: list[Buffer] = [context.compress(part) for part in parts]
        # "the compressor ... flushed at the end of each packet": all of it can be read
        pieces.append(context.flush(zlib.Z_PARTIAL_FLUSH))
        self._plain += size
        self._compressed += sum(map(len, pieces))
        return tuple(pieces)

    def switch(self, sealer: Sealer, *, reset: bool, compression: str = "none") -> None:
        """Use a new key from the next packet on, and a new context."""
        super().switch(sealer, reset=reset)
        self._compression = compression
        self._renew()

    def begin(self) -> None:
        """Compress from the next packet on, where that was negotiated."""
        self._begun = True
        self._renew()

    def _renew(self) -> None:
        # "The compression context is initialized after each key exchange"
        wanted = self._begun and self._compression != "none"
        self._context = zlib.compressobj(_LEVEL) if wanted else None
        self._plain = self._compressed = 0

    @property
    def compression_counts(self) -> CompressionCounts | None:
        """What was compressed; None where nothing is."""
        if self._context is None:
            return None
        return CompressionCounts(plain=self._plain, compressed=self._compressed)


class InflatingInbound(Inbound):
    """Expands payloads after they are opened."""

    __slots__ = ("_begun", "_compressed", "_compression", "_context", "_most", "_plain")

    def __init__(self, limits: Limits) -> None:
        super().__init__(limits.packet_length)
        self._most = limits.payload
        self._begun = False
        self._compression = "none"
        self._context: _Decompressor | None = None
        self._plain = self._compressed = 0

    def next(self) -> memoryview | None:
        """Open the next packet; return its payload, or None when it is not complete."""
        payload = super().next()
        context = self._context
        if payload is None or context is None:
            return payload
        try:
            expanded = context.decompress(payload, self._most + 1)
        except zlib.error:
            raise CompressionFailed from None
        if not expanded or len(expanded) > self._most or context.unconsumed_tail:
            raise CompressionFailed
        self._plain += len(expanded)
        self._compressed += len(payload)
        return memoryview(expanded)

    def switch(self, opener: Opener, *, reset: bool, compression: str = "none") -> None:
        """Use a new key from the next packet on, and a new context."""
        super().switch(opener, reset=reset)
        self._compression = compression
        self._renew()

    def begin(self, *, with_next_key: bool) -> None:
        """Expand from the next packet or the next key on, where that was negotiated."""
        self._begun = True
        if not with_next_key:
            self._renew()

    def _renew(self) -> None:
        wanted = self._begun and self._compression != "none"
        self._context = zlib.decompressobj() if wanted else None
        self._plain = self._compressed = 0

    @property
    def compression_counts(self) -> CompressionCounts | None:
        """What was expanded; None where nothing is."""
        if self._context is None:
            return None
        return CompressionCounts(plain=self._plain, compressed=self._compressed)
