"""The banners of one authentication, bounded in total (RFC 4252 section 5.4)."""

from __future__ import annotations

from ssh_auth.limits import AuthLimits
from ssh_wire.messages.auth import UserauthBanner
from ssh_wire.text import escape_lines, raw

__all__ = ["Banners"]

_CONTINUATION, _CONTINUED = 0xC0, 0x80  # of UTF-8: the second and later bytes of a character


class Banners:
    """Cut the text that a server sends before authentication; never refuse it for its length.

    OpenSSH's client prints banners of any length.  Here `banner_bytes` of all of them are
    reported, with a mark where they are cut; what follows is dropped.
    """

    def __init__(self, limits: AuthLimits) -> None:
        self._limits = limits
        self._room = limits.banner_bytes
        self._taken = 0
        self._cut = False

    def take(self, message: UserauthBanner, size: int) -> str | None:
        """Return the text to report, escaped and cut; None where nothing more is reported.

        Args:
            message: the banner.
            size: the bytes of its payload.
        """
        self._taken += size
        if self._cut:
            return None
        text = raw(message.message)
        if len(text) <= self._room:
            self._room -= len(text)
            return escape_lines(message.message)
        self._cut = True
        end = self._room
        while end and text[end] & _CONTINUATION == _CONTINUED:  # between two characters
            end -= 1
        kept = escape_lines(text[:end].decode("utf-8", "surrogateescape"))
        return f"{kept}…\n[the banner is cut after {self._limits.banner_bytes} bytes]\n"

    @property
    def endless(self) -> bool:
        """Whether the server has sent more than could be meant to be read."""
        return self._taken > self._limits.banner_flood_bytes
