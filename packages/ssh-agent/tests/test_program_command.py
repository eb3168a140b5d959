"""The program: its branches in this process, and its behaviour as a process of its own."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import Mock

import pytest

from agent_samples import KEYS
from ssh_agent import AgentUnavailable, Constraints
from ssh_agent.aio import AgentListener
from ssh_agent.blocking import AgentClient
from ssh_agent.program import command as program
from ssh_agent.program.command import main
from ssh_agent.program.options import Options

PROGRAM = [sys.executable, "-m", "ssh_agent"]
KEY = KEYS["ed25519"]


@pytest.fixture(autouse=True)
def home(short_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(short_path))
    monkeypatch.setenv("SHELL", "/bin/sh")
    for name in ("SSH_AUTH_SOCK", "SSH_AGENT_PID", "DISPLAY", "WAYLAND_DISPLAY", "SSH_ASKPASS"):
        monkeypatch.delenv(name, raising=False)
    return short_path


def run(*words: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*PROGRAM, *words],
        check=False,
        capture_output=True,
        text=True,
        timeout=30,
        env={**os.environ, **environ},
    )


def wait_for(gone: Path) -> None:
    deadline = time.monotonic() + 10
    while gone.exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)


# ------------------------------------------------------------------ as a process


@pytest.fixture
def daemon() -> Iterator[dict[str, str]]:
    """The variables that an agent in the background printed."""
    done = run()
    found = dict(re.findall(r"(SSH_\w+)=([^;]+);", done.stdout))
    pid = found["SSH_AGENT_PID"]
    assert done.stdout == (
        f"SSH_AUTH_SOCK={found['SSH_AUTH_SOCK']}; export SSH_AUTH_SOCK;\n"
        f"SSH_AGENT_PID={pid}; export SSH_AGENT_PID;\n"
        f"echo Agent pid {pid};\n"
    )
    assert (done.returncode, done.stderr) == (0, "")
    try:
        yield found
    finally:
        if Path(found["SSH_AUTH_SOCK"]).exists():
            os.kill(int(pid), signal.SIGTERM)
            wait_for(Path(found["SSH_AUTH_SOCK"]))


@pytest.mark.row("G08")
def test_agent_in_the_background_serves_until_it_is_killed(
    daemon: dict[str, str], home: Path
) -> None:
    path = Path(daemon["SSH_AUTH_SOCK"])
    assert path.parent == home / ".ssh" / "agent"
    assert path.lstat().st_mode & 0o777 == 0o600
    with AgentClient.connect(str(path)) as client:
        client.add(KEY, "mine")
        assert [each.comment for each in client.identities()] == ["mine"]

    done = run("-k", **daemon)

    assert done.stdout == (
        "unset SSH_AUTH_SOCK;\nunset SSH_AGENT_PID;\n"
        f"echo Agent pid {daemon['SSH_AGENT_PID']} killed;\n"
    )
    wait_for(path)
    with pytest.raises(AgentUnavailable):
        AgentClient.connect(str(path))


def test_signal_usr1_removes_every_key(daemon: dict[str, str]) -> None:
    with AgentClient.connect(daemon["SSH_AUTH_SOCK"]) as client:
        client.add(KEY)
        os.kill(int(daemon["SSH_AGENT_PID"]), signal.SIGUSR1)
        deadline = time.monotonic() + 10
        while client.identities():
            assert time.monotonic() < deadline


def test_interrupt_does_not_end_an_agent_in_the_background(daemon: dict[str, str]) -> None:
    os.kill(int(daemon["SSH_AGENT_PID"]), signal.SIGINT)

    with AgentClient.connect(daemon["SSH_AUTH_SOCK"]) as client:
        assert client.identities() == ()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
@pytest.mark.parametrize("letter", ["-D", "-d"])
def test_agent_in_the_foreground_ends_by_a_signal_with_status_2(
    tmp_path: Path, number: signal.Signals, letter: str
) -> None:
    path = tmp_path / "socket"
    command = [*PROGRAM, letter, "-a", str(path)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == f"SSH_AUTH_SOCK={path}; export SSH_AUTH_SOCK;\n"
        assert process.stdout.readline() == f"echo Agent pid {process.pid};\n"
        with AgentClient.connect(str(path)) as client:
            client.identities()
        process.send_signal(number)
        _, errors = process.communicate(timeout=30)

    assert process.returncode == 2
    assert not path.exists()
    assert errors == (
        "debug1: client: RequestIdentities\ndebug1: agent: IdentitiesAnswer\n"
        if letter == "-d"
        else ""
    )


def test_command_has_the_agent_and_its_end_is_the_agent_s(tmp_path: Path) -> None:
    script = 'echo "$SSH_AUTH_SOCK $SSH_AGENT_PID"; exit 7'
    code = "import sys; from ssh_agent.program import command as m; m.PARENT_CHECK = 0.05;"
    code += "sys.exit(m.main(sys.argv[1:]))"
    command = [sys.executable, "-c", code, "-T", "sh", "-c", script]

    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=30)

    assert done.returncode == 7
    path, pid = done.stdout.split()
    assert re.fullmatch(r".*/ssh-\w+/agent\.\d+", path)
    assert pid.isdigit()
    wait_for(Path(path).parent)


def test_command_that_is_missing_is_an_error(tmp_path: Path) -> None:
    done = run("-a", str(tmp_path / "socket"), "/nonexistent")

    assert (done.returncode, done.stderr) == (1, "/nonexistent: No such file or directory\n")


_ACTIVATE = """
import os, socket, sys
made = socket.socket(socket.AF_UNIX)
made.bind(sys.argv[1])
made.listen()
os.dup2(made.fileno(), 3)
os.set_inheritable(3, True)
os.environ.update(LISTEN_FDS="1", LISTEN_PID=str(os.getpid()))
os.execv(sys.executable, [sys.executable, "-m", "ssh_agent", "-D"])
"""


def test_agent_that_a_service_manager_starts_leaves_the_socket(tmp_path: Path) -> None:
    path = tmp_path / "socket"
    command = [sys.executable, "-c", _ACTIVATE, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        trial = socket.socket(socket.AF_UNIX)
        while trial.connect_ex(str(path)):
            time.sleep(0.01)
        trial.close()
        with AgentClient.connect(str(path)) as client:
            assert client.identities() == ()
        process.terminate()
        output, _ = process.communicate(timeout=30)

    assert (process.returncode, output) == (0, b"")
    assert path.exists()


def test_key_has_the_lifetime_of_the_command_line(tmp_path: Path) -> None:
    path = tmp_path / "socket"
    command = [*PROGRAM, "-D", "-t", "1", "-a", str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        with AgentClient.connect(str(path)) as client:
            client.add(KEY)
            client.add(KEYS["ecdsa"], constraints=Constraints(lifetime=100))
            deadline = time.monotonic() + 10
            while len(client.identities()) == 2:
                assert time.monotonic() < deadline
            assert client.identities()[0].key == KEYS["ecdsa"].public_key
        process.terminate()


def test_user_confirms_by_askpass(tmp_path: Path) -> None:
    askpass = tmp_path / "askpass"
    askpass.write_text(f"#!/bin/sh\ntest -e {tmp_path}/yes || exit 1\n")
    askpass.chmod(0o700)
    path = tmp_path / "socket"
    environ = {**os.environ, "SSH_ASKPASS": str(askpass), "SSH_ASKPASS_REQUIRE": "force"}
    command = [*PROGRAM, "-D", "-a", str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        with AgentClient.connect(str(path)) as client:
            client.add(KEY, constraints=Constraints(confirm=True))
            public = KEY.public_key
            with pytest.raises(Exception, match="refused"):
                client.sign(public, b"data", "ssh-ed25519")
            (tmp_path / "yes").write_text("")
            assert client.sign(public, b"data", "ssh-ed25519")
        process.terminate()


def test_signal_that_comes_at_once_ends_the_agent_and_its_socket(short_path: Path) -> None:
    for number in range(5):
        path = short_path / str(number)
        done = run("-a", str(path))
        pid = re.findall(r"SSH_AGENT_PID=(\d+)", done.stdout)[0]
        os.kill(int(pid), signal.SIGUSR1)
        os.kill(int(pid), signal.SIGTERM)
        wait_for(path)


# ------------------------------------------------------------------ in this process


def test_usage_and_version_are_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    assert capsys.readouterr().out.startswith("usage: ssh-agent [-c | -s]")
    assert main(["-V"]) == 0
    assert re.fullmatch(r"ssh-agent \d+\.\d+.*\n", capsys.readouterr().err)
    assert main(["-x"]) == 1
    errors = capsys.readouterr().err
    assert errors.startswith("ssh-agent: option -x not recognized\nusage: ssh-agent ")


def test_words_are_those_of_the_process(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["ssh-agent", "--help"])

    assert main() == 0
    assert "usage" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("pid", "problem"),
    [
        (None, "SSH_AGENT_PID not set, cannot kill agent\n"),
        ("1", 'SSH_AGENT_PID="1", which is not a good PID\n'),
        ("x", 'SSH_AGENT_PID="x", which is not a good PID\n'),
        ("4194305", "kill: No such process\n"),
        ("9" * 30, "kill: "),
    ],
)
def test_agent_that_cannot_be_killed_is_an_error(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    pid: str | None,
    problem: str,
) -> None:
    if pid is not None:
        monkeypatch.setenv("SSH_AGENT_PID", pid)

    assert main(["-k"]) == 1
    assert capsys.readouterr().err.startswith(problem)


def test_agent_is_killed_by_its_number(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    kill = Mock()
    monkeypatch.setattr(os, "kill", kill)
    monkeypatch.setenv("SSH_AGENT_PID", "77")

    assert main(["-ck"]) == 0
    kill.assert_called_once_with(77, signal.SIGTERM)
    assert capsys.readouterr().out.startswith("unsetenv SSH_AUTH_SOCK;\n")


def test_stale_sockets_are_removed_when_asked_for(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["-u"]) == 0
    assert capsys.readouterr().out == "Deleted stale agent sockets in ~/.ssh/agent\n"


@pytest.fixture
def _harmless(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the process of the tests as it is."""
    for name in ("forbid_tracing", "become_daemon"):
        monkeypatch.setattr(program, name, Mock())


