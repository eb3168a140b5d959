"""Message authentication codes (RFC 4253, RFC 6668, OpenSSH's encrypt-then-mac forms).

A code is one row of `MACS`.  `Mac` keeps one keyed context and copies it for each packet.
"""

from __future__ import annotations

from struct import Struct
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.hmac import HMAC

    from ssh_wire.primitives import Buffer

__all__ = ["MACS", "Mac", "MacSpec"]

_SEQUENCE = Struct(">I")


class MacSpec(NamedTuple):
    """One row: how long key and code are, and what the code covers."""

    hash_name: str
    """The hash as `cryptography` names it."""

    key_size: int
    """Bytes of the key."""

    size: int
    """Bytes of the code."""

    etm: bool
    """Encrypt-then-mac: over the ciphertext, and packet_length is not encrypted."""


MACS: dict[str, MacSpec] = {
    "hmac-sha2-512-etm@openssh.com": MacSpec("SHA512", 64, 64, etm=True),
    "hmac-sha2-256-etm@openssh.com": MacSpec("SHA256", 32, 32, etm=True),
    "hmac-sha2-512": MacSpec("SHA512", 64, 64, etm=False),
    "hmac-sha2-256": MacSpec("SHA256", 32, 32, etm=False),
    "hmac-sha1-etm@openssh.com": MacSpec("SHA1", 20, 20, etm=True),
    "hmac-sha1": MacSpec("SHA1", 20, 20, etm=False),
    "hmac-sha1-96": MacSpec("SHA1", 20, 12, etm=False),
}
"""Every code by its name on the wire."""


class Mac:
    """A keyed code: MAC(key, sequence_number || data) (RFC 4253 section 6.4)."""

    __slots__ = ("_keyed", "etm", "size")

    def __init__(self, spec: MacSpec, key: Buffer) -> None:
        # the primitives load when the first key is there
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.hmac import HMAC

        algorithms: dict[str, type[hashes.SHA1 | hashes.SHA256 | hashes.SHA512]]
        algorithms = {"SHA1": hashes.SHA1, "SHA256": hashes.SHA256, "SHA512": hashes.SHA512}
        self.etm: bool = spec.etm
        self.size: int = spec.size
        self._keyed: HMAC = HMAC(key, algorithms[spec.hash_name]())

    def code(self, sequence: int, data: Buffer) -> bytes:
        """Return the code of `data` in the packet with this sequence number."""
        context = self._keyed.copy()
        context.update(_SEQUENCE.pack(sequence))
        context.update(data)
        return context.finalize()[: self.size]  # of a whole code that is the code itself
