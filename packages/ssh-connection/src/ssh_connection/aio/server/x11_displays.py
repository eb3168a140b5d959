"""Where a server has the displays of its sessions, and what one session has."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Self

from ssh_connection.x11.display import MAX_DISPLAY
from ssh_wire import UsageError, lazy_attrs

if TYPE_CHECKING:
    from ssh_wire.messages import connection as m

__all__ = ["SessionX11", "X11Displays"]

_MAX_SCREEN = 400


@lazy_attrs.frozen(kw_only=True)
class X11Displays:
    """Where a server listens for X11 clients.

    Attributes:
        offset: the number of the first display, to stay clear of real ones (sshd's
            X11DisplayOffset).
        localhost: whether only programs of this machine can connect (sshd's X11UseLocalhost).

    Raises:
        UsageError: no display has the number.
    """

    offset: int = 10
    localhost: bool = True

    def __attrs_post_init__(self) -> None:
        if not 0 <= self.offset < MAX_DISPLAY:
            problem = f"offset is the number of a display: 0 to {MAX_DISPLAY - 1}"
            raise UsageError(problem)


@lazy_attrs.frozen(kw_only=True)
class SessionX11:
    """The display of one session.

    Attributes:
        display: what DISPLAY is to be.
        authority: the name under which xauth(1) has the cookie.
        protocol: the protocol of authorization.
        cookie: the cookie, in hexadecimal digits.
    """

    display: str
    authority: str
    protocol: str
    cookie: str = lazy_attrs.field(repr=False)

    @classmethod
    def at(cls, displays: X11Displays, number: int, request: m.X11Request) -> Self:
        """Return what a session has whose display has this number."""
        screen = request.screen if request.screen <= _MAX_SCREEN else 0
        at = f"{number}.{screen}"
        host = "localhost" if displays.localhost else socket.gethostname()
        return cls(
            display=f"{host}:{at}",
            # "unix:" is where Xlib looks for the cookie of localhost, which is FamilyLocal
            authority=f"unix:{at}" if displays.localhost else f"{host}:{at}",
            protocol=request.protocol,
            cookie=request.cookie,
        )
