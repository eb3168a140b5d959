"""Descriptors that belong to other programs too: read and written, never changed.

O_NONBLOCK belongs to the open file, which this program shares with whoever started it, so
it is not set.  Pipes and terminals are opened again instead, sockets are asked call by
call, and what cannot wait (a file, a null device) needs neither.  Where a pipe cannot be
opened again, nothing is read or written that the system has not announced.
"""

from __future__ import annotations

import asyncio
import errno
import os
import select
import socket
import stat
from collections.abc import Callable
from typing import Final

__all__ = ["Input", "Output"]

_CHUNK: Final = 256 * 1024
_ANNOUNCED: Final = select.PIPE_BUF  # "writable" promises as much of a pipe


class _Descriptor:
    """What reading and writing have in common: a handle of our own, and waiting for it."""

    def __init__(self, fd: int, flags: int) -> None:
        self.socket: socket.socket | None = None
        self.announced_only = False
        mode = os.fstat(fd).st_mode
        if stat.S_ISSOCK(mode):
            self.socket = socket.socket(fileno=os.dup(fd))
            self.fd = self.socket.fileno()
        elif stat.S_ISFIFO(mode) or os.isatty(fd):
            self._reopen(fd, flags)
        else:
            self.fd = os.dup(fd)

    def _reopen(self, fd: int, flags: int) -> None:
        try:
            self.fd = os.open(f"/proc/self/fd/{fd}", flags | os.O_NONBLOCK | os.O_NOCTTY)
        except OSError:  # no /proc, or the pipe is another user's
            self.fd = os.dup(fd)
            self.announced_only = True

    async def ready(self, add: Callable[..., None], remove: Callable[[int], bool]) -> None:
        """Wait until the loop announces the descriptor."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        try:
            add(self.fd, _announce, future)
        except PermissionError:  # what cannot be waited for does not make one wait
            await asyncio.sleep(0)
            return
        try:
            await future
        finally:
            remove(self.fd)

    def close(self) -> None:
        """Give back the handle; the descriptor it was made from stays open."""
        if self.socket is not None:
            self.socket.close()
        else:
            os.close(self.fd)


def _announce(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


class Input:
    """A descriptor to read from."""

    def __init__(self, fd: int) -> None:
        self._descriptor = _Descriptor(fd, os.O_RDONLY)

    async def read(self) -> bytes:
        """Return what there is, as soon as there is something; b"" at the end."""
        descriptor = self._descriptor
        announced = not descriptor.announced_only
        loop = asyncio.get_running_loop()
        while True:
            if not announced:
                await descriptor.ready(loop.add_reader, loop.remove_reader)
            try:
                return self._take()
            except BlockingIOError:
                announced = False
            except OSError as error:
                if error.errno == errno.EIO:  # the terminal is gone
                    return b""
                raise

    async def read_into(self, take: Callable[[bytes], bool]) -> bool:
        """Hand what there is to a function as it comes, until it wants no more for now.

        Args:
            take: returns whether it takes more.

        Returns:
            Whether it stopped; False at the end of the input.

        Raises:
            Exception: what the function raised.
        """
        loop = asyncio.get_running_loop()
        stopped: asyncio.Future[bool] = loop.create_future()
        try:
            loop.add_reader(self._descriptor.fd, self._hand_on, take, stopped)
        except PermissionError:  # a file: there is always something, or the end
            return await self._read_file_into(take)
        try:
            return await stopped
        finally:
            loop.remove_reader(self._descriptor.fd)

    async def _read_file_into(self, take: Callable[[bytes], bool]) -> bool:
        while data := self._take():
            if not take(data):
                return True
            await asyncio.sleep(0)
        return False

    def _hand_on(self, take: Callable[[bytes], bool], stopped: asyncio.Future[bool]) -> None:
        """Hand on what was announced."""
        if stopped.done():
            return
        try:
            data = self._take()
            if not data or not take(data):
                stopped.set_result(bool(data))
        except BlockingIOError:  # somebody else has read it
            return
        except OSError as error:
            if error.errno == errno.EIO:  # the terminal is gone
                stopped.set_result(False)
            else:
                stopped.set_exception(error)
        except Exception as error:  # noqa: BLE001 (raised where it is waited for)
            stopped.set_exception(error)

    def _take(self) -> bytes:
        if self._descriptor.socket is not None:
            return self._descriptor.socket.recv(_CHUNK, socket.MSG_DONTWAIT)
        return os.read(self._descriptor.fd, _CHUNK)

    def close(self) -> None:
        """Stop reading; nothing that was not returned has been taken."""
        self._descriptor.close()


class Output:
    """A descriptor to write to."""

    def __init__(self, fd: int) -> None:
        self._descriptor = _Descriptor(fd, os.O_WRONLY)

    async def write(self, data: bytes) -> None:
        """Write all of `data`, however long its reader takes.

        Raises:
            BrokenPipeError: it has no reader any more.
            OSError: the disk is full, the terminal is gone, …
        """
        descriptor = self._descriptor
        loop = asyncio.get_running_loop()
        view = memoryview(data)
        announced = not descriptor.announced_only
        while view:
            if not announced:
                await descriptor.ready(loop.add_writer, loop.remove_writer)
            try:
                view = view[self._put(view) :]
            except BlockingIOError:
                announced = False
            else:
                announced = not descriptor.announced_only

    def write_now(self, view: memoryview) -> int:
        """Write what can be written without waiting; return how much that is.

        A failure is told by `write`, which is to be called with what is left.
        """
        if self._descriptor.announced_only:
            return 0
        try:
            return self._put(view)
        except OSError:
            return 0

    def _put(self, view: memoryview) -> int:
        descriptor = self._descriptor
        if descriptor.socket is not None:
            return descriptor.socket.send(view, socket.MSG_DONTWAIT)
        if descriptor.announced_only:
            view = view[:_ANNOUNCED]
        return os.write(descriptor.fd, view)

    def close(self) -> None:
        """Stop writing; the descriptor it was made from stays open."""
        self._descriptor.close()
