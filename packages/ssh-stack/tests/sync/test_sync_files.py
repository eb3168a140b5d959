"""The blocking file is taken by what takes a file: zipfile, tarfile, csv, gzip, pickle, io."""

from __future__ import annotations

import array
import csv
import gc
import gzip
import hashlib
import io
import json
import pickle
import random
import shutil
import socket
import subprocess
import tarfile
import zipfile
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from ssh_sftp import SFTPOptions
from ssh_stack import sync
from ssh_wire import UsageError

SERVER = "/usr/lib/openssh/sftp-server"
FILES = {"a.txt": b"alpha\n" * 1000, "d/b.bin": random.Random(1).randbytes(300_000)}  # noqa: S311


@pytest.fixture
def sftp(served: Any) -> Generator[sync.SFTPClient]:
    with sync.connect(**served.options) as conn, conn.sftp() as sftp:
        yield sftp


@pytest.fixture
def folder(served: Any, request: pytest.FixtureRequest) -> Path:
    """A folder of the server, by its name at both ends."""
    path: Path = served.root / str(request.node.name)
    path.mkdir()
    return path


def at(folder: Path, name: str) -> str:
    return f"/{folder.name}/{name}"


def test_zip_file_is_written_and_read(sftp: sync.SFTPClient, folder: Path) -> None:
    with sftp.open(at(folder, "z.zip"), "w+b") as file, zipfile.ZipFile(file, "w") as archive:
        for name, content in FILES.items():
            archive.writestr(name, content, zipfile.ZIP_DEFLATED)
    with zipfile.ZipFile(folder / "z.zip") as local:
        assert {name: local.read(name) for name in local.namelist()} == FILES
    with sftp.open(at(folder, "z.zip"), "rb") as file, zipfile.ZipFile(file) as archive:
        assert {name: archive.read(name) for name in archive.namelist()} == FILES
        assert archive.testzip() is None


@pytest.mark.parametrize("packing", ["", "gz", "xz"])
def test_tar_file_is_written_and_read(sftp: sync.SFTPClient, folder: Path, packing: str) -> None:
    path = at(folder, "t.tar")
    mode: Any = f"w:{packing}"
    with (
        sftp.open(path, "wb") as file,
        tarfile.open(fileobj=file, mode=mode) as archive,
    ):
        for name, content in FILES.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    with sftp.open(path) as file, tarfile.open(fileobj=file) as archive:
        found = {entry.name: archive.extractfile(entry) for entry in archive}
        assert {name: each.read() for name, each in found.items() if each} == FILES
    with sftp.open(path) as file, tarfile.open(fileobj=file, mode="r|*") as archive:
        assert [entry.name for entry in archive] == list(FILES)


ROWS = [["name", "place"], ["Zoë", "a,b"], ["x", 'quoted "y"'], ["two\nlines", ""]]


def test_rows_of_csv_are_written_and_read(sftp: sync.SFTPClient, folder: Path) -> None:
    with sftp.open(at(folder, "r.csv"), "w", newline="") as file:
        csv.writer(file).writerows(ROWS)
    with (folder / "r.csv").open(newline="", encoding="utf-8") as local:
        assert list(csv.reader(local)) == ROWS
    with sftp.open(at(folder, "r.csv"), "r", newline="") as file:
        assert list(csv.reader(file)) == ROWS
    with sftp.open(at(folder, "r.csv"), "r", newline="") as file:
        assert next(iter(csv.DictReader(file))) == {"name": "Zoë", "place": "a,b"}


def test_lines_are_read_without_call_for_each(
    sftp: sync.SFTPClient, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "l").write_bytes(b"line\n" * 20_000)
    for mode, line in (("rb", b"line\n"), ("r", "line\n")):
        with sftp.open(at(folder, "l"), mode) as file:
            calls: list[object] = []
            wait = file._portal.wait

            def counted(function: Any, *args: Any, wait: Any = wait, calls: Any = calls) -> Any:
                calls.append(function)
                return wait(function, *args)

            with monkeypatch.context() as patch:
                patch.setattr(file._portal, "wait", counted)
                lines: list[Any] = list(file)
            assert lines == [line] * 20_000
            assert len(calls) < 50


