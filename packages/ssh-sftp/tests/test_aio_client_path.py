from __future__ import annotations

from pathlib import Path

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
    assert path.relative_to("/a") == "b.txt"
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
