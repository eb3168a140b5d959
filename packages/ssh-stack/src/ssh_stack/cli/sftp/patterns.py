"""Patterns of file names, as glob(3) has them, on the server and here.

A backslash makes the next character ordinary; `*`, `?` and `[…]` match within a component, and a
leading dot only where the pattern has it.
"""

from __future__ import annotations

import asyncio
import os
import re
import stat
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import TYPE_CHECKING, Final, Protocol

from ssh_sftp import Attributes, SFTPConnectionLost, SFTPError, SFTPTimeout
from ssh_wire import UsageError, lazy_attrs

if TYPE_CHECKING:
    from ssh_sftp.aio import SFTPClient

__all__ = ["Found", "LocalNames", "RemoteNames", "expand_braces", "find", "plain_text"]

_MAGIC: Final = frozenset("*?[")
_MOST_MATCHES: Final = 1_000_000
_MOST_ALTERNATIVES: Final = 1_000


@lazy_attrs.frozen
class Found:
    """A path that a pattern matches.

    Attributes:
        path: the path.
        attributes: its attributes, links followed where they lead somewhere.
    """

    path: str
    attributes: Attributes

    @property
    def is_directory(self) -> bool:
        """Whether it is a directory, or leads to one."""
        return self.attributes.is_dir

    @property
    def marked(self) -> str:
        """The path, with a slash behind a directory."""
        return f"{self.path}/" if self.is_directory and self.path[-1:] != "/" else self.path


class Names(Protocol):
    """Where the names are that a pattern is held against."""

    async def lookup(self, path: str) -> Attributes | None:
        """Return the attributes of a path, or None where there is nothing."""

    def listing(self, path: str) -> AsyncIterator[str]:
        """Iterate over the names in a directory; over none where it cannot be read."""
        ...


@lazy_attrs.frozen
class RemoteNames:
    """The names on a server; each is one plain component, or the listing raises an error."""

    sftp: SFTPClient

    async def lookup(self, path: str) -> Attributes | None:
        """Return the attributes of a path, or None where there is nothing."""
        try:
            found = await self.sftp.lstat(path)
        except (SFTPConnectionLost, SFTPTimeout):
            raise
        except SFTPError:
            return None
        if found.is_symlink:
            try:
                return await self.sftp.stat(path)
            except (SFTPConnectionLost, SFTPTimeout):
                raise
            except SFTPError:
                pass  # it leads nowhere
        return found

    async def listing(self, path: str) -> AsyncIterator[str]:
        """Iterate over the names in a directory; over none where it cannot be read."""
        try:
            async for entry in self.sftp.scandir(path):
                yield entry.name
        except (SFTPConnectionLost, SFTPTimeout):
            raise
        except SFTPError:
            return


class LocalNames:
    """The names on this machine."""

    async def lookup(self, path: str) -> Attributes | None:
        """Return the attributes of a path, or None where there is nothing."""
        try:
            found = await asyncio.to_thread(os.stat, path)
        except (OSError, ValueError):
            if not await asyncio.to_thread(os.path.islink, path):
                return None
            return Attributes(permissions=stat.S_IFLNK)
        return Attributes(size=found.st_size, permissions=found.st_mode)

    async def listing(self, path: str) -> AsyncIterator[str]:
        """Iterate over the names in a directory; over none where it cannot be read."""
        try:
            names = await asyncio.to_thread(os.listdir, path)
        except (OSError, ValueError):
            return
        for name in names:
            yield name


async def find(names: Names, pattern: str, *, ordered: bool = True) -> list[Found]:
    """Return what a pattern matches; nothing where there is no such path.

    Args:
        names: where it is looked for.
        pattern: the pattern.
        ordered: whether the paths are sorted; else they come as they are listed.

    Raises:
        UsageError: it matches too much.
    """
    found: list[Found] = []
    async for path in _paths(names, "", _components(pattern)):
        attributes = await names.lookup(path)
        if attributes is not None:
            found.append(Found(path, attributes))
        if len(found) > _MOST_MATCHES:
            problem = f'Too many matches for "{pattern}".'
            raise UsageError(problem)
    if ordered:
        found.sort(key=lambda each: os.fsencode(each.path))
    return found


