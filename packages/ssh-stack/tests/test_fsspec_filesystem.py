"""fsspec's own abstract suite, and what it does not try."""

from __future__ import annotations

import io
import os
import pickle
import subprocess
import sys
import tempfile
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

fsspec: Any = pytest.importorskip("fsspec")
abstract: Any = pytest.importorskip("fsspec.tests.abstract")

from ssh_stack.fsspec import SSHFileSystem  # noqa: E402 (needs fsspec)


@pytest.fixture(scope="module")
def storage(served: Any) -> dict[str, Any]:
    """The arguments of a file system on the server."""
    options = dict(served.options)
    return {**options, "host": options.pop("host"), "auto_mkdir": True}


@pytest.fixture(scope="module")
def system(storage: dict[str, Any]) -> Generator[Any]:
    made = SSHFileSystem(**storage, skip_instance_cache=True)
    yield made
    made.close()


class _Fixtures(abstract.AbstractFixtures):  # type: ignore[misc]  # it has no types
    @pytest.fixture
    def fs(self, system: Any) -> Any:
        return system

    @pytest.fixture
    def fs_path(self, served: Any) -> str:
        root: Path = served.root
        return f"/{Path(tempfile.mkdtemp(dir=root)).name}"

    @pytest.fixture
    def fs_target(self, fs_path: str) -> str:
        return f"{fs_path}/target"


class TestCopy(abstract.AbstractCopyTests, _Fixtures):  # type: ignore[misc]  # it has no types
    pass


class TestGet(abstract.AbstractGetTests, _Fixtures):  # type: ignore[misc]  # it has no types
    pass


class TestPut(abstract.AbstractPutTests, _Fixtures):  # type: ignore[misc]  # it has no types
    pass


class TestOpen(abstract.AbstractOpenTests, _Fixtures):  # type: ignore[misc]  # it has no types
    pass


class TestPipe(abstract.AbstractPipeTests, _Fixtures):  # type: ignore[misc]  # it has no types
    pass


# ------------------------------------------------------------------ beside the suite


@pytest.fixture
def folder(served: Any) -> Path:
    root: Path = served.root
    return Path(tempfile.mkdtemp(dir=root))


def test_both_schemes_are_registered_and_their_urls_are_taken_apart() -> None:
    for scheme in ("sftp", "ssh"):
        assert fsspec.get_filesystem_class(scheme) is SSHFileSystem
    kwargs = SSHFileSystem._get_kwargs_from_urls
    assert kwargs("sftp://user:p%40ss@web1:2222/srv/a b#1?x") == {
        "host": "web1",
        "username": "user",
        "password": "p@ss",
        "port": 2222,
    }
    assert kwargs("ssh://[::1]/x") == {"host": "::1"}
    assert kwargs("/srv/x") == {}
    strip = SSHFileSystem._strip_protocol
    assert strip(["sftp://web1/a#b?c/", "ssh://web1", "rel/x/", "/", Path("/p")]) == [
        *("/a#b?c", "/", "rel/x", "/", "/p"),
    ]


def test_links_and_times_are_told(system: Any, folder: Path) -> None:
    (folder / "file").write_bytes(b"12345")
    (folder / "link").symlink_to("file")
    (folder / "gone").symlink_to("nothing")
    os.utime(folder / "file", (1, 2))
    found = {each["name"]: each for each in system.ls(f"/{folder.name}")}
    at = f"/{folder.name}"
    assert (found[f"{at}/link"]["type"], found[f"{at}/link"]["islink"]) == ("file", True)
    assert found[f"{at}/gone"]["type"] == "link"
    assert system.info(f"{at}/gone")["type"] == "link"
    assert system.modified(f"{at}/file").timestamp() == 2
    assert system.ls(at, detail=False) == [f"{at}/file", f"{at}/gone", f"{at}/link"]
    assert system.ls(f"{at}/file", detail=False) == [f"{at}/file"]
    with pytest.raises(FileNotFoundError):
        system.info(f"{at}/none")
    with pytest.raises(FileNotFoundError):
        system.ls(f"{at}/none")


