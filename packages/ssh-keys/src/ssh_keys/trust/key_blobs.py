"""The key of a line as it is sent: of any kind and size, also of those that are refused."""

from __future__ import annotations

from ssh_keys import certificates
from ssh_keys.errors import KeyFormatError, named
from ssh_keys.kinds import KINDS
from ssh_keys.lines import take_field
from ssh_keys.policy import KeyPolicy
from ssh_keys.registry import family
from ssh_keys.strict_base64 import from_base64
from ssh_wire import WireError
from ssh_wire.primitives import read_string

__all__ = ["read_key_blob"]


def read_key_blob(line: bytes) -> bytes:
    """Return the key of `kind base64 comment` as it is sent, whatever its kind and size.

    Of a certificate that is the key which it certifies.

    Raises:
        KeyFormatError: there is no whole key of that kind.
    """
    kind, rest = take_field(line)
    encoded, _ = take_field(rest)
    blob = from_base64(encoded, "the key")
    try:
        inside, _ = read_string(blob, 0)
    except WireError:
        inside = b""
    if not kind or inside != kind:
        problem = f"the line says{named(kind)}, its key{named(inside)}"
        raise KeyFormatError(problem)
    if b"-cert-v0" not in kind:
        _check_end(kind.decode("latin-1"), blob)
        return blob
    return certificates.Certificate.from_blob(blob, policy=KeyPolicy.LEGACY).public_key.blob


def _check_end(kind: str, blob: bytes) -> None:
    """Refuse a key of a known kind that does not end where its blob does."""
    try:
        if kind not in KINDS or family(kind).end_of_public(blob) == len(blob):
            return
        problem = "something follows the key"
    except WireError:
        problem = "the key is cut"
    raise KeyFormatError(problem)
