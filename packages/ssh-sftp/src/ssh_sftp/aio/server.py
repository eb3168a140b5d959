"""A session of the server on an asyncio pipe."""

from __future__ import annotations

import asyncio

from ssh_sftp.errors import SFTPProtocolError
from ssh_sftp.filesystem import FileSystem
from ssh_sftp.numbers import MAX_HANDLES
from ssh_sftp.pipe import Pipe
from ssh_sftp.service import Service

__all__ = ["SFTPServer"]


class SFTPServer:
    """Serves a file system to the client at the other end of a pipe.

        await SFTPServer(pipe, Rooted("/srv")).serve()

    Requests are answered as they arrive; many that arrive together are answered with one
    write.  While the pipe cannot take more, none is answered and nothing is read.

    Args:
        pipe: the stream to the client: the channel of an "sftp" subsystem, say.
        filesystem: what is served.
        handles: the most files and directories that may be open.
    """

    def __init__(self, pipe: Pipe, filesystem: FileSystem, handles: int = MAX_HANDLES) -> None:
        self._pipe = pipe
        self._service = Service(filesystem, pipe.write, handles)
        self._over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._error: Exception | None = None
        self._eof = False

    async def serve(self) -> None:
        """Serve until the client ends the session.

        Raises:
            SFTPProtocolError: the client broke a rule; the session was ended.
        """
        self._pipe.connect(self)
        try:
            await self._over
        finally:
            self._service.close()
            self._pipe.close()
        await self._pipe.wait_closed()
        if self._error is not None:
            raise self._error

    # ------------------------------------------------------------------ pipe receiver

    def data_received(self, data: memoryview) -> None:
        """Answer what the client asks."""
        if not self._over.done():
            try:
                self._service.receive(data)
            except SFTPProtocolError as error:
                self._end(error)

    def eof_received(self) -> None:
        """The client asks nothing more."""
        self._eof = True
        if not self._service.paused:
            self._end(None)

    def pipe_closed(self, error: Exception | None) -> None:
        """The client is gone."""
        self._end(None if error is None else self._error)

    def pause_writing(self) -> None:
        """Answer nothing for now, and let the client wait."""
        self._service.pause()
        self._pipe.pause_reading()

    def resume_writing(self) -> None:
        """Answer again."""
        try:
            self._service.resume()
        except SFTPProtocolError as error:
            self._end(error)
            return
        if self._service.paused:
            return
        if self._eof:
            self._end(None)
        else:
            self._pipe.resume_reading()

    def _end(self, error: Exception | None) -> None:
        if not self._over.done():
            self._error = error
            self._over.set_result(None)
