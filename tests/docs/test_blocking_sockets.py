"""The programs of `examples/`, run as their first lines say, at the machine's own sshd."""

from __future__ import annotations

import ast
import hashlib
import subprocess
import sys
from pathlib import Path

import attrs

from ssh_stack import PrivateKey
from tests.interop.local import LocalSshd

EXAMPLES = Path(__file__).parents[2] / "examples"


def blocking(server: LocalSshd, command: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [
            *(sys.executable, "-W", "error", EXAMPLES / "blocking_sockets.py"),
            *("127.0.0.1", str(server.port), server.user, server.key, server.known_hosts, command),
        ],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        timeout=60,
    )


def test_example_is_short() -> None:
    text = (EXAMPLES / "blocking_sockets.py").read_text()
    docstring = ast.get_docstring(ast.parse(text)) or ""
    lines = [line for line in text.replace(docstring, "").splitlines() if line.strip()]

    assert len(lines) < 80


def test_cores_alone_run_a_command(sshd: LocalSshd) -> None:
    done = blocking(sshd, "echo in; echo problem >&2; exit 7")

    assert done.stdout == b"in\n"
    assert b"problem\n" in done.stderr
    assert done.returncode == 7


def test_cores_alone_take_more_than_a_window(sshd: LocalSshd) -> None:
    done = blocking(sshd, "head -c 8000000 /dev/zero")

    assert hashlib.sha256(done.stdout).digest() == hashlib.sha256(bytes(8_000_000)).digest()
    assert done.returncode == 0


def test_cores_alone_refuse_an_unknown_host(sshd: LocalSshd, tmp_path: Path) -> None:
    stranger = tmp_path / "known_hosts"
    stranger.write_text("")
    other = attrs.evolve(sshd, known_hosts=stranger)

    done = blocking(other, "true")

    assert (done.returncode, done.stdout) == (1, b"")
    assert b"not trusted" in done.stderr


def test_cores_alone_report_what_is_refused(sshd: LocalSshd, tmp_path: Path) -> None:
    stranger = tmp_path / "key"
    stranger.write_bytes(PrivateKey.generate("ed25519").to_openssh())
    stranger.chmod(0o600)

    done = blocking(attrs.evolve(sshd, key=stranger), "true")

    assert (done.returncode, done.stdout) == (1, b"")
    assert b"publickey" in done.stderr
