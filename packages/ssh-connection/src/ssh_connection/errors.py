"""What goes wrong on channels.

SSHError
├── ProtocolError
│   └── ChannelViolation     the peer broke a rule of RFC 4254; answered with DISCONNECT
├── ChannelOpenRefused       the peer refused to open a channel; has its reason
├── RequestRefused           the peer refused a request
├── ForwardingDisabled       this connection forwards nothing; says why
├── ChannelClosed            the channel ended before the answer came (a ConnectionError)
├── NoExitStatus             a command ended without status or signal; has what it wrote
├── RedirectFailed           a command's stream cannot be read or written here (an OSError)
├── CommandFailed            a command ended unsuccessfully and `check` was asked for
└── SSHTimeout               a named timeout ran out (a TimeoutError)
    └── ChannelTimedOut      a channel carried nothing for as long as it may (ChannelTimeout)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ssh_wire import OpenFailureReason, ProtocolError, SSHError
from ssh_wire.text import printable

if TYPE_CHECKING:
    from ssh_connection.results import Completed

__all__ = [
    "ChannelClosed",
    "ChannelOpenRefused",
    "ChannelTimedOut",
    "ChannelViolation",
    "CommandFailed",
    "ForwardingDisabled",
    "NoExitStatus",
    "RedirectFailed",
    "RequestRefused",
    "SSHTimeout",
]


_LINE: Final = 500  # characters of standard error in a message,
_LINES: Final = 3  # and lines


class ChannelViolation(ProtocolError):
    """The peer broke a rule of the connection protocol (RFC 4254)."""


class ChannelOpenRefused(SSHError):
    """The peer answered CHANNEL_OPEN with a failure (RFC 4254 section 5.1).

    Attributes:
        reason: the reason code, as the peer sent it; `OpenFailureReason` names those assigned.
        description: the peer's text, escaped.
    """

    def __init__(self, kind: str, reason: int, description: str) -> None:
        self.kind = kind
        self.reason = reason
        self.description: str = printable(description)
        super().__init__(f"the peer refused a {kind} channel: {self.description or self._name()}")

    def _name(self) -> str:
        known = [r.name.lower().replace("_", " ") for r in OpenFailureReason if r == self.reason]
        return known[0] if known else f"reason {self.reason}"


class RequestRefused(SSHError):
    """The peer answered a request with a failure (RFC 4254 sections 4 and 5.4)."""

    def __init__(self, what: str) -> None:
        super().__init__(f"the peer refused {what}")


class ForwardingDisabled(SSHError):
    """Nothing was asked of the server: this connection forwards nothing.

    Attributes:
        reason: why, such as a host key that has changed.
    """

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(f"forwarding is disabled: {reason}")


class ChannelClosed(SSHError, ConnectionError):
    """The channel is closed: nothing more can be sent on it, no answer will come."""


class NoExitStatus(SSHError):
    """The channel closed without exit-status or exit-signal (RFC 4254 section 6.10).

    Attributes:
        completed: what had arrived.
    """

    def __init__(self, completed: Completed[bytes] | Completed[str]) -> None:
        self.completed = completed
        super().__init__(f"{completed.command!r} ended without an exit status")


class RedirectFailed(SSHError, OSError):
    """What a command's stream is redirected to cannot be read or written: a full disk, say.

    `errno` and `filename` are those of the error behind it, which is its cause.

    Attributes:
        stream: "stdin", "stdout" or "stderr".
        completed: for `run`, what had arrived; output that went elsewhere is not in it.
    """

    def __init__(self, stream: str, command: str, error: OSError) -> None:
        self.stream = stream
        self.completed: Completed[bytes] | Completed[str] | None = None
        doing = "read" if stream == "stdin" else "written"
        reason = error.strerror or str(error) or type(error).__name__
        self._text = printable(f"{stream} of {command!r} cannot be {doing}: {reason}", 1024)
        super().__init__(error.errno, self._text, error.filename)
        self.__cause__: BaseException | None = error

    def __str__(self) -> str:
        where = f" ({printable(str(self.filename), 1024)})" if self.filename else ""
        return f"{self._text}{where}"


class CommandFailed(SSHError):
    """The command ended with another status than 0, or by a signal.

    Attributes:
        completed: its status or signal, and its output.
    """

    def __init__(self, completed: Completed[bytes] | Completed[str]) -> None:
        self.completed = completed
        ending = (
            f"was ended by signal {completed.exit_signal.name}"
            if completed.exit_signal
            else f"ended with status {completed.exit_status}"
        )
        super().__init__(f"{completed.command!r} {ending}{_last_lines(completed.stderr)}")


def _last_lines(stderr: bytes | str) -> str:
    """Return the last lines that a command wrote to standard error, for a message."""
    text = stderr.decode("utf-8", "replace") if isinstance(stderr, bytes) else stderr
    lines = [printable(line.strip(), _LINE) for line in text[-_LINE:].splitlines()]
    told = "; ".join([line for line in lines if line][-_LINES:])
    return f": {told}" if told else ""


class SSHTimeout(SSHError, TimeoutError):
    """A named timeout ran out.

    Attributes:
        name: which one: connect, handshake, auth, open, run, close.
        seconds: how long it was.
        completed: for a command, what had arrived.
    """

    def __init__(
        self,
        name: str,
        seconds: float,
        completed: Completed[bytes] | Completed[str] | None = None,
        doing: str = "",
    ) -> None:
        self.name = name
        self.seconds = seconds
        self.completed = completed
        if completed is not None:
            doing = f"running {completed.command!r}"
        what = f"while {doing}" if doing else f"({name})"
        super().__init__(f"timed out after {seconds:g} s {what}")


class ChannelTimedOut(SSHTimeout):
    """This side closed a channel that carried nothing for too long (ChannelTimeout).

    Attributes:
        kind: what the channel is.
    """

    def __init__(self, kind: str, seconds: float) -> None:
        self.kind = kind
        super().__init__("channel", seconds, doing=f"a {printable(kind)} channel carried nothing")
