"""Bodies about SFTP, for both APIs."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Awaitable, Callable
from typing import Final

import pytest

from both_drivers import Api, Body
from ssh_stack import Attributes, PathFilter, SFTPClient, SFTPNoSuchFile


def with_files(body: Callable[[SFTPClient, str], Awaitable[None]]) -> Body:
    """Make a body of a function that needs a session and an empty folder at the server."""

    async def with_session(api: Api) -> None:
        async with api.connect() as conn, conn.sftp() as sftp:
            folder = f"/{api.folder.name}-{body.__name__}"
            await sftp.mkdir(folder)
            await body(sftp, folder)

    with_session.__name__ = body.__name__
    return with_session


async def session_says_what_the_server_can(sftp: SFTPClient, folder: str) -> None:
    assert isinstance(sftp.extensions, dict) or sftp.extensions
    assert sftp.supports("posix-rename@openssh.com")
    assert (await sftp.limits()).max_read
    assert (await sftp.statvfs(folder)).block_size > 0
    assert await sftp.realpath(f"{folder}/../x") == "/x"
    assert await sftp.expand_path("~") == await sftp.home()


async def names_are_made_and_removed(sftp: SFTPClient, folder: str) -> None:
    await sftp.makedirs(f"{folder}/a/b")
    await sftp.makedirs(f"{folder}/a/b", exist_ok=True)
    assert await sftp.write_bytes(f"{folder}/a/one", b"1") == 1
    await sftp.symlink("one", f"{folder}/a/link")
    assert await sftp.readlink(f"{folder}/a/link") == "one"
    await sftp.hardlink(f"{folder}/a/one", f"{folder}/a/two")
    await sftp.copy(f"{folder}/a/one", f"{folder}/a/copy")
    await sftp.remove(f"{folder}/a/copy")
    assert sorted(await sftp.listdir(f"{folder}/a")) == ["b", "link", "one", "two"]
    entries = {entry.name async for entry in sftp.scandir(f"{folder}/a")}
    assert entries == {"b", "link", "one", "two"}
    await sftp.rename(f"{folder}/a/one", f"{folder}/a/renamed")
    await sftp.posix_rename(f"{folder}/a/two", f"{folder}/a/renamed")
    for name in ("renamed", "link"):
        await sftp.remove(f"{folder}/a/{name}")
    assert await sftp.exists(f"{folder}/a/b")
    assert await sftp.is_dir(f"{folder}/a/b")
    assert not await sftp.is_file(f"{folder}/a/b")
    found = [(top, len(folders), len(files)) async for top, folders, files in sftp.walk(folder)]
    assert found[0] == (folder, 1, 0)
    await sftp.rmdir(f"{folder}/a/b")
    assert not await sftp.exists(f"{folder}/a/b")


async def attributes_are_read_and_set(sftp: SFTPClient, folder: str) -> None:
    name = f"{folder}/file"
    await sftp.write_bytes(name, b"content")
    await sftp.chmod(name, 0o600)
    await sftp.truncate(name, 4)
    await sftp.setstat(name, Attributes(atime=1, mtime=2))
    found = await sftp.stat(name)
    assert (found.size, found.mtime) == (4, 2)
    await sftp.symlink("file", f"{folder}/link")
    await sftp.lsetstat(f"{folder}/link", Attributes(atime=3, mtime=3))
    assert (await sftp.lstat(f"{folder}/link")).mtime == 3
    assert await sftp.owner_names([0], [0]) == ({}, {})  # below a root


async def missing_file_is_raised_with_its_name(sftp: SFTPClient, folder: str) -> None:
    with pytest.raises(SFTPNoSuchFile) as caught:
        await sftp.open(f"{folder}/none")
    assert caught.value.filename == f"{folder}/none"
    with pytest.raises(FileNotFoundError):
        await sftp.read_bytes(f"{folder}/none")
    await sftp.close()


async def file_is_read_and_written(sftp: SFTPClient, folder: str) -> None:
    async with await sftp.open(f"{folder}/file", "w+b") as file:
        assert isinstance(file.name, str)
        assert (file.mode, file.path, file.closed) == ("w+b", f"{folder}/file", False)
        assert (file.readable(), file.writable(), file.seekable()) == (True, True, True)
        assert not file.isatty()
        assert await file.write(b"one\n") == 4
        await file.writelines([b"two\n", b"three"])
        assert file.tell() == 13
        await file.flush()
        await file.fsync()
        assert await file.write_at(b"ONE", 0) == 3
        assert await file.read_at(3, 0) == b"ONE"
        assert await file.seek(0) == 0
        assert await file.readline() == b"ONE\n"
        assert await file.readlines() == [b"two\n", b"three"]
        await file.seek(0)
        assert [line async for line in file] == [b"ONE\n", b"two\n", b"three"]
        await file.seek(4)
        room = bytearray(3)
        assert await file.readinto(room) == 3
        assert bytes(room) == b"two"
        assert await file.read1(1) == b"\n"
        await file.seek(-1, os.SEEK_CUR)
        assert await file.read() == b"\nthree"
        await file.setstat(Attributes(atime=1, mtime=2))
        assert await file.truncate(4) == 4
        assert (await file.stat()).size == 4
        assert (await file.statvfs()).block_size > 0
        await file.close()
        assert file.closed


async def text_file_is_read_and_written(sftp: SFTPClient, folder: str) -> None:
    async with await sftp.open(f"{folder}/text", "w+", encoding="utf-8") as file:
        assert isinstance(file.name, str)
        assert (file.mode, file.path) == ("w+", f"{folder}/text")
        assert (file.encoding, file.errors) == ("utf-8", "strict")
        assert (file.readable(), file.writable(), file.seekable()) == (True, True, True)
        assert not file.isatty()
        assert await file.write("grün\n") == 5
        await file.writelines(["zwei\n", "drei"])
        assert isinstance(file.tell(), int)
        await file.flush()
        await file.fsync()
        await file.seek(0)
        assert await file.readline() == "grün\n"
        assert await file.readlines() == ["zwei\n", "drei"]
        await file.seek(0)
        assert [line async for line in file] == ["grün\n", "zwei\n", "drei"]
        await file.seek(0)
        assert await file.read() == "grün\nzwei\ndrei"
        assert (await file.stat()).size == 15
        await file.seek(0)
        assert await file.truncate() == 0
        assert file.buffer.path == file.path
        await file.close()
        assert file.closed


async def path_has_the_interface_of_pathlib(sftp: SFTPClient, folder: str) -> None:
    top = sftp.path(folder)
    path = top / "file.txt"
    assert path == top.joinpath("file.txt")
    assert (path.name, path.stem, path.suffix, str(path.parent)) == (
        *("file.txt", "file", ".txt", folder),
    )
    assert path.parts[-1] == "file.txt"
    assert str(path.relative_to(top)) == "file.txt"
    assert (path.suffixes, path.anchor, path.is_absolute()) == ([".txt"], "/", True)
    assert path.parents[0] == top
    assert (path.is_relative_to(top), path.match("*.txt")) == (True, True)
    assert (path.with_stem("x").name, path.with_suffix(".x").name) == ("x.txt", "file.x")
    assert path.with_segments(folder, "file.txt") == path
    assert path.as_posix() == f"{folder}/file.txt"
    assert await path.write_text("grün") == 5
    assert await path.read_text() == "grün"
    assert await path.write_bytes(b"abc") == 3
    assert await path.read_bytes() == b"abc"
    await path.chmod(0o600)
    assert (await path.stat()).size == 3
    await (top / "deep" / "er").mkdir(parents=True)
    await (top / "link").symlink_to("file.txt")
    assert await (top / "link").is_symlink()
    assert (await (top / "link").lstat()).size is not None
    assert str(await (top / "link").readlink()) == "file.txt"
    assert await (top / "link").resolve() == path
    assert sorted([each.name async for each in top.iterdir()]) == ["deep", "file.txt", "link"]
    assert [each.name async for each in top.glob("*.txt")] == ["file.txt"]
    moved = await path.rename(path.with_name("moved"))
    moved = await moved.replace(top / "again")
    assert (await moved.exists(), await moved.is_file(), await top.is_dir()) == (True, True, True)
    async with await moved.open() as file:
        assert await file.read() == b"abc"
    await moved.unlink()
    await moved.unlink(missing_ok=True)
    await (top / "deep" / "er").rmdir()


async def path_changes_what_is_there(sftp: SFTPClient, folder: str) -> None:
    top = sftp.path(folder)
    await (top / "deep").mkdir()
    await (top / "deep" / "new").touch()
    await (top / "deep" / "other").hardlink_to(top / "deep" / "new")
    assert (await (top / "deep" / "new").copy(top / "deep" / "third")).name == "third"
    assert await (top / "deep").samefile(f"{folder}/deep")
    assert await (await (top / "deep").absolute()).expanduser() == top / "deep"
    assert [each.name async for each in top.rglob("n*")] == ["new"]
    walked = [(at.name, names, sorted(files)) async for at, names, files in (top / "deep").walk()]
    assert walked == [("deep", [], ["new", "other", "third"])]
    with pytest.raises(KeyError):  # below a root no names are told
        await (top / "deep").owner()
    with pytest.raises(KeyError):
        await (top / "deep").group()
    await (top / "deep").rmtree()


async def trees_and_files_are_handled_by_one_call(sftp: SFTPClient, folder: str) -> None:
    await sftp.makedirs(f"{folder}/a/b")
    await sftp.touch(f"{folder}/a/b/f.txt")
    await sftp.utime(f"{folder}/a/b/f.txt", 1, 2)
    assert (await sftp.stat(f"{folder}/a/b/f.txt")).mtime == 2
    await sftp.chown(f"{folder}/a/b/f.txt", os.getuid(), os.getgid())
    assert [path async for path in sftp.glob(f"{folder}/**/*.txt")] == [f"{folder}/a/b/f.txt"]
    assert await sftp.checksum(f"{folder}/a/b/f.txt") == hashlib.sha256().digest()
    await sftp.rmtree(f"{folder}/a")
    assert await sftp.listdir(folder.encode()) == []


async def trees_are_put_and_fetched(api: Api) -> None:
    (api.folder / "tree" / "deep").mkdir(parents=True)
    (api.folder / "tree" / "deep" / "one").write_bytes(os.urandom(100_000))
    async with api.connect() as conn, conn.sftp() as sftp:
        target = f"/{api.folder.name}-tree"
        sent = await sftp.put(api.folder / "tree", target, recursive=True)
        back = await sftp.get(target, api.folder / "back", recursive=True)
    assert (sent.files, back.files) == (1, 1)
    one = (api.folder / "tree" / "deep" / "one").read_bytes()
    assert (api.folder / "back" / "deep" / "one").read_bytes() == one


async def trees_are_made_alike(api: Api) -> None:
    (api.folder / "mirrored").mkdir()
    (api.folder / "mirrored" / "one.txt").write_bytes(b"1")
    (api.folder / "mirrored" / "two.bin").write_bytes(b"2")
    select = PathFilter(include=["*.txt"])
    async with api.connect() as conn, conn.sftp() as sftp:
        top, target = api.folder / "mirrored", f"/{api.folder.name}-mirrored"
        sent = await sftp.sync(top, target, direction="upload", select=select)
        again = await sftp.sync(top, target, direction="download", dry_run=True)
    assert (sent.files, sent.plan.paths("file"), again.plan.steps) == (1, ("one.txt",), ())


async def file_is_copied_to_another_server(api: Api) -> None:
    source, target = f"/{api.folder.name}-one", f"/{api.folder.name}-two"
    async with api.connect() as conn, conn.sftp() as sftp, conn.sftp() as other:
        await sftp.write_bytes(source, b"abc")
        done = await sftp.copy_to(source, other, target)
        assert (done.files, await other.read_bytes(target)) == (1, b"abc")


FILES: Final[list[Body]] = [
    *map(
        with_files,
        (
            session_says_what_the_server_can,
            names_are_made_and_removed,
            attributes_are_read_and_set,
            missing_file_is_raised_with_its_name,
            file_is_read_and_written,
            text_file_is_read_and_written,
            path_has_the_interface_of_pathlib,
            path_changes_what_is_there,
            trees_and_files_are_handled_by_one_call,
        ),
    ),
    trees_are_put_and_fetched,
    trees_are_made_alike,
    file_is_copied_to_another_server,
]
