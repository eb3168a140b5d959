"""The local terminal while it belongs to a remote one.

Raw mode as OpenSSH's, and back whatever happens; the size; the modes that the remote
terminal begins with (RFC 4254 section 8).
"""

from __future__ import annotations

import asyncio
import os
import signal
import termios
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from typing import Final, Self, TypeAlias, cast

from ssh_connection import ChannelClosed
from ssh_connection.aio import Pty

__all__ = ["RawMode", "following_size", "local_pty", "window_size"]

_Attributes: TypeAlias = list[int | list[bytes | int]]

_IFLAG, _OFLAG, _CFLAG, _LFLAG, _ISPEED, _OSPEED, _CC = range(7)
_TTY_OP_ISPEED: Final = 128
_TTY_OP_OSPEED: Final = 129
_DISABLED: Final = 255  # "255 if none" (RFC 4254 section 8)

# opcode and name in termios, as RFC 4254 section 8 lists them; a system has not all of them
_CHARACTERS: Final = (
    (1, "VINTR"), (2, "VQUIT"), (3, "VERASE"), (4, "VKILL"), (5, "VEOF"), (6, "VEOL"),
    (7, "VEOL2"), (8, "VSTART"), (9, "VSTOP"), (10, "VSUSP"), (11, "VDSUSP"),
    (12, "VREPRINT"), (13, "VWERASE"), (14, "VLNEXT"), (16, "VSWTC"), (17, "VSTATUS"),
    (18, "VDISCARD"),
)  # fmt: skip
_FLAGS: Final = (
    (_IFLAG, ((30, "IGNPAR"), (31, "PARMRK"), (32, "INPCK"), (33, "ISTRIP"), (34, "INLCR"),
              (35, "IGNCR"), (36, "ICRNL"), (37, "IUCLC"), (38, "IXON"), (39, "IXANY"),
              (40, "IXOFF"), (41, "IMAXBEL"), (42, "IUTF8"))),
    (_LFLAG, ((50, "ISIG"), (51, "ICANON"), (52, "XCASE"), (53, "ECHO"), (54, "ECHOE"),
              (55, "ECHOK"), (56, "ECHONL"), (57, "NOFLSH"), (58, "TOSTOP"), (59, "IEXTEN"),
              (60, "ECHOCTL"), (61, "ECHOKE"), (62, "PENDIN"))),  # codespell:ignore
    (_OFLAG, ((70, "OPOST"), (71, "OLCUC"), (72, "ONLCR"), (73, "OCRNL"), (74, "ONOCR"),
              (75, "ONLRET"))),
    (_CFLAG, ((90, "CS7"), (91, "CS8"), (92, "PARENB"), (93, "PARODD"))),
)  # fmt: skip
_IUTF8: Final = 0o40000  # Linux's; Python's termios lacks the name
_RAW_INPUT: Final = ("ISTRIP", "INLCR", "IGNCR", "ICRNL", "IXON", "IXANY", "IXOFF", "IUCLC")
_RAW_LOCAL: Final = ("ISIG", "ICANON", "ECHO", "ECHOE", "ECHOK", "ECHONL", "IEXTEN")


def _bit(name: str) -> int:
    if name == "IUTF8" and os.uname().sysname == "Linux":
        return _IUTF8
    return cast("int", getattr(termios, name, 0))


def local_pty(fd: int) -> Pty:
    """Return a terminal like the one at `fd`, or a bare one if there is none."""
    term = os.environ.get("TERM", "dumb")
    try:
        attributes = termios.tcgetattr(fd)
    except termios.error:
        return Pty(term, 0, 0)
    columns, rows = window_size(fd)
    return Pty(term, columns, rows, _modes(attributes))


def window_size(fd: int) -> tuple[int, int]:
    """Return columns and rows of the terminal at `fd`; zeros if it is not a terminal."""
    try:
        size = os.get_terminal_size(fd)
    except OSError:
        return 0, 0
    return size.columns, size.lines


def _modes(attributes: _Attributes) -> dict[int, int]:
    numbers = cast("list[int]", attributes)
    characters = cast("list[bytes | int]", attributes[_CC])
    modes = {
        _TTY_OP_ISPEED: _baud(numbers[_ISPEED]),
        _TTY_OP_OSPEED: _baud(numbers[_OSPEED]),
    }
    for opcode, name in _CHARACTERS:
        index = getattr(termios, name, None)
        if index is not None:
            char = characters[cast("int", index)]
            number = char if isinstance(char, int) else ord(char)
            modes[opcode] = number or _DISABLED
    for field, flags in _FLAGS:
        for opcode, name in flags:
            if bit := _bit(name):
                modes[opcode] = int(numbers[field] & bit == bit)
    return modes


def _baud(code: int) -> int:
    """Return the speed that one of termios' constants stands for."""
    for name in dir(termios):
        if name[:1] == "B" and name[1:].isdigit() and getattr(termios, name) == code:
            return int(name[1:])
    return 38400


class RawMode:
    """Passes every key on as it is, for the length of a block; may be left for a while.

    Args:
        fd: the terminal; what is not one is left alone.
    """

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._before: _Attributes | None = None

    def enter(self) -> None:
        """Make the terminal raw, as OpenSSH does it."""
        try:
            before = termios.tcgetattr(self._fd)
            raw = termios.tcgetattr(self._fd)
        except termios.error:
            return
        numbers = cast("list[int]", raw)
        numbers[_IFLAG] |= termios.IGNPAR
        numbers[_IFLAG] &= ~sum(map(_bit, _RAW_INPUT))
        numbers[_LFLAG] &= ~sum(map(_bit, _RAW_LOCAL))
        numbers[_OFLAG] &= ~termios.OPOST
        characters = cast("list[bytes | int]", raw[_CC])
        characters[termios.VMIN], characters[termios.VTIME] = 1, 0
        self._before = before  # first: a signal may come at any time
        termios.tcsetattr(self._fd, termios.TCSADRAIN, raw)

    def leave(self) -> None:
        """Make the terminal what it was."""
        if self._before is not None:
            with suppress(termios.error):  # the terminal may be gone
                termios.tcsetattr(self._fd, termios.TCSADRAIN, self._before)
            self._before = None

    @contextmanager
    def left(self) -> Generator[None]:
        """Have the terminal as it was for the length of the block."""
        self.leave()
        try:
            yield
        finally:
            self.enter()

    def __enter__(self) -> Self:
        self.enter()
        return self

    def __exit__(self, *_: object) -> None:
        self.leave()


@contextmanager
def following_size(fd: int, resize: Callable[[int, int], None]) -> Generator[None]:
    """Call `resize` with columns and rows of the terminal `fd` when they change.

    There may be several at a time: a master has the terminals of its clients.
    """
    loop = asyncio.get_running_loop()
    following = (fd, resize)
    _following.append(following)
    loop.add_signal_handler(signal.SIGWINCH, _tell_sizes)
    try:
        yield
    finally:
        _following.remove(following)
        if not _following:
            loop.remove_signal_handler(signal.SIGWINCH)


_following: Final[list[tuple[int, Callable[[int, int], None]]]] = []


def _tell_sizes() -> None:
    for fd, resize in tuple(_following):
        with suppress(ChannelClosed):
            resize(*window_size(fd))
