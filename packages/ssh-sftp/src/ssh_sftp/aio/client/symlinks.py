"""Symbolic links made on a server whose order of the two paths may not be known."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ssh_sftp.attributes import Attributes
from ssh_sftp.errors import SFTPError, SFTPNoSuchFile, SFTPProtocolError
from ssh_sftp.messages import Attrs, LStat, ReadLink, Remove, Status
from ssh_sftp.symlinks import SymLinkOrder, order_of, symlink_request

if TYPE_CHECKING:
    from ssh_sftp.aio.client.session import ClientSession

__all__ = ["SymLinks"]


class SymLinks:
    """Make the symbolic links of one session.

    The order is taken from the server's extensions or its name.  If it is not known, OpenSSH's
    is tried, and the link is read back.  Only a link that this session has just made at the wrong
    path is removed: nothing existed there before, and it leads to where the link should be.

    Args:
        session: the session.
        software: the server's identification string, or empty.
    """

    def __init__(self, session: ClientSession, software: str) -> None:
        self._session = session
        self._software = software
        self._learned: SymLinkOrder | None = None

    async def make(self, target: str, link: str) -> None:
        """Make `link` a symbolic link to `target`.

        Raises:
            SFTPError: the server refused, or it reported success and there is no such link.
        """
        extensions = self._session.protocol.extensions
        order = self._learned or order_of(self._software, extensions)
        if order is None and target == link:  # both orders make the same
            order = SymLinkOrder.TARGET_FIRST
        if order is not None:
            await self._send(target, link, order)
            return
        before = await self._look(target)
        try:
            await self._send(target, link, SymLinkOrder.TARGET_FIRST)
        except SFTPError:
            # A server that takes the link first refused because the target exists.  A server
            # that takes the target first refuses the other order for the same reason.
            if self._session.closed or isinstance(before, SFTPError):
                raise
            if not await self._was_made_reversed(target, link):
                raise
        else:
            await self._check(target, link, was_free=isinstance(before, SFTPNoSuchFile))

    async def _was_made_reversed(self, target: str, link: str) -> bool:
        """Try the draft's order; whether that made the link."""
        try:
            await self._send(target, link, SymLinkOrder.LINK_FIRST)
        except SFTPError:
            if self._session.closed:
                raise
            return False
        await self._confirm(target, link)
        self._learned = SymLinkOrder.LINK_FIRST
        return True

    async def _check(self, target: str, link: str, *, was_free: bool) -> None:
        """Find the link that the server reported as made; move it if it is at the wrong path."""
        found, misplaced = await self._read(link), await self._read(target)
        if was_free and misplaced == link:
            self._learned = SymLinkOrder.LINK_FIRST
            request = Remove(id=self._session.protocol.next_id(), path=target)
            await self._session.call(request, Status, target)
            await self._send(target, link, SymLinkOrder.LINK_FIRST)
            await self._confirm(target, link)
        elif found == target:
            self._learned = SymLinkOrder.TARGET_FIRST
        elif (was_free and misplaced is not None) or not await self._is_link(link, found):
            raise _not_made(target, link, misplaced)
        # else it is a link whose target the server rewrites

    async def _confirm(self, target: str, link: str) -> None:
        """Raise an error if there is no link."""
        if not await self._is_link(link, await self._read(link)):
            raise _not_made(target, link, await self._read(target))

    async def _is_link(self, path: str, leads_to: str | None) -> bool:
        """Return whether a path is a link; if it cannot be read, by its attributes."""
        if leads_to is not None:
            return True
        found = await self._look(path)
        return isinstance(found, Attributes) and (found.is_symlink or not found.has_type)

    async def _send(self, target: str, link: str, order: SymLinkOrder) -> None:
        number = self._session.protocol.next_id()
        await self._session.call(symlink_request(number, target, link, order), Status, link)

    async def _look(self, path: str) -> Attributes | SFTPError:
        """Return the attributes at a path, or why the server refuses them."""
        request = LStat(id=self._session.protocol.next_id(), path=path)
        try:
            return (await self._session.call(request, Attrs, path)).attributes
        except SFTPError as error:
            if self._session.closed:
                raise
            return error

    async def _read(self, path: str) -> str | None:
        """Return the target of a symbolic link; None if the server refuses."""
        request = ReadLink(id=self._session.protocol.next_id(), path=path)
        try:
            return await self._session.one_name(request, path)
        except (SFTPError, SFTPProtocolError):
            if self._session.closed:
                raise
            return None


def _not_made(target: str, link: str, misplaced: str | None) -> SFTPError:
    problem = "the server reported that it made the link, but no link can be read there"
    if misplaced is not None:
        problem += f"; {target!r} is a link to {misplaced!r}: remove it if it should not be"
    hint = "give the server's identification string as peer_software"
    return SFTPError(f"{problem}; {hint}", link)
