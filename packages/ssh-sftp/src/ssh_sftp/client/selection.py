"""Which entries of a tree are transferred: patterns, or a function of one's own."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from fnmatch import translate
from typing import Literal, TypeAlias

from ssh_wire import UsageError, lazy_attrs

__all__ = ["EntryKind", "PathFilter", "Select", "TreeEntry", "everything"]

EntryKind: TypeAlias = Literal["file", "directory", "link", "other"]
"""What an entry is; a device, a socket or what the server does not report is "other"."""


@lazy_attrs.frozen
class TreeEntry:
    """A file or directory of a tree.

    Attributes:
        path: where it is below the top of the tree, with slashes between the components.
        kind: what it is.
        size: its bytes, if they are known.
        mtime: when it was last written, in seconds since 1970, if that is known.
        mode: its permission bits, if they are known.
    """

    path: str
    kind: EntryKind
    size: int | None = None
    mtime: int | None = None
    mode: int | None = None


Select: TypeAlias = Callable[[TreeEntry], bool]
"""Returns whether an entry is transferred; below a directory that is not, nothing is."""


def everything(_entry: TreeEntry) -> bool:
    """Take each entry."""
    return True


class PathFilter:
    """Select entries by patterns; a `Select`.

    A file is transferred if it matches one of `include` (without any, each does) and none of
    `exclude`.  A directory is left out, with everything in it, if it matches one of `exclude`.

    A pattern is one of the shell: `*`, `?` and `[…]` match within a component, `**` matches any
    number of components.  Without a slash it is compared with the last component; with one, with
    the path below the top of the tree.  A slash at its end limits it to directories.

    Args:
        include: patterns of the files that are transferred.
        exclude: patterns of what is left out.

    Raises:
        UsageError: a pattern is empty, or one text was given in the place of a list.
    """

    def __init__(self, include: Iterable[str] = (), exclude: Iterable[str] = ()) -> None:
        self._include = _patterns("include", include)
        self._exclude = _patterns("exclude", exclude)

    def __call__(self, entry: TreeEntry) -> bool:
        """Return whether an entry is transferred."""
        if any(pattern.matches(entry) for pattern in self._exclude):
            return False
        if entry.kind == "directory" or not self._include:
            return True
        return any(pattern.matches(entry) for pattern in self._include)


class _Pattern:
    """One pattern."""

    def __init__(self, text: str) -> None:
        self._directories = text.endswith("/")
        text = text.rstrip("/")
        self._whole = "/" in text
        self._parts = [
            None if part == "**" else re.compile(translate(part))
            for part in text.strip("/").split("/")
        ]

    def matches(self, entry: TreeEntry) -> bool:
        """Return whether it matches an entry."""
        if self._directories and entry.kind != "directory":
            return False
        names = entry.path.split("/")
        return _match(self._parts, names if self._whole else names[-1:])


def _match(parts: Sequence[re.Pattern[str] | None], names: Sequence[str]) -> bool:
    """Return whether all names match; `ends` are the counts of names that the parts so far can."""
    ends = {0}
    for part in parts:
        if part is None:
            ends = set(range(min(ends), len(names) + 1))
        else:
            ends = {end + 1 for end in ends if end < len(names) and part.match(names[end])}
        if not ends:
            return False
    return len(names) in ends


def _patterns(name: str, texts: Iterable[str]) -> list[_Pattern]:
    if isinstance(texts, str):
        problem = f"{name} is a list of patterns, not one text: {texts!r}"
        raise UsageError(problem)
    found = list(texts)
    if not all(text.strip("/") for text in found):
        problem = f"a pattern of {name} is empty"
        raise UsageError(problem)
    return [_Pattern(text) for text in found]
