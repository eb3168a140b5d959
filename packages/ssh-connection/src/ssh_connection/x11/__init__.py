"""X11 forwarding without I/O (RFC 4254 section 6.3).

display     what DISPLAY means
credential  what admits a client to a display, as xauth prints it
setup       the first bytes of an X11 connection, with the cookie in them replaced
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ssh_wire import lazy

if TYPE_CHECKING:
    from ssh_connection.x11.credential import COOKIE_PROTOCOL as COOKIE_PROTOCOL
    from ssh_connection.x11.credential import X11Credential as X11Credential
    from ssh_connection.x11.credential import is_xauth_word as is_xauth_word
    from ssh_connection.x11.credential import read_xauth_list as read_xauth_list
    from ssh_connection.x11.display import Display as Display
    from ssh_connection.x11.setup import CookieReplacement as CookieReplacement
    from ssh_connection.x11.setup import WrongCookie as WrongCookie
else:
    __getattr__, __dir__, __all__ = lazy.names(
        __name__,
        {
            "ssh_connection.x11.credential": (
                "COOKIE_PROTOCOL X11Credential is_xauth_word read_xauth_list"
            ),
            "ssh_connection.x11.display": "Display",
            "ssh_connection.x11.setup": "CookieReplacement WrongCookie",
        },
    )