def test_ranges_of_a_file_are_read(system: Any, folder: Path) -> None:
    (folder / "file").write_bytes(b"0123456789")
    path = f"/{folder.name}/file"
    for start, end in ((None, None), (2, 5), (-3, None), (None, -2), (-4, -1), (5, 2), (8, 99)):
        assert system.cat_file(path, start, end) == b"0123456789"[start:end]


def test_directories_are_made_renamed_and_removed(system: Any, folder: Path) -> None:
    at = f"/{folder.name}"
    system.mkdir(f"{at}/a/b")
    with pytest.raises(FileExistsError):
        system.mkdir(f"{at}/a/b")
    with pytest.raises(FileExistsError):
        system.makedirs(f"{at}/a")
    with pytest.raises(FileNotFoundError):
        system.mkdir(f"{at}/x/y", create_parents=False)
    system.mkdir(f"{at}/single", create_parents=False)
    system.rmdir(f"{at}/single")
    system.touch(f"{at}/a/b/file")
    system.pipe_file(f"{at}/old", b"old")
    system.touch(f"{at}/old", truncate=False)
    assert system.cat_file(f"{at}/old") == b"old"
    system.mv(f"{at}/old", f"{at}/a/b/file")
    assert (folder / "a" / "b" / "file").read_bytes() == b"old"
    (folder / "link").symlink_to("a")
    system.rm(f"{at}/link", recursive=True)
    assert (folder / "a").exists()
    system.rm(f"{at}/a", recursive=True)
    assert list(folder.iterdir()) == []


def test_transaction_gives_files_their_names_at_its_end(system: Any, folder: Path) -> None:
    path = f"/{folder.name}/file"
    with system.transaction:
        with system.open(path, "wb") as file:
            file.write(b"content")
        assert not (folder / "file").exists()
    assert (folder / "file").read_bytes() == b"content"

    def fail() -> None:
        with system.transaction:
            with system.open(path, "wb") as file:
                file.write(b"other")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()

    assert [each.name for each in folder.iterdir()] == ["file"]
    assert (folder / "file").read_bytes() == b"content"


def test_progress_is_told_and_existing_files_may_be_refused(
    system: Any, folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "file").write_bytes(b"x" * 100_000)
    told = fsspec.callbacks.Callback()
    system.put_file(tmp_path / "file", f"/{folder.name}/up", callback=told)
    assert (told.size, told.value) == (100_000, 100_000)
    system.get_file(f"/{folder.name}/up", tmp_path / "down", callback=fsspec.callbacks.Callback())
    assert (tmp_path / "down").read_bytes() == b"x" * 100_000
    room = io.BytesIO()
    system.get_file(f"/{folder.name}/up", room)
    assert len(room.getvalue()) == 100_000
    with pytest.raises(FileExistsError):
        system.put_file(tmp_path / "file", f"/{folder.name}/up", mode="create")


def test_connection_that_was_lost_is_made_again(storage: dict[str, Any], folder: Path) -> None:
    system: Any = SSHFileSystem(**storage, skip_instance_cache=True)
    system.pipe_file(f"/{folder.name}/file", b"content")
    first = system._connection
    first.close()

    assert system.cat_file(f"/{folder.name}/file") == b"content"

    assert system._connection is not first
    system.close()
    assert system.cat_file(f"/{folder.name}/file") == b"content"
    system.close()
    system.close()


_COPY = """
import pickle, sys
fs = pickle.loads(bytes.fromhex(sys.argv[1]))
print(fs.cat_file(sys.argv[2]).decode())
"""


def test_pickled_file_system_connects_in_another_process(
    storage: dict[str, Any], folder: Path
) -> None:
    (folder / "file").write_bytes(b"content")
    key = folder.parents[1] / "key"
    options: dict[str, Any] = {**storage, "keys": [str(key)]}
    system: Any = SSHFileSystem(**options)
    system.ls("/")
    argv = [sys.executable, "-W", "error", "-c", _COPY, pickle.dumps(system).hex()]
    done = subprocess.run(
        [*argv, f"/{folder.name}/file"], capture_output=True, text=True, check=False, timeout=60
    )
    system.close()

    assert (done.stdout, done.stderr) == ("content\n", "")
