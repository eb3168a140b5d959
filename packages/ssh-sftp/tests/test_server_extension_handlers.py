"""copy-data, check-file and users-groups-by-id, against the local file system and hashlib."""

from __future__ import annotations

import asyncio
import hashlib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ssh_sftp import Attributes, OpenFlags
from ssh_sftp import messages as m
from ssh_sftp.aio import Rooted, SFTPClient, SFTPServer
from ssh_sftp.aio.server.local_files import UnconfinedFiles
from ssh_sftp.testing import memory_pipes

READ = OpenFlags.READ.value
WRITE = (OpenFlags.WRITE | OpenFlags.CREATE).value
OK, EOF, FAILURE, BAD_MESSAGE, UNSUPPORTED = 0, 1, 4, 5, 8
CONTENT = bytes(range(256)) * 1100


def opened(exchange: Any, path: str, flags: int) -> bytes:
    handle: bytes = exchange.handle(m.Open(id=1, path=path, flags=flags))
    return handle


def hashed(exchange: Any, request: m.Request) -> m.CheckFileReply:
    reply = exchange.ask(request)
    assert isinstance(reply, m.ExtendedReply), reply
    return m.CheckFileReply.decode(reply.details)


# ------------------------------------------------------------------ copy-data


@pytest.mark.row("F13")
@pytest.mark.parametrize(
    ("offset", "length", "target_offset", "code"),
    [
        (0, 0, 0, OK),
        (100, 0, 5, OK),
        (3, 200_000, 70_000, OK),
        (0, len(CONTENT) + 1, 0, EOF),
        (len(CONTENT), 0, 0, OK),
        (0, 2**64 - 1, 0, FAILURE),
        (2**64 - 1, 1, 0, FAILURE),
        (0, 1, 2**63 - 1, FAILURE),
    ],
)
def test_copy_data_copies_the_range(
    exchange: Any, root: Path, offset: int, length: int, target_offset: int, code: int
) -> None:
    (root / "f").write_bytes(CONTENT)
    source, target = opened(exchange, "f", READ), opened(exchange, "g", WRITE)
    request = m.CopyData(
        id=2,
        source=source,
        offset=offset,
        length=length,
        target=target,
        target_offset=target_offset,
    )

    assert exchange.code(request) == code
    if code != FAILURE:
        wanted = CONTENT[offset : offset + length] if length else CONTENT[offset:]
        assert (root / "g").read_bytes() == (bytes(target_offset) + wanted if wanted else b"")


@pytest.mark.row("F13")
def test_copy_data_within_one_file_is_refused(exchange: Any, root: Path) -> None:
    (root / "f").write_bytes(CONTENT)
    (root / "link").hardlink_to(root / "f")
    one, two = opened(exchange, "f", READ | WRITE), opened(exchange, "link", READ | WRITE)

    for target in (one, two):
        request = m.CopyData(id=2, source=one, length=10, target=target, target_offset=500)
        assert exchange.code(request) == FAILURE
    assert (root / "f").read_bytes() == CONTENT


@pytest.mark.row("F13")
def test_copy_data_of_a_device_without_an_end_is_refused(
    make_exchange: Any, tmp_path: Path
) -> None:
    exchange = make_exchange(UnconfinedFiles(tmp_path))
    source, target = opened(exchange, "/dev/zero", READ), opened(exchange, "g", WRITE)

    assert exchange.code(m.CopyData(id=2, source=source, target=target)) == FAILURE
    assert exchange.code(m.CopyData(id=2, source=source, length=9, target=target)) == OK
    assert (tmp_path / "g").read_bytes() == bytes(9)


def test_copy_data_between_unknown_or_wrong_handles_is_refused(exchange: Any, root: Path) -> None:
    (root / "f").write_bytes(CONTENT)
    file = opened(exchange, "f", READ)
    directory = exchange.handle(m.OpenDir(id=1, path="/"))

    for source, target in ((file, b"none"), (b"none", file), (directory, file), (file, file)):
        assert exchange.code(m.CopyData(id=2, source=source, target=target)) == FAILURE
    other = opened(exchange, "g", WRITE)
    assert exchange.code(m.CopyData(id=2, source=other, target=file)) == FAILURE  # not readable


async def test_copy_data_lets_other_sessions_run(root: Path) -> None:
    (root / "f").write_bytes(bytes(50_000_000))
    pipes = memory_pipes(), memory_pipes()
    serving = [asyncio.ensure_future(SFTPServer(far, Rooted(root)).serve()) for _, far in pipes]
    ends: list[str] = []
    async with (
        SFTPClient.from_pipe(pipes[0][0]) as one,
        SFTPClient.from_pipe(pipes[1][0]) as two,
    ):

        async def copy() -> None:
            await one.copy("f", "g")
            ends.append("copy")

        copying = asyncio.ensure_future(copy())
        await one.exists("/")  # the copy has begun, or is in the line
        await two.stat("/f")
        ends.append("stat")
        await copying
    await asyncio.gather(*serving)

    assert (root / "g").stat().st_size == 50_000_000
    assert set(ends) == {"copy", "stat"}


# ------------------------------------------------------------------ check-file


