"""SSHFP: fingerprints of host keys in the DNS (RFC 4255, 6594, 7479, 8709).

    byte algorithm, byte hash, the hash of the key blob

A record counts only if the answer was authenticated: "A public key verified
using this method MUST NOT be trusted if the SSHFP resource record used for verification was
not authenticated" (RFC 4255 section 2.4).  The caller knows whether the answer of the DNS was.
"""

from __future__ import annotations

import enum
import hashlib
import hmac
from typing import TYPE_CHECKING, Final, Self

from ssh_keys.errors import KeyFormatError, UnsupportedKey
from ssh_wire import lazy_attrs
from ssh_wire.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ssh_keys.public import PublicKey

__all__ = ["RECORD_TYPE", "SSHFP", "SSHFPMatch", "check_sshfp", "sshfp_records"]

RECORD_TYPE: Final = 44
"""The number of the record type SSHFP."""

_ALGORITHMS: Final = {
    "ssh-rsa": 1,  # RFC 4255
    "ecdsa-sha2-nistp256": 3,  # RFC 6594
    "ecdsa-sha2-nistp384": 3,
    "ecdsa-sha2-nistp521": 3,
    "ssh-ed25519": 4,  # RFC 7479
    "ssh-ed448": 6,  # RFC 8709
}
"""Kind of key -> its number in the IANA registry."""

_HASHES: Final = {1: "sha1", 2: "sha256"}
"""Number in the IANA registry -> hash (RFC 4255, RFC 6594)."""

_SIZES: Final = {1: 20, 2: 32}
_MAX_BYTE: Final = 255
_HEAD: Final = 2


class SSHFPMatch(enum.Enum):
    """The result of comparing a key with the records of its host."""

    FOUND = "found"
    """A record has the key's hash, and no other contradicts it."""
    CHANGED = "changed"
    """A record of the key's algorithm has another hash."""
    NONE = "none"
    """No record has the key's algorithm."""


@lazy_attrs.frozen
class SSHFP:
    """One record.

    Attributes:
        algorithm: the number of the key's algorithm.
        hash: the number of the hash.
        fingerprint: the hash of the key blob.
    """

    algorithm: int
    hash: int
    fingerprint: bytes

    @classmethod
    def make(cls, key: PublicKey, hash_number: int = 2) -> Self:
        """Return the record of a key.

        Args:
            key: the host's key.
            hash_number: 1 for SHA-1, 2 for SHA-256.

        Raises:
            UnsupportedKey: keys of this kind have no SSHFP records.
            KeyFormatError: there is no such hash.
        """
        algorithm = _ALGORITHMS.get(key.kind)
        if algorithm is None:
            raise UnsupportedKey(key.kind, f"keys of kind {key.kind} have no SSHFP records")
        name = _HASHES.get(hash_number)
        if name is None:
            problem = f"SSHFP has no hash {hash_number}"
            raise KeyFormatError(problem)
        digest = hashlib.new(name, key.blob, usedforsecurity=False).digest()
        return cls(algorithm, hash_number, digest)

    @classmethod
    def from_rdata(cls, data: bytes) -> Self:
        """Decode a record as it is sent (RFC 4255 section 3.1).

        Raises:
            KeyFormatError: it ends too early, or its hash has the wrong length.
        """
        if len(data) < _HEAD:
            problem = f"an SSHFP record of {len(data)} bytes is truncated"
            raise KeyFormatError(problem)
        return cls._checked(data[0], data[1], data[_HEAD:])

    @classmethod
    def from_text(cls, text: str) -> Self:
        r"""Parse the data of a record as a zone file has it: `4 2 hex`, or `\\# size hex`.

        Raises:
            KeyFormatError: it is neither.
        """
        fields = text.split()
        try:
            if fields[:1] == ["\\#"]:
                data = bytes.fromhex("".join(fields[2:]))
                if len(data) == int(fields[1]):
                    return cls.from_rdata(data)
            elif all(field.isascii() and field.isdigit() for field in fields[:2]):
                algorithm, kind, *digits = fields
                return cls._checked(int(algorithm), int(kind), bytes.fromhex("".join(digits)))
        except (ValueError, IndexError):
            pass
        problem = f"'{printable(text, 64)}' is not an SSHFP record"
        raise KeyFormatError(problem)

    @classmethod
    def _checked(cls, algorithm: int, hash_number: int, fingerprint: bytes) -> Self:
        known = _SIZES.get(hash_number, len(fingerprint)) == len(fingerprint)
        if not known or max(algorithm, hash_number) > _MAX_BYTE:
            problem = f"an SSHFP record of hash {hash_number} has {len(fingerprint)} bytes"
            raise KeyFormatError(problem)
        return cls(algorithm, hash_number, fingerprint)

    def to_rdata(self) -> bytes:
        """Return the record as it is sent."""
        return bytes([self.algorithm, self.hash]) + self.fingerprint

    def to_text(self, host: str) -> str:
        """Return the line of a zone file, as `ssh-keygen -r` prints it, without a newline."""
        return f"{host} IN SSHFP {self.algorithm} {self.hash} {self.fingerprint.hex()}"

    def to_generic_text(self, host: str) -> str:
        """Return the line in the generic format (RFC 3597), as `ssh-keygen -r -g` prints it."""
        data = self.to_rdata()
        numbers = f"{self.algorithm:02x} {self.hash:02x} {self.fingerprint.hex()}"
        return f"{host} IN TYPE{RECORD_TYPE} \\# {len(data)} {numbers}"

    def matches(self, key: PublicKey) -> bool | None:
        """Say whether the record has a key's hash; None if it is for keys of another kind."""
        if self.algorithm != _ALGORITHMS.get(key.kind) or self.hash not in _HASHES:
            return None
        digest = hashlib.new(_HASHES[self.hash], key.blob, usedforsecurity=False).digest()
        return hmac.compare_digest(digest, self.fingerprint)


def sshfp_records(key: PublicKey) -> tuple[SSHFP, ...]:
    """Return the records of a key, one for each hash, as `ssh-keygen -r` prints them.

    Raises:
        UnsupportedKey: keys of this kind have no SSHFP records.
    """
    return tuple(SSHFP.make(key, number) for number in _HASHES)


def check_sshfp(records: Iterable[SSHFP], key: PublicKey) -> SSHFPMatch:
    """Compare the key that a host presents with its records.

    One record that contradicts the key is enough.  SHA-1 is ignored if there is SHA-256.
    """
    relevant = [record for record in records if record.matches(key) is not None]
    strongest = max((record.hash for record in relevant), default=0)
    answers = {record.matches(key) for record in relevant if record.hash == strongest}
    if not answers:
        return SSHFPMatch.NONE
    return SSHFPMatch.FOUND if answers == {True} else SSHFPMatch.CHANGED
