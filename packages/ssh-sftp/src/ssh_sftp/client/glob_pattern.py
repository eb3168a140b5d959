"""Patterns of paths, as `pathlib` has them."""

from __future__ import annotations

import fnmatch
import re
from typing import Final

__all__ = ["Step", "steps_of"]

_MAGIC: Final = frozenset("*?[")


class Step:
    """One component of a pattern.

    Attributes:
        name: the component.
        deep: whether it is "**", for directories of any depth.
        literal: whether it matches its own name alone.
    """

    __slots__ = ("_regex", "deep", "literal", "name")

    def __init__(self, name: str) -> None:
        self.name: str = name
        self.deep: bool = name == "**"
        self.literal: bool = not _MAGIC.intersection(name)
        self._regex = re.compile(fnmatch.translate(name))

    def matches(self, name: str) -> bool:
        """Return whether a name in a directory matches."""
        return self._regex.match(name) is not None


def steps_of(pattern: str) -> tuple[Step, ...]:
    """Return the components of a pattern.

    Raises:
        ValueError: it is empty, or has "**" with more in one component.
    """
    names = [name for name in pattern.split("/") if name not in {"", "."}]
    if not names:
        problem = f"{pattern!r} is not a pattern"
        raise ValueError(problem)
    found: list[Step] = []
    for name in names:
        if "**" in name and name != "**":
            problem = f'{pattern!r}: "**" is a component of its own'
            raise ValueError(problem)
        if not (name == "**" and found and found[-1].deep):  # two in a row are one
            found.append(Step(name))
    return tuple(found)
