"""Connections that a process has inherited by a fork: they belong to the process that made them.

Both processes would count packets on their own, under the same keys, and read and write one
socket.  So the new process has its descriptor of the socket replaced by one whose other end is
closed; the connection of the process that made it does not notice.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Generator
from contextlib import contextmanager, suppress
from typing import Final, Protocol
from weakref import WeakSet

__all__ = ["INHERITED", "Disownable", "cut_off", "disown_after_fork", "hand_over"]

INHERITED: Final = "the connection belongs to the process that made it, not to a fork of it"


class Disownable(Protocol):
    """What has a connection."""

    def disown(self) -> None:
        """Use the connection no more: this process is a fork of the one that made it."""


_inheritable: Final = WeakSet[Disownable]()
_handed_over: Final[list[bool]] = []
"""Not empty while a fork is to have the connections."""


def disown_after_fork(thing: Disownable) -> None:
    """Call `disown` of a thing in every process that is forked of this one."""
    _inheritable.add(thing)


def cut_off(descriptor: int) -> None:
    """Have a descriptor lead nowhere: it reads the end of file, and cannot be written."""
    with suppress(OSError):  # it is closed by now
        ours, other = socket.socketpair()
        with ours:
            other.close()
            os.dup2(ours.fileno(), descriptor, inheritable=False)


@contextmanager
def hand_over() -> Generator[None]:
    """Let a fork in this block go on with the connections.

    The process that made them has to end at once, by `os._exit`, and use none of them again.
    """
    _handed_over.append(True)
    try:
        yield
    finally:
        _handed_over.pop()


def _disown_all() -> None:
    if not _handed_over:
        for each in tuple(_inheritable):
            each.disown()


if hasattr(os, "register_at_fork"):  # not on Windows, which has no fork
    os.register_at_fork(after_in_child=_disown_all)
