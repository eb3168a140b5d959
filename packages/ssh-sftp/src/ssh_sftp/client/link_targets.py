"""Which targets of symbolic links stay within a tree."""

from __future__ import annotations

__all__ = ["stays_within"]


def stays_within(path: str, target: str) -> bool:
    """Return whether a link leads to a place in its tree, whatever other links of it lead to.

    It may climb at its start only, and not above the top: behind a name that is a link itself,
    `..` leads elsewhere than the text says.

    Args:
        path: the link, below the top of the tree.
        target: what it leads to.
    """
    if not target or target.startswith("/") or "\0" in target:
        return False
    components = [each for each in target.split("/") if each not in {"", "."}]
    climbs = 0
    while climbs < len(components) and components[climbs] == "..":
        climbs += 1
    return climbs <= path.count("/") and ".." not in components[climbs:]
