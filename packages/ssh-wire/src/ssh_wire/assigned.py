"""Numbers and names that few programs need (RFC 4250 section 4); `ssh_wire.numbers` has them."""

from __future__ import annotations

from enum import IntEnum, StrEnum

__all__ = ["ExtensionName", "MessageNumber", "OpenFailureReason", "Signal"]


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
