"""A model of a file system against the rooted server, through our client, some calls at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeAlias, cast

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ssh_sftp import FileSystem, SFTPError
from ssh_sftp.aio import InThreads, Rooted, SFTPClient, SFTPServer
from ssh_sftp.testing import memory_pipes

Result: TypeAlias = bytes | list[str] | None


class Refused(Exception):
    """The model refuses."""


class Model:
    """Directories are None, files their bytes."""

    def __init__(self) -> None:
        self.nodes: dict[str, bytes | None] = {"": None}

    def write(self, path: str, data: bytes) -> None:
        self._check_parent(path)
        if self.nodes.get(path, b"") is None:
            raise Refused
        self.nodes[path] = data

    def read(self, path: str, _: bytes) -> bytes:
        found = self.nodes.get(path)
        if found is None:
            raise Refused
        return found

    def remove(self, path: str, _: bytes) -> None:
        self.read(path, b"")
        del self.nodes[path]

    def mkdir(self, path: str, _: bytes) -> None:
        self._check_parent(path)
        if path in self.nodes:
            raise Refused
        self.nodes[path] = None

    def rmdir(self, path: str, _: bytes) -> None:
        if self.list(path, b""):
            raise Refused
        del self.nodes[path]

    def list(self, path: str, _: bytes) -> list[str]:
        if self.nodes.get(path, b"") is not None:
            raise Refused
        start = f"{path}/" if path else ""
        below = (node[len(start) :] for node in self.nodes if node.startswith(start) and node)
        return sorted(name for name in below if "/" not in name)

    def rename(self, path: str, data: bytes) -> None:
        new = data.decode()
        self._check_parent(new)
        if path not in self.nodes or new in self.nodes or f"{new}/".startswith(f"{path}/"):
            raise Refused
        for node in [n for n in self.nodes if n == path or n.startswith(f"{path}/")]:
            self.nodes[new + node[len(path) :]] = self.nodes.pop(node)

    def _check_parent(self, path: str) -> None:
        if self.nodes.get(path.rpartition("/")[0], b"") is not None:
            raise Refused


@attrs.frozen
class Step:
    """A call: its name, its path, and the data or the new name."""

    call: str
    path: str
    data: bytes = b""

    @property
    def trees(self) -> set[str]:
        """The names in the root that it touches."""
        touched = {self.path[0]}
        return touched | {self.data.decode()[0]} if self.call == "rename" else touched


PATHS = st.sampled_from([f"{top}{rest}" for top in "abcd" for rest in ("", "/x", "/y")])
STEPS = st.one_of(
    st.builds(Step, st.just("write"), PATHS, st.binary(max_size=70_000)),
    st.builds(Step, st.sampled_from(["read", "remove", "mkdir", "rmdir", "list"]), PATHS),
    st.builds(Step, st.just("rename"), PATHS, PATHS.map(str.encode)),
)


def together(steps: list[Step]) -> list[list[Step]]:
    """Cut steps into runs of which no two touch the same tree."""
    runs: list[list[Step]] = [[]]
    for step in steps:
        if any(step.trees & other.trees for other in runs[-1]):
            runs.append([])
        runs[-1].append(step)
    return runs


async def listed(sftp: SFTPClient, path: str) -> list[str]:
    return sorted(await sftp.listdir(f"/{path}"))


def calls(sftp: SFTPClient) -> dict[str, Callable[[str, bytes], Awaitable[object]]]:
    return {
        "write": sftp.write_bytes,
        "read": lambda path, _: sftp.read_bytes(path),
        "remove": lambda path, _: sftp.remove(path),
        "mkdir": lambda path, _: sftp.mkdir(path),
        "rmdir": lambda path, _: sftp.rmdir(path),
        "list": lambda path, _: listed(sftp, path),
        "rename": lambda path, data: sftp.rename(path, data.decode()),
    }


async def outcome(call: Awaitable[object]) -> object:
    try:
        found = await call
    except SFTPError:
        return Refused
    return cast("object", found) if isinstance(found, bytes | list) else None


def expected(model: Model, step: Step) -> Result | type[Refused]:
    method: Callable[[str, bytes], Result] = getattr(model, step.call)
    try:
        return method(step.path, step.data)
    except Refused:
        return Refused


def on_disk(root: Path) -> dict[str, bytes | None]:
    found = {p: p.relative_to(root).as_posix() for p in root.rglob("*")}
    return {"": None} | {
        name: None if path.is_dir() else path.read_bytes() for path, name in found.items()
    }


async def compare(root: Path, filesystem: FileSystem, steps: list[Step]) -> None:
    near, far = memory_pipes()
    serving = asyncio.ensure_future(SFTPServer(far, filesystem).serve())
    model = Model()
    async with SFTPClient.from_pipe(near) as sftp:
        table = calls(sftp)
        for run in together(steps):
            done = await asyncio.gather(
                *(outcome(table[step.call](step.path, step.data)) for step in run)
            )
            assert done == [expected(model, step) for step in run]
            assert on_disk(root) == model.nodes
    await serving


def plain(files: Rooted) -> FileSystem:
    return files


@pytest.mark.row("F06")
@pytest.mark.parametrize("wrap", [plain, InThreads], ids=["plain", "threads"])
@settings(max_examples=60)
@given(steps=st.lists(STEPS, max_size=25))
def test_rooted_server_does_what_the_model_does(
    tmp_path_factory: pytest.TempPathFactory,
    wrap: Callable[[Rooted], FileSystem],
    steps: list[Step],
) -> None:
    root = tmp_path_factory.mktemp("root")
    asyncio.run(compare(root, wrap(Rooted(root)), steps))
