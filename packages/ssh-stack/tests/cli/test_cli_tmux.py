"""`ssh-stack ssh` as somebody uses it: keys typed into a pane of tmux, and what is seen there.

SIGKILL is not among the ends: no program can put its terminal back then, OpenSSH's neither
(the user types `reset`).  The server's death by SIGKILL is.
"""

from __future__ import annotations

import os
import shlex
import signal
import socket
import subprocess
from collections.abc import Callable, Generator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tmux_pane import Pane, open_pane, require_tmux

if TYPE_CHECKING:
    from conftest import Cli, Sshd

REMOTE = "exec env PS1='there$ ' ENV= sh -i"


@pytest.fixture
def pane(cli: Cli, tmp_path: Path) -> Generator[Pane]:
    require_tmux()
    with open_pane(tmp_path, cli.environment()) as pane:
        yield pane


@pytest.fixture
def log_in(pane: Pane, cli: Cli, sshd: Sshd) -> Callable[..., None]:
    """Start a session with a terminal, from the shell in the pane."""

    def start(*words: str, command: str | None = REMOTE) -> None:
        last = [] if command is None else [command]
        line = shlex.join(cli.command("ssh", "-t", *words, *sshd.login, sshd.host, *last))
        script = cli.home / "go"
        script.write_text(f"echo $$ > {cli.home}/pid\nexec {line}\n")
        pane.enter(f"sh {script}; echo status=$?")
        if command is not None:
            pane.expect(r"^there\$ ")

    return start


def test_login_shell_follows_window_and_returns_its_status(
    pane: Pane, log_in: Callable[..., None]
) -> None:
    before = pane.settings("BEFORE")
    log_in(command=None)
    pane.enter("shopt -q login_shell && echo log''in; stty size")
    pane.expect("^login$")
    pane.expect("^30 100$")
    pane.resize(81, 23)
    pane.enter("stty size")
    pane.expect("^23 81$")
    pane.resize(100, 30)
    pane.enter("exit 7")
    pane.expect("^status=7$")
    assert pane.settings("AFTER") == before


def test_full_screen_program_draws_and_leaves(
    pane: Pane, log_in: Callable[..., None], tmp_path: Path
) -> None:
    text = tmp_path / "text"
    text.write_text("".join(f"line {number}\n" for number in range(1, 200)))
    log_in()
    pane.enter(f"less {text}")
    pane.expect("^line 29$")
    pane.press("G")
    pane.expect("^line 199$")
    pane.press("q")
    pane.expect_gone("^line 199$")
    pane.enter("exit")
    pane.expect("^status=0$")


def test_keys_of_signals_reach_remote_programs(pane: Pane, log_in: Callable[..., None]) -> None:
    log_in()
    pane.enter("""bash -c 'trap "echo inter" INT; echo rea""dy; sleep 1000; echo rupted'""")
    pane.expect("^ready$")
    pane.press("C-c")
    pane.expect("inter$")
    pane.expect("^rupted$")
    pane.enter("PS1='jobs> ' bash --norc -i")
    pane.expect(r"^jobs> ")
    pane.enter("""sh -c 'echo be""gun; sleep 1001'""")
    pane.expect("^begun$")
    pane.press("C-z")
    pane.expect("Stopped")
    pane.enter("kill -9 %1; wait; exec echo jobs are do''ne")
    pane.expect("^jobs are done$")
    pane.enter("exit 4")
    pane.expect("^status=4$")


def test_escapes_list_what_there_is_and_disconnect(
    pane: Pane, log_in: Callable[..., None]
) -> None:
    before = pane.settings("BEFORE")
    log_in("-v")
    pane.type("~?")
    pane.expect(r"^Supported escape sequences:$")
    pane.type("~#")
    pane.expect(r"^  #\d+ session, open$")
    pane.type("~v")
    pane.expect(r"LogLevel DEBUG2")
    pane.type("~V")
    pane.expect(r"LogLevel DEBUG1")
    pane.type("~R")
    pane.expect("new keys by ")
    pane.enter("echo a~.b")
    pane.expect(r"^a~\.b$")
    pane.type("~.")
    pane.expect("^status=255$")
    assert pane.settings("AFTER") == before


