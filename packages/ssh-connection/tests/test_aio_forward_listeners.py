"""What a forward listens on: one port of all addresses, or a Unix socket that is its own."""

from __future__ import annotations

import asyncio
import os
import socket
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ssh_connection.addresses import TCPAddress, UnixAddress
from ssh_connection.aio.forward.listeners import TCPListener, UnixListener, listener_for


async def test_free_port_is_the_same_on_all_addresses(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    listener = TCPListener(TCPAddress("", 0))
    server = await listener.bind(asyncio.Protocol)
    assert {each.getsockname()[1] for each in server.sockets} == {listener.address.port}
    server.close()

    loop = asyncio.get_running_loop()
    create = loop.create_server

    async def only_port_0(*args: Any, port: int, **kwargs: Any) -> asyncio.Server:
        if port:
            problem = "taken"
            raise OSError(problem)
        first = await create(*args, port=0, **kwargs)
        vars(first)["_sockets"] += vars(await create(*args, port=0, **kwargs))["_sockets"]
        return first

    monkeypatch.setattr(loop, "create_server", only_port_0)
    with pytest.raises(OSError, match="no port is free"):
        await TCPListener(TCPAddress("127.0.0.1", 0)).bind(asyncio.Protocol)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "s"


def unix(path: Path, *, unlink: bool = False) -> UnixListener:
    return UnixListener(UnixAddress(str(path)), unlink=unlink)


async def bound(listener: UnixListener) -> asyncio.Server:
    return await listener.bind(asyncio.Protocol)


def stale_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(path))


def linked_socket(path: Path, other: Path) -> None:
    stale_socket(other)
    path.symlink_to(other)


MAKE: dict[str, Callable[[Path, Path], object]] = {
    "file": lambda path, _: path.write_text("mine"),
    "folder": lambda path, _: path.mkdir(),
    "link to a socket": linked_socket,
    "dangling link": lambda path, other: path.symlink_to(other),
}


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def is_socket(path: Path) -> bool:
    return path.is_socket()


def is_there(path: Path) -> bool:
    return os.path.lexists(path)


@pytest.mark.parametrize(("mask", "mode"), [(0o177, 0o600), (0o117, 0o660), (0o111, 0o666)])
async def test_unix_socket_has_the_mode_of_its_mask(path: Path, mask: int, mode: int) -> None:
    before = os.umask(0o022)
    try:
        listener = listener_for(UnixAddress(str(path)), mask=mask)
        server = await listener.bind(asyncio.Protocol)
        assert mode_of(path) == mode
        assert os.umask(0o022) == 0o022
    finally:
        os.umask(before)
    server.close()
    listener.remove()
    assert not is_there(path)


@pytest.mark.row("C18")
@pytest.mark.parametrize("unlink", [False, True])
@pytest.mark.parametrize("kind", MAKE)
async def test_what_is_no_socket_is_never_unlinked(
    path: Path, tmp_path: Path, kind: str, *, unlink: bool
) -> None:
    other = tmp_path / "t"
    MAKE[kind](path, other)
    before = os.lstat(path)
    listener = unix(path, unlink=unlink)
    with pytest.raises(OSError, match="in use"):
        await bound(listener)
    listener.remove()
    assert os.lstat(path) == before
    assert is_socket(other) is (kind == "link to a socket")


@pytest.mark.row("C18")
async def test_socket_that_is_there_is_replaced_only_where_asked_for(path: Path) -> None:
    stale_socket(path)
    with pytest.raises(OSError, match="in use"):
        await bound(unix(path))
    assert is_socket(path)
    listener = unix(path, unlink=True)
    server = await bound(listener)
    server.close()
    listener.remove()
    assert not is_there(path)


async def test_socket_that_took_the_place_of_ours_is_left_alone(path: Path) -> None:
    listener = unix(path)
    server = await bound(listener)
    os.rename(path, f"{path}.moved")  # noqa: PTH104 (in an async function)
    stale_socket(path)
    server.close()
    listener.remove()
    assert is_socket(path)


async def test_path_too_long_for_a_socket_says_so(path: Path) -> None:
    with pytest.raises(OSError, match="too long"):
        await bound(unix(path.with_name("x" * 200)))


async def test_socket_in_a_folder_that_is_missing_cannot_be_made(path: Path) -> None:
    listener = unix(path / "s", unlink=True)
    with pytest.raises(OSError, match="No such file"):
        await bound(listener)
    listener.remove()
