"""The data types of RFC 4251 section 5, as annotations for message fields.

`bool`, `bytes` and `str` are boolean, string and a UTF-8 string; a field of a record class is
that record in place; `Literal["x"]` is a string constant and
`Literal[True]` a boolean constant, both checked on decoding.  A bare `int` is refused
when the codec is made, because it does not say how many bytes it has.
"""

from __future__ import annotations

from typing import Annotated, TypeAlias, TypeVar

__all__ = [
    "Byte",
    "Cookie",
    "Counted",
    "MPInt",
    "NameList",
    "Repeated",
    "Rest",
    "Text",
    "UInt32",
    "UInt64",
    "View",
    "Wire",
]

T = TypeVar("T")


class Wire:
    """The marker that names a field's wire type inside `Annotated`."""

    __slots__ = ("kind",)

    def __init__(self, kind: str) -> None:
        self.kind: str = kind

    def __repr__(self) -> str:
        return f"Wire({self.kind!r})"


Byte: TypeAlias = Annotated[int, Wire("byte")]
"""One byte, as a number."""

UInt32: TypeAlias = Annotated[int, Wire("uint32")]
"""Four bytes, most significant first."""

UInt64: TypeAlias = Annotated[int, Wire("uint64")]
"""Eight bytes, most significant first."""

MPInt: TypeAlias = Annotated[int, Wire("mpint")]
"""A multiple-precision integer in two's complement, minimal, at most 16384 bits."""

NameList: TypeAlias = Annotated[tuple[str, ...], Wire("name-list")]
"""Comma-separated names in printable ASCII."""

Cookie: TypeAlias = Annotated[bytes, Wire("cookie")]
"""Sixteen random bytes without a length (SSH_MSG_KEXINIT)."""

Text: TypeAlias = Annotated[str, Wire("text")]
"""Human-readable text of the peer.

RFC 4251 requires UTF-8, and peers send other encodings: bytes outside UTF-8 become lone
surrogates, so that nothing is lost and nothing raises.  `ssh_wire.text` escapes such text
(`printable`) and returns its bytes (`raw`).
"""

Rest: TypeAlias = Annotated[bytes, Wire("rest")]
"""The rest of the message, without a length."""

View: TypeAlias = Annotated[bytes | bytearray | memoryview, Wire("view")]
"""A string that is decoded as a slice of the input: a view of a view, bytes of bytes."""

Counted: TypeAlias = Annotated[tuple[T, ...], Wire("counted")]
"""A uint32 count, then that many items."""

Repeated: TypeAlias = Annotated[tuple[T, ...], Wire("repeated")]
"""Items up to the end of the message."""
