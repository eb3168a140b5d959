"""A terminal that a program did not write for us: a pane of tmux, with a shell in it."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import attrs
import pytest

SECONDS: Final = float(os.environ.get("SSH_STACK_PANE_SECONDS", "60"))
PROMPT: Final = "here$ "


def require_tmux() -> None:
    """Skip where there is no tmux; fail where it is required."""
    if shutil.which("tmux") is None:
        if os.environ.get("SSH_STACK_REQUIRE_PEERS") == "1":
            pytest.fail("required, but missing: tmux", pytrace=False)
        pytest.skip("no tmux on this machine")


@attrs.frozen
class Pane:
    """One pane of a tmux of its own."""

    socket: Path
    environment: Mapping[str, str]

    def tmux(self, *words: str) -> str:
        done = subprocess.run(
            ["tmux", "-S", str(self.socket), "-f", os.devnull, *words],
            env=self.environment,
            capture_output=True,
            text=True,
            check=True,
            timeout=SECONDS,
        )
        return done.stdout

    @property
    def text(self) -> str:
        """What is on the screen and above it."""
        return self.tmux("capture-pane", "-p", "-J", "-S", "-500")

    def expect(self, pattern: str) -> str:
        """Look at the pane until `pattern` is in it; return what matched."""
        end = time.monotonic() + SECONDS
        while not (found := re.search(pattern, self.text, re.MULTILINE)):
            assert time.monotonic() < end, f"{pattern!r} did not appear in\n{self.text}"
        return found.group()

    def expect_gone(self, pattern: str) -> None:
        """Look at the screen until `pattern` is not on it."""
        end = time.monotonic() + SECONDS
        while re.search(pattern, self.tmux("capture-pane", "-p"), re.MULTILINE):
            assert time.monotonic() < end, f"{pattern!r} stays in\n{self.text}"

    def type(self, text: str) -> None:
        """Type characters as they are."""
        self.tmux("send-keys", "-l", "--", text)

    def press(self, *keys: str) -> None:
        """Press keys that have names, such as C-c and Enter."""
        self.tmux("send-keys", *keys)

    def enter(self, line: str) -> None:
        """Type a line."""
        self.type(line)
        self.press("Enter")

    def resize(self, columns: int, rows: int) -> None:
        self.tmux("resize-window", "-x", str(columns), "-y", str(rows))

    def settings(self, mark: str) -> str:
        """Return what stty says of the terminal but its size, once its shell has it."""
        self.enter(
            f"clear; tmux -S {self.socket} clear-history; stty -a; echo {mark[:1]}''{mark[1:]}"
        )
        self.expect(f"^{mark}$")
        found = re.search(r"^speed .*?(?=^" + mark + "$)", self.text, re.MULTILINE | re.DOTALL)
        assert found, self.text
        return " ".join(re.sub(r"rows \d+; columns \d+; ", "", found.group()).split())


@contextmanager
def open_pane(folder: Path, environment: Mapping[str, str]) -> Generator[Pane]:
    """Open a pane of 100 by 30 in which a shell runs; leaving the block ends it."""
    socket = folder / "tmux"
    pane = Pane(socket, {**environment, "SHELL": "/bin/sh"})
    shell = shlex.join(["env", f"PS1={PROMPT}", "ENV=", "bash", "--norc", "--noprofile", "-i"])
    pane.tmux("new-session", "-d", "-x", "100", "-y", "30", shell)
    try:
        pane.expect(re.escape(PROMPT))
        yield pane
    finally:
        pane.tmux("kill-server")
