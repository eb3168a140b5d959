"""Users' keys of ML-DSA-44 with Ed25519, in both spellings, with OpenSSH 10.6."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

import ssh_stack
from ssh_keys import PrivateKey
from ssh_stack import AuthorizedKeys, LocalShell
from ssh_stack.cli.keygen import main
from tests.interop.connecting import connect
from tests.interop.keyfiles import folder_of, run
from tests.interop.loopback import client_options

if TYPE_CHECKING:
    from tests.interop.peers import Peer

pytestmark = pytest.mark.interop

DRAFT: Final = "ssh-mldsa44-ed25519"
EARLY: Final = "ssh-mldsa44-ed25519@openssh.com"
HOST: Final = PrivateKey.generate("ed25519")


@pytest.fixture(scope="module")
def keys(peers: dict[str, Peer]) -> dict[str, Path]:
    """A key of each spelling that our program makes, and one of ssh-keygen's."""
    folder = folder_of(peers["sid"], "mldsa-logins")
    made = {"theirs": folder / "theirs"}
    run(peers["sid"], 'ssh-keygen -q -t mldsa44-ed25519 -N "" -f "$1"', made["theirs"])
    for name in (DRAFT, EARLY):
        made[name] = folder / name.replace("@", "-")
        assert main(["-q", "-t", name, "-N", "", "-f", str(made[name])]) == 0
    return made


def test_openssh_takes_one_of_the_spellings(peers: dict[str, Peer], keys: dict[str, Path]) -> None:
    peer = peers["sid"]
    for name, path in keys.items():
        done = peer.run_client(["ssh-keygen", "-l", "-f", f"{path}.pub"])
        assert (done.returncode == 0) == (name != EARLY), done.stderr


@pytest.mark.parametrize("name", ["theirs", DRAFT])
async def test_our_client_logs_in_at_openssh(
    peers: dict[str, Peer], keys: dict[str, Path], name: str
) -> None:
    path = keys[name]
    options = [f"AuthorizedKeysFile={path}.pub", f"PubkeyAcceptedAlgorithms=+{DRAFT}"]
    with peers["sid"].sshd([*options, "StrictModes=no"]) as other:
        async with connect(other, keys=[str(path)]) as conn:
            assert (await conn.run("echo in")).stdout == b"in\n"
            assert conn.auth_attempts[-1].method == "publickey"


def serving(keys: dict[str, Path]) -> Any:
    files = [AuthorizedKeys(f"{path}.pub") for path in keys.values()]
    return ssh_stack.serve("127.0.0.1", 0, host_keys=[HOST], auth=files, session=LocalShell())


@pytest.mark.parametrize("name", ["theirs", DRAFT])
async def test_openssh_logs_in_at_our_server(
    peers: dict[str, Peer], keys: dict[str, Path], name: str
) -> None:
    async with serving(keys) as server:
        known = keys[name].with_name("known")
        known.write_text(f"[127.0.0.1]:{server.port} {HOST.public_key.to_openssh()}\n")
        options = client_options(server.port, known, keys[name])
        words = ["ssh", "-oBatchMode=yes", f"-oPubkeyAcceptedAlgorithms=+{DRAFT}", *options]
        command = [*words, "root@127.0.0.1", "echo in"]
        done = await asyncio.to_thread(peers["sid"].run_client, command)
    assert done.stdout == b"in\n", done.stderr


@pytest.mark.parametrize("name", ["theirs", DRAFT, EARLY])
async def test_our_client_logs_in_at_our_server(keys: dict[str, Path], name: str) -> None:
    async with serving(keys) as server:
        known = f"[127.0.0.1]:{server.port} {HOST.public_key.to_openssh()}".encode()
        options: dict[str, Any] = {"known_hosts": known, "config": None, "agent": None}
        async with ssh_stack.connect(
            "127.0.0.1", server.port, username="root", keys=[str(keys[name])], **options
        ) as conn:
            assert (await conn.run("echo in")).stdout == b"in\n"
