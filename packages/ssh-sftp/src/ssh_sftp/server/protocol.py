"""The server's side of the protocol: requests in, one reply each, in order.

`SFTPServerProtocol` takes bytes, decodes the requests in them, and sends exactly one reply to
each; `handlers` makes the replies (draft-ietf-secsh-filexfer-02 sections 4, 6 and 7).  Where the
code of a file system is at fault, the client gets "Failure", and `on_fault` the exception.

Requests whose answers come later wait in a line (`ordering`), and all that follow them too, until
it is empty.  `RunLater` runs them.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Coroutine
from functools import partial
from struct import Struct
from typing import Any, Final, TypeAlias

from ssh_sftp import messages as m
from ssh_sftp.errors import SFTPProtocolError
from ssh_sftp.extensions import EXTENSIONS
from ssh_sftp.framing import PacketReader
from ssh_sftp.numbers import MAX_HANDLES, VERSION, StatusCode
from ssh_sftp.pipe import Buffer, Transmit
from ssh_sftp.server.answers import Answer
from ssh_sftp.server.filesystem import FileSystem
from ssh_sftp.server.handlers import TABLE, Handlers
from ssh_sftp.server.ordering import Line, Place
from ssh_sftp.server.request_names import REQUEST_NAMES, check_request_names, extension_names
from ssh_sftp.server.statuses import is_fault, status, status_of
from ssh_sftp.symlinks import order_of
from ssh_wire import Message, ProtocolError, TrailingData, UnknownMessage
from ssh_wire.text import printable

__all__ = ["OnFault", "OnRequest", "RunLater", "SFTPServerProtocol"]

OnFault: TypeAlias = Callable[[str, Exception], None]
"""Told what the file system was asked for, and what its code raised."""

OnRequest: TypeAlias = Callable[[m.Request, Message], None]
"""Told of a request and the answer to it."""

RunLater: TypeAlias = Callable[
    [Coroutine[Any, Any, Message], Callable[[Message | BaseException], None]], None
]
"""Runs a coroutine, and calls the function with its result, or with what it raised, later."""

_ID: Final = Struct(">BI")
_PATHS: Final = ("path", "old", "new", "target", "link", "user")
_LARGE: Final = 16_384  # a larger reply is written at once, so that a full pipe is noticed


class SFTPServerProtocol:
    """One session of a server.

    Args:
        filesystem: the file system to serve.
        transmit: sends data; the buffers may be reused when it returns.
        handles: the most files and directories that may be open.
        on_fault: called with faults of the file system's code.
        peer_software: the client's identification string, if it has one: the order in which it
            sends the paths of SYMLINK depends on it.
        denied: the names of requests that are answered with "Permission denied".

    Attributes:
        on_request: called with each request and its reply, if it is set.
        run_later: runs what a file system answers later; without it, that is a fault.

    Raises:
        UsageError: a name in `denied` is not a request.
    """

    def __init__(
        self,
        filesystem: FileSystem,
        transmit: Transmit,
        handles: int = MAX_HANDLES,
        on_fault: OnFault | None = None,
        *,
        peer_software: str = "",
        denied: Collection[str] = (),
    ) -> None:
        self._filesystem = filesystem
        self._transmit = transmit
        self._on_fault = on_fault or _ignore
        self._reader = PacketReader(self._packet)
        self._handlers = Handlers(filesystem, handles, order_of(peer_software))
        self._denied = check_request_names(denied)
        self._outgoing: list[Buffer] = []
        self._started = False
        self._line = Line()
        self._full = False
        self.on_request: OnRequest | None = None
        self.run_later: RunLater | None = None

    @property
    def open_handles(self) -> int:
        """How many files and directories are open."""
        return self._handlers.open_handles

    def receive(self, data: memoryview) -> None:
        """Receive bytes of the client, and answer each complete request.

        Raises:
            SFTPProtocolError: the client broke a rule that ends the session.
        """
        try:
            self._reader.feed(data)
        finally:
            self._flush()

    def pause(self) -> None:
        """Begin nothing after the current request, until `resume`."""
        self._full = True
        self._reader.paused = True

    def resume(self) -> None:
        """Answer again."""
        self._full = False
        self._continue()

    @property
    def paused(self) -> bool:
        """Return whether requests wait that were not looked at."""
        return self._reader.paused

    @property
    def waiting(self) -> int:
        """How many requests wait for answers of the file system."""
        return len(self._line)

    def close(self) -> list[Awaitable[object]]:
        """Close everything that is open; return what closes later, to be awaited.

        What runs for this session must have ended: a file is closed under it otherwise.
        """
        self._line.clear()
        errors, waiting = self._handlers.close_all()
        for error in errors:
            self.close_failed(error)
        return waiting

    def close_failed(self, error: Exception) -> None:
        """Report what was raised by a `close` of the file system."""
        if is_fault(error):
            self._on_fault("close", error)

    # ------------------------------------------------------------------ in and out

    def _packet(self, payload: memoryview) -> None:
        if not self._started:
            self._init(payload)
            return
        if self._line:
            self._join_line(payload)
            return
        try:
            request = _decoded(payload)
        except ProtocolError as error:
            self._queue(self._malformed(payload, error).encode_parts())
            return
        answer = self._begun(request)
        if isinstance(answer, Message):
            self._reply(request, answer)
            return
        if isinstance(request, m.Write):  # the data is gone after this call
            request = m.Write(id=request.id, handle=request.handle, offset=0, data=b"")
        place = self._line.add(request)
        place.running = True
        self._run(place, answer)

    def _begun(self, request: m.Request) -> Answer:
        """Return the reply to a request, or what gives it."""
        try:
            answer = self._answered(request)
        except (SFTPProtocolError, KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:  # noqa: BLE001 (every request gets a reply; a guard costs time)
            return self._refused(request, _as_exception(error))
        if isinstance(answer, Message) or self.run_later is not None:
            return answer
        answer.close()
        fault = TypeError("the file system answers later, and nothing here can wait")
        return self._refused(request, fault)

    def _reply(self, request: m.Request, answer: Message) -> None:
        try:
            parts = answer.encode_parts()
        except Exception as error:  # noqa: BLE001 (as above)
            answer = self._refused(request, error)
            parts = answer.encode_parts()
        self._queue(parts)
        if self.on_request is not None:
            self.on_request(request, answer)

    # ------------------------------------------------------------------ answers that come later

    def _join_line(self, payload: memoryview) -> None:
        data = bytes(payload)  # it is used after this call
        try:
            self._line.add(_decoded(data))
        except ProtocolError as error:
            self._line.add(None, self._malformed(memoryview(data), error))
        self._advance()
        self._reader.paused = self._full or self._line.full

    def _run(self, place: Place, answer: Coroutine[Any, Any, Message]) -> None:
        if self.run_later is not None:  # `_begun` has refused it otherwise
            self.run_later(answer, partial(self._finished, place))

    def _finished(self, place: Place, result: Message | BaseException) -> None:
        if isinstance(result, SFTPProtocolError | KeyboardInterrupt | SystemExit):
            raise result
        request = place.request
        if isinstance(result, BaseException) and request is not None:
            result = self._refused(request, _as_exception(result))
        if isinstance(result, Message):
            place.answer = result
        self._advance()
        self._flush()
        if self._reader.paused:
            self._continue()

    def _advance(self) -> None:
        """Begin the requests that may begin, and send the replies that come first."""
        for place in self._line.startable():
            if place.request is None:
                continue
            answer = self._begun(place.request)
            if isinstance(answer, Message):
                place.answer = answer
            else:
                self._run(place, answer)
        for place in self._line.answered():
            if place.answer is None:
                continue
            if place.request is None:
                self._queue(place.answer.encode_parts())
            else:
                self._reply(place.request, place.answer)

    def _continue(self) -> None:
        """Read on, unless the pipe or the line is full."""
        if self._full or self._line.full:
            return
        try:
            self._reader.resume()
        finally:
            self._flush()

    def _answered(self, request: m.Request) -> Answer:
        answer, changes = TABLE[type(request)]
        if changes and self._read_only:
            return status(request.id, StatusCode.PERMISSION_DENIED)
        if self._denied and REQUEST_NAMES.get(type(request)) in self._denied:
            return status(request.id, StatusCode.PERMISSION_DENIED)
        return answer(self._handlers, request)

    @property
    def _read_only(self) -> bool:
        return bool(getattr(self._filesystem, "read_only", False))

    def _refused(self, request: m.Request, error: Exception) -> m.Status:
        named = [getattr(request, field, "") for field in _PATHS]
        if isinstance(error, ValueError) and any("\0" in path for path in named):
            return status(request.id, StatusCode.BAD_MESSAGE)
        if is_fault(error):
            asked = type(request).__name__
            paths = ", ".join(repr(printable(path)) for path in named if path)
            self._on_fault(f"{asked} {paths}".rstrip(), error)
        if isinstance(error, AttributeError) and error.obj is self._filesystem:
            return status(request.id, StatusCode.OP_UNSUPPORTED)  # the method is missing
        return status_of(request.id, error)

    def _init(self, payload: memoryview) -> None:
        try:
            hello = m.Init.decode(payload)
        except ProtocolError as error:
            raise SFTPProtocolError(str(error)) from error
        if hello.version < VERSION:
            problem = f"the client speaks version {hello.version}"
            raise SFTPProtocolError(problem)
        self._started = True
        names = extension_names(EXTENSIONS, self._denied)
        pairs = tuple(m.ExtensionPair(name=name, data=EXTENSIONS[name]) for name in names)
        self._queue(m.Version(version=VERSION, extensions=pairs).encode_parts())

    def _malformed(self, payload: memoryview, error: ProtocolError) -> m.Status:
        if len(payload) < _ID.size or payload[0] == m.Init.NUMBER:
            raise SFTPProtocolError(str(error)) from error
        _, number = _ID.unpack_from(payload)
        unknown = isinstance(error, UnknownMessage)
        code = StatusCode.OP_UNSUPPORTED if unknown else StatusCode.BAD_MESSAGE
        return status(number, code)

    def _queue(self, parts: tuple[Buffer, ...]) -> None:
        # the data of a READ is not copied
        size = sum(map(len, parts))
        self._outgoing.append(size.to_bytes(4, "big"))
        self._outgoing += parts
        if size > _LARGE:
            self._flush()

    def _flush(self) -> None:
        if self._outgoing:
            parts, self._outgoing = self._outgoing, []
            self._transmit(*parts)


def _decoded(payload: Buffer) -> m.Request:
    """Decode a request; bytes behind the data of a WRITE are ignored, as by sftp-server.

    Old versions of the Go package pkg/sftp (rclone 1.60) send the rest of their buffer there.
    """
    try:
        return m.REQUESTS.decode(payload)
    except TrailingData:
        if payload[0] != m.Write.NUMBER:
            raise
        return m.Write.read(payload, 0)[0]


def _as_exception(error: BaseException) -> Exception:
    """Return an `Exception`; another one, such as `CancelledError`, is wrapped in it."""
    if isinstance(error, Exception):
        return error
    fault = RuntimeError(f"{type(error).__name__} was raised")
    fault.__cause__ = error
    return fault


def _ignore(_asked: str, _error: Exception) -> None:
    """Ignore a fault."""
