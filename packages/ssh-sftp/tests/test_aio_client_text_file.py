from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ssh_sftp.aio import RemoteFile, RemoteTextFile, SFTPClient
from ssh_wire import UsageError

LINES = "first\nsecond é\r\nthird 中\rlast"


@settings(deadline=None)
@given(
    text=st.text(alphabet=st.sampled_from("ab\n\r é中"), max_size=200),
    newline=st.sampled_from([None, "", "\n", "\r", "\r\n"]),
    sizes=st.lists(st.integers(-1, 40), max_size=20),
)
async def test_text_is_that_of_a_local_file(
    serve_memory: Any, text: str, newline: str | None, sizes: list[int]
) -> None:
    content = text.encode()
    told = io.TextIOWrapper(io.BytesIO(content), "utf-8", "strict", newline)
    async with (
        serve_memory(content) as client,
        await client.open("/f", "r", newline=newline) as file,
    ):
        for size in sizes:
            assert await file.readline(size) == told.readline(size)
            if size > 20:
                assert await file.read(size) == told.read(size)
        assert [line async for line in file] == list(told)
        await file.seek(0)
        told.seek(0)
        assert await file.read() == told.read()


async def test_file_has_the_methods_of_io(client: SFTPClient, root: Path) -> None:
    (root / "f").write_text(LINES, newline="")
    async with await client.open("f", "r") as file:
        assert isinstance(file, RemoteTextFile)
        assert isinstance(file.buffer, RemoteFile)
        assert (file.readable(), file.writable(), file.seekable()) == (True, False, True)
        assert (file.mode, file.name, file.path, file.isatty()) == ("r", "f", "f", False)
        assert (file.encoding, file.errors) == ("utf-8", "strict")
        assert "utf-8" in repr(file)
        assert await file.readline() == "first\n"
        place = file.tell()
        assert file.ready_line() == "second é\n"
        assert await file.readlines() == ["third 中\n", "last"]
        assert await file.read() == ""
        await file.seek(place)
        assert await file.read(6) == "second"
        with pytest.raises(UsageError, match="not for writing"):
            await file.write("x")
        with pytest.raises(UsageError):
            await file.seek(-1, os.SEEK_END)
    assert file.closed
    with pytest.raises(UsageError, match="closed"):
        await file.read()
    async with await client.open("f", "wt") as file:
        data: Any = b"bytes"
        with pytest.raises(UsageError, match="mode 'wb'"):
            await file.write(data)


async def test_text_is_written_by_blocks_and_at_the_end(client: SFTPClient, root: Path) -> None:
    async with await client.open("f", "w", newline="\r\n") as file:
        assert await file.write("one\n") == 4
        assert (root / "f").read_bytes() == b""
        assert file.tell() == 5
        await file.flush()
        assert (root / "f").read_bytes() == b"one\r\n"
        await file.writelines(["two\n", "x" * 40_000])
        await file.buffer.flush()
        assert (root / "f").stat().st_size > 40_000
        await file.write("end\n")
    assert (root / "f").read_bytes() == b"one\r\ntwo\r\n" + b"x" * 40_000 + b"end\r\n"


async def test_text_written_before_an_error_is_kept(client: SFTPClient, root: Path) -> None:
    async def write() -> None:
        async with await client.open("f", "w") as file:
            await file.write("before")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await write()

    assert (root / "f").read_text() == "before"


async def test_reads_and_writes_in_turn_happen_at_the_position(
    client: SFTPClient, root: Path
) -> None:
    (root / "f").write_text("one\ntwo\nthree\n")
    async with await client.open("f", "r+") as file:
        assert await file.readline() == "one\n"
        await file.write("TWO")
        assert await file.readline() == "\n"
        assert await file.read(5) == "three"
        assert await file.truncate() == 13
        await file.seek(0, os.SEEK_END)
        await file.write("!")
    assert (root / "f").read_text() == "one\nTWO\nthree!"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1"])
async def test_append_writes_no_second_byte_order_mark(
    client: SFTPClient, root: Path, encoding: str
) -> None:
    for text in ("ä", "ö"):
        async with await client.open("f", "a", encoding=encoding) as file:
            await file.write(text)
    async with await client.open("f", "r", encoding=encoding) as file:
        assert await file.read() == "äö"
    assert (root / "f").read_text(encoding) == "äö"


async def test_bytes_that_cannot_be_decoded_raise(client: SFTPClient, root: Path) -> None:
    (root / "f").write_bytes(b"a\xffb")
    async with await client.open("f", "r") as file:
        with pytest.raises(UnicodeDecodeError):
            await file.read()
    async with await client.open("f", "r", errors="replace") as file:
        assert await file.read() == "a\ufffdb"


@pytest.mark.parametrize(
    ("mode", "options"),
    [
        ("rb", {"encoding": "utf-8"}),
        ("wb", {"newline": ""}),
        ("w", {"encoding": "utf-9"}),
        ("w", {"newline": "x"}),
        ("w", {"errors": "lenient"}),
    ],
)
async def test_invalid_arguments_are_refused_before_anything_is_opened(
    client: SFTPClient, root: Path, mode: str, options: dict[str, Any]
) -> None:
    (root / "f").write_text("keep")
    with pytest.raises(UsageError):
        await client.open("f", mode, **options)
    assert (root / "f").read_text() == "keep"


async def test_paths_open_text_too(client: SFTPClient, root: Path) -> None:
    path = client.path("f")
    async with await path.open("w", encoding="latin-1") as file:
        await file.write("é")
    assert (root / "f").read_bytes() == b"\xe9"
    async with await path.open() as binary:
        assert await binary.read() == b"\xe9"
