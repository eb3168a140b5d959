"""The three roots of every error in the stack, and what a decoder raises.

SSHError
├── ProtocolError          the peer broke a rule; carries the DISCONNECT reason to send
│   └── WireError          bytes that are not a value of the declared type
│       ├── Truncated      the input ends inside a field
│       ├── TrailingData   data follows the last field
│       ├── WrongConstant  a number or name that this message cannot have
│       └── BadValue       a field whose content its type forbids
│           └── InvalidText  a string that must be UTF-8 and is not
└── UsageError             the caller broke a rule of the interface
    └── EncodeError        a value that its wire type cannot carry
"""

from __future__ import annotations

from ssh_wire.numbers import DisconnectReason

__all__ = [
    "BadValue",
    "EncodeError",
    "InvalidText",
    "ProtocolError",
    "SSHError",
    "TrailingData",
    "Truncated",
    "UsageError",
    "WireError",
    "WrongConstant",
]


class SSHError(Exception):
    """The base of every error in the stack."""


class ProtocolError(SSHError):
    """The peer broke a rule of the protocol.

    Attributes:
        reason: the SSH_MSG_DISCONNECT reason code that answers it (RFC 4253 section 11.1).
    """

    reason: DisconnectReason = DisconnectReason.PROTOCOL_ERROR

    def __init__(self, message: str, *, reason: DisconnectReason | None = None) -> None:
        super().__init__(message)
        if reason is not None:
            self.reason = reason


class UsageError(SSHError):
    """The caller broke a rule of the interface; nothing was written to the wire."""


class WireError(ProtocolError):
    """Bytes that are not a value of the declared type (RFC 4251 section 5)."""


class Truncated(WireError):
    """The input ends inside a field."""

    def __init__(self, message: str, field: str) -> None:
        super().__init__(f"{message}: the input ends inside {field}")


class TrailingData(WireError):
    """Data follows the last field."""

    def __init__(self, message: str, count: int) -> None:
        super().__init__(f"{message}: {count} bytes are left over after the last field")


class WrongConstant(WireError):
    """A message number, method or name other than the declared one."""

    def __init__(self, message: str, field: str) -> None:
        super().__init__(f"{message}: {field} is not the declared constant")


class BadValue(WireError):
    """A field whose content its type forbids."""

    def __init__(self, message: str, field: str, problem: str) -> None:
        super().__init__(f"{message}: {field} {problem}")


class InvalidText(BadValue):
    """A string that must be UTF-8 and is not (RFC 3629).

    Only the request with it is refused, where the protocol can continue.
    """

    def __init__(self, message: str, field: str) -> None:
        super().__init__(message, field, "is not UTF-8")


class EncodeError(UsageError):
    """A value that the declared wire type cannot carry."""

    def __init__(self, message: str, problem: str) -> None:
        super().__init__(f"{message}: {problem}")
