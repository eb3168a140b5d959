"""The exchange hash and the keys that follow from it (RFC 4253 sections 7.2 and 8)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from ssh_transport.ciphers import CIPHERS
from ssh_transport.kex.base import new_hash
from ssh_transport.macs import MACS, Mac
from ssh_wire.primitives import Buffer, string

if TYPE_CHECKING:
    from ssh_transport.ciphers.base import Opener, Sealer
    from ssh_transport.keyexchange.negotiation import DirectionAgreement

__all__ = ["KeySource", "derive", "exchange_hash", "wipe"]


def exchange_hash(
    hash_name: str, strings: tuple[bytes, ...], secret: Buffer, group: bytes = b""
) -> bytes:
    """Return H.

    Args:
        hash_name: the hash of the key exchange method.
        strings: V_C, V_S, I_C, I_S, K_S and the two shares, client first.
        secret: K as it is hashed.
        group: what a group exchange hashes before the shares (RFC 4419 section 3).
    """
    context = new_hash(hash_name)
    *facts, client, server = map(string, strings)
    for part in (*facts, group, client, server):
        context.update(part)
    context.update(secret)
    return context.finalize()


def derive(source: KeySource, letter: bytes, size: int) -> bytearray:
    """Return `size` bytes of key material, in a buffer to be wiped.

    "Encryption keys MUST be computed as HASH, of a known value and K": the letter says
    which key, A to F.
    """
    first = new_hash(source.hash_name)
    first.update(source.secret)
    first.update(source.exchange_hash)
    key = bytearray()
    extended = first.copy()
    extended.update(letter)
    extended.update(source.session_id)
    key += extended.finalize()
    while len(key) < size:
        # "K2 = HASH(K || H || K1)", "K3 = HASH(K || H || K1 || K2)"
        extended = first.copy()
        extended.update(key)
        key += extended.finalize()
    wipe(memoryview(key)[size:])
    del key[size:]
    return key


class KeySource:
    """What all keys of one exchange are derived from.

    Attributes:
        hash_name: the hash of the key exchange method.
        secret: K as it is hashed.
        exchange_hash: H.
        session_id: H of the first exchange.
    """

    __slots__ = ("exchange_hash", "hash_name", "secret", "session_id")

    def __init__(
        self, hash_name: str, secret: bytearray, exchange_hash: bytes, session_id: bytes
    ) -> None:
        self.hash_name: str = hash_name
        self.secret: bytearray = secret
        self.exchange_hash: bytes = exchange_hash
        self.session_id: bytes = session_id

    def __repr__(self) -> str:
        return f"KeySource(hash_name={self.hash_name!r})"  # nothing that is secret

    def sealer(self, which: Literal["client", "server"], agreed: DirectionAgreement) -> Sealer:
        """Return the sealer for packets that this side sends."""
        key, iv, mac = self._material(which, agreed)
        sealer = CIPHERS[agreed.cipher].load().sealer(key, iv, mac)
        wipe(key, iv)
        return sealer

    def opener(
        self, which: Literal["client", "server"], agreed: DirectionAgreement, limit: int
    ) -> Opener:
        """Return the opener for packets that this side sends."""
        key, iv, mac = self._material(which, agreed)
        opener = CIPHERS[agreed.cipher].load().opener(key, iv, mac, limit)
        wipe(key, iv)
        return opener

    def wipe(self) -> None:
        """Overwrite K, best effort."""
        wipe(self.secret)

    def _material(
        self, which: Literal["client", "server"], agreed: DirectionAgreement
    ) -> tuple[bytearray, bytearray, Mac | None]:
        letters = (b"A", b"C", b"E") if which == "client" else (b"B", b"D", b"F")
        spec = CIPHERS[agreed.cipher]
        iv = derive(self, letters[0], spec.iv_size)
        key = derive(self, letters[1], spec.key_size)
        if agreed.mac is None:
            return key, iv, None
        mac_spec = MACS[agreed.mac]
        mac_key = derive(self, letters[2], mac_spec.key_size)
        mac = Mac(mac_spec, mac_key)
        wipe(mac_key)
        return key, iv, mac


def wipe(*buffers: bytearray | memoryview) -> None:
    """Overwrite buffers with zeros; Python may still hold copies elsewhere."""
    for buffer in buffers:
        buffer[:] = bytes(len(buffer))
