"""OpenSSH's ssh-keysign signs for our client, in a namespace with an /etc/ssh of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from ssh_keys import PrivateKey
from ssh_keys.files import write_key_file, write_private_key
from ssh_stack.client.keysign import find_keysign
from tests.interop import keysign_client

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(
    find_keysign() is None or shutil.which("unshare") is None or os.getuid() != 0,
    reason="ssh-keysign is not on this machine, or nothing may be mounted",
)


def sign(folder: Path, enabled: str, user: str = "") -> str:
    key = PrivateKey.generate("ed25519")
    write_private_key(folder / "ssh_host_ed25519_key", key)
    public = f"{key.public_key.to_openssh()}\n".encode()
    write_key_file(folder / "ssh_host_ed25519_key.pub", public, public=True)
    (folder / "ssh_config").write_text(f"EnableSSHKeysign {enabled}\n")
    mount = f'mount --bind {folder} /etc/ssh && exec "$@"'
    program = [sys.executable, "-m", keysign_client.__name__, user]
    command = ["unshare", "--mount", "sh", "-c", mount, "sh", *program]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_keysign_signs_where_the_system_enables_it(tmp_path: Path) -> None:
    assert sign(tmp_path, "yes") == "signed"


def test_keysign_that_is_not_enabled_says_so(tmp_path: Path) -> None:
    assert "not enabled in /etc/ssh/ssh_config" in sign(tmp_path, "no")


def test_keysign_signs_for_no_other_user(tmp_path: Path) -> None:
    assert "not a valid request" in sign(tmp_path, "yes", "somebody")
