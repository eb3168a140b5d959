"""SSH_ASKPASS and SSH_ASKPASS_REQUIRE, beside ssh-keygen, and in `ssh-stack ssh` and `cp`."""

from __future__ import annotations

import asyncio
import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from keygen_programs import KeygenPrograms
from ssh_stack.cli.askpass import Askpass

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Cli, Sshd

DISPLAY = {"DISPLAY": ":99"}
FORCE = {"SSH_ASKPASS_REQUIRE": "force"}
PREFER = {"SSH_ASKPASS_REQUIRE": "prefer"}
NEVER = {"SSH_ASKPASS_REQUIRE": "never"}


# ------------------------------------------------------------- which of both asks


@pytest.mark.parametrize(
    ("environ", "with_terminal", "without_terminal"),
    [
        ({}, False, False),
        (DISPLAY, False, True),
        ({"WAYLAND_DISPLAY": "wayland-0"}, False, True),
        ({"DISPLAY": ""}, False, False),
        (FORCE, True, True),
        ({"SSH_ASKPASS_REQUIRE": "FORCE"}, True, True),
        (PREFER, False, False),
        (PREFER | DISPLAY, True, True),
        (NEVER | DISPLAY, False, False),
        ({"SSH_ASKPASS_REQUIRE": "other"} | DISPLAY, False, True),
    ],
)
def test_askpass_is_used_as_its_variables_require(
    environ: dict[str, str], *, with_terminal: bool, without_terminal: bool
) -> None:
    environ = environ | {"SSH_ASKPASS": "/bin/ask"}
    for without, used in ((False, with_terminal), (True, without_terminal)):
        found = Askpass.for_questions(environ, without_terminal=without)
        assert found == (Askpass("/bin/ask") if used else None)


# ------------------------------------------------------------- what the program answers


def script(path: Path, text: str) -> str:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return str(path)


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("echo secret", "secret"),
        ("printf secret", "secret"),
        ("printf 'secret\\r\\nmore\\n'", "secret"),
        ("echo", ""),
        ("true", ""),
        ("echo secret; exit 1", None),
        ("echo secret; kill -9 $$", None),
        ('test "$1" = "The question: " && echo secret', "secret"),
        ("head -c 5000 /dev/zero | tr '\\0' x", "x" * 1023),
    ],
)
def test_answer_of_askpass_is_its_first_line_where_it_succeeds(
    tmp_path: Path, text: str, answer: str | None
) -> None:
    program = Askpass(script(tmp_path / "ask", text))

    assert asyncio.run(program.ask("The question: ", echo=False)) == answer


