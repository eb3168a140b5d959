"""Pipes in the place of files."""

from __future__ import annotations

import os
import threading
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def fed(path: Path, content: bytes) -> Generator[Path]:
    """Make a named pipe that a thread writes to once, as soon as somebody reads it."""
    os.mkfifo(path, 0o600)
    writer = threading.Thread(target=_write, args=(path, content), daemon=True)
    writer.start()
    yield path
    writer.join()
    path.unlink()


def _write(path: Path, content: bytes) -> None:
    with suppress(BrokenPipeError):
        path.write_bytes(content)


@contextmanager
def piped(content: bytes) -> Generator[int]:
    """Give the descriptor of a pipe that has all its content, as a shell's `<(…)` has it."""
    reader, writer = os.pipe()
    os.write(writer, content)
    os.close(writer)
    yield reader
    os.close(reader)
