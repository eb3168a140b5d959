"""AES-GCM as `aes128-gcm@openssh.com` and `aes256-gcm@openssh.com` (RFC 5647).

packet_length is sent in the clear and authenticated as associated data; the tag of 16
bytes takes the place of the MAC.  OpenSSH's PROTOCOL section 1.6: the names above select
cipher and MAC at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ssh_transport.ciphers.base import LENGTH, Plaintext, check_length
from ssh_transport.errors import MACFailed

if TYPE_CHECKING:
    from ssh_transport.macs import Mac
    from ssh_wire.primitives import Buffer

__all__ = ["GCMOpener", "GCMSealer", "opener", "sealer"]

_BLOCK = 16
_TAG = 16
_COUNTER_MASK = 2**64 - 1


def sealer(key: Buffer, iv: Buffer, mac: Mac | None) -> GCMSealer:
    """Return a sealer."""
    return GCMSealer(key, iv)


def opener(key: Buffer, iv: Buffer, mac: Mac | None, limit: int) -> GCMOpener:
    """Return an opener."""
    return GCMOpener(key, iv, limit)


class GCMSealer:
    """Seals packets; the nonce is a fixed field and a counter (RFC 5647 section 7.1)."""

    __slots__ = ("_cipher", "_counter", "_fixed", "block", "clear", "trailer")

    def __init__(self, key: Buffer, iv: Buffer) -> None:
        self.block: int = _BLOCK
        self.clear: int = 4
        self.trailer: int = _TAG
        self._cipher = AESGCM(key)
        self._fixed = bytes(iv[:4])
        self._counter = int.from_bytes(iv[4:12], "big")

    def seal(self, packet: bytes, sequence: int) -> bytes:
        """Return the packet as it goes out."""
        counter = self._counter
        # "the invocation counter is incremented as a 64-bit integer" after every packet
        self._counter = (counter + 1) & _COUNTER_MASK
        head = packet[:4]
        return head + self._cipher.encrypt(
            self._fixed + counter.to_bytes(8, "big"), packet[4:], head
        )

    def seal_run(
        self,
        head: bytes,
        payloads: Sequence[tuple[Buffer, ...]],
        padding: bytes,
        sequence: int,
        out: memoryview,
    ) -> None:
        """Write packets of one size as they go out, one behind the other."""
        share, total = len(padding) // len(payloads), len(out) // len(payloads)
        fixed, encrypt_into, join = self._fixed, self._cipher.encrypt_into, b"".join
        length, rest = head[:4], head[4:]
        counter = self._counter
        # at once for all: whatever fails, no nonce is used twice
        self._counter = (counter + len(payloads)) & _COUNTER_MASK
        at = pad = 0
        for parts in payloads:
            body, stop = at + 4, at + total
            out[at:body] = length
            packet = join((rest, *parts, padding[pad : pad + share]))
            nonce = fixed + (counter & _COUNTER_MASK).to_bytes(8, "big")
            encrypt_into(nonce, packet, length, out[body:stop])
            counter += 1
            at = stop
            pad += share


class GCMOpener:
    """Opens packets into a reused buffer."""

    __slots__ = ("_cipher", "_counter", "_fixed", "_limit", "_plain", "consumed")

    def __init__(self, key: Buffer, iv: Buffer, limit: int) -> None:
        self.consumed: int = 0
        self._cipher = AESGCM(key)
        self._fixed = bytes(iv[:4])
        self._counter = int.from_bytes(iv[4:12], "big")
        self._limit = limit
        self._plain = Plaintext()

    def open(
        self,
        source: memoryview,
        start: int,
        end: int,
        sequence: int,
    ) -> memoryview | None:
        """Return the body of the packet at `start`, or None when it is not complete."""
        body = start + 4
        if body > end:
            return None
        (length,) = LENGTH.unpack_from(source, start)
        if length > self._limit or length % _BLOCK or not length:
            check_length(length, self._limit, _BLOCK)
        stop = body + length + _TAG
        if stop > end:
            return None
        room = self._plain
        plain = room.view[:length] if length <= room.room else room.first(length)
        counter = self._counter
        self._counter = (counter + 1) & _COUNTER_MASK
        nonce = self._fixed + counter.to_bytes(8, "big")
        try:
            self._cipher.decrypt_into(nonce, source[body:stop], source[start:body], plain)
        except InvalidTag:
            raise MACFailed from None
        self.consumed = stop - start
        return plain
