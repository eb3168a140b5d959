"""A folder that a test and the programs of a peer both see.

A command in a container takes longer than what it does, so a test gives the peer one script.
"""

from __future__ import annotations

import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import attrs

from tests.interop.peers import Peer

if TYPE_CHECKING:
    from collections.abc import Generator

__all__ = ["Workshop", "open_workshop"]

# whoever runs the tests may read and remove what the peer wrote
_AROUND: Final = 'cd "$1"; umask 022; set -u; {script}\nchmod -R a+rwX . 2>/dev/null || true'


@attrs.frozen
class Workshop:
    """The folder, and the peer whose programs work in it."""

    peer: Peer
    folder: Path

    @property
    def version(self) -> tuple[int, int]:
        """The peer's version of OpenSSH."""
        major, _, minor = self.peer.name.removeprefix("openssh-").partition(".")
        return int(major), int(minor)

    def write(self, name: str, content: bytes | str, mode: int = 0o644) -> Path:
        """Put a file into the folder."""
        path = self.folder / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        path.chmod(mode)
        return path

    def read(self, name: str) -> bytes:
        """Return a file of the folder."""
        return (self.folder / name).read_bytes()

    def run(self, script: str, timeout: float = 100) -> bytes:
        """Run a shell script in the folder; return what it printed."""
        text = _AROUND.replace("{script}", script)
        argv = ["sh", "-c", text, "workshop", str(self.folder)]
        done = self.peer.run_client(argv, timeout=timeout)
        assert done.returncode == 0, done.stderr.decode(errors="replace")
        return done.stdout


@contextmanager
def open_workshop(peer: Peer) -> Generator[Workshop]:
    """Make a folder for a test and a peer; leaving the block removes it."""
    folder = Path(tempfile.mkdtemp(prefix="workshop-", dir=peer.keys.folder))
    folder.chmod(0o755)
    try:
        yield Workshop(peer, folder)
    finally:
        shutil.rmtree(folder)
