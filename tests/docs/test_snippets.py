"""Every Python snippet of every README and page runs, unchanged, as a program of its own.

A snippet's home has an OpenSSH configuration in which any host name means the
machine's own sshd, so that a page may say `connect("web1")`. A snippet that is
no program says so after its language: ```python {test="skip"}.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from pytest_examples import CodeExample, find_examples

from tests.interop.local import LocalSshd

ROOT = Path(__file__).parents[2]
PAGES = [*ROOT.glob("*.md"), *ROOT.glob("packages/*/*.md"), *ROOT.glob("docs/**/*.md")]


def programs() -> list[CodeExample]:
    examples = find_examples(*map(str, PAGES))
    return [example for example in examples if example.prefix_settings().get("test") != "skip"]


@pytest.fixture(scope="module")
def home(sshd: LocalSshd, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home folder from which every host name leads to the machine's sshd."""
    folder = tmp_path_factory.mktemp("home")
    (folder / ".ssh").mkdir(mode=0o700)
    (folder / ".ssh" / "config").write_text(
        f"Host *\n  HostName 127.0.0.1\n  Port {sshd.port}\n  User {sshd.user}\n"
        f"  IdentityFile {sshd.key}\n  UserKnownHostsFile {sshd.known_hosts}\n"
    )
    return folder


@pytest.mark.parametrize("example", programs(), ids=str)
def test_snippet_runs(example: CodeExample, home: Path, tmp_path: Path) -> None:
    program = tmp_path / "snippet.py"
    program.write_text(example.source)
    environment = {**os.environ, "HOME": str(home)}
    environment.pop("SSH_AUTH_SOCK", None)

    done = subprocess.run(
        [sys.executable, "-W", "error", str(program)],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert done.returncode == 0, done.stderr
