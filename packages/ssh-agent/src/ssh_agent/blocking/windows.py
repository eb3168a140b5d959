"""Pageant's window and its shared memory, by the functions of Windows.

user32 and the maker of memory are arguments: on Windows `load_window` gives those of ctypes and
mmap, a test gives others.
"""

from __future__ import annotations

import ctypes
import sys
import threading
from typing import TYPE_CHECKING, Final, Protocol

from ssh_agent.errors import AgentUnavailable
from ssh_agent.pageant import COPY_DATA_ID

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["CopyData", "Mapped", "Memory", "Window", "load_window"]

_PAGEANT: Final = "Pageant"
_WM_COPYDATA: Final = 0x004A
_SMTO_ABORTIFHUNG: Final = 0x0002
_MAX_MILLISECONDS: Final = 2**31 - 1


class CopyData(ctypes.Structure):
    """COPYDATASTRUCT of winuser.h."""

    _fields_ = (
        ("id", ctypes.c_void_p),
        ("size", ctypes.c_uint32),
        ("data", ctypes.c_char_p),
    )


class Mapped(Protocol):
    """What `mmap.mmap` offers."""

    def seek(self, pos: int, /) -> object:
        """Go to a position."""

    def read(self, size: int, /) -> bytes:
        """Read from there."""
        ...

    def write(self, data: bytes, /) -> object:
        """Write there."""

    def close(self) -> None:
        """Give the memory back."""


class Memory:
    """Shared memory with its name.

    Args:
        name: by which Pageant opens it.
        mapped: the memory.
    """

    def __init__(self, name: str, mapped: Mapped) -> None:
        self.name = name
        self._mapped = mapped

    def write(self, data: bytes, /) -> None:
        """Put `data` at the start."""
        self._mapped.seek(0)
        self._mapped.write(data)

    def read(self, size: int, /) -> bytes:
        """Return the first `size` bytes."""
        self._mapped.seek(0)
        return self._mapped.read(size)

    def close(self) -> None:
        """Give it back."""
        self._mapped.close()


class Window:
    """The window of Pageant.

    Args:
        user32: the library with the functions for windows.
        make: makes shared memory of a size, with a name.
    """

    def __init__(self, user32: ctypes.CDLL, make: Callable[[int, str], Mapped]) -> None:
        self._user32 = user32
        self._make = make

    @property
    def handle(self) -> int:
        """The handle of the window; 0 where Pageant does not run."""
        return self._user32.FindWindowW(_PAGEANT, _PAGEANT) or 0

    def share(self, size: int, /) -> Memory:
        """Make shared memory; raise OSError where there is none."""
        name = f"PageantRequest{threading.get_ident():08x}"
        return Memory(name, self._make(size, name))

    def send(self, name: str, timeout: float | None, /) -> bool:
        """Send WM_COPYDATA with the name of the memory; return whether Pageant answered.

        Raises:
            AgentUnavailable: Pageant does not run.
            TimeoutError: it does not answer within `timeout` seconds.
        """
        handle = self.handle
        if not handle:
            problem = "no agent: Pageant does not run"
            raise AgentUnavailable(problem)
        text = name.encode("ascii") + b"\0"
        copied = CopyData(COPY_DATA_ID, len(text), text)
        limit = _MAX_MILLISECONDS if timeout is None else int(timeout * 1000)
        answer = ctypes.c_size_t()
        sent: int = self._user32.SendMessageTimeoutW(
            handle,
            _WM_COPYDATA,
            None,
            ctypes.byref(copied),
            _SMTO_ABORTIFHUNG,
            min(limit, _MAX_MILLISECONDS),
            ctypes.byref(answer),
        )
        if not sent:
            raise TimeoutError
        return answer.value > 0


def load_window() -> Window:
    """Return Pageant's window, whether it is there or not.

    Raises:
        AgentUnavailable: this is not Windows.
    """
    if sys.platform == "win32":  # pragma: no cover (tests run elsewhere)
        import mmap

        user32 = ctypes.WinDLL("user32")
        # handles have 64 bits; without a type they would be cut to 32
        user32.FindWindowW.restype = ctypes.c_void_p
        user32.FindWindowW.argtypes = (ctypes.c_wchar_p, ctypes.c_wchar_p)
        user32.SendMessageTimeoutW.restype = ctypes.c_ssize_t
        user32.SendMessageTimeoutW.argtypes = (
            *(ctypes.c_void_p, ctypes.c_uint, ctypes.c_void_p, ctypes.c_void_p),
            *(ctypes.c_uint, ctypes.c_uint, ctypes.c_void_p),
        )
        return Window(user32, lambda size, name: mmap.mmap(-1, size, name))
    problem = "no agent: Pageant is a program of Windows"
    raise AgentUnavailable(problem)
