"""Assigned numbers: messages, disconnect and channel-open reasons (RFC 4250 section 4).

Constants only; a `MessageSet` has the meaning of a number in one phase.
"""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, Final

from ssh_wire import lazy

if TYPE_CHECKING:
    from ssh_wire.assigned import ExtensionName as ExtensionName  # noqa: PLC0414 (exported)
    from ssh_wire.assigned import MessageNumber as MessageNumber  # noqa: PLC0414 (exported)
    from ssh_wire.assigned import OpenFailureReason as OpenFailureReason  # noqa: PLC0414 (exported)
    from ssh_wire.assigned import Signal as Signal  # noqa: PLC0414 (exported)
else:
    __getattr__, __dir__, __all__ = lazy.names(
        __name__,
        {"ssh_wire.assigned": "ExtensionName MessageNumber OpenFailureReason Signal"},
    )
    __all__ += [
        "CONNECTION_SERVICE",
        "EXTENDED_DATA_STDERR",
        "MAX_MPINT_BYTES",
        "MAX_PACKET_LENGTH",
        "MAX_PORT",
        "USERAUTH_SERVICE",
        "DisconnectReason",
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
