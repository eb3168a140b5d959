"""What each command loads: a part that it does not use costs every call of it."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

if TYPE_CHECKING:
    from conftest import Cli, Sshd

PROGRAM: Final = """
import os, sys
end = os._exit

def tell(status):
    print(*sys.modules, file=sys.__stderr__, flush=True)
    end(status)

os._exit = tell
from ssh_stack.cli import main
main(sys.argv[1:])
"""
OTHERS: Final = {
    "cp": ("ssh_stack.cli.sftp*", "ssh_stack.cli.keyscan*", "ssh_stack.cli.keygen*"),
    "sftp": ("ssh_stack.cli.keyscan*", "ssh_stack.cli.keygen*", "ssh_stack.cli.copy*"),
    "keyscan": ("ssh_stack.cli.sftp*", "ssh_stack.cli.keygen*", "ssh_sftp*", "ssh_agent*"),
    "keygen": ("ssh_stack.cli.sftp*", "ssh_stack.cli.keyscan*", "ssh_sftp*", "ssh_agent*"),
}
"""The parts of the other commands."""
RARE: Final = (
    *("rich*", "readline", "click.shell_completion", "ssh_sftp.aio.limited_pipe"),
    *("ssh_stack.cli.suggestions", "ssh_stack.cli.known_names", "ssh_stack.cli.sftp.completion"),
    *("ssh_stack.cli.usage", "ssh_stack.cli.program_usage", "ssh_stack.cli.demonstration"),
    *("ssh_stack.server*", "ssh_connection.aio.server*", "ssh_auth.server*"),
    *("ssh_transport.keyexchange.server", "ssh_stack.client.host_key_file"),
    *("ssh_auth.client.methods.password", "ssh_auth.client.methods.keyboard_interactive"),
    *("ssh_connection.aio.forward*", "*.asymmetric.ed448", "*.asymmetric.x448"),
)
"""What is loaded when it is asked for, or for a terminal."""


def loaded(cli: Cli, *words: str, text: str = "") -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *words],
        input=text.encode(),
        capture_output=True,
        timeout=60,
        check=False,
        env=cli.environment(),
    )
    assert done.returncode == 0, done.stderr[:500]
    return done.stderr.decode().splitlines()[-1].split()


def unwanted(modules: list[str], command: str) -> list[str]:
    allowed = "ssh_stack.cli.sftp_session" if command in {"cp", "sftp"} else ""
    patterns = (*RARE, *OTHERS[command])
    return [
        name
        for name in modules
        if name != allowed and any(fnmatchcase(name, pattern) for pattern in patterns)
    ]


def test_copy_loads_its_own_parts(cli: Cli, sshd: Sshd, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    words = [*sshd.login, f"{sshd.host}:{tmp_path}/file", str(tmp_path / "got")]
    assert unwanted(loaded(cli, "cp", *words), "cp") == []


def test_batch_of_sftp_loads_its_own_parts(cli: Cli, sshd: Sshd) -> None:
    found = loaded(cli, "sftp", *sshd.login, "-b", "-", sshd.host, text="pwd\n")
    assert unwanted(found, "sftp") == []


def test_scan_loads_its_own_parts(cli: Cli, sshd: Sshd) -> None:
    words = ["-p", str(sshd.port), "-t", "ed25519", "127.0.0.1"]
    assert unwanted(loaded(cli, "keyscan", *words), "keyscan") == []


def test_fingerprint_loads_its_own_parts(cli: Cli, sshd: Sshd) -> None:
    assert unwanted(loaded(cli, "keygen", "-l", "-f", str(sshd.key)), "keygen") == []


@pytest.mark.parametrize("command", ["cp", "sftp"])
def test_other_program_needs_nothing_that_connects(cli: Cli, tmp_path: Path, command: str) -> None:
    server = f"{shlex.quote(sys.executable)} -m ssh_sftp.server"
    source = tmp_path / "file"
    source.touch()
    operands = [f"any:{source}", os.devnull] if command == "cp" else ["-b", "-"]
    found = loaded(cli, command, "-D", server, *operands, text="pwd\n")
    connecting = ("ssh_stack.client.*", "ssh_connection.aio.client*", "cryptography*")
    assert [name for name in found if any(fnmatchcase(name, each) for each in connecting)] == []
