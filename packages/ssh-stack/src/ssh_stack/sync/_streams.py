"""The part of the blocking SFTP client that is not generated: `from_streams`."""

from __future__ import annotations

import os
import ssl
from typing import Protocol, Self

from ssh_sftp import SFTPOptions
from ssh_sftp.aio import DescriptorPipe, SFTPClient
from ssh_stack.sync._blocking import Blocking
from ssh_stack.sync._portal import portal
from ssh_wire import UsageError

__all__ = ["HasDescriptor", "OverStreams"]


class HasDescriptor(Protocol):
    """A stream of the operating system: a pipe of `subprocess.Popen`, a socket, an open file."""

    def fileno(self) -> int:
        """Return its descriptor."""
        ...


class OverStreams(Blocking[SFTPClient]):
    """Makes a session over streams that somebody else has opened."""

    @classmethod
    def from_streams(
        cls,
        reader: HasDescriptor,
        writer: HasDescriptor,
        options: SFTPOptions | None = None,
        *,
        peer_software: str = "",
    ) -> Self:
        """Return a session over two streams that have descriptors: those of a process, say.

            process = subprocess.Popen([SFTP_SERVER], stdin=PIPE, stdout=PIPE, bufsize=0)
            with SFTPClient.from_streams(process.stdout, process.stdin) as sftp:
                print(sftp.listdir())

        The streams may be one, a connected socket.  The session reads and writes copies of the
        descriptors, and does not block on them; nothing else may read or write meanwhile, and
        nothing may have been read that is buffered in `reader`.

        Args:
            reader: what the server sends.
            writer: what the server is to receive.
            options: how the session behaves.
            peer_software: the server's identification string, where there is one: it tells in
                which order the server takes the paths of `symlink`.

        Raises:
            UsageError: a stream has no descriptor, or encrypts what it carries.
        """
        read, write = _descriptor("reader", reader), _descriptor("writer", writer)
        thread = portal()
        return cls(thread, thread.call(_client, read, write, options, peer_software))


def _client(read: int, write: int, options: SFTPOptions | None, peer_software: str) -> SFTPClient:
    copies = [os.dup(read)]
    try:
        copies.append(os.dup(write))
        return SFTPClient.from_pipe(DescriptorPipe(*copies), options, peer_software=peer_software)
    except BaseException:
        for copy in copies:
            os.close(copy)
        raise


def _descriptor(name: str, stream: object) -> int:
    if isinstance(stream, ssl.SSLSocket):
        problem = f"{name} is a TLS socket: what goes over its descriptor is encrypted"
        raise UsageError(problem)
    fileno = getattr(stream, "fileno", None)
    try:
        found = fileno() if callable(fileno) else None
    except (OSError, ValueError) as error:  # io.UnsupportedOperation is both
        raise UsageError(f"{name} has no descriptor: {error}") from None  # noqa: EM102, TRY003
    if not isinstance(found, int) or found < 0:
        problem = f"{name} is a stream with a descriptor (fileno), such as a pipe or a socket"
        raise UsageError(problem)
    return found
