from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

README = Path(__file__).parent.parent / "README.md"
PROGRAMS = re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL)


def run(source: str) -> str:
    environment = {**os.environ}
    environment.pop("SSH_AUTH_SOCK", None)
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", source],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
        env=environment,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("source", PROGRAMS[:3], ids=["blocking", "asyncio", "core"])
def test_example_of_the_client_runs_unchanged(source: str) -> None:
    assert run(source) in {"", "no agent: SSH_AUTH_SOCK is not set\n"}


def test_ssh_add_lists_the_key_of_the_agent_in_the_readme() -> None:
    if shutil.which("ssh-add") is None:
        if os.environ.get("SSH_STACK_REQUIRE_PEERS") == "1":
            pytest.fail("required, but missing: ssh-add", pytrace=False)
        pytest.skip("OpenSSH's ssh-add is not installed")
    (source,) = PROGRAMS[3:]

    found = run(source)

    assert re.fullmatch(r"256 SHA256:\S{43} in the vault \(ED25519\)\n", found)
    assert len(source.strip().splitlines()) <= 30
