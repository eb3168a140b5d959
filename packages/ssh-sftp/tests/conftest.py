"""A session without a stream, a client and server joined in memory, and hostile servers."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Coroutine
from pathlib import Path
from struct import Struct
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from ssh_sftp import Attributes, PipeReceiver, SFTPOptions
from ssh_sftp import messages as m
from ssh_sftp.aio import Rooted, SFTPClient, SFTPServer
from ssh_sftp.client.protocol import SFTPClientProtocol
from ssh_sftp.framing import PacketReader
from ssh_sftp.messages import REQUESTS, Request
from ssh_sftp.server.protocol import SFTPServerProtocol
from ssh_sftp.testing import MemoryPipe, memory_pipes
from ssh_wire import Message

# a busy machine makes no property false
settings.register_profile("project", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("project")

_LENGTH = Struct(">I")

MODERN = {
    "posix-rename@openssh.com": b"1",
    "fsync@openssh.com": b"1",
    "limits@openssh.com": b"1",
}


def framed(message: Message) -> bytes:
    payload = message.encode()
    return _LENGTH.pack(len(payload)) + payload


def version(number: int = 3, extensions: dict[str, bytes] | None = None) -> m.Version:
    pairs = {} if extensions is None else extensions
    return m.Version(
        version=number,
        extensions=tuple(m.ExtensionPair(name=n, data=d) for n, d in pairs.items()),
    )


class Wire:
    """A client's core with the test as its server."""

    def __init__(self, extensions: dict[str, bytes] | None = None, timeout: float = 30) -> None:
        self.sent: list[Request] = []
        self._reader = PacketReader(self._packet)
        self.protocol = SFTPClientProtocol(self._transmit, now=0.0, timeout=timeout)
        self.protocol.start()
        self.receive(version(extensions=MODERN if extensions is None else extensions))

    def _transmit(self, *parts: bytes | bytearray | memoryview) -> None:
        self._reader.feed(memoryview(b"".join(parts)))

    def _packet(self, payload: memoryview) -> None:
        if payload[0] != m.Init.NUMBER:
            self.sent.append(REQUESTS.decode(bytes(payload)))

    def receive(self, *messages: Message) -> None:
        """Let messages of the server arrive."""
        self.protocol.receive(memoryview(b"".join(map(framed, messages))))
        self.protocol.settle()

    def take(self) -> list[Request]:
        """Return what the client has sent since."""
        self.protocol.settle()
        sent, self.sent = self.sent, []
        return sent

    def answer(self, reply: Callable[[Request], Message | None], rounds: int = 1000) -> None:
        """Answer every request until none comes any more."""
        for _ in range(rounds):
            requests = self.take()
            if not requests:
                return
            for request in requests:
                message = reply(request)
                if message is not None:
                    self.receive(message)
        problem = "the client asks without end"
        raise AssertionError(problem)


def run_at_once(
    answer: Coroutine[Any, Any, Message], finished: Callable[[Message | BaseException], None]
) -> None:
    """Run an answer that waits for nothing but its turn."""
    try:
        while True:
            answer.send(None)
    except StopIteration as end:
        finished(end.value)
    except Exception as error:  # noqa: BLE001 (the service takes what its code raises)
        finished(error)


class Exchange:
    """A server's core with the test as its client."""

    def __init__(self, filesystem: Rooted, *, start: bool = True) -> None:
        self.replies: list[bytes] = []
        self._reader = PacketReader(lambda payload: self.replies.append(bytes(payload)))
        self.service = SFTPServerProtocol(filesystem, self._transmit)
        self.service.run_later = run_at_once
        self._id = 0
        if start:
            self.raw(framed(m.Init(version=3)))
            self.replies.clear()

    def _transmit(self, *parts: bytes | bytearray | memoryview) -> None:
        self._reader.feed(memoryview(b"".join(parts)))

    def raw(self, data: bytes) -> list[bytes]:
        """Send bytes; return the payloads that answer them."""
        self.service.receive(memoryview(data))
        replies, self.replies = self.replies, []
        return replies

    def ask(self, request: Request) -> Message:
        """Send a request; return its one reply."""
        (reply,) = self.raw(framed(request))
        return m.REPLIES.decode(reply)

    def code(self, request: Request) -> int:
        """Send a request; return the code of the status that answers it."""
        reply = self.ask(request)
        assert isinstance(reply, m.Status), reply
        assert reply.id == request.id
        return reply.code

    def handle(self, request: Request) -> bytes:
        """Send a request that opens something; return the handle."""
        reply = self.ask(request)
        assert isinstance(reply, m.Handle), reply
        return reply.handle


