"""`ssh-stack add` beside ssh-add of OpenSSH 10.6, each with an agent of that release."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import ExitStack
from pathlib import Path

import pytest

from ssh_keys import CertificateSpec, PrivateKey, issue
from ssh_keys.files import write_private_key
from tests.interop.peers import Peer

KEY = PrivateKey.generate("ed25519", comment="me@test")
POST_QUANTUM = PrivateKey.generate("ssh-mldsa44-ed25519", comment="pq@test")
AUTHORITY = PrivateKey.generate("ed25519")


@pytest.fixture(scope="module")
def folder(peers: dict[str, Peer]) -> Path:
    """Keys that the container sees, one with a certificate."""
    folder = peers["sid"].keys.folder / f"add-{os.urandom(4).hex()}"
    folder.mkdir()
    spec = CertificateSpec(role="user", key_id="the id", principals=("me",))
    certificate = issue(AUTHORITY, KEY.public_key, spec=spec, random=os.urandom)
    write_private_key(folder / "key", KEY)
    (folder / "key-cert.pub").write_text(certificate.to_openssh() + "\n")
    (folder / "key.pub").write_text(KEY.public_key.to_openssh() + "\n")
    write_private_key(folder / "pq", POST_QUANTUM)
    (folder / "known").write_text(f"host {AUTHORITY.public_key.to_openssh()}\n")
    return folder


@pytest.fixture
def sockets(peers: dict[str, Peer], folder: Path) -> Generator[tuple[Path, Path]]:
    """Two agents without keys."""
    with ExitStack() as stack:
        made: list[Path] = []
        for name in ("ours", "theirs"):
            path = folder / f"{name}-{os.urandom(4).hex()}"
            argv = ["ssh-agent", "-D", "-a", str(path)]
            stack.enter_context(peers["sid"].start_client(argv, user=str(os.getuid())))
            deadline = time.monotonic() + 30
            while not path.exists():
                assert time.monotonic() < deadline, "the agent does not listen"
                time.sleep(0.01)
            made.append(path)
        yield made[0], made[1]


LINES = (
    "key",
    "-t 600 key",
    "-t 2d key",
    "-N -t 1w3d key",
    "-c pq",
    "-l",
    "-L",
    "-E md5 -l",
    "-T key.pub",
    "-H known -h host key",
    "-H known -h host>me@host -q key",
    "-H known -h nowhere key",
    "-Q",
    "-dk key",
    "-dC key",
    "-d pq",
    "-l",
    "-D",
    "-l -Q",
    "-e /no/lib.so",
)


def test_output_and_status_are_those_of_ssh_add(
    peers: dict[str, Peer], folder: Path, sockets: tuple[Path, Path]
) -> None:
    ours, theirs = sockets
    for line in LINES:
        words = [str(folder / word) if (folder / word).exists() else word for word in line.split()]
        environment = [f"SSH_AUTH_SOCK={theirs}", f"HOME={folder}"]
        expected = peers["sid"].run_client(
            ["env", *environment, "ssh-add", *words], user=str(os.getuid())
        )
        done = subprocess.run(
            [sys.executable, "-m", "ssh_stack", "add", *words],
            env={**os.environ, "SSH_AUTH_SOCK": str(ours), "HOME": str(folder)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=60,
        )
        assert (line, done.returncode, done.stdout, done.stderr) == (
            line,
            expected.returncode,
            expected.stdout,
            expected.stderr.replace(b"\r", b""),
        )