@pytest.mark.usefixtures("_harmless")
def test_path_that_is_taken_is_an_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "socket"
    path.write_text("mine")

    assert main(["-a", str(path)]) == 1
    assert capsys.readouterr().err == (
        f"ssh-agent: {path}: no agent can listen there: Address already in use\n"
    )
    tmp_path.chmod(0o777)
    assert main(["-a", str(tmp_path / "other")]) == 1
    assert "may be changed by every user" in capsys.readouterr().err


@pytest.mark.usefixtures("_harmless")
@pytest.mark.parametrize("count", ["1", "2"])
def test_sockets_for_another_process_are_an_error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], count: str
) -> None:
    monkeypatch.setenv("LISTEN_FDS", count)
    monkeypatch.setenv("LISTEN_PID", str(os.getpid() + (count == "1")))

    assert main(["-D"]) == 1
    assert "LISTEN_FDS" in capsys.readouterr().err


@pytest.mark.usefixtures("_harmless")
def test_parent_prints_or_runs_the_command(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    home: Path,
) -> None:
    execute = Mock(side_effect=OSError(5, "it was run"))
    monkeypatch.setattr(os, "fork", lambda: 77)
    monkeypatch.setattr(os, "execvpe", execute)

    assert main(["-s", "-a", str(tmp_path / "one")]) == 0
    assert "SSH_AGENT_PID=77; export SSH_AGENT_PID;\n" in capsys.readouterr().out
    assert main(["-U", "ls", "-l"]) == 1

    name, words, environ = execute.call_args.args
    assert (name, words) == ("ls", ("ls", "-l"))
    assert environ["SSH_AGENT_PID"] == "77"
    assert environ["SSH_AUTH_SOCK"].startswith(f"{home}/.ssh/agent/s.")


