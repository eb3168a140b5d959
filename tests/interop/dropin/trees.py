"""Folders of small files, and whether two of them hold the same."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Final

__all__ = ["content", "plant"]

_PER_FOLDER: Final = 100


def plant(root: Path, files: int, size: int = 1024) -> Path:
    """Write a tree of files, each with a content of its own, the same each time."""
    source = random.Random(files * size)  # noqa: S311 - content, not keys
    for number in range(files):
        path = root / f"d{number // _PER_FOLDER:02}" / f"f{number:04}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(source.randbytes(size))
    return root


def content(root: Path) -> dict[str, bytes]:
    """Every file below a folder, by its name there."""
    files = (path for path in root.rglob("*") if path.is_file())
    return {str(path.relative_to(root)): path.read_bytes() for path in files}
