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
from typing import TYPE_CHECKING

import pytest
from pytest_examples import CodeExample, find_examples

from tests.interop import local

if TYPE_CHECKING:
    from collections.abc import Generator

ROOT = Path(__file__).parents[2]
PAGES = [*ROOT.glob("*.md"), *ROOT.glob("packages/*/*.md"), *ROOT.glob("docs/**/*.md")]


def programs() -> list[CodeExample]:
    examples = find_examples(*map(str, PAGES))
    return [example for example in examples if example.prefix_settings().get("test") != "skip"]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Generator[Path]:
    """A home folder from which every host name leads to the machine's sshd."""
    if reason := local.unavailable():
        if os.environ.get("SSH_STACK_REQUIRE_PEERS") == "1":
            pytest.fail(f"required, but missing: {reason}", pytrace=False)
        pytest.skip(reason)
    folder = tmp_path_factory.mktemp("home")
    (folder / ".ssh").mkdir(mode=0o700)
    with local.serve(tmp_path_factory.mktemp("sshd")) as server:
        (folder / ".ssh" / "config").write_text(
            f"Host *\n  HostName 127.0.0.1\n  Port {server.port}\n  User {server.user}\n"
            f"  IdentityFile {server.key}\n  UserKnownHostsFile {server.known_hosts}\n"
        )
        yield folder


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
