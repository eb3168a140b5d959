"""SFTP over a connection: the subsystem's channel, and what it writes when it does not start."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ssh_connection.aio import Scope
from ssh_sftp import SFTPConnectionLost, SFTPOptions
from ssh_sftp.aio import SFTPClient
from ssh_wire import UsageError
from ssh_wire.text import printable

if TYPE_CHECKING:
    from ssh_stack.client.connection import Connection

__all__ = ["start_sftp"]

_STDERR_KEPT: Final = 1024


def start_sftp(
    connection: Connection,
    options: SFTPOptions | None = None,
    *,
    subsystem: str = "sftp",
) -> Scope[SFTPClient]:
    """Return a scope that opens the subsystem of SFTP.

    Args:
        connection: the connection.
        options: how the session behaves.
        subsystem: the name of the subsystem.

    Raises:
        UsageError: `options` is no `SFTPOptions`.
    """
    if options is not None and not _are_options(options):
        problem = f"options={options!r}: it is an SFTPOptions, such as SFTPOptions(atomic=False)"
        raise UsageError(problem)

    async def opener() -> SFTPClient:
        channel = await connection.open_subsystem(subsystem)
        stderr = bytearray()

        def collect_stderr(data: memoryview) -> None:
            stderr.extend(data[: _STDERR_KEPT - len(stderr)])

        channel.stderr_received = collect_stderr
        software = connection.server_software
        client = SFTPClient.from_pipe(channel, options, peer_software=software)
        try:
            await client.start()
        except SFTPConnectionLost as error:
            await client.close()
            raise _with_stderr(error, bytes(stderr)) from error.__cause__
        except BaseException:
            await client.close()
            raise
        client.open_others_with(opener)
        return client

    return Scope(opener)


def _are_options(value: object) -> bool:
    """Return whether a value is an SFTPOptions; callers without a type checker pass anything."""
    return isinstance(value, SFTPOptions)


def _with_stderr(error: SFTPConnectionLost, stderr: bytes) -> SFTPConnectionLost:
    """Add what the server wrote to standard error before it ended."""
    text = printable(stderr.strip())
    return SFTPConnectionLost(f"{error.text}; it wrote '{text}'") if text else error
