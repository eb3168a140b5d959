"""`ssh-stack keyscan` beside ssh-keyscan, against every OpenSSH."""

from __future__ import annotations

import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.interop.peers import Peer


@pytest.mark.parametrize("letters", [[], ["-D"], ["-t", "rsa"], ["-H", "-t", "ed25519"]], ids=str)
def test_lines_are_those_of_ssh_keyscan(peer: Peer, letters: list[str]) -> None:
    if shutil.which("ssh-keyscan") is None:
        pytest.skip("ssh-keyscan is not on this machine")
    outputs: list[list[str]] = []
    for program in (["ssh-keyscan"], [sys.executable, "-m", "ssh_stack", "keyscan"]):
        done = subprocess.run(
            [*program, *letters, "-p", str(peer.port), "127.0.0.1"],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        lines = [line for line in done.stdout.splitlines() if line[0] not in {"#", ";"}]
        if "-H" in letters:  # the salts are random
            lines = [line.partition(" ")[2] for line in lines]
        outputs.append(sorted(lines))
    assert outputs[0] == outputs[1]
    assert outputs[0]