@pytest.mark.parametrize("name", ["sha224", "sha256", "sha384", "sha512"])
@pytest.mark.parametrize("by_name", [False, True])
def test_check_file_gives_the_hash_of_a_range(
    exchange: Any, root: Path, name: str, *, by_name: bool
) -> None:
    (root / "f").write_bytes(CONTENT)
    handle = opened(exchange, "f", READ)
    for offset, length in ((0, 0), (1, 1000), (200_000, 0), (0, len(CONTENT) + 5), (2**40, 0)):
        algorithms = f"md5,{name},sha256"
        request: m.Request = (
            m.CheckFileName(id=2, path="f", algorithms=algorithms, offset=offset, length=length)
            if by_name
            else m.CheckFileHandle(
                id=2, handle=handle, algorithms=algorithms, offset=offset, length=length
            )
        )
        wanted = CONTENT[offset : offset + length] if length else CONTENT[offset:]
        found = hashed(exchange, request)
        assert (found.name, found.algorithm) == ("check-file", name)
        assert found.hashes == hashlib.new(name, wanted).digest()
    assert exchange.service.open_handles == 1


@settings(max_examples=60)
@given(
    data=st.binary(max_size=3000),
    offset=st.integers(0, 3100),
    length=st.integers(0, 3100),
    block=st.integers(256, 3000),
)
def test_check_file_has_a_hash_for_each_block(
    make_exchange: Any,
    tmp_path_factory: pytest.TempPathFactory,
    data: bytes,
    offset: int,
    length: int,
    block: int,
) -> None:
    root = tmp_path_factory.mktemp("root")
    (root / "f").write_bytes(data)
    exchange = make_exchange(Rooted(root))
    request = m.CheckFileName(
        id=2, path="f", algorithms="sha256", offset=offset, length=length, block_size=block
    )
    part = data[offset : offset + length] if length else data[offset:]
    blocks = [part[i : i + block] for i in range(0, len(part), block)] or [b""]
    assert hashed(exchange, request).hashes == b"".join(
        hashlib.sha256(each).digest() for each in blocks
    )


@pytest.mark.parametrize(
    ("algorithms", "offset", "block", "code"),
    [
        ("md5,sha1,crc32", 0, 0, UNSUPPORTED),
        ("", 0, 0, UNSUPPORTED),
        ("sha256", 0, 255, FAILURE),
        ("sha256", 2**63, 0, FAILURE),
    ],
)
def test_check_file_that_cannot_be_computed_is_refused(
    exchange: Any, root: Path, algorithms: str, offset: int, block: int, code: int
) -> None:
    (root / "f").write_bytes(CONTENT)
    fields: dict[str, Any] = {"algorithms": algorithms, "offset": offset, "block_size": block}
    handle = opened(exchange, "f", READ)
    assert exchange.code(m.CheckFileName(id=2, path="f", **fields)) == code
    assert exchange.code(m.CheckFileHandle(id=2, handle=handle, **fields)) == code


def test_check_file_with_more_hashes_than_a_reply_carries_is_refused(
    exchange: Any, root: Path
) -> None:
    with (root / "f").open("wb") as file:
        file.truncate(3_000_000)
    request = m.CheckFileName(id=2, path="f", algorithms="sha256", block_size=256)
    assert exchange.code(request) == FAILURE


def test_check_file_of_what_cannot_be_read_is_refused(
    make_exchange: Any, exchange: Any, root: Path
) -> None:
    assert exchange.code(m.CheckFileName(id=2, path="none", algorithms="sha256")) == 2
    exchange = make_exchange(UnconfinedFiles(root))
    assert exchange.code(m.CheckFileName(id=2, path="/dev/zero", algorithms="sha256")) == FAILURE
    request = m.CheckFileName(id=2, path="/dev/zero", algorithms="sha256", length=5)
    assert hashed(exchange, request).hashes == hashlib.sha256(bytes(5)).digest()


def test_file_system_that_opens_no_file_is_reported(make_exchange: Any, root: Path) -> None:
    class Odd(Rooted):
        def open(self, path: str, flags: OpenFlags, attributes: Attributes) -> Any:
            return path

    exchange = make_exchange(Odd(root))
    assert exchange.code(m.CheckFileName(id=2, path="f", algorithms="sha256")) == FAILURE


# ------------------------------------------------------------------ users-groups-by-id


def test_names_of_users_are_those_of_the_machine_or_empty(
    make_exchange: Any, exchange: Any, root: Path
) -> None:
    unknown = (4_000_000_000).to_bytes(4, "big")
    request = m.UsersGroupsByID(id=1, users=bytes(4) + unknown, groups=bytes(4))
    for served, users, groups in (
        (make_exchange(UnconfinedFiles(root)), b"\0\0\0\4root" + bytes(4), b"\0\0\0\4root"),
        (exchange, bytes(8), bytes(4)),  # below a root
    ):
        reply = served.ask(request)
        assert m.UsersGroupsReply.decode(reply.details) == m.UsersGroupsReply(
            users=users, groups=groups
        )


def test_numbers_that_are_not_whole_are_a_bad_message(exchange: Any) -> None:
    assert exchange.code(m.UsersGroupsByID(id=1, users=b"abc", groups=b"")) == BAD_MESSAGE
    assert exchange.code(m.UsersGroupsByID(id=1, users=b"", groups=b"abcde")) == BAD_MESSAGE


@pytest.mark.parametrize("found", [None, ([], []), (["a"], [5]), (["a"], ["b"], ["c"])])
def test_wrong_names_of_users_are_a_fault(make_exchange: Any, root: Path, found: object) -> None:
    filesystem: Any = Rooted(root)

    def owner_names(*_: object) -> object:
        return found

    filesystem.owner_names = owner_names
    exchange = make_exchange(filesystem)
    assert exchange.code(m.UsersGroupsByID(id=1, users=bytes(4), groups=bytes(4))) == FAILURE
