"""The sshd that everybody talks to, and the files that are moved.

Everything lies in one folder, in memory where the machine has /dev/shm, that the server's
container sees under the same path.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

import attrs

from benchmarks.figures import TREE_FILE_SIZE, TREE_FILES, Figure
from benchmarks.task import MIB, Task
from tests.interop import engine
from tests.interop.peers import USER, Keys, Peer, start_peer, stop_peers

if TYPE_CHECKING:
    from collections.abc import Generator

_SUITE: Final = "trixie"
_MEMORY: Final = Path("/dev/shm")  # noqa: S108 - the folder in it is made by mkdtemp
_FILES_PER_FOLDER: Final = 100


class Unfit(Exception):
    """The machine cannot run the benchmarks."""


@attrs.frozen
class Bed:
    """A running sshd, the data, and a place for copies of it."""

    peer: Peer
    folder: Path

    @property
    def _copy(self) -> Path:
        return self.folder / "out" / "copy"

    def task(self, figure: Figure, size: int) -> Task:
        """What a client is told for a figure; there is no copy yet when it starts."""
        source = self.folder / "data" / ("tree" if figure.kind == "tree" else f"file-{size}")
        copy = Path("/dev/null") if figure.discards else self._copy
        if figure.operation.startswith("get"):
            local, remote = copy, source
        else:
            local, remote = source, copy
        return {
            "operation": figure.operation,
            "port": self.peer.port,
            "user": USER,
            "key": str(self.peer.keys.private["ed25519"]),
            "known_hosts": str(self.peer.known_hosts),
            "local": str(local),
            "remote": str(remote),
            "size": size,
            "count": figure.count,
            "jump": figure.jump,
        }

    def prepare(self, size: int) -> None:
        """Have a source file of this size."""
        _write_file(self.folder / "data" / f"file-{size}", size)

    def clean(self) -> None:
        """Remove the copy, whoever made it."""
        self.peer.run_client(["rm", "-rf", str(self._copy)])

    def even_out(self, figure: Figure, size: int) -> None:
        """Let every contender find the same memory where it writes a large file.

        New pages cost several times what pages cost that the file before has given back; the
        contender behind a small file would pay for the one before it.
        """
        if figure.kind == "bulk" and not figure.discards:
            pages = self.folder / "out" / "pages"
            _write_file(pages, size)
            pages.unlink()

    def check(self, figure: Figure, size: int) -> None:
        """Raise unless the copy that a figure leaves is a true one."""
        if figure.discards:
            return
        match figure.kind, figure.operation:
            case "bulk", "get" | "put":
                true = _same(self.folder / "data" / f"file-{size}", self._copy)
            case "tree", _:
                true = _content(self.folder / "data" / "tree") == _content(self._copy)
            case _:
                true = True
        if not true:
            message = f"{figure.name}: the copy differs"
            raise ValueError(message)


@contextlib.contextmanager
def spread(sizes: set[int]) -> Generator[Bed]:
    """Start a server of its own with data of these sizes; leaving the block removes both."""
    if reason := engine.unavailable():
        message = f"no container engine: {reason}"
        raise Unfit(message)
    image = engine.build_image(_SUITE)
    folder = Path(tempfile.mkdtemp(prefix="ssh-stack-bench-", dir=_place(sum(sizes) + max(sizes))))
    try:
        keys = Keys.generate(folder, image)
        _lay_out(folder)
        peer = start_peer(_SUITE, keys, owner=str(os.getpid()))
        bed = Bed(peer, folder)
        try:
            for size in sizes:
                bed.prepare(size)
            yield bed
        finally:
            bed.clean()
            stop_peers({_SUITE: peer})
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _place(size: int) -> Path | None:
    """Where there is room in memory; None is the usual place for temporary files."""
    with contextlib.suppress(OSError):
        if shutil.disk_usage(_MEMORY).free > size + 256 * MIB:
            return _MEMORY
    return None


def _lay_out(folder: Path) -> None:
    folder.chmod(0o755)
    (folder / "out").mkdir()
    (folder / "out").chmod(0o777)
    tree = folder / "data" / "tree"
    tree.mkdir(parents=True)
    for number in range(TREE_FILES):
        path = tree / f"d{number // _FILES_PER_FOLDER:02}" / f"f{number:04}"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(os.urandom(TREE_FILE_SIZE))


def _write_file(path: Path, size: int) -> None:
    block = os.urandom(MIB)
    with path.open("wb") as file:
        for start in range(0, size, MIB):
            file.write(block[: size - start])


def _same(one: Path, other: Path) -> bool:
    if one.stat().st_size != other.stat().st_size:
        return False
    with one.open("rb") as left, other.open("rb") as right:
        while data := left.read(MIB):
            if data != right.read(MIB):
                return False
    return True


def _content(root: Path) -> dict[str, bytes]:
    paths = (path for path in root.rglob("*") if path.is_file())
    return {str(path.relative_to(root)): path.read_bytes() for path in paths}
