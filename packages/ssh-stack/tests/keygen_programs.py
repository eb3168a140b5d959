"""Both programs, in one folder: ours, and the ssh-keygen of this machine."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from conftest import Cli

SECONDS: Final = 60.0
Done = subprocess.CompletedProcess[str]


class KeygenPrograms:
    """A folder in which both programs work."""

    def __init__(self, folder: Path, cli: Cli) -> None:
        self.folder = folder
        self.cli = cli
        self.env: dict[str, str] = {}
        """More variables for both programs."""

    def ours(self, *words: str, given: str | None = None) -> Done:
        """Run ours."""
        data = (given or "").encode()
        return _text(self.cli.run("keygen", *words, cwd=self.folder, input=data, env=self.env))

    def theirs(self, *words: str, given: str | None = None) -> Done:
        """Run ssh-keygen, without a terminal."""
        return _text(
            subprocess.run(
                ["ssh-keygen", *words],
                cwd=self.folder,
                input=(given or "").encode(),
                capture_output=True,
                timeout=SECONDS,
                check=False,
                start_new_session=True,
                env={**os.environ, "HOME": str(self.cli.home), **self.env},
            )
        )

    def same(self, *words: str, given: str | None = None) -> str:
        """Have both do the same; they have to print the same and end with the same status."""
        ours, theirs = (run(*words, given=given) for run in (self.ours, self.theirs))
        assert (ours.stdout, ours.returncode) == (theirs.stdout, theirs.returncode), ours.stderr
        return ours.stdout

    def path(self, name: str) -> Path:
        return self.folder / name

    def make(self, name: str, *words: str) -> Path:
        """A key of ssh-keygen's."""
        done = self.theirs("-q", "-N", "", "-f", name, *words)
        assert done.returncode == 0, done.stderr
        return self.path(name)


def _text(done: subprocess.CompletedProcess[bytes]) -> Done:
    printed = done.stderr.decode(errors="replace").replace("\r\n", "\n")  # as its log writes
    return Done(done.args, done.returncode, done.stdout.decode(), printed)