@pytest.fixture
def waits(sftp: sync.SFTPClient, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the calls that went through the event loop's thread."""
    calls: list[str] = []
    wait = sftp._portal.wait

    def counted(function: Any, *args: Any, **kwargs: Any) -> Any:
        calls.append(function.__name__)
        return wait(function, *args, **kwargs)

    monkeypatch.setattr(sftp._portal, "wait", counted)
    return calls


@pytest.mark.parametrize("size", [100, 32_768])
def test_small_reads_and_writes_do_not_wait_each(
    sftp: sync.SFTPClient, folder: Path, waits: list[str], size: int
) -> None:
    content = random.Random(2).randbytes(4_000_000)  # noqa: S311
    blocks = [content[at : at + size] for at in range(0, len(content), size)]
    with sftp.open(at(folder, "f"), "wb") as file:
        for block in blocks:
            assert file.write(block) == len(block)
    assert (folder / "f").read_bytes() == content
    assert waits.count("write") <= len(content) // 200_000 + 2
    waits.clear()

    with sftp.open(at(folder, "f")) as file:
        assert list(iter(lambda: file.read(size), b"")) == blocks

    # a reader that is faster than the server waits for each of its blocks
    assert waits.count("read") <= len(content) // 32_768 + 5


def test_small_texts_do_not_wait_each(
    sftp: sync.SFTPClient, folder: Path, waits: list[str]
) -> None:
    with sftp.open(at(folder, "t"), "w") as file:
        for _ in range(10_000):
            assert file.write("zwölf\n") == 6
    assert waits.count("write") < 10
    waits.clear()

    with sftp.open(at(folder, "t"), "r") as file:
        assert [file.read(6) for _ in range(5_000)] == ["zwölf\n"] * 5_000
        assert [file.readline() for _ in range(5_000)] == ["zwölf\n"] * 5_000
        assert file.read(1) == ""

    assert len(waits) < 20


def test_remote_files_are_files_of_io(sftp: sync.SFTPClient, folder: Path) -> None:
    with sftp.open(at(folder, "f"), "w+b") as file, sftp.open(at(folder, "t"), "w") as text:
        assert isinstance(file, io.BufferedIOBase)
        assert isinstance(text, io.TextIOBase)
        with pytest.raises(io.UnsupportedOperation):
            file.fileno()
        wrong: Any = "text"
        with pytest.raises(UsageError, match="mode 'w'"):
            file.write(wrong)
        file.write(array.array("H", [1, 2]))
        file.seek(0, io.SEEK_CUR)
        file.seek(-4, io.SEEK_END)
        room = bytearray(2)
        assert file.readinto1(room) == 2
        assert file.readinto(room) == 2
        with pytest.raises(OSError, match="not negative"):
            file.seek(-9)


def test_writes_are_not_acknowledged_one_by_one_unless_unbuffered(
    sftp: sync.SFTPClient, folder: Path
) -> None:
    with sftp.open(at(folder, "f"), "wb") as file:
        file.write(b"one")
        assert (folder / "f").read_bytes() == b""
        file.flush()
        assert (folder / "f").read_bytes() == b"one"
    with sftp.open(at(folder, "f"), "wb", buffering=0) as file:
        for count in (1, 2):
            file.write(b"two")
            assert (folder / "f").read_bytes() == b"two" * count


def test_file_that_is_dropped_open_is_written_and_closed(
    sftp: sync.SFTPClient, folder: Path
) -> None:
    for mode, data in (("wb", b"left"), ("w", "left")):
        file: Any = sftp.open(at(folder, mode), mode)
        file.write(data)
        del file
        gc.collect()
        sftp.listdir(f"/{folder.name}")  # behind what was posted
        sftp.stat(at(folder, mode))

        assert (folder / mode).read_bytes() == b"left"


def test_layers_of_io_accept_remote_file(sftp: sync.SFTPClient, folder: Path) -> None:
    content = FILES["d/b.bin"]
    (folder / "f").write_bytes(content)
    file: Any = sftp.open(at(folder, "f"))
    with io.BufferedReader(file) as buffered:
        assert buffered.read(10) == content[:10]
        assert buffered.peek(5)[:5] == content[10:15]
        buffered.seek(-5, io.SEEK_END)
        assert buffered.read() == content[-5:]
    assert file.closed
    file = sftp.open(at(folder, "t"), "wb")
    with io.TextIOWrapper(io.BufferedWriter(file), "latin-1") as text:
        text.write("é\n")
    assert (folder / "t").read_bytes() == b"\xe9\n"
    file = sftp.open(at(folder, "t"))
    with io.TextIOWrapper(file, "latin-1") as text:
        assert list(text) == ["é\n"]


def test_other_libraries_accept_remote_file(sftp: sync.SFTPClient, folder: Path) -> None:
    content = FILES["d/b.bin"]
    thing = {"rows": ROWS, "size": 5}
    with sftp.open(at(folder, "p"), "wb") as file:
        pickle.dump(thing, file)
    with sftp.open(at(folder, "p")) as file:
        assert pickle.load(file) == thing  # noqa: S301 (our own)
    with sftp.open(at(folder, "j"), "w") as text:
        json.dump(thing, text)
    with sftp.open(at(folder, "j"), "r") as text:
        assert json.load(text) == thing
    with sftp.open(at(folder, "f"), "wb") as file:
        shutil.copyfileobj(io.BytesIO(content), file)
    with sftp.open(at(folder, "f")) as file:
        found: Any = file
        assert hashlib.file_digest(found, "sha256").digest() == hashlib.sha256(content).digest()
    with (
        sftp.open(at(folder, "g"), "wb") as file,
        gzip.GzipFile(fileobj=file, mode="wb") as packed,
    ):
        packed.write(content)
    with gzip.open(folder / "g") as local:
        assert local.read() == content


def test_mode_decides_between_text_and_binary_file(sftp: sync.SFTPClient, folder: Path) -> None:
    (folder / "f").write_text("text")
    for mode, kind in (("r", sync.RemoteTextFile), ("rb", sync.RemoteFile)):
        with sftp.open(at(folder, "f"), mode) as file:
            assert type(file) is kind
            assert not file.isatty()
    with sftp.path(at(folder, "f")).open("r") as text:
        assert text.read() == "text"
        assert text.buffer.path == at(folder, "f")


# ------------------------------------------------------------------ options, and other streams


def test_sftp_options_are_applied(served: Any, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"x" * 100_000)
    begun: list[list[str]] = []

    def progress(*_: object) -> None:
        begun.append([each.name for each in folder.iterdir()])

    with sync.connect(**served.options) as conn:
        for atomic in (True, False):
            with conn.sftp(SFTPOptions(atomic=atomic, read_size=4096)) as sftp:
                sftp.put(tmp_path / "f", at(folder, "f"), progress=progress)
            assert (begun[0] == ["f"]) is not atomic
            begun.clear()
            (folder / "f").unlink()
        wrong: Any = {"atomic": False}
        with pytest.raises(UsageError, match="SFTPOptions"):
            conn.sftp(options=wrong)


@pytest.fixture
def process() -> Generator[subprocess.Popen[bytes]]:
    if not Path(SERVER).exists():
        pytest.skip(f"{SERVER} is missing")
    pipe = subprocess.PIPE
    with subprocess.Popen([SERVER], stdin=pipe, stdout=pipe) as process:
        yield process
        process.kill()


def test_sftp_session_runs_over_pipes_of_process(
    process: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    (tmp_path / "f").write_bytes(b"content")
    assert process.stdout is not None
    assert process.stdin is not None
    with sync.SFTPClient.from_streams(process.stdout, process.stdin) as sftp:
        assert isinstance(sftp, sync.SFTPClient)
        assert sftp.listdir(str(tmp_path)) == ["f"]
        assert sftp.read_bytes(str(tmp_path / "f")) == b"content"
    process.stdin.close()
    assert process.wait(20) == 0


def test_sftp_session_runs_over_socket(tmp_path: Path) -> None:
    if not Path(SERVER).exists():
        pytest.skip(f"{SERVER} is missing")
    (tmp_path / "f").write_bytes(b"content")
    ours, theirs = socket.socketpair()
    with ours, theirs:
        process = subprocess.Popen([SERVER], stdin=theirs.fileno(), stdout=theirs.fileno())
        theirs.close()
        with sync.SFTPClient.from_streams(ours, ours, SFTPOptions(timeout=20)) as sftp:
            assert sftp.read_bytes(str(tmp_path / "f")) == b"content"
        ours.close()
        assert process.wait(20) == 0


@pytest.mark.parametrize("stream", [io.BytesIO(), "path", None])
def test_streams_without_descriptor_are_refused(stream: Any) -> None:
    with pytest.raises(UsageError, match="descriptor"):
        sync.SFTPClient.from_streams(stream, stream)
