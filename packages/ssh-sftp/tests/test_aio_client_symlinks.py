from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncGenerator, Callable
from pathlib import Path

import pytest

from ssh_sftp import SFTPConnectionLost, SFTPError, SFTPNoSuchFile, StatusCode
from ssh_sftp import messages as m
from ssh_sftp.aio import Rooted, SFTPClient, SFTPServer
from ssh_sftp.messages import Request
from ssh_sftp.testing import memory_pipes
from ssh_wire import Message

TARGET_FIRST, LINK_FIRST = "paramiko_3.5.1", "AsyncSSH_2.21.0"


def write(path: Path) -> None:
    path.write_text("content")


THERE: dict[str, Callable[[Path], None]] = {
    "nothing": lambda _: None,
    "a file": write,
    "a directory": lambda path: path.mkdir(),
    "a link to the target": lambda path: path.symlink_to("t"),
    "a link to the link": lambda path: path.symlink_to("l"),
    "a link to something else": lambda path: path.symlink_to("else"),
}


class Rewriting(Rooted):
    """Writes the target of a link in a manner of its own."""

    def symlink(self, target: str, link: str) -> None:
        super().symlink(f"./{target}", link)


@contextlib.asynccontextmanager
async def session(
    files: Rooted, their_view: str = "", our_view: str = ""
) -> AsyncGenerator[SFTPClient]:
    """A client that takes the server for `our_view`; the server's view is the reverse."""
    near, far = memory_pipes()
    serving = asyncio.ensure_future(SFTPServer(far, files, peer_software=their_view).serve())
    async with SFTPClient.from_pipe(near, peer_software=our_view) as sftp:
        yield sftp
    await serving


def picture(root: Path) -> dict[str, str]:
    """What is in a directory, links by where they lead."""
    return {
        path.name: f"-> {os.readlink(path)}"  # noqa: PTH115 (as it is written)
        if path.is_symlink()
        else "directory"
        if path.is_dir()
        else path.read_text()
        for path in root.iterdir()
    }


@pytest.mark.parametrize("software", [TARGET_FIRST, LINK_FIRST])
async def test_link_is_made_in_the_order_that_both_sides_know(root: Path, software: str) -> None:
    async with session(Rooted(root), software, software) as sftp:
        await sftp.symlink("t", "l")
        await sftp.path("other").symlink_to("t")

    assert picture(root) == {"l": "-> t", "other": "-> t"}


@pytest.mark.parametrize("server", [TARGET_FIRST, LINK_FIRST])
@pytest.mark.parametrize("at_link", THERE)
@pytest.mark.parametrize("at_target", THERE)
async def test_link_of_unknown_order_is_made_right_or_nothing_is_changed(
    root: Path, server: str, at_target: str, at_link: str
) -> None:
    THERE[at_target](root / "t")
    THERE[at_link](root / "l")
    before = picture(root)

    async with session(Rooted(root), server) as sftp:
        if at_link == "nothing":
            await sftp.symlink("t", "l")
            assert await sftp.readlink("l") == "t"
            assert picture(root) == {**before, "l": "-> t"}
        else:
            with pytest.raises(SFTPError):
                await sftp.symlink("t", "l")
            assert picture(root) == before


@pytest.mark.parametrize("server", [TARGET_FIRST, LINK_FIRST])
async def test_link_of_unknown_order_in_a_directory_is_made_right(root: Path, server: str) -> None:
    (root / "d").mkdir()
    async with session(Rooted(root), server) as sftp:
        await sftp.symlink("f", "d/l")

    assert picture(root) == {"d": "directory"}
    assert picture(root / "d") == {"l": "-> f"}


async def test_link_to_itself_does_not_decide_the_order(root: Path) -> None:
    async with session(Rooted(root), LINK_FIRST) as sftp:
        await sftp.symlink("l", "l")
        await sftp.symlink("t", "other")

    assert picture(root) == {"l": "-> l", "other": "-> t"}


@pytest.mark.parametrize("server", [TARGET_FIRST, LINK_FIRST])
async def test_order_is_learned_from_the_first_link(
    root: Path, monkeypatch: pytest.MonkeyPatch, server: str
) -> None:
    asked: list[str] = []
    real = Rooted.lstat

    def lstat(files: Rooted, path: str) -> object:
        asked.append(path)
        return real(files, path)

    monkeypatch.setattr(Rooted, "lstat", lstat)
    async with session(Rooted(root), server) as sftp:
        for number in range(3):
            await sftp.symlink("t", f"l{number}")

    assert asked == ["t"]
    assert picture(root) == dict.fromkeys(["l0", "l1", "l2"], "-> t")


async def test_link_whose_target_the_server_rewrites_counts_as_made(root: Path) -> None:
    (root / "t").write_text("content")
    async with session(Rewriting(root), TARGET_FIRST) as sftp:
        await sftp.symlink("t", "l")

    assert picture(root) == {"t": "content", "l": "-> ./t"}


async def test_rewritten_link_at_the_wrong_path_is_reported_and_kept(root: Path) -> None:
    async with session(Rewriting(root), LINK_FIRST) as sftp:
        with pytest.raises(SFTPError, match=r"'t' is a link to './l'.*peer_software") as caught:
            await sftp.symlink("t", "l")

    assert caught.value.filename == "l"
    assert picture(root) == {"t": "-> ./l"}


async def test_success_without_a_link_is_an_error(scripted: Callable[..., SFTPClient]) -> None:
    def reply(request: Request) -> list[Message]:
        if isinstance(request, m.SymLink):
            return [m.Status(id=request.id, code=StatusCode.OK)]
        return [m.Status(id=request.id, code=StatusCode.NO_SUCH_FILE)]

    async with scripted(reply) as sftp:
        with pytest.raises(SFTPError, match="reported that it made the link, but"):
            await sftp.symlink("t", "l")


async def test_nothing_is_removed_if_the_server_refuses_lstat(
    scripted: Callable[..., SFTPClient],
) -> None:
    seen: list[Request] = []

    def reply(request: Request) -> list[Message]:
        seen.append(request)
        if isinstance(request, m.SymLink):
            return [m.Status(id=request.id, code=StatusCode.OK)]
        if isinstance(request, m.ReadLink) and request.path == "t":
            return [m.Name(id=request.id, entries=(m.NameEntry(filename="l", longname="l"),))]
        return [m.Status(id=request.id, code=StatusCode.PERMISSION_DENIED)]

    async with scripted(reply) as sftp:
        with pytest.raises(SFTPError, match="'t' is a link to 'l'"):
            await sftp.symlink("t", "l")

    kinds = [type(request) for request in seen]
    assert kinds.count(m.SymLink) == 1
    assert m.Remove not in kinds


async def test_session_that_ends_while_a_link_is_read_back_raises(
    scripted: Callable[..., SFTPClient],
) -> None:
    def silent(_request: Request) -> list[Message]:
        return []

    sftp = scripted(silent)
    await sftp.start()
    making = asyncio.ensure_future(sftp.symlink("t", "l"))
    await asyncio.sleep(0)
    await sftp.close()

    with pytest.raises(SFTPConnectionLost):
        await making


async def test_refusal_of_a_link_of_unknown_order_is_the_servers(root: Path) -> None:
    async with session(Rooted(root), TARGET_FIRST) as sftp:
        with pytest.raises(SFTPNoSuchFile) as caught:
            await sftp.symlink("t", "missing/l")

    assert caught.value.filename == "missing/l"
    assert os.listdir(root) == []  # noqa: PTH208 (names)