@pytest.mark.usefixtures("_harmless")
def test_command_that_cannot_be_run_is_an_error_of_the_parent(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(os, "fork", lambda: 77)

    assert main(["/nonexistent"]) == 1
    assert capsys.readouterr().err == "/nonexistent: No such file or directory\n"


def _end_soon(number: signal.Signals) -> subprocess.Popen[bytes]:
    """Send this process a signal when it serves."""
    code = "import os, socket, sys, time\n"
    code += "path, number, pid = sys.argv[1], *map(int, sys.argv[2:])\n"
    code += "client = socket.socket(socket.AF_UNIX)\n"
    code += "while client.connect_ex(path): time.sleep(0.01)\n"
    code += "client.sendall(bytes([0, 0, 0, 1, 11])); client.recv(9)\n"
    code += "os.kill(pid, number)"
    words = [os.environ["SOCKET"], str(int(number)), str(os.getpid())]
    return subprocess.Popen([sys.executable, "-c", code, *words])


@pytest.mark.usefixtures("_harmless")
@pytest.mark.parametrize("letters", [["-d"], ["-D"], []])
def test_agent_serves_until_a_signal(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    letters: list[str],
) -> None:
    path = tmp_path / "socket"
    monkeypatch.setenv("SOCKET", str(path))
    monkeypatch.setenv("SSH_ASKPASS", "/bin/true")
    monkeypatch.setenv("SSH_ASKPASS_REQUIRE", "force")
    monkeypatch.setattr(os, "fork", lambda: 0)
    before = signal.getsignal(signal.SIGINT)
    try:
        with _end_soon(signal.SIGTERM):
            assert main([*letters, "-a", str(path)]) == 2
    finally:
        signal.signal(signal.SIGINT, before)

    assert not path.exists()
    assert ("debug1: agent: IdentitiesAnswer" in capsys.readouterr().err) is (letters == ["-d"])


@pytest.mark.usefixtures("_harmless")
def test_agent_ends_when_the_process_of_its_command_is_another(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    parents = [os.getpid(), os.getpid(), os.getpid() + 1]
    monkeypatch.setattr(os, "fork", lambda: 0)
    monkeypatch.setattr(os, "getppid", lambda: parents.pop(0))
    monkeypatch.setattr(program, "PARENT_CHECK", 0.01)
    before = signal.getsignal(signal.SIGINT)
    try:
        assert main(["-a", str(tmp_path / "socket"), "ls"]) == 2
    finally:
        signal.signal(signal.SIGINT, before)

    assert parents == []


@pytest.mark.usefixtures("_harmless")
@pytest.mark.parametrize("variable", ["LISTEN_FDS", "LISTEN_PID"])
def test_half_of_what_a_service_manager_sets_is_ignored(
    monkeypatch: pytest.MonkeyPatch, home: Path, variable: str
) -> None:
    monkeypatch.setenv(variable, "1")
    found: list[str] = []

    def note(_: Options, listener: AgentListener, __: set[int], *, command: int | None) -> int:
        found.append(listener.path)
        listener.close()
        return 0 if command is None else 1

    monkeypatch.setattr(program, "_run", note)

    assert main(["-D"]) == 0
    assert found[0].startswith(str(home / ".ssh" / "agent"))


@pytest.mark.usefixtures("_harmless")
def test_socket_of_a_service_manager_is_served(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = tmp_path / "socket"
    made = socket.socket(socket.AF_UNIX)
    made.bind(str(path))
    made.listen()
    monkeypatch.setenv("SOCKET", str(path))
    monkeypatch.setenv("LISTEN_FDS", "1")
    monkeypatch.setenv("LISTEN_PID", str(os.getpid()))
    monkeypatch.setattr(program, "_ACTIVATED", made.detach())

    with _end_soon(signal.SIGTERM):
        assert main(["-D"]) == 0

    assert path.exists()


async def test_second_signal_changes_nothing() -> None:
    ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    program.finish(ended, 2)
    program.finish(ended, 0)

    assert await ended == 2
