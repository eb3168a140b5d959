"""What DISPLAY means (X(7), DISPLAY NAMES): where the X server is, and which screen is meant."""

from __future__ import annotations

from string import ascii_letters, digits
from typing import Final, Self

from ssh_wire import UsageError, lazy_attrs
from ssh_wire.text import printable

__all__ = ["BASE_PORT", "MAX_DISPLAY", "Display"]

BASE_PORT: Final = 6000
"""The TCP port of display 0."""
MAX_DISPLAY: Final = 0xFFFF - BASE_PORT
"""The last display that has a TCP port."""

_MAX_SCREEN: Final = 400  # OpenSSH's x11_request_forwarding_with_spoofing
_VALID: Final = frozenset(ascii_letters + digits + ":/._-")
_MAX_DIGITS: Final = 9
_LOCAL: Final = frozenset({"", "unix", ":"})
"""What is before the last colon of a display that has a Unix socket."""


@lazy_attrs.frozen
class Display:
    """A display of an X server.

    Attributes:
        name: its name, as DISPLAY has it.
        number: the number of the display.
        screen: the number of its screen.
        host: the host that it is on; None where it has a Unix socket.
        path: the path that DISPLAY itself is (launchd's, on macOS); None for the usual place.
    """

    name: str
    number: int
    screen: int = 0
    host: str | None = None
    path: str | None = None

    @classmethod
    def parse(cls, name: str) -> Self:
        """Read the value of DISPLAY as OpenSSH reads it: `unix:0.0`, `:0`, `host:10.0`, a path.

        Raises:
            UsageError: it is not the name of a display.
        """
        where, colon, numbers = name.rpartition(":")
        display, point, last = numbers.partition(".")
        wrong = not (colon and _is_number(display) and (not point or _is_number(last)))
        if wrong or not _VALID.issuperset(name):
            problem = f"DISPLAY is not the name of a display: {printable(name)}"
            raise UsageError(problem)
        number, screen = int(display), int(last or 0)
        screen = screen if screen <= _MAX_SCREEN else 0
        if where.startswith("/"):
            return cls(name, number, screen, path=name)
        if where in _LOCAL:
            return cls(name, number, screen)
        if ":" in where or number > MAX_DISPLAY:
            problem = f"DISPLAY names a display that has no port: {printable(name)}"
            raise UsageError(problem)
        return cls(name, number, screen, host=where)

    @property
    def port(self) -> int:
        """The TCP port of the display."""
        return BASE_PORT + self.number

    @property
    def sockets(self) -> tuple[str, ...]:
        """The paths of its Unix socket, in the order in which they are tried."""
        if self.path is not None:
            # a path may have the number of a screen behind it
            return self.path, self.path.rpartition(".")[0] or self.path
        return (f"/tmp/.X11-unix/X{self.number}",)  # noqa: S108 (where every X server has it)

    @property
    def xauth_name(self) -> str:
        """The name under which xauth has its cookie: that of the Unix socket for localhost."""
        prefix = "localhost:"
        if self.name.startswith(prefix):
            return f"unix:{self.name.removeprefix(prefix)}"
        return self.name


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= _MAX_DIGITS
