"""What a folder holds, who may do what with it, and pipes in the place of files."""

from __future__ import annotations

import os
import stat
import threading
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path


def names(path: Path) -> list[str]:
    return [entry.name for entry in path.iterdir()]


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


@contextmanager
def fed(path: Path, content: bytes, permissions: int = 0o600) -> Generator[Path]:
    """Make a named pipe that a thread writes to once, as soon as somebody reads it."""
    os.mkfifo(path)
    path.chmod(permissions)
    writer = threading.Thread(target=_write, args=(path, content), daemon=True)
    writer.start()
    yield path
    writer.join()
    path.unlink()


def _write(path: Path, content: bytes) -> None:
    with suppress(BrokenPipeError):
        path.write_bytes(content)


@contextmanager
def piped(content: bytes) -> Generator[Path]:
    """Give the path of a pipe that has all its content, as a shell's `<(…)` has it."""
    reader, writer = os.pipe()
    os.write(writer, content)
    os.close(writer)
    yield Path(f"/dev/fd/{reader}")
    os.close(reader)
