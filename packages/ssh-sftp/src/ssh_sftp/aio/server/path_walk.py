"""Find a path below a root, one name at a time, and never leave it.

Each directory of the path is opened relative to the one before with O_NOFOLLOW, so a link that
another process makes meanwhile is detected, not followed.  Links are read and resolved here.  A
link that leads out of the root (an absolute one, or one that goes above the root) is refused.
".." in a path of the client stops at the root, as it does at "/".

No paths are compared as text, and nothing can change between check and use: the result is the
descriptor of an open directory and one name in it.
"""

from __future__ import annotations

import errno
import os
from collections import deque
from types import TracebackType
from typing import Final, Self

__all__ = ["Location", "find_below", "leads_out"]

_MOST_LINKS: Final = 40
_STEP: Final = getattr(os, "O_PATH", os.O_RDONLY) | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


class Location:
    """A name in an open directory; closes the directory when left.

    Attributes:
        directory: the descriptor of the directory, or None to start from the working one.
        name: the name in it; "." for the directory itself.
        trail: the names that lead to the directory from the root.
        follow: whether a link at the name may be followed, if files are not confined.
    """

    __slots__ = ("_owned", "directory", "follow", "name", "trail")

    directory: int | None
    name: str
    trail: tuple[str, ...]
    follow: bool

    def __init__(
        self,
        directory: int | None,
        name: str,
        trail: tuple[str, ...] = (),
        owned: tuple[int, ...] = (),
        *,
        follow: bool = False,
    ) -> None:
        self.directory = directory
        self.name = name
        self.trail = trail
        self.follow = follow
        self._owned = owned

    @property
    def nofollow(self) -> int:
        """The flag that keeps `open` from following a link at the name."""
        return 0 if self.follow else os.O_NOFOLLOW

    @property
    def path(self) -> str:
        """The path from the root."""
        names = self.trail if self.name == "." else (*self.trail, self.name)
        return "/" + "/".join(names)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for descriptor in self._owned:
            os.close(descriptor)


def find_below(root: int, path: str, *, follow: bool) -> Location:
    """Find a path below an open directory.

    Args:
        root: the descriptor of the root.
        path: the path; relative ones start at the root too.
        follow: whether a link at the end is followed (below the root).

    Raises:
        OSError: a component is missing, is not a directory, or leads out.
    """
    walk = _Walk(root, path)
    try:
        return walk.run(follow=follow)
    except BaseException:
        walk.close()
        raise


def leads_out(trail: tuple[str, ...], target: str) -> bool:
    """Return whether the text of a link, in a directory this deep below the root, leads out."""
    if target.startswith("/"):
        return True
    depth = len(trail)
    for name in _names(target):
        depth += -1 if name == ".." else 1
        if depth < 0:
            return True
    return False


def _names(path: str) -> list[str]:
    return [name for name in path.split("/") if name not in {"", "."}]


class _Walk:
    """The directories from the root to the present one."""

    def __init__(self, root: int, path: str) -> None:
        self._root = root
        self._opened: list[tuple[str, int]] = []
        self._waiting = deque(_names(path))
        self._from_links = 0
        self._links = 0

    def run(self, *, follow: bool) -> Location:
        while self._waiting:
            name = self._waiting.popleft()
            from_link = self._from_links > 0
            self._from_links = max(0, self._from_links - 1)
            if name == "..":
                self._climb(from_link=from_link)
            elif self._waiting:
                self._step(name)
            elif follow and (target := self._link(name)) is not None:
                self._expand(target)
            else:
                return self._place(name)
        return self._place(".")

    def close(self) -> None:
        for _, descriptor in self._opened:
            os.close(descriptor)
        self._opened.clear()

    @property
    def _here(self) -> int:
        return self._opened[-1][1] if self._opened else self._root

    def _place(self, name: str) -> Location:
        trail = tuple(name for name, _ in self._opened)
        owned = tuple(descriptor for _, descriptor in self._opened)
        return Location(self._here, name, trail, owned)

    def _climb(self, *, from_link: bool) -> None:
        if self._opened:
            os.close(self._opened.pop()[1])
        elif from_link:
            raise PermissionError(errno.EACCES, "the link leads out of the root")

    def _step(self, name: str) -> None:
        try:
            self._opened.append((name, os.open(name, _STEP, dir_fd=self._here)))
        except OSError as error:
            if error.errno not in {errno.ENOTDIR, errno.ELOOP}:
                raise
            target = self._link(name)
            if target is None:
                raise
            self._expand(target)

    def _link(self, name: str) -> str | None:
        try:
            return os.readlink(name, dir_fd=self._here)
        except OSError as error:
            if error.errno in {errno.EINVAL, errno.ENOENT}:  # it is not a link
                return None
            raise

    def _expand(self, target: str) -> None:
        self._links += 1
        if self._links > _MOST_LINKS:
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
        if target.startswith("/"):
            raise PermissionError(errno.EACCES, "the link leads out of the root")
        names = _names(target)
        self._waiting.extendleft(reversed(names))
        self._from_links += len(names)