async def _paths(names: Names, base: str, components: Sequence[str]) -> AsyncIterator[str]:
    """Iterate over the paths below `base`; those without a pattern need not exist."""
    for index, component in enumerate(components):
        if not _is_pattern(component):
            base += plain_text(component)
            continue
        slashes = component[len(component.rstrip("/")) :]
        expression = _expression(component.rstrip("/"))
        async for name in names.listing(base or "."):
            if expression.fullmatch(name) and (name[0] != "." or component[0] == "."):
                below = f"{base}{name}{slashes}"
                async for path in _paths(names, below, components[index + 1 :]):
                    yield path
        return
    yield base


def _components(pattern: str) -> list[str]:
    """Return the components of a pattern, each with the slashes behind it."""
    return re.findall(r"[^/]+/*|/+", pattern)


def _tokens(pattern: str) -> Iterator[tuple[str, bool]]:
    """Iterate over the characters, each with whether a backslash was before it."""
    at = 0
    while at < len(pattern):
        escaped = pattern[at] == "\\" and at + 1 < len(pattern)
        at += escaped
        yield pattern[at], escaped
        at += 1


def _is_pattern(text: str) -> bool:
    return any(char in _MAGIC and not escaped for char, escaped in _tokens(text))


def plain_text(pattern: str) -> str:
    """Return the path that a pattern means where it matches nothing."""
    return "".join(char for char, _ in _tokens(pattern))


def _expression(pattern: str) -> re.Pattern[str]:
    tokens = list(_tokens(pattern))
    made: list[str] = []
    at = 0
    while at < len(tokens):
        char, escaped = tokens[at]
        if escaped or char not in _MAGIC:
            made.append(re.escape(char))
        elif char == "*":
            if made[-1:] != [".*"]:  # the like of "**" would take for ever
                made.append(".*")
        elif char == "?":
            made.append(".")
        else:
            made_class, at = _class(tokens, at)
            made.append(made_class)
        at += 1
    return re.compile("".join(made), re.DOTALL)


def _class(tokens: Sequence[tuple[str, bool]], start: int) -> tuple[str, int]:
    """Return a bracket expression, and the index of its end; a bracket alone means itself."""
    at = start + 1
    negated = at < len(tokens) and tokens[at] == ("!", False)
    at += negated
    first = at
    members: list[str] = []
    while at < len(tokens) and (tokens[at] != ("]", False) or at == first):
        low = tokens[at][0]
        high = low
        if at + 2 < len(tokens) and tokens[at + 1] == ("-", False) and tokens[at + 2][0] != "]":
            at += 2
            high = tokens[at][0]
        if low <= high:
            members.append(f"{re.escape(low)}-{re.escape(high)}")
        at += 1
    if at >= len(tokens):
        return r"\[", start
    inside = "".join(members)
    if not inside:
        return (".", at) if negated else ("(?!)", at)
    return f"[{'^' if negated else ''}{inside}]", at


def expand_braces(pattern: str) -> list[str]:
    """Return the patterns that `{a,b}` stands for; `{}` means itself, as for csh(1)."""
    waiting, done = [pattern], list[str]()
    while waiting:
        text = waiting.pop(0)
        parts = _braces(text)
        if parts is None:
            done.append(text)
        else:
            head, choices, tail = parts
            waiting = [f"{head}{choice}{tail}" for choice in choices] + waiting
        if len(waiting) + len(done) > _MOST_ALTERNATIVES:
            problem = f'Too many matches for "{pattern}".'
            raise UsageError(problem)
    return done


def _braces(text: str) -> tuple[str, list[str], str] | None:
    """Return what is before, in and behind the first pair of braces."""
    depth, start = 0, -1
    choices: list[str] = []
    begun = 0
    at = 0
    while at < len(text):
        char = text[at]
        if char == "\\":
            at += 1
        elif char == "{" and text[at : at + 2] != "{}":
            if depth == 0:
                start, begun = at, at + 1
            depth += 1
        elif char == "," and depth == 1:
            choices.append(text[begun:at])
            begun = at + 1
        elif char == "}" and depth:
            depth -= 1
            if depth == 0:
                return text[:start], [*choices, text[begun:at]], text[at + 1 :]
        at += 1
    return None
