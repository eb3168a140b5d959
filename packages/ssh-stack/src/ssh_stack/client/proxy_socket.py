"""A program that passes a connected socket (ProxyUseFdpass, ssh_config(5)).

Its standard streams are one end of a pair of Unix sockets, over which it sends the descriptor;
then it ends, and no data goes through it.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from typing import TYPE_CHECKING

from ssh_stack.errors import ProxyFailed
from ssh_stack.local.process import LocalProcess, Program

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["receive_socket"]


async def receive_socket(arguments: Sequence[str], text: str) -> socket.socket:
    """Start a program, wait for the socket that it passes, and for its end.

    Args:
        arguments: what to run.
        text: the command, for messages.

    Raises:
        ProxyFailed: it cannot be started, or passes no connected socket.
    """
    here, there = socket.socketpair()
    with here, there:
        here.setblocking(False)
        try:
            # errors go to the standard error of this process, as with ssh
            program = Program(arguments=arguments, session=False)
            process = LocalProcess(program, (there.fileno(), there.fileno(), None))
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else str(error)
            raise ProxyFailed(text, "cannot be started", reason or "") from error
        there.close()
        received: list[int] = []
        try:
            await _receive(here, received)
            await asyncio.shield(process.ended)
            return _socket(received, text)
        except BaseException:
            for descriptor in received:
                os.close(descriptor)
            process.signal(signal.SIGKILL)
            await process.ended
            raise
        finally:
            process.reap()


async def _receive(here: socket.socket, received: list[int]) -> None:
    """Take what is sent first, with its descriptors."""
    loop = asyncio.get_running_loop()
    readable: asyncio.Future[None] = loop.create_future()
    loop.add_reader(here, lambda: None if readable.done() else readable.set_result(None))
    try:
        await readable
    finally:
        loop.remove_reader(here)
    _, descriptors, _, _ = socket.recv_fds(here, 1, 1)
    received += descriptors
    for descriptor in descriptors:
        os.set_inheritable(descriptor, False)


def _socket(received: list[int], text: str) -> socket.socket:
    """Return the socket of a descriptor, which belongs to it from then on."""
    if not received:
        raise ProxyFailed(text, "passed no descriptor (ProxyUseFdpass)")
    try:
        sock = socket.socket(fileno=received[0])
    except OSError as error:
        raise ProxyFailed(text, "passed a descriptor that is not a socket") from error
    received.pop()
    if sock.type != socket.SOCK_STREAM:
        sock.close()
        raise ProxyFailed(text, "passed a socket that is not a stream")
    sock.setblocking(False)
    return sock
