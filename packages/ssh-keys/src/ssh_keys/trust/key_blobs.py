"""The blob of the key on a line, of any kind and size, also if the key is refused."""

from __future__ import annotations

from ssh_keys import certificates
from ssh_keys.errors import KeyFormatError, quoted_name
from ssh_keys.kinds import KINDS
from ssh_keys.lines import take_field
from ssh_keys.policy import KeyPolicy
from ssh_keys.public import public_family
from ssh_keys.strict_base64 import from_base64
from ssh_wire import WireError
from ssh_wire.primitives import read_string

__all__ = ["read_key_blob"]


def read_key_blob(line: bytes) -> bytes:
    """Return the blob of the key on a line `kind base64 comment`, of any kind and size.

    For a certificate it is that of the certified key.

    Raises:
        KeyFormatError: it is not one complete key of that kind.
    """
    kind, rest = take_field(line)
    encoded, _ = take_field(rest)
    blob = from_base64(encoded, "the key")
    try:
        inside, _ = read_string(blob, 0)
    except WireError:
        inside = b""
    if not kind or inside != kind:
        problem = f"the line says{quoted_name(kind)}, its key{quoted_name(inside)}"
        raise KeyFormatError(problem)
    if b"-cert-v0" not in kind:
        _check_end(kind.decode("latin-1"), blob)
        return blob
    return certificates.Certificate.from_blob(blob, policy=KeyPolicy.LEGACY).public_key.blob


def _check_end(kind: str, blob: bytes) -> None:
    """Refuse a blob of a known kind that does not end with its key."""
    try:
        if kind not in KINDS or public_family(kind).end_of_public(blob) == len(blob):
            return
        problem = "something follows the key"
    except WireError:
        problem = "the key is truncated"
    raise KeyFormatError(problem)
