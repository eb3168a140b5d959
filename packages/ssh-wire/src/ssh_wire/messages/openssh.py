"""OpenSSH's additions to the connection protocol (its PROTOCOL file).

Its PING and PONG are in `ssh_wire.messages.transport`, its requests of authentication in
`ssh_wire.messages.hostbound`.  The sets here have the messages of
RFC 4254 and RFC 4335 as well: an endpoint without OpenSSH's additions uses the sets of
`ssh_wire.messages.connection`, where these requests and channels have their generic form.
"""

from __future__ import annotations

from typing import Literal

from ssh_wire.declare import Record, message, record
from ssh_wire.lazy_attrs import field
from ssh_wire.messages import connection
from ssh_wire.messages.connection import GlobalHead, OpenHead, RequestHead
from ssh_wire.messageset import MessageSet
from ssh_wire.types import Repeated, UInt32

__all__ = [
    "CHANNEL_OPENS",
    "CHANNEL_REQUESTS",
    "GLOBAL_REQUESTS",
    "AgentConnectOpen",
    "AgentConnectRequest",
    "AgentForwardingRequest",
    "AgentOpen",
    "CancelStreamlocalForward",
    "DirectStreamlocalOpen",
    "EndOfWrite",
    "ForwardedStreamlocalOpen",
    "HostKeyProof",
    "HostKeys",
    "HostKeysProve",
    "KeepAlive",
    "NoMoreSessions",
    "SignedHostKey",
    "StreamlocalForward",
    "TunnelOpen",
]

# ------------------------------------------------------------------ global requests


@message(80)
class KeepAlive(GlobalHead):
    """Ask for any answer at all, to learn whether the peer is there; all refuse it."""

    kind: Literal["keepalive@openssh.com"] = field(default="keepalive@openssh.com", init=False)


@message(80)
class NoMoreSessions(GlobalHead):
    """Promise to open no further session (PROTOCOL section 2.2)."""

    kind: Literal["no-more-sessions@openssh.com"] = field(
        default="no-more-sessions@openssh.com", init=False
    )


@message(80)
class HostKeys(GlobalHead):
    """All host keys of the server, as blobs (PROTOCOL section 2.5)."""

    kind: Literal["hostkeys-00@openssh.com"] = field(default="hostkeys-00@openssh.com", init=False)
    keys: Repeated[bytes]


@message(80)
class HostKeysProve(GlobalHead):
    """Ask for proof that the server has these keys (PROTOCOL section 2.5)."""

    kind: Literal["hostkeys-prove-00@openssh.com"] = field(
        default="hostkeys-prove-00@openssh.com", init=False
    )
    keys: Repeated[bytes]


@record
class HostKeyProof(Record):
    """A signature for each key that was asked for, in that order.

    The details of the REQUEST_SUCCESS that answers `HostKeysProve` (PROTOCOL section 2.5).
    """

    signatures: Repeated[bytes]


@record
class SignedHostKey(Record):
    """What each of those signatures is made over (PROTOCOL section 2.5)."""

    purpose: Literal["hostkeys-prove-00@openssh.com"] = field(
        default="hostkeys-prove-00@openssh.com", init=False
    )
    session_id: bytes
    key: bytes


@message(80)
class StreamlocalForward(GlobalHead):
    """Ask the server to listen at a Unix socket (PROTOCOL section 2.4)."""

    kind: Literal["streamlocal-forward@openssh.com"] = field(
        default="streamlocal-forward@openssh.com", init=False
    )
    path: bytes


@message(80)
class CancelStreamlocalForward(GlobalHead):
    """Ask the server to stop listening there (PROTOCOL section 2.4)."""

    kind: Literal["cancel-streamlocal-forward@openssh.com"] = field(
        default="cancel-streamlocal-forward@openssh.com", init=False
    )
    path: bytes


# ------------------------------------------------------------------ channels


@message(90)
class DirectStreamlocalOpen(OpenHead):
    """Ask the server to connect to a Unix socket (PROTOCOL section 2.4)."""

    kind: Literal["direct-streamlocal@openssh.com"] = field(
        default="direct-streamlocal@openssh.com", init=False
    )
    path: bytes
    reserved: bytes = b""
    reserved_number: UInt32 = 0


@message(90)
class ForwardedStreamlocalOpen(OpenHead):
    """Hand over a connection to a forwarded Unix socket (PROTOCOL section 2.4)."""

    kind: Literal["forwarded-streamlocal@openssh.com"] = field(
        default="forwarded-streamlocal@openssh.com", init=False
    )
    path: bytes
    reserved: bytes = b""


@message(90)
class AgentOpen(OpenHead):
    """Hand over a connection to the forwarded agent (draft-miller-ssh-agent section 6)."""

    kind: Literal["auth-agent@openssh.com"] = field(default="auth-agent@openssh.com", init=False)


@message(90)
class AgentConnectOpen(OpenHead):
    """`AgentOpen` under the name of the agent's draft (draft-ietf-sshm-ssh-agent)."""

    kind: Literal["agent-connect"] = field(default="agent-connect", init=False)


@message(90)
class TunnelOpen(OpenHead):
    """Ask for a tunnel of packets (mode 1) or of Ethernet frames (mode 2).

    Unit 0x7fffffff lets the server choose its interface (PROTOCOL section 2.3).
    """

    kind: Literal["tun@openssh.com"] = field(default="tun@openssh.com", init=False)
    mode: UInt32
    unit: UInt32


# ------------------------------------------------------------------ channel requests


@message(98)
class AgentForwardingRequest(RequestHead):
    """Ask for the forwarding of the agent (draft-miller-ssh-agent section 6)."""

    kind: Literal["auth-agent-req@openssh.com"] = field(
        default="auth-agent-req@openssh.com", init=False
    )


@message(98)
class AgentConnectRequest(RequestHead):
    """`AgentForwardingRequest` under the name of the agent's draft (draft-ietf-sshm-ssh-agent)."""

    kind: Literal["agent-req"] = field(default="agent-req", init=False)


@message(98)
class EndOfWrite(RequestHead):
    """Say that the channel's data is not read any more (PROTOCOL section 2.1)."""

    kind: Literal["eow@openssh.com"] = field(default="eow@openssh.com", init=False)


GLOBAL_REQUESTS: MessageSet[GlobalHead] = MessageSet(
    KeepAlive,
    NoMoreSessions,
    HostKeys,
    HostKeysProve,
    StreamlocalForward,
    CancelStreamlocalForward,
    *connection.GLOBAL_REQUESTS,
)
"""Global requests, unknown ones as `GlobalRequest`."""

CHANNEL_OPENS: MessageSet[OpenHead] = MessageSet(
    DirectStreamlocalOpen,
    ForwardedStreamlocalOpen,
    AgentOpen,
    AgentConnectOpen,
    TunnelOpen,
    *connection.CHANNEL_OPENS,
)
"""Channel opens, unknown types as `ChannelOpen`."""

CHANNEL_REQUESTS: MessageSet[RequestHead] = MessageSet(
    AgentForwardingRequest, AgentConnectRequest, EndOfWrite, *connection.CHANNEL_REQUESTS
)
"""Channel requests, unknown names as `ChannelRequest`."""
