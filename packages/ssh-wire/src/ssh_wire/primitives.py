"""The variable-length data types of RFC 4251 section 5 as functions.

Generated codecs call these for mpints, name-lists and counted items; formats that are not messages
(key blobs, certificates) use them directly.  Every reader takes the input and a position and
returns the value and the position after it.
"""

from __future__ import annotations

from struct import Struct
from typing import TypeAlias

from ssh_wire.errors import BadValue, EncodeError, InvalidText, Truncated
from ssh_wire.numbers import MAX_MPINT_BYTES

__all__ = [
    "Buffer",
    "decode_mpint",
    "decode_names",
    "encode_mpint",
    "encode_names",
    "read_string",
    "read_text",
    "string",
]

Buffer: TypeAlias = bytes | bytearray | memoryview

_LENGTH = Struct(">I")
_SIGN = 0x80
_ONES = 0xFF


def string(value: Buffer | str) -> bytes:
    """Encode a string: a uint32 length, then the bytes (text as UTF-8)."""
    data = value.encode() if isinstance(value, str) else bytes(value)
    return _LENGTH.pack(len(data)) + data


def read_string(data: Buffer, pos: int) -> tuple[bytes, int]:
    """Decode a string at `pos`.

    Raises:
        Truncated: the input ends before the string does.
    """
    start = pos + 4
    if start > len(data):
        raise Truncated("string", "its length")
    end = start + _LENGTH.unpack_from(data, pos)[0]
    if end > len(data):
        raise Truncated("string", "its content")
    return bytes(data[start:end]), end


def read_text(data: Buffer, pos: int) -> tuple[str, int]:
    """Decode a UTF-8 string at `pos`.

    Raises:
        Truncated: the input ends before the string does.
        InvalidText: the bytes are not UTF-8.
    """
    value, end = read_string(data, pos)
    try:
        return value.decode(), end
    except UnicodeDecodeError:
        raise InvalidText("string", "its content") from None


def read_human_text(data: Buffer, pos: int) -> tuple[str, int]:
    """Decode a human-readable string at `pos`; bytes outside UTF-8 become lone surrogates."""
    value, end = read_string(data, pos)
    return value.decode("utf-8", "surrogateescape"), end


def encode_mpint(value: int) -> bytes:
    """Encode the content of an mpint: two's complement in the fewest bytes, zero in none."""
    if value == 0:
        return b""
    # `(v + (v < 0))`: a negative power of two fits in one bit less than its magnitude
    size = (value + (value < 0)).bit_length() // 8 + 1
    if size > MAX_MPINT_BYTES + 1:
        raise EncodeError("mpint", f"{size} bytes are more than {MAX_MPINT_BYTES}")
    return value.to_bytes(size, "big", signed=True)


def decode_mpint(
    data: Buffer, message: str = "mpint", field: str = "value", *, signed: bool = False
) -> int:
    """Decode the content of an mpint.

    Args:
        data: the bytes after the length.
        message: the message with the field, for the error.
        field: the name of the field, for the error.
        signed: allow a negative number; no message of SSH has one.

    Raises:
        BadValue: it is longer than 16384 bits, not in its shortest form, or negative.
    """
    size = len(data)
    if not size:
        return 0
    first = data[0]
    if size > MAX_MPINT_BYTES + 1 or (size == MAX_MPINT_BYTES + 1 and first):
        raise BadValue(message, field, f"is longer than {MAX_MPINT_BYTES} bytes")
    if first & _SIGN and not signed:
        raise BadValue(message, field, "is negative")
    # "Unnecessary leading bytes with the value 0 or 255 MUST NOT be included"
    second_sign = data[1] >> 7 if size > 1 else -1
    if (first == 0 and second_sign != 1) or (first == _ONES and second_sign == 1):
        raise BadValue(message, field, "is not in its shortest form")
    return int.from_bytes(data, "big", signed=True)


def encode_names(names: tuple[str, ...]) -> bytes:
    """Encode the content of a name-list.

    Raises:
        EncodeError: a name is empty, or has a comma, a space or an unprintable character.
    """
    for name in names:
        if not name or "," in name or " " in name or not (name.isascii() and name.isprintable()):
            raise EncodeError("name-list", f"{name!r} is not a name")
    return ",".join(names).encode("ascii")


def decode_names(
    data: Buffer, message: str = "name-list", field: str = "value"
) -> tuple[str, ...]:
    """Decode the content of a name-list.

    Raises:
        BadValue: a byte is not printable ASCII, or is a space, or a name is empty.
    """
    if not data:
        return ()
    text = str(data, "latin-1")
    # "MUST NOT contain the null character" and names are "restricted to US-ASCII"
    if not (text.isascii() and text.isprintable()):
        raise BadValue(message, field, "holds more than printable ASCII")
    if " " in text:  # "MUST NOT contain … control characters (ASCII codes 32 or less)"
        raise BadValue(message, field, "holds a space")
    names = tuple(text.split(","))
    if "" in names:  # "a name MUST have a non-zero length"
        raise BadValue(message, field, "holds an empty name")
    return names
