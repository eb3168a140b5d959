"""Whoever is cancelled anywhere leaves nothing, and what was used stays usable (R09, X08).

Every await point of what a client does, each cancelled once in two ways, against a server of
this process, so that what the server leaves behind counts too.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest

import ssh_stack
from ssh_stack import AuthorizedKeys
from tests.adversary.cancelling import MOMENTS, Moment
from tests.adversary.places import (
    CONTENT,
    HOST_KEY,
    USER_KEY,
    Operation,
    Place,
    connecting,
    swept,
)

PROXY = """\
import os, select, socket, sys
server = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
ways = {0: server.fileno(), server.fileno(): 1}
while ways:
    for source in select.select(list(ways), [], [])[0]:
        if data := os.read(source, 65536):
            os.write(ways[source], data)
        else:
            sys.exit()
"""
"""A program that carries its standard streams to a port, as a ProxyCommand does."""

pytestmark = [
    pytest.mark.row("R09"),
    pytest.mark.row("X08"),
    pytest.mark.parametrize("moment", MOMENTS),
]


# ---------------------------------------------------------------- connections


async def by_key(place: Place) -> None:
    async with place.connect():
        pass


async def by_name(place: Place) -> None:
    """Several addresses: those that are not used in the end are tried, too."""
    async with place.connect(host="localhost"):
        pass


async def without_a_scope(place: Place) -> None:
    connection = await place.connect()
    await connection.close()


async def through_a_connection(place: Place) -> None:
    async with place.connect(jump=place.connection):
        pass


async def through_a_jump_host(place: Place) -> None:
    port = place.server.port
    async with place.connect(jump=f"me@127.0.0.1:{port}"):
        pass


async def through_a_program(place: Place) -> None:
    command = [sys.executable, "-c", PROXY, str(place.server.port), place.marker]
    async with place.connect(proxy_command=command):
        pass


async def serve(_place: Place) -> None:
    auth = AuthorizedKeys([USER_KEY.public_key], users=["me"])
    serving = ssh_stack.serve("127.0.0.1", 0, host_keys=[HOST_KEY], auth=auth)
    async with serving as server, connecting(server):
        pass


@pytest.mark.parametrize(
    "operation",
    [
        by_key,
        by_name,
        without_a_scope,
        through_a_connection,
        through_a_jump_host,
        through_a_program,
        serve,
    ],
)
async def test_connect_that_is_cancelled_anywhere_leaves_nothing(
    operation: Operation, moment: Moment, tmp_path: Path
) -> None:
    assert await swept(operation, moment, tmp_path) > 0


# ---------------------------------------------------------------- commands


async def run_to_its_end(place: Place) -> None:
    await place.connection.run("echo x; cat", input=b"y" * 100_000, max_output=1_000_000)


async def run_that_lasts(place: Place) -> None:
    await place.connection.run(f"exec {place.marker}")


async def run_into_files(place: Place) -> None:
    await place.connection.run("cat", stdin=place.here / "file", stdout=place.here / "out")


async def start_and_leave(place: Place) -> None:
    async with place.connection.start(f"exec {place.marker}"):
        pass


async def start_and_talk(place: Place) -> None:
    async with place.connection.start(f"read line; echo $line; exec {place.marker}") as process:
        await process.stdin.write(b"hello\n")
        assert await process.stdout.readline() == b"hello\n"


async def start_with_a_terminal(place: Place) -> None:
    pty = ssh_stack.Pty(columns=80, rows=24)
    async with place.connection.start(f"exec {place.marker}", pty=pty):
        pass


async def start_into_files(place: Place) -> None:
    output = place.here / "out"
    async with place.connection.start(f"echo x; exec {place.marker}", stdout=output):
        pass


@pytest.mark.parametrize(
    "operation",
    [
        run_to_its_end,
        run_that_lasts,
        run_into_files,
        start_and_leave,
        start_and_talk,
        start_with_a_terminal,
        start_into_files,
    ],
)
async def test_command_that_is_cancelled_anywhere_is_ended(
    operation: Operation, moment: Moment, tmp_path: Path
) -> None:
    assert await swept(operation, moment, tmp_path) > 0


# ---------------------------------------------------------------- forwards


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        writer.write(await reader.read(100))
        await writer.drain()
    finally:
        writer.close()


async def local_forward(place: Place) -> None:
    async with place.connection.forward_local("127.0.0.1:0", f"127.0.0.1:{place.server.port}"):
        pass


async def local_forward_in_use(place: Place) -> None:
    target = f"127.0.0.1:{place.server.port}"
    async with place.connection.forward_local("127.0.0.1:0", target) as forward:
        reader, writer = await asyncio.open_connection(forward.host, forward.port)
        try:
            assert (await reader.readline()).startswith(b"SSH-2.0-")
        finally:
            writer.close()


async def remote_forward(place: Place) -> None:
    async with place.connection.forward_remote("127.0.0.1:0", f"127.0.0.1:{place.server.port}"):
        pass


async def remote_forward_in_use(place: Place) -> None:
    target = f"127.0.0.1:{place.server.port}"
    async with place.connection.forward_remote("127.0.0.1:0", target) as forward:
        reader, writer = await asyncio.open_connection(forward.host, forward.port)
        try:
            assert (await reader.readline()).startswith(b"SSH-2.0-")
        finally:
            writer.close()


async def one_stream(place: Place) -> None:
    stream = await place.connection.open_tcp("127.0.0.1", place.server.port)
    try:
        assert (await stream.read(8)).startswith(b"SSH-2.0-")
    finally:
        await stream.close()


async def ping(place: Place) -> None:
    await place.connection.ping()


@pytest.mark.parametrize(
    "operation",
    [
        local_forward,
        local_forward_in_use,
        remote_forward,
        remote_forward_in_use,
        one_stream,
        ping,
    ],
)
async def test_forward_that_is_cancelled_anywhere_listens_no_more(
    operation: Operation, moment: Moment, tmp_path: Path
) -> None:
    assert await swept(operation, moment, tmp_path) > 0


# ---------------------------------------------------------------- files


async def session_of_sftp(place: Place) -> None:
    async with place.connection.sftp() as sftp:
        await sftp.stat("/file")


async def get(place: Place) -> None:
    async with place.connection.sftp() as sftp:
        await sftp.get("/file", place.here / "got")


async def put(place: Place) -> None:
    async with place.connection.sftp() as sftp:
        await sftp.put(place.here / "file", "/put")


async def get_a_tree(place: Place) -> None:
    async with place.connection.sftp() as sftp:
        await sftp.get("/tree", place.here / "tree", recursive=True, preserve=True)


async def put_a_tree(place: Place) -> None:
    async with place.connection.sftp() as sftp:
        await sftp.put(place.there / "tree", "/copy", recursive=True, preserve=True)


async def file_of_sftp(place: Place) -> None:
    async with place.connection.sftp() as sftp, await sftp.open("/file", "r+b") as file:
        assert await file.read(10) == CONTENT[:10]
        await file.write(CONTENT[10:20])


async def listing(place: Place) -> None:
    async with place.connection.sftp() as sftp:
        assert sorted(await sftp.listdir("/tree")) == ["a", "deeper"]


async def files_are_whole(place: Place) -> None:
    """Nothing has half of a file under its name, or the name of a part."""
    for path in [*place.here.rglob("*"), *place.there.rglob("*")]:
        if path.is_file():
            assert path.read_bytes() == CONTENT, path
    known = {"file", "tree", "deeper", "a", "b", "got", "put", "copy"}
    left = {path.name for path in [*place.here.rglob("*"), *place.there.rglob("*")]}
    assert left <= known


@pytest.mark.parametrize(
    "operation", [session_of_sftp, get, put, get_a_tree, put_a_tree, file_of_sftp, listing]
)
async def test_transfer_that_is_cancelled_anywhere_leaves_whole_files(
    operation: Operation, moment: Moment, tmp_path: Path
) -> None:
    assert await swept(operation, moment, tmp_path, files_are_whole) > 1
