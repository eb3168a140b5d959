"""One client of a master: its requests, one after the other, and its session beside them."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, suppress
from typing import TYPE_CHECKING, Any, ClassVar, Final, TypeAlias

from ssh_connection.addresses import Address, TCPAddress, UnixAddress
from ssh_connection.control import messages as m
from ssh_connection.control.framing import frame
from ssh_connection.control.server import MAX_DESCRIPTORS, ControlServer
from ssh_keys.patterns import matches
from ssh_stack.cli.control.shared_session import SharedSession, end, relay_stream
from ssh_stack.config.forward_specs import ForwardSpec
from ssh_wire import SSHError
from ssh_wire.numbers import MAX_PORT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ssh_stack.cli.control.master import Master

__all__ = ["ServedClient"]

_READ: Final = 64 * 1024
_MAX_VARIABLES: Final = 4096  # MUX_MAX_ENV_VARS
_CLOSE_ON_EXEC: Final[int] = getattr(socket, "MSG_CMSG_CLOEXEC", 0)

_Answer: TypeAlias = Callable[[Any, Any], Awaitable[m.ControlMessage | None]]


class ServedClient:
    """Serves one client until it hangs up or its session has ended.

    Args:
        master: the master.
        connected: the client's socket; it does not block, and the caller closes it.

    Attributes:
        is_ending: whether it cleans up, in bounded time, and is not to be cancelled any more.
    """

    def __init__(self, master: Master, connected: socket.socket) -> None:
        self._master = master
        self._socket = connected
        self._core = ControlServer()
        self._sending = asyncio.Lock()
        self._session: asyncio.Task[None] | None = None
        self._descriptors: tuple[int, ...] = ()
        self._kept = AsyncExitStack()
        self.is_ending: bool = False

    async def serve(self) -> None:
        """Answer requests.

        Raises:
            ProtocolError: the client broke a rule.
            OSError: its socket failed.
        """
        async with self._kept:
            try:
                await self._send(self._core.hello)
                while (found := await self._next_request()) is not None:
                    request, self._descriptors = found
                    answer = await self._answer(request)
                    self._close_descriptors()
                    if answer is not None:
                        await self._send(frame(answer))
            finally:
                self.is_ending = True
                self._close_descriptors()
                _close(self._core.unclaimed())

    async def _next_request(self) -> tuple[m.Request, tuple[int, ...]] | None:
        """Return the next request; None when the client has hung up or its session has ended."""
        while True:
            found = self._core.next_request()
            if found is not None:
                return found
            reading = asyncio.ensure_future(self._receive())
            waiting: set[asyncio.Future[Any]] = {reading}
            if self._session is not None:
                waiting.add(self._session)
            try:
                await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            finally:
                if not reading.done():
                    reading.cancel()
                    await asyncio.wait({reading})
            if reading.cancelled() or not reading.result():
                return None

    async def _receive(self) -> bool:
        """Take what arrives; return False at the end."""
        await _ready(self._socket.fileno(), writing=False)
        try:
            data, descriptors, flags, _ = socket.recv_fds(
                self._socket, _READ, MAX_DESCRIPTORS, _CLOSE_ON_EXEC
            )
        except BlockingIOError:
            return True
        except ConnectionResetError:
            return False
        self._core.receive(data, descriptors)
        if flags & socket.MSG_CTRUNC:
            return False
        return bool(data)

    async def _send(self, data: bytes) -> None:
        view = memoryview(data)
        async with self._sending:  # the session tells its end beside the answers
            while view:
                try:
                    view = view[self._socket.send(view) :]
                except BlockingIOError:
                    await _ready(self._socket.fileno(), writing=True)

    # ------------------------------------------------------------- requests

    async def _answer(self, request: m.Request) -> m.ControlMessage | None:
        """Do what is asked for; return the answer, or None where it is sent already."""
        known = self._ANSWERS.get(type(request))
        if known is None:
            return m.Failure(request_id=request.request_id, reason="unsupported request")
        question, answer = known
        if question and not await self._master.confirm(f"{question}? "):
            return m.PermissionDenied(request_id=request.request_id, reason="Permission denied")
        try:
            return await answer(self, request)
        except (SSHError, OSError) as error:
            reason = (
                os.strerror(error.errno) if isinstance(error, OSError) and error.errno else error
            )
            return m.Failure(request_id=request.request_id, reason=str(reason))

    async def _proxy(self, request: m.ProxyRequest) -> m.ControlMessage | None:
        """Pass messages of the connection protocol from here on; no request follows."""
        if self._session is not None:
            return m.Failure(
                request_id=request.request_id, reason="the client has a session already"
            )
        from ssh_stack.cli.control.served_proxy import ServedProxy  # rarely used

        proxy = ServedProxy(self._master.connection, self._socket)
        try:
            await self._send(frame(m.Proxy(request_id=request.request_id)))
            await proxy.serve(self._core.rest())
        except (SSHError, OSError) as error:  # what answers a request is not sent any more
            self._master.report.note(f"a client in proxy mode: {error}")
        finally:
            proxy.close()
            with suppress(OSError):  # it is gone already
                self._socket.shutdown(socket.SHUT_RDWR)
        return None

    async def _alive(self, request: m.AliveCheck) -> m.ControlMessage:
        return m.Alive(request_id=request.request_id, pid=self._master.pid)

    async def _terminate(self, request: m.Terminate) -> None:
        self._master.stop_listening()  # whoever is answered finds its socket gone
        await self._send(frame(m.Ok(request_id=request.request_id)))  # it is the last
        self._master.terminate()

    async def _stop(self, request: m.StopListening) -> m.ControlMessage:
        self._master.stop_listening()
        return m.Ok(request_id=request.request_id)

    async def _information(self, request: m.InfoRequest) -> m.ControlMessage:
        text = self._master.information(request.name)
        return m.Info(
            request_id=request.request_id,
            known=int(text is not None),
            text="info request type not supported" if text is None else text,
        )

    # ------------------------------------------------------------- sessions

    async def _new_session(self, request: m.NewSession) -> m.ControlMessage | None:
        if self._session is not None:
            return m.Failure(
                request_id=request.request_id, reason="Multiple sessions not supported"
            )
        session = SharedSession(
            self._master.connection, request, self._descriptors, self._environment(request)
        )
        process = await session.start()
        self._kept.push_async_callback(end, process)
        self._keep_descriptors()
        number = 0
        await self._send(frame(m.SessionOpened(request_id=request.request_id, session=number)))
        if session.terminal_refused:
            await self._send(frame(m.TerminalFailed(session=number)))

        async def carry() -> None:
            status = await session.carry(process)
            await self._send(frame(m.ExitMessage(session=number, status=status)))

        self._session = self._spawn(carry())
        return None

    async def _new_stream(self, request: m.NewStdioForward) -> m.ControlMessage | None:
        if self._session is not None:
            return m.Failure(
                request_id=request.request_id, reason="Multiple sessions not supported"
            )
        connection = self._master.connection
        try:
            if request.port == m.UNIX_PORT:
                channel = await connection.open_unix_channel(request.host)
            else:
                channel = await connection.open_tcp_channel(request.host, request.port)
        except SSHError:
            return m.Failure(request_id=request.request_id, reason="Session open refused by peer")
        self._kept.callback(channel.abort)
        descriptors = self._keep_descriptors()
        await self._send(frame(m.SessionOpened(request_id=request.request_id, session=0)))
        self._session = self._spawn(relay_stream(connection, channel, descriptors))
        return None

    def _keep_descriptors(self) -> tuple[int, ...]:
        """Keep the descriptors of the request until the client has gone."""
        kept, self._descriptors = self._descriptors, ()
        self._kept.callback(_close, kept)
        return kept

    def _spawn(self, work: Any) -> asyncio.Task[None]:  # noqa: ANN401 (a coroutine)
        async def told() -> None:
            try:
                await work
            except (SSHError, OSError) as error:
                self._master.report.note(f"a shared session: {error}")

        task = asyncio.get_running_loop().create_task(told())
        self._kept.push_async_callback(_stop, task)  # before its descriptors are closed
        return task

    def _environment(self, request: m.NewSession) -> dict[str, str]:
        """Return the variables that a client may send: those that SendEnv of the master names."""
        found: dict[str, str] = {}
        for each in request.environment[:_MAX_VARIABLES]:
            name, equals, value = each.partition("=")
            if equals and name and self._may_send(name) and "\0" not in each:
                found.setdefault(name, value)
        return found

    def _may_send(self, name: str) -> bool:
        encoded = name.encode("utf-8", "surrogateescape")
        return any(
            matches(pattern.encode("utf-8", "surrogateescape"), encoded)
            for pattern in self._master.settings.send_env
            if not pattern.startswith("-")
        )

    # ------------------------------------------------------------- forwards

    async def _open_forward(self, request: m.OpenForward) -> m.ControlMessage:
        side, spec = _spec(request)
        forwards = self._master.forwards
        forward = forwards.find(side, spec) or await forwards.open(side, spec)
        if side == "remote" and isinstance(spec.listen, TCPAddress) and not spec.listen.port:
            return m.RemotePort(request_id=request.request_id, port=forward.port)
        return m.Ok(request_id=request.request_id)

    async def _close_forward(self, request: m.CloseForward) -> m.ControlMessage:
        side, spec = _spec(request)
        if await self._master.forwards.cancel(side, spec):
            return m.Ok(request_id=request.request_id)
        return m.Failure(request_id=request.request_id, reason="port not forwarded")

    def _close_descriptors(self) -> None:
        descriptors, self._descriptors = self._descriptors, ()
        _close(descriptors)

    _ANSWERS: ClassVar[Mapping[type[m.Request], tuple[str, _Answer]]] = {
        m.NewSession: ("Allow shared connection", _new_session),
        m.NewStdioForward: ("Allow a forward", _new_stream),
        m.AliveCheck: ("", _alive),
        m.Terminate: ("Terminate the shared connection", _terminate),
        m.OpenForward: ("Open a forward", _open_forward),
        m.CloseForward: ("", _close_forward),
        m.StopListening: ("Disable further multiplexing", _stop),
        m.ProxyRequest: ("Allow a client in proxy mode", _proxy),
        m.InfoRequest: ("", _information),
    }
    """What is asked of the user before each, where that is wanted, and what is done."""


def _spec(request: m.OpenForward) -> tuple[Any, ForwardSpec]:
    """Return on which side a forward listens, and the forward.

    Raises:
        SSHError: it is one that cannot be.
    """
    kinds = {
        m.ForwardKind.LOCAL: "local",
        m.ForwardKind.REMOTE: "remote",
        m.ForwardKind.DYNAMIC: "local",
    }
    side = kinds.get(request.kind)
    listen = _address(request.listen_host, request.listen_port)
    dynamic = request.kind == m.ForwardKind.DYNAMIC or (
        side == "remote" and not request.connect_host and not request.connect_port
    )
    connect = None if dynamic else _address(request.connect_host, request.connect_port)
    if side is None or listen is None or (not dynamic and connect is None):
        problem = "Invalid forwarding request"
        raise SSHError(problem)
    return side, ForwardSpec(listen, connect, names_host=bool(request.listen_host))


def _address(host: str, port: int) -> Address | None:
    if port == m.UNIX_PORT:
        return UnixAddress(host) if host else None
    if port > MAX_PORT:
        return None
    return TCPAddress("localhost" if not host else "" if host == "*" else host, port)


async def _ready(descriptor: int, *, writing: bool) -> None:
    loop = asyncio.get_running_loop()
    future: asyncio.Future[None] = loop.create_future()
    add, remove = (
        (loop.add_writer, loop.remove_writer) if writing else (loop.add_reader, loop.remove_reader)
    )
    add(descriptor, lambda: None if future.done() else future.set_result(None))
    try:
        await future
    finally:
        remove(descriptor)


async def _stop(session: asyncio.Task[None]) -> None:
    session.cancel()
    await asyncio.wait({session})


def _close(descriptors: Sequence[int]) -> None:
    for each in descriptors:
        os.close(each)
