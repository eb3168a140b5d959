"""Assigned numbers: messages, disconnect and channel-open reasons (RFC 4250 section 4).

Constants only; what a number means in a given phase is `MessageSet`'s business.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Final

__all__ = [
    "EXTENDED_DATA_STDERR",
    "MAX_MPINT_BYTES",
    "MAX_PACKET_LENGTH",
    "DisconnectReason",
    "OpenFailureReason",
]

MAX_PACKET_LENGTH: Final = 262_144
"""The largest `packet_length` that is accepted, in bytes (OpenSSH's PACKET_MAX_SIZE)."""

MAX_MPINT_BYTES: Final = 2_048
"""The largest magnitude of an mpint, in bytes: 16384 bits, as OpenSSH."""

EXTENDED_DATA_STDERR: Final = 1
"""SSH_EXTENDED_DATA_STDERR (RFC 4254 section 5.2)."""


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
