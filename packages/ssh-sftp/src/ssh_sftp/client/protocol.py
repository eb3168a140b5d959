"""The client's side of the protocol: requests out, each reply to its callback.

One dictionary holds the outstanding requests: the number of each, the expected type of its reply,
and its callback.  A reply to no outstanding request, or of another type, ends the session
(draft-ietf-secsh-filexfer-02 sections 4, 6 and 7).

Every request gets an outcome: only `_tell` calls callbacks, with a reply or with the error that
ended the session.  A callback that raises ends the session; its `Waiter` is told once, and every
other request through its own callback.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Final, Protocol, TypeAlias

from ssh_sftp.client.limits import ServerLimits, SFTPOptions
from ssh_sftp.client.replies import Reply, decode_reply, decode_version
from ssh_sftp.errors import SFTPConnectionLost, SFTPError, SFTPProtocolError, SFTPTimeout
from ssh_sftp.extensions import EXTENSIONS
from ssh_sftp.framing import PacketReader
from ssh_sftp.messages import Handle, Init, Request, Status
from ssh_sftp.numbers import MAX_HANDLE_BYTES, VERSION
from ssh_sftp.pipe import Buffer, Transmit
from ssh_wire import Message, ProtocolError
from ssh_wire.guarded import guarded_fully
from ssh_wire.text import printable

__all__ = ["Failure", "OnReply", "Outcome", "SFTPClientProtocol", "Waiter"]

Failure: TypeAlias = SFTPError | ProtocolError
"""Why a request gets no reply any more."""

Outcome: TypeAlias = Reply | Failure
"""A reply, or why there will be none."""

OnReply: TypeAlias = Callable[[Outcome], None]
"""Takes the outcome of a request, once."""

_HEADER: Final = 4
_IDS: Final = 1 << 32
_EARLY: Final = 1_024
_QUOTED: Final = 200


class Waiter(Protocol):
    """The owner of the callbacks of several requests."""

    def broken(self, error: Failure) -> None:
        """Handle an exception in one of these callbacks; none of them is called again."""


class _Silence:
    """How long the server may send nothing while requests are outstanding.

    Attributes:
        timeout: seconds, or None for no bound.
        since: when the server sent something last, or the first request left.
    """

    __slots__ = ("since", "timeout")

    def __init__(self, timeout: float | None, now: float) -> None:
        self.timeout = timeout
        self.since = now

    @property
    def deadline(self) -> float | None:
        """When it has lasted too long."""
        return None if self.timeout is None else self.since + self.timeout


class _BlockSizes:
    """The bytes of one READ and one WRITE, by the options and the server's limits.

    Attributes:
        limits: the limits of the server.
        read: the bytes of one READ.
        write: the bytes of one WRITE.
    """

    __slots__ = ("_options", "limits", "read", "write")

    def __init__(self, options: SFTPOptions) -> None:
        self._options = options
        self.change(ServerLimits())

    def change(self, limits: ServerLimits) -> None:
        """Take other limits of the server."""
        self.limits: ServerLimits = limits
        self.read: int = limits.read_size(self._options)
        self.write: int = limits.write_size(self._options)


class SFTPClientProtocol:
    """The client's core.

    Attributes:
        now: the time in monotonic seconds; the driver sets it before `receive` and `tick`.
        writable: False while the stream is full; bulk data waits.
    """

    def __init__(
        self,
        transmit: Transmit,
        *,
        now: float,
        timeout: float | None = None,
        options: SFTPOptions | None = None,
    ) -> None:
        self._transmit = transmit
        self._reader = PacketReader(self._packet)
        self._pending: dict[int, tuple[OnReply, type[Message], Waiter | None]] = {}
        self._broken: set[Waiter | None] = set()
        self._early = bytearray()
        self._outgoing: list[Buffer] = []
        self._next_id = 0
        self._silence = _Silence(timeout, now)
        self._extensions: dict[str, bytes] | None = None
        self._error: Failure | None = None
        self._woken: list[Callable[[], None]] = []
        self.now = now
        self.writable = True
        self._sizes = _BlockSizes(options or SFTPOptions())

    # ------------------------------------------------------------------ state

    @property
    def started(self) -> bool:
        """Return whether the server's VERSION has arrived."""
        return self._extensions is not None

    @property
    def extensions(self) -> Mapping[str, bytes]:
        """The extensions that the server announced, by name."""
        return self._extensions or {}

    @property
    def error(self) -> Failure | None:
        """Why the session has ended, or None."""
        return self._error

    @property
    def outstanding(self) -> int:
        """How many requests have no reply yet."""
        return len(self._pending)

    @property
    def limits(self) -> ServerLimits:
        """The limits of the server; the driver sets them when they are known."""
        return self._sizes.limits

    @limits.setter
    def limits(self, limits: ServerLimits) -> None:
        self._sizes.change(limits)

    @property
    def read_block(self) -> int:
        """The bytes of one READ."""
        return self._sizes.read

    @property
    def write_block(self) -> int:
        """The bytes of one WRITE."""
        return self._sizes.write

    def supports(self, extension: str) -> bool:
        """Return whether the server announced an extension, in the version known here."""
        version = self.extensions.get(extension)
        known = EXTENSIONS.get(extension)
        return version is not None and version == known

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

    def submit(
        self,
        request: Request,
        expected: type[Message],
        on_reply: OnReply,
        waiter: Waiter | None = None,
    ) -> None:
        """Queue a request; `flush` sends what is queued.

        Args:
            request: the request, with a number from `next_id`.
            expected: the type of the reply; SSH_FXP_STATUS may always come instead.
            on_reply: called once with the reply, or with the error that ended the session.
            waiter: told if `on_reply`, or another callback of the same waiter, raises; without
                one, `on_reply` is called again with that error.
        """
        if self._expect(request.id, expected, on_reply, waiter):
            self._send(request.encode())

    def submit_now(self, request: Request, on_reply: OnReply, waiter: Waiter) -> None:
        """Send a request with much data at once, without a copy.  The reply is a status."""
        if self._expect(request.id, Status, on_reply, waiter):
            head, *rest = request.encode_parts()
            size = len(head) + sum(map(len, rest))
            # one buffer less for the layers below
            self._outgoing += (b"".join((size.to_bytes(_HEADER, "big"), head)), *rest)
            self.flush()

    def replace(self, number: int, on_reply: OnReply) -> None:
        """Replace the callback of an outstanding request."""
        entry = self._pending.get(number)
        if entry is not None:
            self._pending[number] = (on_reply, entry[1], None)

    def flush(self) -> None:
        """Write what is queued to the stream, in one write."""
        if self._outgoing:
            parts, self._outgoing = self._outgoing, []
            if self._error is None:
                self._transmit(*parts)

    def _expect(
        self, number: int, expected: type[Message], on_reply: OnReply, waiter: Waiter | None
    ) -> bool:
        if self._error is not None:
            self._tell(on_reply, waiter, self._error)
            return False
        if not self._pending:
            self._silence.since = self.now
        self._pending[number] = (on_reply, expected, waiter)
        return True

    def _send(self, payload: bytes) -> None:
        self._outgoing.append(len(payload).to_bytes(_HEADER, "big") + payload)

    # ------------------------------------------------------------------ in

    def receive(self, data: memoryview) -> None:
        """Receive bytes of the server.

        Raises:
            SFTPProtocolError: they break a rule.
            SFTPError: a callback raised.  In both cases every outstanding request has failed.
        """
        if self._error is not None:
            return
        self._silence.since = self.now
        if self._extensions is None:
            self._early += data[: _EARLY - len(self._early)]
        try:
            self._reader.feed(data)
        except (SFTPError, SFTPProtocolError) as error:
            raise self.fail(error) from None
        if self._woken:
            self._run_woken()

    def wake(self, callback: Callable[[], None]) -> None:
        """Call `callback` once after everything that has arrived was handled, before the flush."""
        self._woken.append(callback)

    def settle(self) -> None:
        """Run the callbacks of `wake`, and send what is queued: the end of a wake-up."""
        if self._woken:
            self._run_woken()
        self.flush()

    def eof(self) -> None:
        """End the session: the server has closed the stream."""
        # a server that was killed ends anywhere: that breaks no rule
        inside = " inside a packet" if self._reader.inside_packet else ""
        self.fail(SFTPConnectionLost(f"the server has closed the session{inside}"))

    def fail(self, error: Failure) -> Failure:
        """End the session: every outstanding and later request fails with `error`.

        Returns:
            The error that ended the session: `error`, with details added, or an earlier one.
        """
        if self._error is not None:
            return self._error
        self._error = ended = self._with_early_text(error)
        pending, self._pending = self._pending, {}
        self._outgoing = []
        interrupts: list[BaseException] = []
        for on_reply, _, waiter in pending.values():
            if waiter in self._broken:
                continue
            with guarded_fully(interrupts.append):  # every request is told before one goes on
                self._tell(on_reply, waiter, ended)
        self._run_woken()
        if interrupts:
            raise interrupts[-1]
        return ended

    def next_deadline(self) -> float | None:
        """Return when to call `tick`, or None while no request is outstanding."""
        owed = self._pending or not self.started
        return self._silence.deadline if owed and self._error is None else None

    def tick(self, now: float) -> None:
        """End the session if requests are outstanding and the server was silent for too long."""
        deadline = self.next_deadline()
        if deadline is not None and now >= deadline:
            waited = f"no reply within {self._silence.timeout:g} seconds"
            self.fail(SFTPTimeout(waited))

    def _run_woken(self) -> None:
        while self._woken:
            woken, self._woken = self._woken, []
            for callback in woken:
                try:  # without `guarded`: there is one for each packet of a transfer
                    callback()
                except Exception as error:  # noqa: BLE001 (every error of a callback is reported)
                    self.fail(internal_error(error))

    def _packet(self, payload: memoryview) -> None:
        if self._extensions is None:
            self._start_with(payload)
            return
        reply = decode_reply(payload)
        entry = self._pending.pop(reply.id, None)
        if entry is None:
            problem = f"a reply to request {reply.id}, which is not outstanding"
            raise SFTPProtocolError(problem)
        on_reply, expected, waiter = entry
        problem = ""
        if type(reply) is not expected and type(reply) is not Status:
            problem = f"{type(reply).__name__} answers a request for {expected.__name__}"
        elif type(reply) is Handle and not 0 < len(reply.handle) <= MAX_HANDLE_BYTES:
            problem = f"a handle of {len(reply.handle)} bytes"
        if problem:
            error = SFTPProtocolError(problem)
            self._tell(on_reply, waiter, error)
            raise error
        self._tell(on_reply, waiter, reply)
        if self._error is not None:
            raise self._error

    def _tell(self, on_reply: OnReply, waiter: Waiter | None, outcome: Outcome) -> None:
        """Call the callback of a request with its outcome: the only place that does.

        If the callback raises, the session ends, and its waiter is told.
        """
        try:
            on_reply(outcome)
        except BaseException as error:
            failure = internal_error(error)
            with suppress(Exception):  # the other requests must be told too
                if waiter is None:
                    on_reply(failure)
                else:
                    self._broken.add(waiter)
                    waiter.broken(failure)
            self.fail(failure)
            if not isinstance(error, Exception):
                raise

    # ------------------------------------------------------------------ start

    def _start_with(self, payload: memoryview) -> None:
        reply = decode_version(payload)
        if reply.version != VERSION:
            problem = f"the server answers version {reply.version} to version {VERSION}"
            raise SFTPProtocolError(problem)
        found: dict[str, bytes] = {}
        for pair in reply.extensions:
            found.setdefault(printable(pair.name), pair.data)
        self._extensions = found
        self._early.clear()

    def _with_early_text(self, error: Failure) -> Failure:
        """Return an error that quotes the text that the server printed before its VERSION."""
        text, _, _ = bytes(self._early).partition(b"\0")  # a packet begins with a zero byte
        if not text:
            return error
        problem = (
            f"the server sent '{printable(text, _QUOTED)}' before its SFTP version; there, "
            "make the start-up files of the account's shell (.bashrc, say) print nothing in "
            "sessions without a terminal"
        )
        explained = SFTPProtocolError(problem)
        explained.__cause__ = error
        return explained


def internal_error(error: BaseException) -> Failure:
    """Return the error of all other requests after a callback has raised `error`."""
    if isinstance(error, SFTPError | ProtocolError):
        return error
    failure = SFTPError(f"the session was ended by an error on this side: {_named(error)}")
    failure.__cause__ = error
    return failure


def _named(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
