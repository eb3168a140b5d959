"""The terminal of a session (RFC 4254 section 6.2)."""

from __future__ import annotations

from collections.abc import Mapping

from ssh_wire import lazy_attrs
from ssh_wire.messages import connection as m
from ssh_wire.modes import encode_modes

__all__ = ["Pty"]


@lazy_attrs.frozen
class Pty:
    """The terminal to ask for (RFC 4254 section 6.2)."""

    term: str = "xterm-256color"
    """The value of TERM."""
    columns: int = 80
    """Its width in characters."""
    rows: int = 24
    """Its height in characters."""
    modes: Mapping[int, int] = lazy_attrs.field(factory=dict[int, int])
    """Terminal modes, opcode to argument (`ssh_wire.modes.TerminalMode`)."""

    keystroke_interval: int | None = None
    """Milliseconds between the packets of what is typed (ObscureKeystrokeTiming).

    0 sends it as it is typed; None does what the connection is set to.  Only at servers that
    answer `ping@openssh.com`, with which the pauses are filled.
    """

    @property
    def request(self) -> m.PtyRequest:
        """The request for it."""
        return m.PtyRequest(
            recipient=0,
            term=self.term,
            columns=self.columns,
            rows=self.rows,
            modes=encode_modes(self.modes),
        )