class ScriptedServer(PipeReceiver):
    """A server that answers by a function of the test, over a pipe."""

    def __init__(self, pipe: MemoryPipe, reply: Callable[[Request], list[Message]]) -> None:
        self._pipe = pipe
        self._reply = reply
        self._reader = PacketReader(self._packet)
        self.seen: list[Request] = []
        pipe.connect(self)

    def _packet(self, payload: memoryview) -> None:
        if payload[0] == m.Init.NUMBER:
            self._pipe.write(framed(version()))
            return
        request = REQUESTS.decode(bytes(payload))
        self.seen.append(request)
        self._pipe.write(b"".join(map(framed, self._reply(request))))

    def data_received(self, data: memoryview) -> None:
        self._reader.feed(data)

    def eof_received(self) -> None:
        self._pipe.close()

    def pipe_closed(self, error: Exception | None) -> None:
        pass

    def pause_writing(self) -> None:
        pass

    def resume_writing(self) -> None:
        pass


@pytest.fixture
def wire() -> Wire:
    return Wire()


@pytest.fixture(scope="session")
def make_wire() -> type[Wire]:
    return Wire


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "root"
    root.mkdir()
    return root


@pytest.fixture
def exchange(root: Path) -> Exchange:
    return Exchange(Rooted(root))


@pytest.fixture(scope="session")
def make_exchange() -> type[Exchange]:
    return Exchange


@pytest.fixture
def frame() -> Callable[[Message], bytes]:
    return framed


@pytest.fixture
def make_version() -> Callable[..., m.Version]:
    return version


@pytest.fixture
async def client(root: Path) -> AsyncIterator[SFTPClient]:
    near, far = memory_pipes()
    serving = asyncio.ensure_future(SFTPServer(far, Rooted(root)).serve())
    async with SFTPClient.from_pipe(near, SFTPOptions(timeout=20)) as sftp:
        yield sftp
    await serving


@pytest.fixture
async def scripted() -> AsyncIterator[Callable[..., SFTPClient]]:
    opened: list[SFTPClient] = []

    def connect(
        reply: Callable[[Request], list[Message]], options: SFTPOptions | None = None
    ) -> SFTPClient:
        near, far = memory_pipes()
        ScriptedServer(far, reply)
        sftp = SFTPClient.from_pipe(near, options)
        opened.append(sftp)
        return sftp

    yield connect
    for sftp in opened:
        await sftp.close()


@pytest.fixture(scope="session")
def serve_memory() -> Callable[[bytes], SFTPClient]:
    """A client of a server that has one file, and gives a few bytes of it at a time."""

    def connect(content: bytes) -> SFTPClient:
        def reply(request: Request) -> list[Message]:
            match request:
                case m.Open():
                    return [m.Handle(id=request.id, handle=b"h")]
                case m.Read():
                    most = min(request.length, 1 + (request.offset + len(content)) % 50)
                    data = content[request.offset : request.offset + most]
                    return [m.Data(id=request.id, data=data)]
                case m.FStat():
                    return [m.Attrs(id=request.id, attributes=Attributes(size=len(content)))]
                case _:
                    return [m.Status(id=request.id, code=0)]

        near, far = memory_pipes()
        ScriptedServer(far, reply)
        return SFTPClient.from_pipe(near)

    return connect


def peers_missing() -> str | None:
    """Return what is missing of OpenSSH, or None."""
    for path in ("/usr/lib/openssh/sftp-server", "/usr/bin/sftp"):
        if not os.access(path, os.X_OK):
            return f"{path} is missing (Debian: openssh-sftp-server, openssh-client)"
    return None


@pytest.fixture
def openssh() -> None:
    missing = peers_missing()
    if missing is None:
        return
    if os.environ.get("SSH_STACK_REQUIRE_PEERS") == "1":
        pytest.fail(missing)
    pytest.skip(missing)
