"""What goes wrong between a control client and its master.

SSHError
├── ControlRefused           the master refused a request; says why
├── MasterLost               the master ended before it answered (a ConnectionError)
└── ProtocolError
    └── ControlViolation     the other side broke a rule of PROTOCOL.mux
"""

from __future__ import annotations

from ssh_wire import ProtocolError, SSHError
from ssh_wire.text import printable

__all__ = ["ControlRefused", "ControlViolation", "MasterLost"]


class ControlRefused(SSHError):
    """The master refused a request.

    Attributes:
        denied: whether somebody refused it; otherwise it failed.
        reason: the master's text, escaped.
    """

    def __init__(self, what: str, reason: str, *, denied: bool = False) -> None:
        self.denied = denied
        self.reason: str = printable(reason)
        verb = "refused" if denied else "could not do it"
        super().__init__(f"{what}: the master {verb}: {self.reason}")


class MasterLost(SSHError, ConnectionError):
    """The master closed its socket before it answered, or before the session ended."""


class ControlViolation(ProtocolError):
    """The other side of a control socket broke a rule of PROTOCOL.mux."""
