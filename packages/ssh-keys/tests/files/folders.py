"""What a folder holds, and who may do what with it."""

from __future__ import annotations

import stat
from pathlib import Path


def names(path: Path) -> list[str]:
    return [entry.name for entry in path.iterdir()]


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)
