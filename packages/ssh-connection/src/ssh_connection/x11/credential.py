"""What admits a client to a display: a protocol and its data, as xauth(1) prints them."""

from __future__ import annotations

from collections.abc import Callable
from string import ascii_letters, digits
from typing import Final, Self

from ssh_wire import lazy_attrs

__all__ = ["COOKIE_PROTOCOL", "X11Credential", "is_xauth_word", "read_xauth_list"]

COOKIE_PROTOCOL: Final = "MIT-MAGIC-COOKIE-1"
"""The protocol that X servers have; its data is a cookie."""

_COOKIE_SIZE: Final = 16
_MAX_WORD: Final = 511  # of a line of xauth, as OpenSSH reads it
_WORD: Final = frozenset(ascii_letters + digits + ".:/_-")


@lazy_attrs.frozen
class X11Credential:
    """A protocol of authorization and the data that goes with it.

    Attributes:
        protocol: its name, such as MIT-MAGIC-COOKIE-1.
        cookie: the data.
    """

    protocol: str
    cookie: bytes = lazy_attrs.field(repr=False)

    @classmethod
    def generate(cls, random: Callable[[int], bytes], like: X11Credential | None = None) -> Self:
        """Return a new one: of the protocol and the size of another one.

        Args:
            random: returns so many random bytes.
            like: the other one; by default a usual one.
        """
        if like is None:
            return cls(COOKIE_PROTOCOL, random(_COOKIE_SIZE))
        return cls(like.protocol, random(len(like.cookie)))


def read_xauth_list(output: bytes) -> X11Credential | None:
    """Return the first credential in the output of `xauth list`; None if there is none.

    Each line has the name of a display, a protocol, and data in hexadecimal digits.
    """
    words = output.split(b"\n", 1)[0].split()
    if len(words) < 3 or max(map(len, words[1:3])) > _MAX_WORD:  # noqa: PLR2004 (the three words)
        return None
    try:
        protocol, cookie = words[1].decode("ascii"), bytes.fromhex(words[2].decode("ascii"))
    except ValueError:
        return None
    return X11Credential(protocol, cookie) if cookie and is_xauth_word(protocol) else None


def is_xauth_word(text: str) -> bool:
    """Return whether a text may be given to xauth: one word, without what it reads as more.

    A newline in the protocol or the data of a client would be a command for xauth
    (CVE-2016-3115).
    """
    return bool(text) and _WORD.issuperset(text)
