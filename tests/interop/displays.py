"""X servers without a screen (Xvfb), each for one test."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from typing import TYPE_CHECKING

import attrs

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

__all__ = ["XServer", "unavailable", "x_server"]

_PROGRAMS = ("Xvfb", "xauth", "xdpyinfo", "xwininfo", "xclock")


@attrs.frozen
class XServer:
    """A running X server, which admits who has its cookie."""

    name: str
    """What DISPLAY is to be."""
    authority: Path
    """The file that has the cookie: what XAUTHORITY is to be."""

    @property
    def environment(self) -> dict[str, str]:
        """The environment of a program that is to reach it."""
        return {**os.environ, "DISPLAY": self.name, "XAUTHORITY": str(self.authority)}


def unavailable() -> str | None:
    """Say what the machine lacks to run one, or give None."""
    missing = [name for name in _PROGRAMS if shutil.which(name) is None]
    return f"not on this machine: {', '.join(missing)}" if missing else None


@contextlib.contextmanager
def x_server(folder: Path, *, tcp: bool = False) -> Generator[XServer]:
    """Run an X server on a display that is free; leaving the block ends it.

    Args:
        folder: where the file with its cookie is written.
        tcp: whether it has a TCP port, for programs in containers.
    """
    authority = folder / "authority"
    cookie = os.urandom(16).hex()
    reading, writing = os.pipe()
    # without -noreset it would forget the cookies that it generates, once no client is left
    command = ["Xvfb", "-displayfd", str(writing), "-auth", str(authority), "-noreset"]
    authority.touch(mode=0o600)
    add = ["xauth", "-q", "-f", str(authority), "add"]
    # its number is not known before it runs; it reads the file when its first client comes
    with subprocess.Popen(
        [*command, "-listen" if tcp else "-nolisten", "tcp"],
        pass_fds=[writing],
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            os.close(writing)
            with os.fdopen(reading, "rb") as pipe:
                number = pipe.readline().decode().strip()
            name = f"127.0.0.1:{number}" if tcp else f":{number}"
            subprocess.run([*add, name, ".", cookie], check=True, timeout=30)
            yield XServer(name, authority)
        finally:
            process.terminate()
