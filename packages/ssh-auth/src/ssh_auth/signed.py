"""What the signature of a publickey request covers."""

from __future__ import annotations

from typing import Literal

from ssh_wire import Byte, Record, record
from ssh_wire.lazy_attrs import field

__all__ = ["SignedRequest"]


@record
class SignedRequest(Record):
    """The session identifier and the request up to its signature (RFC 4252 section 7).

    Both roles write it from the fields of the request, so what was verified is what was
    decoded: nothing is in the signature that is not in the request, nor the reverse.
    """

    session_id: bytes
    number: Byte = 50
    user: str
    service: str
    method: Literal["publickey"] = field(default="publickey", init=False)
    signed: Literal[True] = field(default=True, init=False)
    algorithm: str
    key: bytes