def test_suspended_session_leaves_terminal_to_shell_and_goes_on(
    pane: Pane, log_in: Callable[..., None], tmp_path: Path
) -> None:
    before = pane.settings("BEFORE")
    log_in()
    pane.type("~")
    pane.press("C-z")
    pane.expect("Stopped")
    assert pane.settings("WHILE") == before
    pane.enter("fg")
    pane.enter("echo go''es on")
    pane.expect("^goes on$")
    pane.enter("exit 3")
    pane.expect("Connection to 127.0.0.1 closed.")
    pane.enter("echo status=$?")  # of the job that the shell has continued
    pane.expect("^status=3$")
    assert pane.settings("AFTER") == before


def test_session_goes_to_background_with_escape(
    pane: Pane, log_in: Callable[..., None], cli: Cli, tmp_path: Path
) -> None:
    before = pane.settings("BEFORE")
    gate, done = tmp_path / "gate", tmp_path / "done"
    subprocess.run(["mkfifo", str(gate), str(done)], check=True, timeout=30)
    log_in()
    pane.enter(f"cat {gate} > {done}")
    pane.type("~&")
    pane.expect(r"\[backgrounded\]")
    pane.expect("^status=0$")
    assert pane.settings("AFTER") == before
    # the session lives: what it waits for still arrives
    script = f"echo alive > {gate} & timeout 30 cat {done}"
    reply = subprocess.run(["sh", "-c", script], capture_output=True, check=False, timeout=60)
    assert reply.stdout == b"alive\n"


def test_command_line_opens_and_cancels_forward(
    pane: Pane, log_in: Callable[..., None], sshd: Sshd, dead_port: int
) -> None:
    log_in("-o", "EnableEscapeCommandline=yes", "-e", "^B")
    pane.press("C-b")
    pane.type("C")
    pane.expect("^ssh> ")
    pane.enter(f"-L {dead_port}:127.0.0.1:{sshd.port}")
    pane.expect("^Forwarding port.$")
    with closing(socket.create_connection(("127.0.0.1", dead_port), 60)) as client:
        assert client.recv(8) == b"SSH-2.0-"
    pane.press("C-b")
    pane.type("C")
    pane.expect(r"^Forwarding port\.\s+ssh>")  # what is typed before it is discarded
    pane.enter(f"-KL {dead_port}")
    pane.expect("^Canceled forwarding.$")
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", dead_port), 60)
    pane.enter("exit")
    pane.expect("^status=0$")


def test_command_line_is_disabled_by_default(pane: Pane, log_in: Callable[..., None]) -> None:
    log_in()
    pane.type("~C")
    pane.expect("commandline disabled$")
    pane.enter("exit")
    pane.expect("^status=0$")


@pytest.mark.parametrize(
    ("number", "status"),
    [(signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGINT, 130), (signal.SIGQUIT, 131)],
)
def test_terminal_is_restored_after_signal(
    pane: Pane, log_in: Callable[..., None], cli: Cli, number: signal.Signals, status: int
) -> None:
    before = pane.settings("BEFORE")
    log_in()
    os.kill(int((cli.home / "pid").read_text()), number)
    pane.expect(f"status={status}$")
    assert pane.settings("AFTER") == before


def test_terminal_is_restored_when_server_is_killed(
    pane: Pane, log_in: Callable[..., None], sshd: Sshd
) -> None:
    before = pane.settings("BEFORE")
    log_in()
    sshd.kill_sessions()
    pane.expect("ssh-stack: connection to 127.0.0.1 port")
    pane.expect("^status=255$")
    assert pane.settings("AFTER") == before
