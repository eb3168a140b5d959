"""Remember the content of pipes and devices, which can be read only once.

A key file is read as a public key and then as a private one, and a configuration again for each
jump host.  In the scope of a `ReadOnce`, a file that is not a regular one is read the first time
and remembered.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from contextvars import ContextVar
from os import stat_result
from typing import Final, TypeAlias

from ssh_keys.errors import KeyFormatError

__all__ = ["ReadOnce"]

Content: TypeAlias = tuple[stat_result, bytes]
"""What is known of a file, and what it held."""

_ACTIVE: Final[ContextVar[ReadOnce | None]] = ContextVar("ssh_keys.files.once", default=None)


class ReadOnce:
    """Remembers what the pipes and devices held that are read in its scope, by their paths."""

    def __init__(self) -> None:
        self._kept: dict[str, Content | KeyFormatError] = {}
        self._reading = threading.Lock()

    @classmethod
    def current(cls) -> ReadOnce:
        """Return the one whose scope this is, or a new one."""
        return _ACTIVE.get() or cls()

    @contextmanager
    def scope(self) -> Generator[None]:
        """Remember what is read in the block, and in threads that have its context."""
        token = _ACTIVE.set(self)
        try:
            yield
        finally:
            _ACTIVE.reset(token)

    def kept(self, path: str, read: Callable[[], Content]) -> Content:
        """Return what a path held, or raise why not; `read` is called for the first who asks."""
        with self._reading:
            if path not in self._kept:
                try:
                    self._kept[path] = read()
                except KeyFormatError as error:  # what is left of it is not what it held
                    self._kept[path] = error
            found = self._kept[path]
        if isinstance(found, KeyFormatError):
            raise found
        return found
