from __future__ import annotations

from pathlib import Path, PurePosixPath

import pytest

from ssh_sftp.aio import SFTPClient


async def test_path_text_is_joined_and_split_as_by_pathlib(client: SFTPClient) -> None:
    path = client.path("/a") / "b.txt"

    assert (path.name, path.stem, path.suffix) == ("b.txt", "b", ".txt")
    assert path.parent == client.path("/a")
    assert path.parts == ("/", "a", "b.txt")
    assert str(path.with_name("c")) == "/a/c"
    assert repr(path) == "RemotePath('/a/b.txt')"
    assert hash(path) == hash(client.path("/a/b.txt"))
    assert path != "/a/b.txt"
    assert str(path.relative_to("/a")) == "b.txt"
    assert path.joinpath("d") == path / "d"


async def test_path_reads_writes_and_changes_files(client: SFTPClient, root: Path) -> None:
    top = client.path("/d")
    await top.mkdir()
    await top.mkdir(exist_ok=True)
    with pytest.raises(OSError, match="d"):
        await top.mkdir()
    await (top / "x" / "y").mkdir(parents=True)
    file = top / "f"
    assert not await file.exists()
    await file.write_text("héllo")
    assert await file.read_text() == "héllo"
    assert await file.read_bytes() == "héllo".encode()
    assert await file.is_file()
    assert not await file.is_dir()
    await file.chmod(0o600)
    assert (await file.stat()).mode == 0o600
    moved = await file.rename("/d/g")
    assert await moved.exists()
    await file.write_bytes(b"2")
    await file.replace(moved)
    assert await moved.read_bytes() == b"2"
    link = top / "l"
    await link.symlink_to("g")
    assert await link.is_symlink()
    assert (await link.lstat()).is_symlink
    assert str(await link.readlink()) == "g"
    assert str(await link.resolve()) == "/d/g"
    assert not await file.is_symlink()
    async with await moved.open() as opened:
        assert await opened.read() == b"2"
    await link.unlink()
    await link.unlink(missing_ok=True)
    with pytest.raises(FileNotFoundError):
        await link.unlink()
    await (top / "x" / "y").rmdir()
    assert sorted([path.name async for path in top.iterdir()]) == ["g", "x"]
    assert (root / "d" / "g").read_bytes() == b"2"


async def test_glob_returns_the_matching_paths(client: SFTPClient, root: Path) -> None:
    (root / "a" / "b").mkdir(parents=True)
    for name in ("a/1.txt", "a/2.py", "a/b/3.txt"):
        (root / name).touch()
    (root / "l").symlink_to("a")

    async def found(pattern: str) -> list[str]:
        return sorted([str(path) async for path in client.path("/").glob(pattern)])

    assert await found("*/*.txt") == ["/a/1.txt", "/l/1.txt"]
    assert await found("**/*.txt") == ["/a/1.txt", "/a/b/3.txt"]
    assert await found("**") == ["/", "/a", "/a/b"]
    with pytest.raises(ValueError, match="relative"):
        await found("/x")


async def test_paths_are_taken_apart_and_put_together_as_by_pathlib(client: SFTPClient) -> None:
    for text in ("/a/b.tar.gz", "a/b", "x", "/", ".hid", "~/x"):
        path, pure = client.path(text), PurePosixPath(text)
        assert (path.anchor, path.suffixes, path.as_posix()) == (
            *(pure.anchor, pure.suffixes, str(pure)),
        )
        assert [str(each) for each in path.parents] == [str(each) for each in pure.parents]
        assert path.is_absolute() == pure.is_absolute()
        assert path.is_relative_to("/a") == pure.is_relative_to("/a")
        assert path.match("*.gz") == pure.match("*.gz")
        assert str(path.joinpath("c", b"d")) == str(pure / "c" / "d")
        assert str("first" / path) == str("first" / pure)
        if pure.name:
            assert str(path.with_suffix(".x")) == str(pure.with_suffix(".x"))
            assert str(path.with_stem("s")) == str(pure.with_stem("s"))
        assert str(path.with_segments("q", "r")) == "q/r"
    assert client.path("a") < client.path("b")
    with pytest.raises(ValueError, match="/b"):
        client.path("/a").relative_to("/b")


async def test_paths_change_the_server_as_those_of_pathlib(client: SFTPClient, root: Path) -> None:
    top = client.path("/")
    file = top / "f"
    await file.touch(0o640)
    assert (root / "f").stat().st_mode & 0o777 == 0o640
    await file.write_text("one\ntwo\n", newline="\r\n")
    assert (root / "f").read_bytes() == b"one\r\ntwo\r\n"
    assert await file.read_text() == "one\ntwo\n"
    assert await file.read_text(newline="") == "one\r\ntwo\r\n"
    await (top / "hard").hardlink_to(file)
    assert (root / "hard").stat().st_nlink == 2
    assert await (await file.copy("/copied")).read_bytes() == b"one\r\ntwo\r\n"
    await (top / "d" / "e").mkdir(0o700, parents=True)
    assert (root / "d" / "e").stat().st_mode & 0o777 == 0o700
    await (top / "d" / "e" / "x").touch()
    assert await client.path("d/../f").samefile("f")
    assert str(await client.path("f").absolute()) == "/f"
    assert await file.absolute() == file
    assert await file.expanduser() == file
    walked = [(str(at), names, files) async for at, names, files in top.walk()]
    assert [(at, sorted(names)) for at, names, _ in walked] == [
        *(("/", ["d"]), ("/d", ["e"]), ("/d/e", [])),
    ]
    async for _, names, _ in top.walk():
        names.clear()
    await (top / "d").rmtree()
    assert not (root / "d").exists()
