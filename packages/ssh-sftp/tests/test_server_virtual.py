from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssh_sftp import (
    Attributes,
    BytesFile,
    EntriesDirectory,
    OpenFlags,
    VirtualFileSystem,
    canonical,
    file_attributes,
)
from ssh_sftp import messages as m
from ssh_sftp.aio import SFTPClient, SFTPServer
from ssh_sftp.server.filesystem import check_filesystem
from ssh_sftp.testing import memory_pipes

UNSUPPORTED = 8


class Reports(VirtualFileSystem):
    """Two reports, made when they are read."""

    names = ("one", "two")

    def stat(self, path: str) -> Attributes:
        name = canonical(path)[1:]
        if not name:
            return file_attributes()
        if name not in self.names:
            raise FileNotFoundError
        return file_attributes(len(name))

    async def open(self, path: str, flags: OpenFlags, attributes: Attributes) -> BytesFile:
        del flags, attributes
        self.stat(path)
        return BytesFile(canonical(path)[1:].encode())

    def opendir(self, path: str) -> EntriesDirectory:
        del path
        return EntriesDirectory((name, file_attributes(len(name))) for name in self.names)


async def test_small_file_system_is_listed_and_read(tmp_path: Path) -> None:
    near, far = memory_pipes()
    serving = asyncio.ensure_future(SFTPServer(far, Reports()).serve())
    async with SFTPClient.from_pipe(near) as sftp:
        assert sorted(await sftp.listdir("/")) == ["one", "two"]
        assert await sftp.read_bytes("/./two") == b"two"
        assert await sftp.realpath("a/../../one") == "/one"
        await sftp.get("/", str(tmp_path / "all"), recursive=True)
    await serving
    assert (tmp_path / "all" / "one").read_bytes() == b"one"


def test_empty_file_system_refuses_every_request(make_exchange: Any) -> None:
    check_filesystem(VirtualFileSystem())
    exchange = make_exchange(VirtualFileSystem())
    nothing = Attributes()
    requests: list[m.Request] = [
        m.Open(id=1, path="f", flags=1),
        m.OpenDir(id=1, path="f"),
        m.Stat(id=1, path="f"),
        m.LStat(id=1, path="f"),
        m.SetStat(id=1, path="f", attributes=nothing),
        m.LSetStat(id=1, path="f", attributes=nothing),
        m.MkDir(id=1, path="f"),
        m.RmDir(id=1, path="f"),
        m.Remove(id=1, path="f"),
        m.Rename(id=1, old="f", new="g"),
        m.PosixRename(id=1, old="f", new="g"),
        m.ReadLink(id=1, path="f"),
        m.SymLink(id=1, target="f", link="g"),
        m.HardLink(id=1, old="f", new="g"),
        m.StatVFS(id=1, path="f"),
    ]
    assert {exchange.code(request) for request in requests} == {UNSUPPORTED}
    assert exchange.code(m.HomeDirectory(id=1, user="me")) == 2
    assert exchange.ask(m.HomeDirectory(id=1)).entries[0].filename == "/"
    names = exchange.ask(m.UsersGroupsByID(id=1, users=bytes(4), groups=b""))
    assert names.details == m.UsersGroupsReply(users=bytes(4), groups=b"").encode()


def test_file_of_given_bytes_is_not_written(make_exchange: Any) -> None:
    exchange = make_exchange(Reports())
    handle = exchange.handle(m.Open(id=1, path="one", flags=1))
    assert exchange.code(m.Write(id=1, handle=handle, offset=0, data=b"x")) == 3
    assert exchange.code(m.FSetStat(id=1, handle=handle, attributes=Attributes())) == 3
    assert exchange.code(m.FSync(id=1, handle=handle)) == 0
    assert exchange.code(m.FStatVFS(id=1, handle=handle)) == UNSUPPORTED
    assert exchange.ask(m.FStat(id=1, handle=handle)).attributes.size == 3
    assert exchange.code(m.Close(id=1, handle=handle)) == 0


def test_directory_gives_its_entries_in_pieces() -> None:
    directory = EntriesDirectory((str(number), file_attributes(5)) for number in range(5))
    assert [[entry.filename for entry in directory.read(2)] for _ in range(4)] == [
        ["0", "1"],
        ["2", "3"],
        ["4"],
        [],
    ]


@pytest.mark.row("F06")
@given(path=st.text(alphabet="a./", max_size=12))
def test_canonical_path_is_absolute_and_climbs_nowhere(path: str) -> None:
    found = canonical(path)
    assert found.startswith("/")
    assert not {"..", "."} & set(found.split("/"))
    assert canonical(found) == found
    assert "//" not in found
