"""OpenSSH's ssh-keysign for our client and at our server, with an /etc/ssh of its own."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

import ssh_stack
from ssh_keys import PrivateKey
from ssh_keys.files import write_key_file, write_private_key
from ssh_stack.client.keysign import find_keysign
from ssh_stack.local.user import local_user
from tests.interop import keysign_client

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(
    find_keysign() is None or shutil.which("unshare") is None or os.getuid() != 0,
    reason="ssh-keysign is not on this machine, or nothing may be mounted",
)


def etc_ssh(folder: Path, enabled: str) -> PrivateKey:
    """Make an /etc/ssh with the key of a host; return the key."""
    key = PrivateKey.generate("ed25519")
    write_private_key(folder / "ssh_host_ed25519_key", key)
    public = f"{key.public_key.to_openssh()}\n".encode()
    write_key_file(folder / "ssh_host_ed25519_key.pub", public, public=True)
    (folder / "ssh_config").write_text(f"EnableSSHKeysign {enabled}\n")
    return key


def in_namespace(folder: Path, *program: str) -> list[str]:
    mount = f'mount --bind {folder} /etc/ssh && exec "$@"'
    return ["unshare", "--mount", "sh", "-c", mount, "sh", *program]


def sign(folder: Path, enabled: str, user: str = "") -> str:
    etc_ssh(folder, enabled)
    command = in_namespace(folder, sys.executable, "-m", keysign_client.__name__, user)
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_keysign_signs_where_the_system_enables_it(tmp_path: Path) -> None:
    assert sign(tmp_path, "yes") == "signed"


def test_keysign_that_is_not_enabled_says_so(tmp_path: Path) -> None:
    assert "not enabled in /etc/ssh/ssh_config" in sign(tmp_path, "no")


def test_keysign_signs_for_no_other_user(tmp_path: Path) -> None:
    assert "not a valid request" in sign(tmp_path, "yes", "somebody")


@pytest.mark.parametrize("known", [True, False])
async def test_ssh_logs_in_to_our_server_by_the_key_of_its_host(
    tmp_path: Path, *, known: bool
) -> None:
    key = etc_ssh(tmp_path, "yes")
    host = PrivateKey.generate("ed25519")
    trusted = (key if known else host).public_key.to_openssh()
    auth = ssh_stack.TrustedHosts(["localhost"], f"localhost {trusted}\n".encode(), [local_user()])

    async def greet(session: ssh_stack.Session) -> int:
        await session.write(b"hello")
        return 0

    options = (
        "HostbasedAuthentication=yes",
        "PreferredAuthentications=hostbased",
        "BatchMode=yes",
    )
    checked = (
        "StrictHostKeyChecking=no",
        f"UserKnownHostsFile={tmp_path}/known_hosts",
    )
    given = [word for option in (*options, *checked) for word in ("-o", option)]
    async with ssh_stack.serve("127.0.0.1", 0, host_keys=[host], auth=auth, session=greet) as at:
        port = ("-p", str(at.port), f"{local_user()}@127.0.0.1")
        command = in_namespace(tmp_path, "ssh", "-v", *given, *port, "x")
        ssh = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await ssh.communicate()
    assert (out, ssh.returncode) == ((b"hello", 0) if known else (b"", 255)), err.decode()
