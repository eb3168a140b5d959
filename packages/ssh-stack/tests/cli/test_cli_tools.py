"""Programs that call ssh, with `ssh-stack ssh` in its place: git, rsync, sftp, scp."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Cli, Sshd


def need(program: str) -> None:
    if shutil.which(program) is None:
        if os.environ.get("SSH_STACK_REQUIRE_PEERS") == "1":
            pytest.fail(f"required, but missing: {program}", pytrace=False)
        pytest.skip(f"{program} is not on this machine")


def run(cli: Cli, *words: str, **env: str) -> subprocess.CompletedProcess[bytes]:
    done = subprocess.run(
        words,
        env=cli.environment(**env),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=120,
        check=False,
        start_new_session=True,
    )
    assert done.returncode == 0, done.stderr
    return done


def wrapper(cli: Cli, sshd: Sshd) -> Path:
    """A program that is called as ssh is: some take one word and no options."""
    path = cli.home / "ssh-for-tests"
    command = shlex.join(cli.command("ssh", *sshd.login))
    path.write_text(f'#!/bin/sh\nexec {command} "$@"\n')
    path.chmod(0o755)
    return path


@pytest.mark.parametrize("url", ["ssh://{host}:{port}{path}", "{host}:{path}"])
def test_git_clones_and_pushes_through_command(
    cli: Cli, sshd: Sshd, tmp_path: Path, url: str
) -> None:
    need("git")
    repository = tmp_path / "repository"
    repository.mkdir()
    (repository / "file").write_bytes(os.urandom(2_000_000))
    author = ["-c", "user.name=A", "-c", "user.email=a@example.org"]
    for words in (["init", "-q", "-b", "main"], ["add", "file"], ["commit", "-q", "-m", "one"]):
        run(cli, "git", *author, "-C", str(repository), *words)
    command = shlex.join(cli.command("ssh", *sshd.login))
    where = url.format(host=sshd.host, port=sshd.port, path=repository)
    clone = tmp_path / "clone"
    run(cli, "git", "clone", "-q", where, str(clone), GIT_SSH_COMMAND=command)
    assert (clone / "file").read_bytes() == (repository / "file").read_bytes()
    (clone / "second").write_bytes(os.urandom(1_000_000))
    for words in (["add", "second"], ["commit", "-q", "-m", "two"]):
        run(cli, "git", *author, "-C", str(clone), *words)
    push = ["push", "-q", "origin", "main:pushed"]
    run(cli, "git", "-C", str(clone), *push, GIT_SSH_COMMAND=command)
    printed = run(cli, "git", "-C", str(repository), "log", "--format=%s", "pushed")
    assert printed.stdout == b"two\none\n"


def test_rsync_copies_tree_both_ways_through_command(cli: Cli, sshd: Sshd, tmp_path: Path) -> None:
    need("rsync")
    source, there, back = tmp_path / "source", tmp_path / "there", tmp_path / "back"
    (source / "deep").mkdir(parents=True)
    for number in range(50):
        (source / "deep" / str(number)).write_bytes(os.urandom(10_000 * number))
    shell = shlex.join(cli.command("ssh", *sshd.login))
    run(cli, "rsync", "-a", "-e", shell, f"{source}/", f"{sshd.host}:{there}/")
    run(cli, "rsync", "-a", "-e", shell, f"{sshd.host}:{there}/", f"{back}/")
    for file in (source / "deep").iterdir():
        assert (back / "deep" / file.name).read_bytes() == file.read_bytes()


def test_scp_and_sftp_of_openssh_copy_through_command(
    cli: Cli, sshd: Sshd, tmp_path: Path
) -> None:
    """OpenSSH's own programs, with this client below them."""
    need("scp")
    file = tmp_path / "file"
    file.write_bytes(os.urandom(5_000_000))
    program = str(wrapper(cli, sshd))
    run(cli, "scp", "-q", "-S", program, str(file), f"{sshd.host}:{tmp_path}/copy")
    assert (tmp_path / "copy").read_bytes() == file.read_bytes()
    batch = tmp_path / "batch"
    batch.write_text(f"get {file} {tmp_path}/again\n")
    run(cli, "sftp", "-q", "-S", program, "-b", str(batch), sshd.host)
    assert (tmp_path / "again").read_bytes() == file.read_bytes()
