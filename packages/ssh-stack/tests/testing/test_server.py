"""A server for tests serves clients of both APIs and programs that we did not write."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Generator
from pathlib import Path

import pytest

from ssh_stack import ConnectionLost, LocalShell, SFTPNoSuchFile, connect, sync
from ssh_stack.testing import Answer, SFTPServer, SSHServer


@pytest.fixture
def server(tmp_path: Path) -> Generator[SSHServer]:
    with SSHServer(tmp_path / "server") as server:
        yield server


async def test_server_answers_the_asynchronous_api(server: SSHServer) -> None:
    server.answer("uptime", "up 3 days", stderr="late", status=1)

    async with connect(server.host, server.port, **server.login) as conn:
        done = await conn.run("uptime", text=True)

    assert (done.stdout, done.stderr, done.exit_status) == ("up 3 days", "late", 1)
    assert server.commands == ["uptime"]


def test_server_answers_the_blocking_api(server: SSHServer) -> None:
    server.answer_others(Answer(stdout=b"whatever"))

    with sync.connect(server.host, server.port, **server.login) as conn:
        assert conn.run("anything").stdout == b"whatever"


async def test_server_connects_clients_with_options_of_their_own(server: SSHServer) -> None:
    async with server.connect(username="alice") as conn:
        assert conn.username == "alice"
        assert [each.user.name for each in server.connections if each.user] == ["alice"]


def test_server_connects_blocking_clients(server: SSHServer) -> None:
    with server.connect_blocking(username="alice") as conn:
        assert conn.username == "alice"


@pytest.mark.skipif(shutil.which("ssh") is None, reason="ssh is not on this machine")
def test_ssh_finds_the_server_by_the_configuration(server: SSHServer) -> None:
    server.answer("uptime", b"up 3 days\n", status=7)

    done = subprocess.run(
        ["ssh", "-F", server.config, server.name, "uptime"],
        capture_output=True,
        check=False,
        timeout=60,
    )

    assert (done.returncode, done.stdout) == (7, b"up 3 days\n"), done.stderr


async def test_our_client_finds_the_server_by_the_configuration(server: SSHServer) -> None:
    async with connect(server.name, config=server.config, agent=None) as conn:
        assert (conn.username, conn.port) == (server.username, server.port)


async def test_cut_connections_are_lost_without_a_word(server: SSHServer) -> None:
    async with server.connect() as conn:
        server.cut_connections()
        with pytest.raises(ConnectionLost):
            await conn.run("uptime")
    async with server.connect() as again:
        assert not again.is_closed


def test_server_takes_options_of_serve(tmp_path: Path) -> None:
    with (
        SSHServer(tmp_path, session=LocalShell()) as server,
        server.connect_blocking() as conn,
    ):
        assert conn.run("echo $((6 * 7))", text=True).stdout == "42\n"


def test_server_that_is_not_open_says_so(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="with SSHServer"):
        SSHServer(tmp_path).port  # noqa: B018 (the property raises)


def test_closed_server_can_not_be_reached(tmp_path: Path) -> None:
    with SSHServer(tmp_path) as server:
        host, port = server.host, server.port

    with pytest.raises(ConnectionRefusedError):
        sync.connect(host, port, **server.login).open()


async def test_sftp_server_serves_its_folder_alone(tmp_path: Path) -> None:
    with SFTPServer(tmp_path / "server") as server:
        (server.root / "report").write_text("42")
        async with server.connect() as conn, conn.sftp() as sftp:
            assert await sftp.read_bytes("/report") == b"42"
            await sftp.write_bytes("/new", b"43")
            with pytest.raises(SFTPNoSuchFile):
                await sftp.read_bytes("/../known_hosts")
        assert (server.root / "new").read_bytes() == b"43"


@pytest.mark.skipif(shutil.which("sftp") is None, reason="sftp is not on this machine")
def test_sftp_program_fetches_from_the_sftp_server(tmp_path: Path) -> None:
    with SFTPServer(tmp_path / "server") as server:
        (server.root / "report").write_text("42")
        command = ["sftp", "-q", "-F", str(server.config), f"{server.name}:/report", "back"]
        subprocess.run(command, check=True, timeout=60, cwd=tmp_path, capture_output=True)

    assert (tmp_path / "back").read_text() == "42"
