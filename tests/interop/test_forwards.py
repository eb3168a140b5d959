"""Forwards of every kind, both roles: OpenSSH at one end, curl at the other."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

import ssh_stack
from ssh_stack import AllowForwarding
from tests.interop.connecting import connect
from tests.interop.loopback import client_options, free_port
from tests.interop.peers import Peer
from tests.interop.serving import Served, serve

PAGE = b"page" * 50_000
STREAMS_TO_SOCKETS = {"openssh-10.0", "openssh-10.6"}
"""The peers whose `ssh -W` takes a path: from 9.4 on."""
PROXIES = ("--socks4", "--socks4a", "--socks5", "--socks5-hostname")

pytestmark = pytest.mark.skipif(shutil.which("curl") is None, reason="no curl on this machine")


@contextlib.asynccontextmanager
async def web_server() -> AsyncGenerator[int]:
    """Give the port of a web server with one page."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.0 200 OK\r\n\r\n" + PAGE)
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1]


async def curl(url: str, *words: str | Path) -> bytes:
    """Return the page, or what curl says is wrong."""
    process = await asyncio.create_subprocess_exec(
        *("curl", "--silent", "--show-error", "--max-time", "30", *words, url),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    return out or err


async def through_proxies(proxy: str, port: int) -> None:
    """Fetch the page of a port by each version of SOCKS."""
    for version in PROXIES:
        assert await curl(f"http://127.0.0.1:{port}/", version, proxy) == PAGE
    assert await curl(f"http://localhost:{port}/", "--socks5-hostname", proxy) == PAGE


def open_folder(peer: Peer, name: str) -> Path:
    """Return a folder in which both sides may make sockets."""
    folder = peer.keys.folder / f"{name}-{peer.name}"
    folder.mkdir(exist_ok=True)
    folder.chmod(0o777)
    for left in folder.iterdir():
        left.unlink()
    return folder


# ------------------------------------------------------------------ our client, their sshd


async def test_curl_goes_through_a_dynamic_forward_of_our_client(peer: Peer) -> None:
    async with web_server() as page, connect(peer) as conn, conn.forward_dynamic(0) as proxy:
        await through_proxies(f"127.0.0.1:{proxy.port}", page)
        told = await curl("http://127.0.0.1:1/", "--socks5", f"127.0.0.1:{proxy.port}")
        assert b"SOCKS" in told


async def test_curl_goes_through_a_remote_dynamic_forward_of_our_client(peer: Peer) -> None:
    async with web_server() as page, connect(peer) as conn:
        async with conn.forward_remote_dynamic("127.0.0.1:0") as proxy:
            await through_proxies(f"127.0.0.1:{proxy.port}", page)
        async with conn.forward_remote_dynamic(
            "127.0.0.1:0", lambda address: address.port != page
        ) as proxy:
            words = ("--socks5", f"127.0.0.1:{proxy.port}")
            assert b"SOCKS" in await curl(f"http://127.0.0.1:{page}/", *words)


async def test_unix_sockets_of_their_server_are_forwarded_both_ways(peer: Peer) -> None:
    folder = open_folder(peer, "unix")
    there, here = folder / "there", folder / "here"
    async with (
        web_server() as page,
        connect(peer) as conn,
        conn.forward_remote(there, f"127.0.0.1:{page}"),
        conn.forward_local(here, there),
        conn.forward_local(0, there) as forward,
    ):
        assert await curl("http://there/", "--unix-socket", there) == PAGE
        assert await curl("http://here/", "--unix-socket", here) == PAGE
        assert await curl(f"http://127.0.0.1:{forward.port}/") == PAGE
        stream = await conn.open_unix(there)
        await stream.write(b"GET / HTTP/1.0\r\n\r\n")
        assert (await stream.read(4)).startswith(b"HTTP")
        await stream.close()
    assert not os.path.lexists(here)  # noqa: ASYNC240 (quick)


async def test_unix_sockets_that_their_server_refuses_are_named_errors(peer: Peer) -> None:
    with peer.sshd(["AllowStreamLocalForwarding=no"]) as strict:
        async with connect(strict) as conn:
            with pytest.raises(ssh_stack.ChannelOpenRefused):
                await conn.open_unix("/run/s")
            with pytest.raises(ssh_stack.RequestRefused):
                await conn.forward_remote("/tmp/s", 1).open()  # noqa: S108 (it is refused)
            assert (await conn.run("echo still", text=True)).stdout == "still\n"


# ------------------------------------------------------------------ their client, our server


@contextlib.asynccontextmanager
async def forwarding(served: Served, *words: str) -> AsyncGenerator[None]:
    """Run the peer's ssh with forwards, which are open when its command runs."""
    argv = ["ssh", "-o", "BatchMode=yes", "-o", "ExitOnForwardFailure=yes", *words]
    identity = served.peer.keys.private["ed25519"]
    argv += map(str, client_options(served.port, served.known_hosts, identity))
    with served.peer.start_client([*argv, "tester@127.0.0.1", "echo ready; cat"]) as process:
        assert process.stdout is not None
        assert await asyncio.to_thread(process.stdout.readline) == b"ready\n"
        yield


async def test_their_client_forwards_ports_and_sockets_through_our_server(peer: Peer) -> None:
    rules = AllowForwarding(unix_sockets=True)
    folder = open_folder(peer, "forwards-ours")
    proxy, port, remote = free_port(), free_port(), free_port()
    there, here = folder / "there", folder / "here"
    async with web_server() as page, serve(peer, "forwards", forwarding=rules) as served:
        words = (
            *("-D", f"127.0.0.1:{proxy}", "-L", f"127.0.0.1:{port}:{there}"),
            *("-L", f"{here}:127.0.0.1:{page}", "-R", f"{there}:127.0.0.1:{page}"),
            *("-R", f"127.0.0.1:{remote}"),
        )
        async with forwarding(served, *words):
            await through_proxies(f"127.0.0.1:{remote}", page)
            here_to_there = ("--socks5", f"127.0.0.1:{proxy}")
            assert await curl(f"http://127.0.0.1:{page}/", *here_to_there) == PAGE
            assert await curl(f"http://127.0.0.1:{port}/") == PAGE
            assert await curl("http://here/", "--unix-socket", here) == PAGE
            assert await curl("http://there/", "--unix-socket", there) == PAGE
            if peer.name in STREAMS_TO_SOCKETS:
                done = await served.client(
                    *("ssh", "-W", there, "tester@127.0.0.1"), stdin=b"GET / HTTP/1.0\r\n\r\n"
                )
                assert done.stdout.endswith(PAGE)


async def test_their_client_is_refused_unix_sockets_by_default(peer: Peer) -> None:
    folder = open_folder(peer, "denied")
    async with serve(peer, "denied") as served:
        refused = await served.client(
            *("ssh", "-R", f"{folder}/s:127.0.0.1:1", "tester@127.0.0.1", "echo no"),
            options=["ExitOnForwardFailure=yes"],
        )
        assert (refused.returncode, refused.stdout) == (255, b"")
        if peer.name in STREAMS_TO_SOCKETS:
            stream = await served.client("ssh", "-W", folder / "s", "tester@127.0.0.1", stdin=b"")
            assert b"administratively prohibited" in stream.stderr
    assert not os.path.lexists(folder / "s")  # noqa: ASYNC240 (quick)
