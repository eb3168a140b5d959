"""As much DER as tells how a file is encrypted, and what its key derivation costs.

An encrypted PKCS#8 file has the number of times that its passphrase is hashed, and a hostile
file has two thousand million.  `check_cost` checks those numbers, and `oids_of` returns the
algorithms; `cryptography` decodes the rest.  The walk has its own stack, and does not recurse.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from ssh_keys.errors import KeyFormatError, TooCostly

__all__ = ["check_cost", "oids_of"]

_INTEGER: Final = 0x02
_OID: Final = 0x06
_SEQUENCE: Final = 0x30
_CONSTRUCTED: Final = 0x20
_HIGH_TAG: Final = 0x1F
_LONG_FORM: Final = 0x80
_MAX_LENGTH_BYTES: Final = 4
_MAX_ELEMENTS: Final = 64

_SCRYPT: Final = bytes.fromhex("2b06010401da47040b")
_SCRYPT_NUMBERS: Final = 3

MAX_ITERATIONS: Final = 2_000_000
"""The most iterations of a hash for a passphrase: about a second."""

MAX_SCRYPT_BYTES: Final = 1 << 28
"""The most memory and work of scrypt for a passphrase: 128 · N · r · p."""


class _Element(NamedTuple):
    tag: int
    start: int
    end: int


def check_cost(der: bytes) -> None:
    """Refuse an EncryptedPrivateKeyInfo (RFC 5958 section 3) that is too costly to decrypt.

    Raises:
        TooCostly: it is.
        KeyFormatError: it is another structure.
    """
    numbers, names = _algorithm(der)
    if _SCRYPT in names:
        cost = 128
        for number in numbers[:_SCRYPT_NUMBERS]:
            cost *= number
        too_much = cost > MAX_SCRYPT_BYTES
    else:
        too_much = max(numbers, default=0) > MAX_ITERATIONS
    if too_much:
        problem = "the file asks for too much work to derive its key"
        raise TooCostly(problem)


def oids_of(der: bytes) -> tuple[str, ...]:
    """Return the object identifiers of the algorithms that encrypt an EncryptedPrivateKeyInfo.

    Raises:
        KeyFormatError: it is another structure.
    """
    return tuple(map(_dotted, _algorithm(der)[1]))


def _dotted(oid: bytes) -> str:
    """Return an object identifier as it is written (ITU-T X.690 section 8.19)."""
    numbers = [0]
    for byte in oid:
        numbers[-1] = numbers[-1] << 7 | byte & ~_LONG_FORM
        if byte < _LONG_FORM:
            numbers.append(0)
    first = min(numbers[0] // 40, 2)
    return ".".join(map(str, (first, numbers[0] - 40 * first, *numbers[1:-1])))


def _algorithm(der: bytes) -> tuple[list[int], list[bytes]]:
    """Return the numbers and the object identifiers of the encryption algorithm."""
    outer = _read(der, 0, len(der))
    algorithm = _read(der, outer.start, outer.end)
    if outer.tag != _SEQUENCE or algorithm.tag != _SEQUENCE or outer.end != len(der):
        raise _malformed()
    return _leaves(der, algorithm)


def _leaves(der: bytes, top: _Element) -> tuple[list[int], list[bytes]]:
    """Return the integers and object identifiers inside `top`, in order."""
    numbers: list[int] = []
    names: list[bytes] = []
    ends = [top.end]
    pos = top.start
    for _ in range(_MAX_ELEMENTS):
        while ends and pos == ends[-1]:
            ends.pop()
        if not ends:
            return numbers, names
        element = _read(der, pos, ends[-1])
        content = der[element.start : element.end]
        if element.tag & _CONSTRUCTED:
            ends.append(element.end)
            pos = element.start
            continue
        if element.tag == _INTEGER:
            numbers.append(int.from_bytes(content))
        elif element.tag == _OID:
            names.append(content)
        pos = element.end
    raise _malformed()


def _read(der: bytes, pos: int, limit: int) -> _Element:
    """Return the element at `pos`, which must end at `limit` or before it."""
    if pos + 2 > limit:
        raise _malformed()
    tag, length = der[pos], der[pos + 1]
    start = pos + 2
    if tag & _HIGH_TAG == _HIGH_TAG:
        raise _malformed()
    if length >= _LONG_FORM:
        count = length - _LONG_FORM
        if not 1 <= count <= _MAX_LENGTH_BYTES or start + count > limit:
            raise _malformed()
        length = int.from_bytes(der[start : start + count])
        start += count
    if start + length > limit:
        raise _malformed()
    return _Element(tag, start, start + length)


def _malformed() -> KeyFormatError:
    return KeyFormatError("not an encrypted PKCS#8 private key")
