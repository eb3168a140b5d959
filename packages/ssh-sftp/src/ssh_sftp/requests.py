"""The client's side of the conversation: requests out, each reply to whoever asked.

One dictionary holds what is outstanding: the number of a request, the type of reply that
may answer it, and the callback that takes it.  A reply that nobody asked for, or of
another type, ends the session (draft-ietf-secsh-filexfer-02 sections 4, 6 and 7).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, NoReturn, TypeAlias

from ssh_sftp.errors import SFTPConnectionLost, SFTPError, SFTPProtocolError, SFTPTimeout
from ssh_sftp.framing import PacketReader
from ssh_sftp.limits import ServerLimits
from ssh_sftp.messages import (
    REPLIES,
    Attrs,
    Data,
    ExtendedReply,
    Handle,
    Init,
    Name,
    Request,
    Status,
    Version,
)
from ssh_sftp.numbers import MAX_HANDLE_BYTES, VERSION
from ssh_sftp.pipe import Buffer, Transmit
from ssh_wire import Message, ProtocolError, UnknownMessage
from ssh_wire.text import printable

__all__ = ["EXTENSIONS", "Failure", "OnReply", "Outcome", "Requests"]

Failure: TypeAlias = SFTPError | ProtocolError
"""Why a request gets no reply any more."""

Outcome: TypeAlias = Status | Handle | Data | Name | Attrs | ExtendedReply | Failure
"""A reply, or why there will be none."""

OnReply: TypeAlias = Callable[[Outcome], None]

_REPLIES: Final = {declaration.NUMBER: declaration for declaration in REPLIES}
_HEADER: Final = 4
_IDS: Final = 1 << 32

EXTENSIONS: Final = {
    "posix-rename@openssh.com": b"1",
    "statvfs@openssh.com": b"2",
    "fstatvfs@openssh.com": b"2",
    "hardlink@openssh.com": b"1",
    "fsync@openssh.com": b"1",
    "lsetstat@openssh.com": b"1",
    "limits@openssh.com": b"1",
    "expand-path@openssh.com": b"1",
    "home-directory": b"1",
}
"""The extensions that we use, each with the version that we know."""


class Requests:
    """The client's core.

    Attributes:
        now: the time in monotonic seconds; the driver sets it before `receive` and `tick`.
        limits: what the server takes.
        writable: False while the stream holds more than it likes; bulk data waits.
    """

    def __init__(self, transmit: Transmit, *, now: float, timeout: float | None = None) -> None:
        self._transmit = transmit
        self._reader = PacketReader(self._packet)
        self._pending: dict[int, tuple[OnReply, type[Message]]] = {}
        self._outgoing: list[Buffer] = []
        self._next_id = 0
        self._timeout = timeout
        self._heard = now
        self._extensions: dict[str, bytes] | None = None
        self._error: Failure | None = None
        self._woken: list[Callable[[], None]] = []
        self.now = now
        self.limits: ServerLimits = ServerLimits()
        self.writable = True

    # ------------------------------------------------------------------ state

    @property
    def started(self) -> bool:
        """Whether the server has told its version."""
        return self._extensions is not None

    @property
    def extensions(self) -> Mapping[str, bytes]:
        """What the server said it knows, by name."""
        return self._extensions or {}

    @property
    def error(self) -> Failure | None:
        """Why the session has ended, or None."""
        return self._error

    @property
    def outstanding(self) -> int:
        """How many requests have no reply yet."""
        return len(self._pending)

    def supports(self, extension: str) -> bool:
        """Whether the server has this extension in the version that we know."""
        version = self.extensions.get(extension)
        return version is not None and version == EXTENSIONS.get(extension)

    # ------------------------------------------------------------------ out

    def start(self) -> None:
        """Send SSH_FXP_INIT (section 4)."""
        self._send(Init(version=VERSION).encode())
        self.flush()

    def next_id(self) -> int:
        """Return a number that no outstanding request has."""
        number = self._next_id
        while number in self._pending:
            number = (number + 1) % _IDS
        self._next_id = (number + 1) % _IDS
        return number

    def submit(self, request: Request, expected: type[Message], on_reply: OnReply) -> None:
        """Queue a request; `flush` sends what is queued.

        Args:
            request: it carries a number from `next_id`.
            expected: the type of the reply; SSH_FXP_STATUS may always come instead.
            on_reply: called once with the reply, or with the error that ended the session.
        """
        if self._expect(request.id, expected, on_reply):
            self._send(request.encode())

    def submit_now(self, request: Request, on_reply: OnReply) -> None:
        """Send a request with much data at once, the data uncopied.  The reply is a status."""
        if self._expect(request.id, Status, on_reply):
            head, *rest = request.encode_parts()
            size = len(head) + sum(map(len, rest))
            # one piece less for everybody below
            self._outgoing += (b"".join((size.to_bytes(_HEADER, "big"), head)), *rest)
            self.flush()

    def replace(self, number: int, on_reply: OnReply) -> None:
        """Let another callback take the reply to a request that is still outstanding."""
        entry = self._pending.get(number)
        if entry is not None:
            self._pending[number] = (on_reply, entry[1])

    def flush(self) -> None:
        """Hand what is queued to the stream, in one write."""
        if self._outgoing:
            parts, self._outgoing = self._outgoing, []
            if self._error is None:
                self._transmit(*parts)

    def _expect(self, number: int, expected: type[Message], on_reply: OnReply) -> bool:
        if self._error is not None:
            on_reply(self._error)
            return False
        if not self._pending:
            self._heard = self.now
        self._pending[number] = (on_reply, expected)
        return True

    def _send(self, payload: bytes) -> None:
        self._outgoing.append(len(payload).to_bytes(_HEADER, "big") + payload)

    # ------------------------------------------------------------------ in

    def receive(self, data: memoryview) -> None:
        """Take bytes of the server.

        Raises:
            SFTPProtocolError: they break a rule.  Every outstanding request has been told.
        """
        if self._error is not None:
            return
        self._heard = self.now
        try:
            self._reader.feed(data)
        except SFTPProtocolError as error:
            self.fail(error)
            raise
        if self._woken:
            self._run_woken()

    def wake(self, callback: Callable[[], None]) -> None:
        """Call `callback` once when all that has arrived was handled, before the flush."""
        self._woken.append(callback)

    def settle(self) -> None:
        """Run what `wake` was given and send what is queued: the end of a wake-up."""
        if self._woken:
            self._run_woken()
        self.flush()

    def eof(self) -> None:
        """Learn that the server sends no more."""
        if self._reader.inside_packet:
            self.fail(SFTPProtocolError("the stream ends inside a packet"))
        else:
            self.fail(SFTPConnectionLost("the server has closed the session"))

    def fail(self, error: Failure) -> None:
        """End the session: every outstanding request gets `error`, later ones too."""
        if self._error is not None:
            return
        self._error = error
        pending, self._pending = self._pending, {}
        self._outgoing = []
        for on_reply, _ in pending.values():
            on_reply(error)
        self._run_woken()

    def next_deadline(self) -> float | None:
        """Return when `tick` wants to be called, or None while nothing is owed."""
        owed = self._pending or not self.started
        if self._timeout is None or not owed or self._error is not None:
            return None
        return self._heard + self._timeout

    def tick(self, now: float) -> None:
        """Fail the session when the server owes replies and has been silent for too long."""
        deadline = self.next_deadline()
        if deadline is not None and now >= deadline:
            waited = f"no reply within {self._timeout:g} seconds"
            self.fail(SFTPTimeout(waited))

    def _run_woken(self) -> None:
        while self._woken:
            woken, self._woken = self._woken, []
            for callback in woken:
                callback()

    def _packet(self, payload: memoryview) -> None:
        try:
            if self._extensions is None:
                self._version(Version.decode(payload))
                return
            declaration = _REPLIES.get(payload[0])
            if declaration is None:
                raise UnknownMessage(payload[0])
            reply = declaration.decode(payload)
        except SFTPProtocolError:
            raise
        except ProtocolError as error:
            raise SFTPProtocolError(str(error)) from error
        entry = self._pending.pop(reply.id, None)
        if entry is None:
            problem = f"a reply to request {reply.id}, which is not outstanding"
            raise SFTPProtocolError(problem)
        on_reply, expected = entry
        if type(reply) is not expected and type(reply) is not Status:
            problem = f"{type(reply).__name__} answers a request for {expected.__name__}"
            self._refuse(on_reply, problem)
        if type(reply) is Handle and not 0 < len(reply.handle) <= MAX_HANDLE_BYTES:
            problem = f"a handle of {len(reply.handle)} bytes"
            self._refuse(on_reply, problem)
        on_reply(reply)

    @staticmethod
    def _refuse(on_reply: OnReply, problem: str) -> NoReturn:
        error = SFTPProtocolError(problem)
        on_reply(error)
        raise error

    def _version(self, reply: Version) -> None:
        if reply.version != VERSION:
            problem = f"the server answers version {reply.version} to version {VERSION}"
            raise SFTPProtocolError(problem)
        found: dict[str, bytes] = {}
        for pair in reply.extensions:
            found.setdefault(printable(pair.name), pair.data)
        self._extensions = found
