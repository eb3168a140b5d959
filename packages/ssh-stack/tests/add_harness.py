"""Runs `ssh-stack add` in this process and ssh-add beside it, each with an agent of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from ssh_agent import Identities
from ssh_agent.blocking import AgentClient
from ssh_stack.cli.add import main

SSH_ADD = shutil.which("ssh-add")
NEEDED = "OpenSSH's ssh-add and ssh-agent are not installed"


@contextmanager
def agent_at(path: Path) -> Generator[str]:
    """Run OpenSSH's agent without keys; yield its socket."""
    process = subprocess.Popen(
        ["ssh-agent", "-D", "-a", str(path)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    try:
        assert process.stdout is not None
        process.stdout.readline()  # it listens
        yield str(path)
    finally:
        process.terminate()
        process.communicate()


class Result:
    """The exit status of a program and what it printed."""

    def __init__(self, status: int, out: str, err: str) -> None:
        self.status = status
        self.out = out
        self.err = err

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Result) and vars(self) == vars(other)

    def __hash__(self) -> int:
        return hash(self.status)

    def __repr__(self) -> str:
        return f"Result({self.status}, {self.out!r}, {self.err!r})"


class Add:
    """Runs our command and OpenSSH's program, in one home."""

    def __init__(
        self,
        folder: Path,
        sockets: Sequence[str],
        patch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        self.folder = folder
        self.ours, self.theirs = sockets
        self._patch = patch
        self._capsys = capsys
        patch.setenv("HOME", str(folder))
        patch.setenv("SSH_AUTH_SOCK", self.ours)
        patch.setenv("SSH_ASKPASS_REQUIRE", "force")
        patch.chdir(folder)
        self.answer()

    def answer(self, *answers: str) -> None:
        """Have the questions be answered so, one after the other, and then with nothing."""
        program = self.folder / "askpass"
        texts = [f"answer{number}" for number in range(len(answers))]
        for name, answer in zip(texts, answers, strict=True):
            (self.folder / name).write_text(f"{answer}\n")
        program.write_text(
            '#!/bin/sh\necho "$1" >> asked\nfor f in answer*; do\n'
            'if [ -e "$f" ]; then cat "$f"; rm "$f"; exit 0; fi\ndone\nexit 1\n'
        )
        program.chmod(0o700)
        self._patch.setenv("SSH_ASKPASS", str(program))

    def asked(self) -> list[str]:
        """Return the questions so far, once."""
        path = self.folder / "asked"
        lines = path.read_text().splitlines() if path.exists() else []
        path.unlink(missing_ok=True)
        return lines

    def run(self, *words: str) -> Result:
        """Run our command."""
        self._capsys.readouterr()
        status = main(list(words))
        out, err = self._capsys.readouterr()
        return Result(status, out, err)

    def run_openssh(self, *words: str) -> Result:
        """Run ssh-add with its agent."""
        assert SSH_ADD is not None
        env = {**os.environ, "SSH_AUTH_SOCK": self.theirs}
        done = subprocess.run(
            [SSH_ADD, *words],
            env=env,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
            stdin=subprocess.DEVNULL,
        )
        return Result(done.returncode, done.stdout, done.stderr.replace("\r", ""))

    def held(self) -> Identities:
        """Return the keys of the agent that our command uses."""
        with AgentClient.connect(self.ours) as agent:
            return agent.identities()


@contextmanager
def agents_for_add(
    folder: Path, patch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Generator[Add]:
    """Yield our command and OpenSSH's, each with an empty agent."""
    if SSH_ADD is None or shutil.which("ssh-agent") is None:
        if os.environ.get("SSH_STACK_REQUIRE_PEERS") == "1":
            pytest.fail(f"required, but missing: {NEEDED}", pytrace=False)
        pytest.skip(NEEDED)
    with agent_at(folder / "ours") as ours, agent_at(folder / "theirs") as theirs:
        yield Add(folder, (ours, theirs), patch, capsys)
