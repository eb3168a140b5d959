"""What the signatures of publickey and hostbased requests cover."""

from __future__ import annotations

from typing import Literal

from ssh_wire import Byte, Record, record
from ssh_wire.lazy_attrs import field

__all__ = ["SignedHostbasedRequest", "SignedHostboundRequest", "SignedRequest"]


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


@record
class SignedHostboundRequest(Record):
    """The same, with the key of the server behind it (OpenSSH's PROTOCOL section 3.1)."""

    session_id: bytes
    number: Byte = 50
    user: str
    service: str
    method: Literal["publickey-hostbound-v00@openssh.com"] = field(
        default="publickey-hostbound-v00@openssh.com", init=False
    )
    signed: Literal[True] = field(default=True, init=False)
    algorithm: str
    key: bytes
    host_key: bytes


@record
class SignedHostbasedRequest(Record):
    """What the client host's key signs (RFC 4252 section 9)."""

    session_id: bytes
    number: Byte = 50
    user: str
    service: str
    method: Literal["hostbased"] = field(default="hostbased", init=False)
    algorithm: str
    host_key: bytes
    client_host: str
    client_user: str
