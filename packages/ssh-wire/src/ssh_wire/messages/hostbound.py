"""OpenSSH's addition to authentication: a signature that covers the key of the host, too."""

from __future__ import annotations

from typing import Literal

from ssh_wire.declare import Message, message
from ssh_wire.lazy_attrs import field
from ssh_wire.messages.auth import AuthHead

__all__ = ["HostboundQuery", "HostboundRequest"]

_HOSTBOUND: Literal["publickey-hostbound-v00@openssh.com"] = "publickey-hostbound-v00@openssh.com"


@message(50)
class HostboundQuery(AuthHead, Message):
    """Ask whether a key would do at the host with this key (PROTOCOL section 3.1)."""

    method: Literal["publickey-hostbound-v00@openssh.com"] = field(default=_HOSTBOUND, init=False)
    signed: Literal[False] = field(default=False, init=False)
    algorithm: str
    key: bytes
    host_key: bytes


@message(50)
class HostboundRequest(AuthHead, Message):
    """Log in with a signature that covers the host's key (PROTOCOL section 3.1)."""

    method: Literal["publickey-hostbound-v00@openssh.com"] = field(default=_HOSTBOUND, init=False)
    signed: Literal[True] = field(default=True, init=False)
    algorithm: str
    key: bytes
    host_key: bytes
    signature: bytes
