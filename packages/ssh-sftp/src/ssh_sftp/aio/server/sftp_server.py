"""A session of the server on an asyncio pipe.

Faults of the file system's code are logged to "ssh_sftp.server" with a traceback.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Coroutine
from functools import partial
from typing import Any

from ssh_sftp.aio.server.transactions import log_request
from ssh_sftp.numbers import MAX_HANDLES
from ssh_sftp.pipe import Pipe
from ssh_sftp.server.filesystem import FileSystem, check_filesystem
from ssh_sftp.server.protocol import SFTPServerProtocol
from ssh_wire import Message, ProtocolError, SSHError, UsageError
from ssh_wire.guarded import guarded

__all__ = ["SFTPServer"]

_FAULTS = 20


class SFTPServer:
    """Serve a file system to the client at the other end of a pipe.

        await SFTPServer(pipe, Rooted("/srv")).serve()

    Requests are answered as they arrive; those that arrive together are answered with one
    write.  While the pipe is full, nothing is answered and nothing is read; nor while 64 requests
    wait for a file system that answers later.

    Args:
        pipe: the stream to the client: the channel of an "sftp" subsystem, say.
        filesystem: the file system to serve.
        handles: the most files and directories that may be open.
        peer_software: the client's identification string, where there is one: it tells in which
            order the client sends the paths of SYMLINK; without it OpenSSH's order is read.
        denied: the requests that are refused, by the names that sftp-server(8) has for them:
            "remove", "posix-rename", …
        log_requests: log each request to "ssh_sftp.server": at level INFO what opens or changes
            something, the rest at level DEBUG.

    Raises:
        UsageError: a name in `denied` is not a request, or `filesystem` is not a file system.
    """

    def __init__(
        self,
        pipe: Pipe,
        filesystem: FileSystem,
        handles: int = MAX_HANDLES,
        *,
        peer_software: str = "",
        denied: Collection[str] = (),
        log_requests: bool = False,
    ) -> None:
        check_filesystem(filesystem)
        self._pipe = pipe
        self._protocol = SFTPServerProtocol(
            filesystem,
            pipe.write,
            handles,
            self._on_fault,
            peer_software=peer_software,
            denied=denied,
        )
        self._protocol.run_later = self._run_later
        if log_requests:
            self._protocol.on_request = log_request
        self._tasks: set[asyncio.Task[Message]] = set()
        self._faults = 0
        self._over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._error: Exception | None = None
        self._eof = False

    async def serve(self) -> None:
        """Serve until the client ends the session.

        Raises:
            SFTPProtocolError: the client broke a rule; the session was ended.
            Exception: any other fault.
        """
        self._pipe.connect(self)
        try:
            await self._over
        finally:
            await self._close()
        await self._pipe.wait_closed()
        if self._error is not None:
            raise self._error

    async def _close(self) -> None:
        """Cancel what runs, then close every open file, then the pipe."""
        try:
            for task in self._tasks:
                task.cancel()
            if self._tasks:
                await asyncio.wait(self._tasks)
        finally:
            closing = self._protocol.close()
            self._pipe.close()
        for result in await asyncio.gather(*closing, return_exceptions=True):
            if isinstance(result, Exception):
                self._protocol.close_failed(result)

    # ------------------------------------------------------------------ answers that come later

    def _run_later(
        self,
        answer: Coroutine[Any, Any, Message],
        finished: Callable[[Message | BaseException], None],
    ) -> None:
        task = asyncio.get_running_loop().create_task(answer)
        self._tasks.add(task)
        task.add_done_callback(partial(self._ran, finished))

    def _ran(
        self, finished: Callable[[Message | BaseException], None], task: asyncio.Task[Message]
    ) -> None:
        self._tasks.discard(task)
        fault = asyncio.CancelledError() if task.cancelled() else task.exception()
        if self._over.done():
            return
        with guarded(self._fail):
            finished(task.result() if fault is None else fault)
        self._go_on()

    # ------------------------------------------------------------------ pipe receiver

    def data_received(self, data: memoryview) -> None:
        """Answer the requests in `data`."""
        if not self._over.done():
            with guarded(self._fail):
                self._protocol.receive(data)
            if self._protocol.paused:
                self._pipe.pause_reading()

    def eof_received(self) -> None:
        """End the session after the last reply."""
        self._eof = True
        if not (self._protocol.paused or self._protocol.waiting):
            self._end(None)

    def pipe_closed(self, error: Exception | None) -> None:
        """End the session: the pipe is closed."""
        self._end(None if error is None else self._error)

    def pause_writing(self) -> None:
        """Stop answering and reading: the pipe is full."""
        self._protocol.pause()
        self._pipe.pause_reading()

    def resume_writing(self) -> None:
        """Answer and read again."""
        with guarded(self._fail):
            self._protocol.resume()
        self._go_on()

    def _go_on(self) -> None:
        """Read again, unless requests wait; end after the last reply to a client that has gone."""
        if self._protocol.paused or self._over.done():
            return
        if not self._eof:
            self._pipe.resume_reading()
        elif not self._protocol.waiting:
            self._end(None)

    def _end(self, error: Exception | None) -> None:
        if not self._over.done():
            self._error = error
            self._over.set_result(None)

    def _fail(self, error: Exception) -> None:
        """End the session; `serve` raises the error, unless the connection was lost."""
        gone = isinstance(error, SSHError) and not isinstance(error, ProtocolError | UsageError)
        self._end(None if gone else error)

    def _on_fault(self, asked: str, error: Exception) -> None:
        self._faults += 1
        if self._faults <= _FAULTS:
            more = "; more of this session are not logged" if self._faults == _FAULTS else ""
            _log().error("the file system failed at %s%s", asked, more, exc_info=error)


def _log() -> logging.Logger:
    return logging.getLogger("ssh_sftp.server")
