"""Symbolic links over SFTP with AsyncSSH, Paramiko and OpenSSH, in both roles.

They do not agree on the order of the two paths: `ssh_sftp.symlinks` has who does what.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import os
import socket
import tempfile
import threading
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import asyncssh
import pytest

import ssh_stack
from ssh_keys import PrivateKey
from ssh_sftp.aio import SFTPClient
from ssh_stack import Passwords, Rooted
from tests.interop.connecting import connect
from tests.interop.serving import serve

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Generator

    from tests.interop.peers import Peer

paramiko: Any = import_module("paramiko")  # it has no types
HOST_KEY = PrivateKey.generate("ed25519")
PASSWORD = "its password"


def link(path: Path) -> str:
    """Where a symbolic link leads, as it is written."""
    return os.readlink(path)  # noqa: PTH115 (pathlib writes it differently)


# ------------------------------------------------------------- our client


class Open(asyncssh.SSHServer):
    """Wants no authentication."""

    def begin_auth(self, username: str) -> bool:
        del username
        return False


@contextlib.asynccontextmanager
async def asyncssh_server(root: Path) -> AsyncGenerator[int]:
    def serve(channel: asyncssh.SSHServerChannel[bytes]) -> asyncssh.SFTPServer:
        return asyncssh.SFTPServer(channel, chroot=str(root).encode())

    key = asyncssh.import_private_key(HOST_KEY.to_openssh())
    async with asyncssh.listen(
        "127.0.0.1", 0, server_factory=Open, server_host_keys=[key], sftp_factory=serve
    ) as listening:
        yield listening.sockets[0].getsockname()[1]


def paramiko_files(root: Path) -> Any:
    """Paramiko's file system over a directory: links alone."""

    def at(path: str) -> Path:
        return root / path.lstrip("/")

    def guarded(operation: Callable[[], Any]) -> Any:
        try:
            return operation()
        except OSError as error:
            return paramiko.SFTPServer.convert_errno(error.errno)

    def symlink(_self: object, target_path: str, path: str) -> Any:
        def make() -> int:
            at(path).symlink_to(target_path)
            return 0  # SFTP_OK

        return guarded(make)

    def readlink(_self: object, path: str) -> Any:
        return guarded(lambda: link(at(path)))

    def lstat(_self: object, path: str) -> Any:
        return guarded(lambda: paramiko.SFTPAttributes.from_stat(at(path).lstat()))

    methods = {"symlink": symlink, "readlink": readlink, "lstat": lstat}
    return type("Files", (paramiko.SFTPServerInterface,), methods)


def paramiko_policy() -> Any:
    """Paramiko's decisions: whoever has the password is accepted, and may open channels."""

    def check_auth_password(_self: object, _user: str, password: str) -> int:
        return 0 if password == PASSWORD else 2  # AUTH_SUCCESSFUL, AUTH_FAILED

    def check_channel_request(_self: object, _kind: str, _number: int) -> int:
        return 0  # OPEN_SUCCEEDED

    methods = {
        "check_auth_password": check_auth_password,
        "check_channel_request": check_channel_request,
    }
    return type("Policy", (paramiko.ServerInterface,), methods)()


@contextlib.contextmanager
def paramiko_server(root: Path) -> Generator[int]:
    files = paramiko_files(root)
    listening = socket.create_server(("127.0.0.1", 0))
    key = paramiko.Ed25519Key.from_private_key(io.StringIO(HOST_KEY.to_openssh().decode()))
    transports: list[Any] = []

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                transport = paramiko.Transport(listening.accept()[0])
                transports.append(transport)
                transport.add_server_key(key)
                transport.set_subsystem_handler("sftp", paramiko.SFTPServer, files)
                transport.start_server(server=paramiko_policy())

    thread = threading.Thread(target=accept)
    thread.start()
    try:
        yield listening.getsockname()[1]
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join()
        for transport in transports:
            transport.close()


async def make_links(port: int) -> None:
    """Make links with our client: to nothing, to a file, over a link."""
    known = f"[127.0.0.1]:{port} {HOST_KEY.public_key.to_openssh()}".encode()
    async with (
        ssh_stack.connect(
            "127.0.0.1",
            port,
            username="tester",
            password=PASSWORD,
            known_hosts=known,
            config=None,
            agent=None,
            keys=None,
        ) as conn,
        conn.sftp() as sftp,
    ):
        await sftp.symlink("target", "/d/link")
        await sftp.symlink("file", "/d/to-file")
        with pytest.raises(ssh_stack.SFTPError):
            await sftp.symlink("another", "/d/link")