@pytest.mark.parametrize("program", ["/nowhere/ask", "", "a\0b"])
def test_askpass_that_cannot_be_run_is_reported(
    program: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert asyncio.run(Askpass(program).ask("?", echo=False)) is None
    assert "the program of SSH_ASKPASS, " in capsys.readouterr().err


def test_askpass_ends_with_a_question_that_is_given_up(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    program = Askpass(script(tmp_path / "ask", f"echo $$ > {fifo}; exec sleep 1000"))

    async def give_up() -> int:
        task = asyncio.create_task(program.ask("?", echo=False))
        number = int(await asyncio.to_thread(fifo.read_text))
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return number

    number = asyncio.run(give_up())

    with pytest.raises(ProcessLookupError):
        os.kill(number, 0)


# ------------------------------------------------------------- keygen


@pytest.fixture
def keygen(cli: Cli, tmp_path: Path) -> KeygenPrograms:
    (tmp_path / "work").mkdir()
    keygen = KeygenPrograms(tmp_path / "work", cli)
    done = keygen.theirs("-q", "-t", "ed25519", "-N", "open sesame", "-C", "c", "-f", "locked")
    assert done.returncode == 0
    return keygen


@pytest.mark.parametrize("variables", [FORCE, DISPLAY, PREFER | DISPLAY])
@pytest.mark.parametrize("answer", ["open sesame", "wrong", ""])
def test_passphrase_of_askpass_opens_key_as_in_ssh_keygen(
    keygen: KeygenPrograms, variables: dict[str, str], answer: str
) -> None:
    ask = script(keygen.path("ask"), f'echo "$1" >> asked\necho "{answer}"')
    keygen.env = {"SSH_ASKPASS": ask, **variables}

    public = keygen.same("-y", "-f", "locked")

    assert bool(public) is (answer == "open sesame")
    ours, theirs = keygen.path("asked").read_text().splitlines()
    assert ours == "Enter passphrase for key 'locked': "
    assert theirs.startswith("Enter passphrase")  # 9.2 does not name the key, 10.0 does


def test_passphrases_of_new_key_are_asked_for_by_askpass(keygen: KeygenPrograms) -> None:
    keygen.env = {"SSH_ASKPASS": script(keygen.path("ask"), "echo new words"), **FORCE}

    done = keygen.ours("-q", "-t", "ed25519", "-f", "fresh")

    assert done.returncode == 0, done.stderr
    assert keygen.theirs("-y", "-P", "new words", "-f", "fresh").returncode == 0
    assert keygen.theirs("-y", "-P", "other", "-f", "fresh").returncode == 255


def test_both_passphrases_of_p_are_asked_for_by_askpass(keygen: KeygenPrograms) -> None:
    answers = 'case "$1" in *old*|*"for key"*) echo open sesame;; *) echo other;; esac'
    keygen.env = {"SSH_ASKPASS": script(keygen.path("ask"), answers), **FORCE}

    assert keygen.ours("-p", "-f", "locked").returncode == 0
    assert keygen.theirs("-y", "-P", "other", "-f", "locked").returncode == 0


@pytest.mark.parametrize("given", ["open sesame\n", "open sesame", "wrong\n", "\n"])
@pytest.mark.parametrize("variables", [{}, NEVER | DISPLAY])
def test_passphrase_is_read_from_standard_input_without_terminal_and_askpass(
    keygen: KeygenPrograms, variables: dict[str, str], given: str
) -> None:
    keygen.env = {"SSH_ASKPASS": script(keygen.path("ask"), "touch asked"), **variables}

    public = keygen.same("-y", "-f", "locked", given=given)

    assert bool(public) is given.startswith("open")
    assert not keygen.path("asked").exists()


def test_failing_askpass_ends_keygen_with_one_line(keygen: KeygenPrograms) -> None:
    keygen.env = {"SSH_ASKPASS": script(keygen.path("ask"), "exit 1"), **FORCE}

    keygen.same("-y", "-f", "locked")
    done = keygen.ours("-y", "-f", "locked")

    assert done.stderr.count("\n") == 1
    assert "see SSH_ASKPASS in ssh(1)" in done.stderr


# ------------------------------------------------------------- ssh and cp


def test_ssh_and_cp_ask_for_passphrase_by_askpass(cli: Cli, sshd: Sshd, tmp_path: Path) -> None:
    key = tmp_path / "locked"
    command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "open sesame", "-f", str(key)]
    subprocess.run(command, check=True, timeout=60)
    authorized = sshd.key.with_name("authorized_keys")
    before = authorized.read_text()
    authorized.write_text(before + key.with_suffix(".pub").read_text())
    ask = script(tmp_path / "ask", f'echo "$1" >> {tmp_path}/asked; echo open sesame')
    env = {"SSH_ASKPASS": ask, **DISPLAY}
    words = [*sshd.trust, "-i", str(key)]
    try:
        done = cli.run("ssh", *words, sshd.host, "echo in", env=env)
        assert (done.returncode, done.stdout) == (0, b"in\n"), done.stderr
        copy = ("cp", *words, f"{sshd.host}:{key}.pub", str(tmp_path / "copy"))
        assert cli.run(*copy, env=env).returncode == 0
        assert cli.run("ssh", *words, sshd.host, "true", env=env | NEVER).returncode == 255
    finally:
        authorized.write_text(before)
    assert (tmp_path / "asked").read_text().splitlines() == [
        f"Enter passphrase for key '{key}': "
    ] * 2
    assert (tmp_path / "copy").read_text() == key.with_suffix(".pub").read_text()


def test_add_asks_for_passphrase_by_askpass(cli: Cli, tmp_path: Path) -> None:
    key, socket = tmp_path / "locked", tmp_path / "agent"
    command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "open sesame", "-f", str(key)]
    subprocess.run(command, check=True, timeout=60)
    env = {"SSH_ASKPASS": script(tmp_path / "ask", "echo open sesame"), **FORCE}
    with subprocess.Popen(["ssh-agent", "-D", "-a", socket], stdout=subprocess.DEVNULL) as agent:
        try:
            while not socket.exists():
                assert agent.poll() is None
            done = cli.run("add", str(key), env={**env, "SSH_AUTH_SOCK": str(socket)})
        finally:
            agent.terminate()
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("answer", "status"), [("yes", 0), ("YES", 0), ("no", 255), ("maybe", 255), ("", 255)]
)
def test_host_key_is_confirmed_by_askpass(
    cli: Cli, sshd: Sshd, tmp_path: Path, answer: str, status: int
) -> None:
    known = tmp_path / "known"
    ask = script(tmp_path / "ask", f'echo "{answer}"')
    words = ["-F", "none", "-p", str(sshd.port), "-o", f"UserKnownHostsFile={known}"]
    env = {"SSH_ASKPASS": ask, **FORCE}

    done = cli.run("ssh", *words, "-i", str(sshd.key), sshd.host, "true", env=env)

    assert done.returncode == status, done.stderr
    assert known.exists() is (status == 0)


def test_batch_mode_does_not_start_askpass(cli: Cli, sshd: Sshd, tmp_path: Path) -> None:
    ask = script(tmp_path / "ask", f"touch {tmp_path}/asked; echo yes")
    words = ["-F", "none", "-p", str(sshd.port), "-o", f"UserKnownHostsFile={tmp_path}/known"]
    env = {"SSH_ASKPASS": ask, **FORCE}

    done = cli.run("ssh", "-o", "BatchMode=yes", *words, sshd.host, "true", env=env)

    assert done.returncode == 255
    assert not (tmp_path / "asked").exists()
