"""What a client takes of a server although RFC 4252 says it otherwise.

The declarations of `ssh_wire.messages.auth` are exact.  Servers leave out fields that clients
do not read, or append to them, and a client that ends there cannot log in.  Where nothing is
at stake, the payload is made exact here before it is decoded; OpenSSH's client is the measure.
What decides is taken as it comes: success or failure, which key, how many prompts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final, TypeAlias

from ssh_wire import WireError
from ssh_wire.messages.auth import UserauthBanner, UserauthFailure, UserauthSuccess
from ssh_wire.primitives import read_string, string

if TYPE_CHECKING:
    from ssh_keys import Certificate, PublicKey
    from ssh_wire.primitives import Buffer

__all__ = ["Repair", "exact", "exact_change", "is_same_key"]

Repair: TypeAlias = Callable[[bytes], bytes]
"""Makes a payload exact.

Raises:
    WireError: it cannot.
"""

_FAILURE: Final = UserauthFailure.NUMBER
_SUCCESS: Final = UserauthSuccess.NUMBER
_BANNER: Final = UserauthBanner.NUMBER


def exact(payload: Buffer, own: Mapping[int, Repair]) -> Buffer:
    """Return the payload as its declaration has it, or unchanged where it is beyond repair.

    Args:
        payload: a message of the server.
        own: the repairs of the method in progress, whose numbers mean something else elsewhere.
    """
    number = payload[0] if payload else 0
    repair = _REPAIRS.get(number) or own.get(number)
    if repair is None:
        return payload
    try:
        return repair(bytes(payload))
    except WireError:
        return payload  # the decoder says what is wrong with it


def _exact_failure(payload: bytes) -> bytes:
    """Supply the partial success that is not there; drop empty names and blanks of the list."""
    names, end = read_string(payload, 1)
    listed = b",".join(filter(None, (name.strip(b" ") for name in bytes(names).split(b","))))
    # without the field there was no partial success
    return payload[:1] + string(listed) + (payload[end:] or b"\0")


def _exact_success(payload: bytes) -> bytes:
    return payload[:1]  # OpenSSH does not look at what follows


def _with_language(payload: bytes) -> bytes:
    """Supply the language tag that is not there."""
    _, end = read_string(payload, 1)
    return payload if end < len(payload) else payload + string(b"")


def exact_change(payload: bytes) -> bytes:
    """Supply the language tag that is not there; drop what follows it, as OpenSSH does."""
    whole = _with_language(payload)
    _, end = read_string(whole, read_string(whole, 1)[1])
    return whole[:end]


_REPAIRS: Final[Mapping[int | None, Repair]] = {
    _FAILURE: _exact_failure,
    _SUCCESS: _exact_success,
    _BANNER: _with_language,
}


def is_same_key(blob: bytes, key: PublicKey | Certificate) -> bool:
    """Return whether a blob is this key, however the server spells it.

    Servers have put the signature algorithm where the kind of the key belongs, and zeros
    in front of its numbers.
    """
    if blob == key.blob:
        return True
    try:
        return _numbers(blob) == _numbers(key.blob)
    except WireError:
        return False


def _numbers(blob: bytes) -> list[bytes]:
    """Return the strings behind the kind, without zeros in front."""
    _, pos = read_string(blob, 0)
    found: list[bytes] = []
    while pos < len(blob):
        value, pos = read_string(blob, pos)
        found.append(bytes(value).lstrip(b"\0"))
    return found