def prepared(root: Path) -> Path:
    (root / "d").mkdir(parents=True)
    (root / "file").write_text("content")
    return root


def assert_links(root: Path) -> None:
    assert sorted(path.name for path in root.rglob("*")) == ["d", "file", "link", "to-file"]
    assert link(root / "d" / "link") == "target"
    assert link(root / "d" / "to-file") == "file"
    assert (root / "file").read_text() == "content"


async def test_link_at_an_asyncssh_server_is_where_it_was_asked_for(tmp_path: Path) -> None:
    root = prepared(tmp_path / "root")
    async with asyncssh_server(root) as port:
        await make_links(port)
    assert_links(root)


async def test_link_at_a_paramiko_server_is_where_it_was_asked_for(tmp_path: Path) -> None:
    root = prepared(tmp_path / "root")
    with paramiko_server(root) as port:
        await make_links(port)
    assert_links(root)


async def test_link_at_an_openssh_server_is_where_it_was_asked_for(peer: Peer) -> None:
    async with connect(peer) as conn, conn.sftp() as sftp:
        await conn.run("mkdir symlinks", check=True)
        await sftp.symlink("target", "symlinks/link")
        assert await sftp.listdir("symlinks") == ["link"]
        assert await sftp.readlink("symlinks/link") == "target"
        await conn.run("rm -r symlinks", check=True)


async def test_link_is_made_right_over_a_stream_without_a_server_name(
    tmp_path: Path,
) -> None:
    """AsyncSSH's client hands on the bytes alone; READLINK fails for links in its chroot."""
    root = prepared(tmp_path / "root")
    async with (
        asyncssh_server(root) as port,
        asyncssh.connect("127.0.0.1", port, known_hosts=None, config=None) as conn,
    ):
        process = await conn.create_process(subsystem="sftp", encoding=None)
        async with SFTPClient.from_streams(process.stdout, process.stdin) as sftp:
            await sftp.symlink("target", "/d/link")
            await sftp.symlink("file", "/d/to-file")
    assert_links(root)


# ------------------------------------------------------------- our server


@contextlib.asynccontextmanager
async def ours(root: Path) -> AsyncGenerator[int]:
    async with ssh_stack.serve(
        "127.0.0.1",
        0,
        host_keys=[HOST_KEY],
        auth=Passwords(lambda _, given: given == PASSWORD),
        sftp=Rooted(root),
    ) as server:
        yield server.port


async def test_link_from_an_asyncssh_client_is_where_it_was_asked_for(tmp_path: Path) -> None:
    root = prepared(tmp_path / "root")
    async with (
        ours(root) as port,
        asyncssh.connect(
            "127.0.0.1", port, username="tester", password=PASSWORD, known_hosts=None, config=None
        ) as conn,
        conn.start_sftp_client() as sftp,
    ):
        await sftp.symlink("target", "/d/link")
        await sftp.symlink("file", "/d/to-file")
        assert await sftp.readlink("/d/link") == "target"
    assert_links(root)


async def test_link_from_a_paramiko_client_is_where_it_was_asked_for(tmp_path: Path) -> None:
    def make(port: int) -> None:
        with paramiko.SSHClient() as client:
            client.set_missing_host_key_policy(paramiko.WarningPolicy)
            client.get_host_keys().add(
                f"[127.0.0.1]:{port}",
                "ssh-ed25519",
                paramiko.Ed25519Key(data=HOST_KEY.public_key.blob),
            )
            client.connect(
                "127.0.0.1",
                port,
                "tester",
                PASSWORD,
                allow_agent=False,
                look_for_keys=False,
            )
            sftp = client.open_sftp()
            sftp.symlink("target", "/d/link")
            sftp.symlink("file", "/d/to-file")
            assert sftp.readlink("/d/link") == "target"

    root = prepared(tmp_path / "root")
    async with ours(root) as port:
        await asyncio.to_thread(make, port)
    assert_links(root)


async def test_link_from_an_openssh_client_is_where_it_was_asked_for(peer: Peer) -> None:
    async with serve(peer, "symlinks") as served:
        with tempfile.TemporaryDirectory(dir=served.folder) as name:
            root = prepared(Path(name) / "root")
            batch = f"ln -s target {root}/d/link\nln -s file {root}/d/to-file\n"
            done = await served.client("sftp", "-b", "-", "tester@127.0.0.1", stdin=batch.encode())
            assert done.returncode == 0, done.stderr
            assert_links(root)
