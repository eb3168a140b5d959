"""Copy a file on the server, which moves the bytes itself (PROTOCOL section 4.10)."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from ssh_sftp.aio.client.session import ClientSession
from ssh_sftp.attributes import Attributes
from ssh_sftp.messages import Close, CopyData, Handle, Open, Status
from ssh_sftp.numbers import OpenFlags

__all__ = ["copy_on_server"]

_REPLACE = OpenFlags.WRITE | OpenFlags.CREATE | OpenFlags.TRUNCATE


async def copy_on_server(session: ClientSession, old: str, new: str, mode: int) -> None:
    """Copy `old` to `new`; a new file gets the permissions `mode`.

    Raises:
        SFTPError: the server refused; `filename` says which file.
    """
    created = Attributes(permissions=mode)
    async with (
        _opened(session, old, OpenFlags.READ, Attributes()) as source,
        _opened(session, new, _REPLACE, created) as target,
    ):
        request = CopyData(id=session.protocol.next_id(), source=source, target=target)
        await session.call(request, Status, old)


@asynccontextmanager
async def _opened(
    session: ClientSession, path: str, flags: OpenFlags, attributes: Attributes
) -> AsyncGenerator[bytes]:
    number = session.protocol.next_id()
    request = Open(id=number, path=path, flags=flags.value, attributes=attributes)
    handle = (await session.call(request, Handle, path)).handle
    try:
        yield handle
    finally:
        if not session.closed:
            closing = Close(id=session.protocol.next_id(), handle=handle)
            await session.call(closing, Status, path)
