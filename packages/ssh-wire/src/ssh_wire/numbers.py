"""Assigned numbers: messages, disconnect and channel-open reasons (RFC 4250 section 4).

Constants only; a `MessageSet` has the meaning of a number in one phase.
"""

from __future__ import annotations

from enum import IntEnum, StrEnum
from typing import Final

__all__ = [
    "CONNECTION_SERVICE",
    "EXTENDED_DATA_STDERR",
    "MAX_MPINT_BYTES",
    "MAX_PACKET_LENGTH",
    "MAX_PORT",
    "USERAUTH_SERVICE",
    "DisconnectReason",
    "ExtensionName",
    "MessageNumber",
    "OpenFailureReason",
    "Signal",
]

MAX_PACKET_LENGTH: Final = 262_144
"""The largest `packet_length` that is accepted, in bytes (OpenSSH's PACKET_MAX_SIZE)."""

MAX_MPINT_BYTES: Final = 2_048
"""The largest magnitude of an mpint, in bytes: 16384 bits, as OpenSSH."""

MAX_PORT: Final = 65_535
"""The largest number of a TCP port."""

EXTENDED_DATA_STDERR: Final = 1
"""SSH_EXTENDED_DATA_STDERR (RFC 4254 section 5.2)."""


USERAUTH_SERVICE: Final = "ssh-userauth"
"""The service of authentication (RFC 4252)."""

CONNECTION_SERVICE: Final = "ssh-connection"
"""The service of channels (RFC 4254)."""


class MessageNumber(IntEnum):
    """Message numbers that mean the same in every phase (RFC 4250 section 4.1.2).

    30–49 belong to the key exchange method and 60–79 to the authentication method.
    """

    DISCONNECT = 1
    IGNORE = 2
    UNIMPLEMENTED = 3
    DEBUG = 4
    SERVICE_REQUEST = 5
    SERVICE_ACCEPT = 6
    EXT_INFO = 7
    NEWCOMPRESS = 8
    KEXINIT = 20
    NEWKEYS = 21
    USERAUTH_REQUEST = 50
    USERAUTH_FAILURE = 51
    USERAUTH_SUCCESS = 52
    USERAUTH_BANNER = 53
    GLOBAL_REQUEST = 80
    REQUEST_SUCCESS = 81
    REQUEST_FAILURE = 82
    CHANNEL_OPEN = 90
    CHANNEL_OPEN_CONFIRMATION = 91
    CHANNEL_OPEN_FAILURE = 92
    CHANNEL_WINDOW_ADJUST = 93
    CHANNEL_DATA = 94
    CHANNEL_EXTENDED_DATA = 95
    CHANNEL_EOF = 96
    CHANNEL_CLOSE = 97
    CHANNEL_REQUEST = 98
    CHANNEL_SUCCESS = 99
    CHANNEL_FAILURE = 100
    PING = 192
    PONG = 193


class DisconnectReason(IntEnum):
    """Reason codes of SSH_MSG_DISCONNECT (RFC 4253 section 11.1)."""

    HOST_NOT_ALLOWED_TO_CONNECT = 1
    PROTOCOL_ERROR = 2
    KEY_EXCHANGE_FAILED = 3
    RESERVED = 4
    MAC_ERROR = 5
    COMPRESSION_ERROR = 6
    SERVICE_NOT_AVAILABLE = 7
    PROTOCOL_VERSION_NOT_SUPPORTED = 8
    HOST_KEY_NOT_VERIFIABLE = 9
    CONNECTION_LOST = 10
    BY_APPLICATION = 11
    TOO_MANY_CONNECTIONS = 12
    AUTH_CANCELLED_BY_USER = 13
    NO_MORE_AUTH_METHODS_AVAILABLE = 14
    ILLEGAL_USER_NAME = 15


class OpenFailureReason(IntEnum):
    """Reason codes of SSH_MSG_CHANNEL_OPEN_FAILURE (RFC 4254 section 5.1)."""

    ADMINISTRATIVELY_PROHIBITED = 1
    CONNECT_FAILED = 2
    UNKNOWN_CHANNEL_TYPE = 3
    RESOURCE_SHORTAGE = 4


class Signal(StrEnum):
    """Names of signals, without SIG (RFC 4254 section 6.9); others have an @ in them."""

    ABRT = "ABRT"
    ALRM = "ALRM"
    FPE = "FPE"
    HUP = "HUP"
    ILL = "ILL"
    INT = "INT"
    KILL = "KILL"
    PIPE = "PIPE"
    QUIT = "QUIT"
    SEGV = "SEGV"
    TERM = "TERM"
    USR1 = "USR1"
    USR2 = "USR2"


class ExtensionName(StrEnum):
    """Names of extensions in EXT_INFO (RFC 8308 section 3, OpenSSH's PROTOCOL)."""

    SERVER_SIG_ALGS = "server-sig-algs"
    DELAY_COMPRESSION = "delay-compression"
    NO_FLOW_CONTROL = "no-flow-control"
    ELEVATION = "elevation"
    PING = "ping@openssh.com"
    PUBLICKEY_HOSTBOUND = "publickey-hostbound@openssh.com"
    EXT_INFO_IN_AUTH = "ext-info-in-auth@openssh.com"
    AGENT_FORWARD = "agent-forward"
