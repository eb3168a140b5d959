"""Every Python snippet of every README and page runs, unchanged, as a program of its own.

A snippet's home has an OpenSSH configuration in which any host name means the
machine's own sshd, so that a page may say `connect("web1")`; a program that takes a host
and a port as its arguments is given that server's. A snippet that is not a program has a mark
after its language: ```python {test="skip"}.
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
def test_snippet_runs(example: CodeExample, home: Path, sshd: LocalSshd, tmp_path: Path) -> None:
    done = run(example, home, sshd, tmp_path)

    assert done.returncode == 0, done.stderr


def test_scanner_prints_what_the_server_offers(
    home: Path, sshd: LocalSshd, tmp_path: Path
) -> None:
    page = ROOT / "docs" / "tutorials" / "scanner.md"
    scanner = next(example for example in programs() if example.path == page)

    done = run(scanner, home, sshd, tmp_path)

    identification, *lines = done.stdout.splitlines()
    assert identification.startswith("SSH-2.0-OpenSSH_")
    assert len(scanner.source.strip().splitlines()) <= 40
    assert "kex      allowed     curve25519-sha256" in lines
    assert "host key recommended ssh-ed25519" in lines
    assert "kex      marker      kex-strict-s-v00@openssh.com" in lines
    assert not [line for line in lines if "unknown" in line]


def run(
    example: CodeExample, home: Path, sshd: LocalSshd, tmp_path: Path
) -> subprocess.CompletedProcess[str]:
    program = tmp_path / "snippet.py"
    program.write_text(example.source)
    environment = {**os.environ, "HOME": str(home)}
    environment.pop("SSH_AUTH_SOCK", None)

    return subprocess.run(
        [sys.executable, "-W", "error", str(program), "127.0.0.1", str(sshd.port)],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
