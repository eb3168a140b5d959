"""Reverse connections with servers and clients that we did not write."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from pathlib import Path
from typing import Any

import asyncssh
import pytest

import ssh_stack
from ssh_stack import PrivateKey, Session
from ssh_stack.testing.joined import holder_of
from tests.interop.local import LocalSshd

pytestmark = pytest.mark.interop
USER = PrivateKey.generate("ed25519")
HOST = PrivateKey.generate("ed25519")


async def shout(session: Session) -> int:
    await session.write((await session.stdin.read()).upper())
    return 0


async def test_sshd_that_dials_serves_our_client(local_sshd: LocalSshd) -> None:
    known = local_sshd.host_key
    options: dict[str, Any] = {
        "username": local_sshd.user,
        "keys": local_sshd.key,
        "known_hosts": f"box {known}".encode(),
        "config": None,
        "agent": None,
    }
    configuration = local_sshd.known_hosts.parent / "sshd_config"
    async with ssh_stack.listen_reverse("box", "127.0.0.1", **options) as listener:
        with socket.create_connection((listener.host, listener.port)) as dialled:
            command = ["/usr/sbin/sshd", "-i", "-e", "-f", str(configuration)]
            sshd = await asyncio.create_subprocess_exec(
                *command,
                stdin=dialled.fileno(),
                stdout=dialled.fileno(),
                stderr=asyncio.subprocess.DEVNULL,
            )
        async with await listener.accept() as conn:
            assert conn.server_software.startswith("OpenSSH_")
            done = await conn.run("echo here", text=True)
        await asyncio.wait_for(sshd.wait(), 30)
    assert done.stdout == "here\n"


async def test_asyncssh_that_dials_serves_our_client() -> None:
    key = asyncssh.import_private_key(HOST.to_openssh())
    authorized = asyncssh.import_authorized_keys(USER.public_key.to_openssh())
    options: dict[str, Any] = {"username": "me", "keys": [USER], "config": None, "agent": None}
    known = f"box {HOST.public_key.to_openssh()}".encode()

    async def handle(process: asyncssh.SSHServerProcess[str]) -> None:
        process.stdout.write((await process.stdin.read()).upper())
        process.exit(0)

    async with ssh_stack.listen_reverse(
        "box", "127.0.0.1", known_hosts=known, **options
    ) as listener:
        server = await asyncssh.connect_reverse(
            *(listener.host, listener.port),
            server_host_keys=[key],
            authorized_client_keys=authorized,
            process_factory=handle,
        )
        async with await listener.accept() as conn:
            done = await conn.run("shout", input=b"hello")
        server.close()
        await server.wait_closed()
    assert done.stdout == b"HELLO"


async def test_our_server_that_dials_serves_asyncssh() -> None:
    accepted = asyncio.Queue[asyncssh.SSHClientConnection]()
    key = asyncssh.import_private_key(USER.to_openssh())
    known = asyncssh.import_known_hosts(f"* {HOST.public_key.to_openssh()}")
    listener = await asyncssh.listen_reverse(
        *("127.0.0.1", 0),
        username="me",
        client_keys=[key],
        known_hosts=known,
        acceptor=accepted.put_nowait,
    )
    serve = ssh_stack.serve(None, host_keys=[HOST], auth=holder_of(USER), session=shout)
    async with serve as server:
        await server.dial("127.0.0.1", listener.get_port())
        client = await accepted.get()
        done = await client.run("shout", input="hello")
        client.close()
        await client.wait_closed()
    listener.close()
    await listener.wait_closed()
    assert done.stdout == "HELLO"


RELAY = """
import os, socket, sys, threading
listener = socket.create_server(("127.0.0.1", 0))
with open(sys.argv[1], "w") as told:
    told.write(str(listener.getsockname()[1]))
peer, _ = listener.accept()
def out():
    while data := peer.recv(65536):
        os.write(1, data)
threading.Thread(target=out, daemon=True).start()
while data := os.read(0, 65536):
    peer.sendall(data)
"""
"""A ProxyCommand that waits for a connection: with it, ssh is the client that listens."""


async def test_our_server_that_dials_serves_ssh(tmp_path: Path) -> None:
    (tmp_path / "key").write_bytes(USER.to_openssh())
    (tmp_path / "key").chmod(0o600)
    (tmp_path / "known").write_text(f"box {HOST.public_key.to_openssh()}\n")
    (tmp_path / "relay.py").write_text(RELAY)
    serve = ssh_stack.serve(None, host_keys=[HOST], auth=holder_of(USER), session=shout)
    os.mkfifo(tmp_path / "port")
    proxy = f"{sys.executable} {tmp_path}/relay.py {tmp_path}/port"
    options = ["-F", "none", "-i", str(tmp_path / "key"), "-o", f"ProxyCommand={proxy}"]
    options += ["-o", f"UserKnownHostsFile={tmp_path}/known", "-o", "IdentitiesOnly=yes"]
    ssh = await asyncio.create_subprocess_exec(
        *("ssh", *options, "me@box", "shout"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    port = int(await asyncio.to_thread((tmp_path / "port").read_text))
    async with serve as server:
        await server.dial("127.0.0.1", port)
        output, _ = await asyncio.wait_for(ssh.communicate(b"hello"), 60)
    assert (ssh.returncode, output) == (0, b"HELLO")
