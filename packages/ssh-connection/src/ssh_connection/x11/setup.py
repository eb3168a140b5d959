"""The first bytes of an X11 connection: the cookie that the server was given, replaced.

"It is RECOMMENDED that the 'x11 authentication cookie' that is sent be a fake, random cookie, and
that the cookie be checked and replaced by the real cookie when a connection request is received"
(RFC 4254 section 6.3.1).  So the server's host never has the real cookie, and a client there that
does not have the fake one is not connected.
"""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING, Final, Literal

from ssh_wire import SSHError

if TYPE_CHECKING:
    from ssh_connection.x11.credential import X11Credential
    from ssh_wire.primitives import Buffer

__all__ = ["CookieReplacement", "WrongCookie"]

_HEAD: Final = 12
_ORDERS: Final[dict[int, Literal["big", "little"]]] = {0x42: "big", 0x6C: "little"}
"""What the first byte says about the order of the others (X Window System Protocol, section 8)."""


class WrongCookie(SSHError):
    """A client of X11 does not have the cookie that the other host was given."""


class CookieReplacement:
    """Reads the setup of one X11 connection, and replaces the cookie in it.

    Args:
        given: what the other host was given.
        real: what the X server admits; of the same size.
    """

    def __init__(self, given: X11Credential, real: X11Credential) -> None:
        self._given = given
        self._real = real
        self._held = bytearray()

    def receive(self, data: Buffer) -> bytes | None:
        """Take data of the client; return what goes to the X server, None while it is incomplete.

        What it returns is the setup with the real cookie, and what came behind it.  Nothing is to
        be given to it afterwards.

        Raises:
            WrongCookie: the client is not to be connected.
        """
        self._held += data
        held = self._held
        if len(held) < _HEAD:
            return None
        order = _ORDERS.get(held[0])
        if order is None:
            problem = "the first byte of an X11 connection is not an order of bytes"
            raise WrongCookie(problem)
        protocol_size = int.from_bytes(held[6:8], order)
        size = int.from_bytes(held[8:10], order)
        begin = _HEAD + _padded(protocol_size)
        if len(held) < begin + _padded(size):
            return None
        protocol = bytes(held[_HEAD : _HEAD + protocol_size])
        cookie = bytes(held[begin : begin + size])
        if not self._matches(protocol, cookie):
            problem = "a client of X11 has another cookie than the one that was given"
            raise WrongCookie(problem)
        held[begin : begin + size] = self._real.cookie
        return bytes(held)

    def _matches(self, protocol: bytes, cookie: bytes) -> bool:
        same_protocol = protocol == self._given.protocol.encode()
        # in a time that does not depend on where they differ
        same_cookie = hmac.compare_digest(cookie, self._given.cookie)
        return same_protocol and same_cookie


def _padded(size: int) -> int:
    """Return the room that a text takes: a multiple of four bytes."""
    return (size + 3) & ~3
