"""Base64 in the one way to write it (RFC 4648 section 4): two texts are never the same key."""

from __future__ import annotations

import binascii

from ssh_keys.errors import KeyFormatError

__all__ = ["from_base64", "to_base64"]


def from_base64(text: bytes, name: str) -> bytes:
    """Return the bytes that `text` encodes.

    Args:
        text: the base64, without line breaks.
        name: what is being decoded, for the error.

    Raises:
        KeyFormatError: it is not base64, or not in the one way to write it.
    """
    try:
        data = binascii.a2b_base64(text)
    except binascii.Error:
        data = b""
    # "MUST reject the encoded data if it contains characters outside the base alphabet"
    if to_base64(data) != text:
        problem = f"{name} is not base64"
        raise KeyFormatError(problem)
    return data


def to_base64(data: bytes) -> bytes:
    """Return the base64 of `data`, without line breaks."""
    return binascii.b2a_base64(data, newline=False)
