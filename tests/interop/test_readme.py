"""The programs of the README, unchanged, against a container."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.docs.test_snippets import ROOT, programs
from tests.interop.peers import USER

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_examples import CodeExample

    from tests.interop.peers import Peer

README = [example for example in programs() if example.path == ROOT / "README.md"]


@pytest.mark.parametrize("example", README, ids=str)
def test_program_of_the_readme_runs(example: CodeExample, peer: Peer, tmp_path: Path) -> None:
    home = tmp_path / "home"
    (home / ".ssh").mkdir(parents=True, mode=0o700)
    (home / ".ssh" / "config").write_text(
        f"Host *\n  HostName 127.0.0.1\n  Port {peer.port}\n  User {USER}\n"
        f"  IdentityFile {peer.keys.private['ed25519']}\n"
        f"  UserKnownHostsFile {peer.known_hosts}\n"
    )
    program = tmp_path / "program.py"
    program.write_text(example.source)

    done = subprocess.run(
        [sys.executable, program],
        env={**os.environ, "HOME": str(home), "SSH_AUTH_SOCK": ""},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.returncode == 0, done.stderr
