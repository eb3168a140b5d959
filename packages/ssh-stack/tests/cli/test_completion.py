"""What a shell is given to complete words with."""

from __future__ import annotations

import shlex
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ssh_stack.cli import known_names
from ssh_stack.cli.suggestions import letters_of, suggestions

if TYPE_CHECKING:
    from conftest import Cli

CONFIG = """\
Host web1 "web 2" *.example.org !not
  HostName 192.0.2.1
Include more/*
Include ~/.ssh/config
Match all
"""
KNOWN = """\
[known1]:2222,known2 ssh-rsa x
# comment
|1|abc|def ssh-rsa x
@cert-authority *.example.org ssh-rsa x
@revoked known3 ssh-rsa x
evil\x1b[2J ssh-rsa x
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "home"
    (folder / ".ssh" / "more").mkdir(parents=True)
    (folder / ".ssh" / "config").write_text(CONFIG)
    (folder / ".ssh" / "more" / "one").write_text("Host inner\n'broken\n")
    (folder / ".ssh" / "known_hosts").write_text(KNOWN)
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setattr(known_names, "_CONFIGS", ("~/.ssh/config",))
    monkeypatch.setattr(known_names, "_KNOWN_HOSTS", ("~/.ssh/known_hosts",))
    return folder


def complete(line: str) -> list[str]:
    """Return the words that the last word of a line may become; files are marked."""
    command, *words = line.split(" ")
    found = suggestions(command, words[:-1], words[-1])
    return [each.value if each.type == "plain" else f"<{each.type}>" for each in found]


def test_hosts_are_those_of_the_files_of_the_user(home: Path) -> None:
    assert home.exists()
    expected = ["inner", "known1", "known2", "known3", "web 2", "web1"]
    assert known_names.host_names() == expected


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("ssh w", ["web 2", "web1"]),
        ("ssh me@known", ["me@known1", "me@known2", "me@known3"]),
        ("ssh web1 k", []),
        ("ssh -p 22 k", ["known1", "known2", "known3"]),
        ("ssh -vJ in", ["inner"]),
        ("ssh -J web1,in", ["web1,inner"]),
        ("ssh -i x", ["<file>"]),
        ("ssh -o Ba", ["BatchMode="]),
        ("ssh -Q key-c", ["key-cert"]),
        ("sftp in", ["inner"]),
        ("sftp inner x", ["<file>"]),
        ("cp in", ["inner:", "<file>"]),
        ("cp a b in", ["inner:", "<file>"]),
        ("cp inner:x", ["<file>"]),
        ("cp --po", ["--port"]),
        ("keyscan -t ed", ["ed25519", "ed25519-sk"]),
        ("keyscan web1 in", ["inner"]),
        ("keygen -t e", ["ecdsa", "ed25519"]),
        ("keygen -f x", ["<file>"]),
    ],
)
def test_word_becomes_what_its_place_wants(home: Path, line: str, words: list[str]) -> None:
    assert home.exists()
    assert complete(line) == words


@pytest.mark.parametrize("command", ["ssh", "sftp", "cp", "keyscan", "keygen", "add"])
def test_dash_offers_every_letter_with_its_help(command: str) -> None:
    letters = letters_of(command)
    assert len({each.name for each in letters}) == len(letters)
    assert complete(f"{command} -") == [each.name for each in letters]
    assert all(each.help for each in letters)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_script_is_for_the_program(cli: Cli, shell: str) -> None:
    done = cli.run("completion", shell)
    assert done.returncode == 0
    assert b"_SSH_STACK_COMPLETE" in done.stdout


@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not on this machine")
def test_bash_completes_with_the_script(cli: Cli, tmp_path: Path) -> None:
    (cli.home / ".ssh").mkdir()
    (cli.home / ".ssh" / "config").write_text("Host somewhere\n")
    program = tmp_path / "bin" / "ssh-stack"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {shlex.join(cli.command())} "$@"\n')
    program.chmod(0o755)
    text = (
        'eval "$(ssh-stack completion bash)"; COMP_WORDS=(ssh-stack ssh -v some); COMP_CWORD=3; '
        '_ssh_stack_completion ssh-stack some -v; echo "${COMPREPLY[@]}"'
    )
    environment = cli.environment()
    environment["PATH"] = f"{program.parent}:{environment['PATH']}"
    done = subprocess.run(
        ["bash", "--norc", "-c", text],
        env=environment,
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert done.stdout == b"somewhere\n", done.stderr
