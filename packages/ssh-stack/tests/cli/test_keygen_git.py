"""git signs and verifies commits and tags with `ssh-stack keygen` as `gpg.ssh.program`."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING, Final

import pytest

from ssh_keys import PrivateKey

if TYPE_CHECKING:
    from pathlib import Path

_SECONDS: Final = 60.0


class Repository:
    """A repository whose commits are signed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.key = folder / "key"
        made = PrivateKey.generate("ed25519", comment="ann")
        self.key.write_bytes(made.to_openssh())
        self.key.chmod(0o600)
        public = made.public_key.to_openssh()
        self.key.with_suffix(".pub").write_text(f"{public}\n")
        (folder / "signers").write_text(f'ann@example.com namespaces="git" {public}\n')
        program = folder / "program"
        program.write_text(f'#!/bin/sh\nexec {sys.executable} -m ssh_stack keygen "$@"\n')
        program.chmod(0o755)
        self.git("init", "-q", "-b", "main")
        for name, value in {
            "user.name": "Ann",
            "user.email": "ann@example.com",
            "gpg.format": "ssh",
            "gpg.ssh.program": str(program),
            "gpg.ssh.allowedSignersFile": str(folder / "signers"),
            "user.signingKey": f"{self.key}.pub",
        }.items():
            self.git("config", name, value)

    def git(self, *words: str, status: int = 0, env: dict[str, str] | None = None) -> str:
        """Run git; return what it prints."""
        given = {**os.environ, "HOME": str(self.folder), "GIT_CONFIG_NOSYSTEM": "1", **(env or {})}
        done = subprocess.run(
            ["git", *words],
            cwd=self.folder,
            env=given,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
        assert done.returncode == status, done.stderr
        return done.stdout + done.stderr


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    made = Repository(tmp_path)
    made.git("commit", "-q", "--allow-empty", "-S", "-m", "signed")
    return made


def test_signed_commit_is_verified_by_ours_and_by_ssh_keygen(repository: Repository) -> None:
    good = 'Good "git" signature for ann@example.com with ED25519 key SHA256:'
    assert good in repository.git("verify-commit", "HEAD")
    repository.git("config", "gpg.ssh.program", "ssh-keygen")
    assert good in repository.git("verify-commit", "HEAD")


def test_commit_that_ssh_keygen_has_signed_is_verified(repository: Repository) -> None:
    ssh_keygen = ("-c", "gpg.ssh.program=ssh-keygen")
    repository.git(*ssh_keygen, "commit", "-q", "--allow-empty", "-S", "-m", "theirs")
    assert 'Good "git" signature' in repository.git("verify-commit", "HEAD")


def test_signed_tag_is_verified(repository: Repository) -> None:
    repository.git("tag", "-s", "-m", "a release", "v1")
    assert 'Good "git" signature' in repository.git("verify-tag", "v1")


def test_commit_of_a_key_that_may_not_sign_is_not_verified(repository: Repository) -> None:
    other = PrivateKey.generate("ed25519").public_key.to_openssh()
    (repository.folder / "signers").write_text(f"ann@example.com {other}\n")
    printed = repository.git("verify-commit", "HEAD", status=1)
    assert 'Good "git" signature with ED25519 key' in printed
    assert "no principal matched" in printed.lower()


def test_key_in_an_agent_signs(repository: Repository, tmp_path: Path) -> None:
    socket = tmp_path / "agent"
    with subprocess.Popen(["ssh-agent", "-D", "-a", socket], stdout=subprocess.DEVNULL) as agent:
        try:
            env = {"SSH_AUTH_SOCK": str(socket)}
            while not socket.exists():
                assert agent.poll() is None
            add = ["ssh-add", "-q", str(repository.key)]
            subprocess.run(add, env={**os.environ, **env}, check=True, timeout=_SECONDS)
            public = repository.key.with_suffix(".pub").read_text().strip()
            repository.key.unlink()
            repository.git("config", "user.signingKey", f"key::{public}")
            repository.git("commit", "-q", "--allow-empty", "-S", "-m", "agent", env=env)
        finally:
            agent.terminate()
    assert 'Good "git" signature' in repository.git("verify-commit", "HEAD")
