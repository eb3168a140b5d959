"""The warning of a key exchange that is not safe for long, and what the server is told."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

import pytest

import ssh_stack
from loopback_server import serving
from ssh_stack import SSHError, UsageError
from ssh_transport import profiles

if TYPE_CHECKING:
    from conftest import Sshd

_OLD = profiles("default", "server").adjusted(kex="curve25519-sha256")


@pytest.mark.parametrize(
    ("lines", "warned"),
    [
        ([], True),
        (["WarnWeakCrypto no"], False),
        (["KexAlgorithms ^curve25519-sha256"], False),
    ],
)
async def test_server_without_post_quantum_key_exchange_is_warned_of(
    lines: list[str], warned: bool, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "ssh_stack")
    async with serving(algorithms=_OLD) as here, here.connect(config_options=lines):
        pass

    text = "connection is not using a post-quantum key exchange algorithm"
    assert (text in caplog.text) is warned


async def test_server_with_post_quantum_key_exchange_is_not_warned_of(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, "ssh_stack")
    async with serving() as here, here.connect():
        pass

    assert "post-quantum" not in caplog.text


async def test_client_without_post_quantum_key_exchange_blames_no_server(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, "ssh_stack")
    async with serving() as here, here.connect(algorithms=_OLD):
        pass

    assert "post-quantum" not in caplog.text


async def test_server_that_prefers_sntrup_is_not_warned_of(
    sshd: Sshd, caplog: pytest.LogCaptureFixture
) -> None:
    """OpenSSH 9.2 has a post-quantum method, which is not implemented here."""
    caplog.set_level(logging.INFO, "ssh_stack")
    connect = ssh_stack.connect(
        "127.0.0.1",
        sshd.port,
        username=sshd.user,
        keys=[sshd.key],
        agent=None,
        config=None,
        known_hosts=sshd.known_hosts,
    )
    async with connect:
        pass

    assert "post-quantum" not in caplog.text


@pytest.mark.parametrize("compression", [True, False])
async def test_data_is_compressed_where_it_is_wanted(compression: bool) -> None:
    algorithms = profiles("default", "server").adjusted(compression="+zlib@openssh.com")
    async with (
        serving(algorithms=algorithms) as here,
        here.connect(compression=compression) as connection,
    ):
        done = await connection.run("head -c 100000 /dev/zero")
        agreed = connection.agreement

    assert done.stdout == bytes(100_000)
    assert agreed.client_to_server.compression == ("zlib@openssh.com" if compression else "none")


async def test_data_to_and_from_openssh_is_compressed(sshd: Sshd) -> None:
    connect = ssh_stack.connect(
        "127.0.0.1",
        sshd.port,
        username=sshd.user,
        keys=[sshd.key],
        agent=None,
        config=None,
        config_options=["Compression yes", "RekeyLimit 64K"],
        known_hosts=sshd.known_hosts,
    )
    async with connect as connection:
        data = bytes(range(256)) * 4096
        done = await connection.run("cat", input=data)

        assert done.stdout == data
        assert connection.agreement.server_to_client.compression == "zlib@openssh.com"


async def test_version_addendum_is_told_to_server() -> None:
    lines: list[bytes] = []

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        lines.append(await reader.readline())
        writer.close()

    server = await asyncio.start_server(take, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        options = ["VersionAddendum of %h"]
        with pytest.raises(SSHError):
            await ssh_stack.connect("127.0.0.1", port, config=None, config_options=options)

    assert lines == [b"SSH-2.0-ssh_stack_0.1 of 127.0.0.1\r\n"]


async def test_version_addendum_that_makes_no_identification_is_refused() -> None:
    with pytest.raises(UsageError, match="cannot follow the softwareversion"):
        await ssh_stack.connect("127.0.0.1", 1, config=None, config_options=["VersionAddendum é"])
