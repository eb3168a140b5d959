"""X11, forwarded between ours and every OpenSSH, in both roles, with Xvfb and xauth."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Generator
from pathlib import Path

import pytest

import ssh_stack
from ssh_keys import PrivateKey
from ssh_stack.testing import SSHAgent
from tests.interop import displays
from tests.interop.connecting import connect
from tests.interop.displays import XServer, x_server
from tests.interop.local import LocalSshd
from tests.interop.local import serve as local_serve
from tests.interop.peers import USER, Peer
from tests.interop.serving import serve

LOOK = "xdpyinfo | grep -q X.Org && echo yes || echo no"
QUIET = "-o BatchMode=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null"


@pytest.fixture
def display(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[XServer]:
    """An X server, which is this process's display."""
    require_programs()
    with x_server(tmp_path) as found:
        monkeypatch.setenv("DISPLAY", found.name)
        monkeypatch.setenv("XAUTHORITY", str(found.authority))
        yield found


def require_programs() -> None:
    problem = displays.unavailable()
    if problem is not None:
        if os.environ.get("SSH_STACK_REQUIRE_PEERS") == "1":
            pytest.fail(problem)
        pytest.skip(problem)


async def look(name: str, authority: Path) -> subprocess.CompletedProcess[str]:
    """Run a program that looks at a display."""
    return await asyncio.to_thread(
        subprocess.run,
        ["xdpyinfo", "-display", name],
        env={**os.environ, "XAUTHORITY": str(authority)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.row("C19")
@pytest.mark.parametrize("trusted", [True, False])
async def test_program_at_openssh_has_the_display_with_the_cookie_of_the_session_alone(
    peer: Peer, display: XServer, tmp_path: Path, *, trusted: bool
) -> None:
    """The containers have no program that looks at a display; they share this machine's ports."""
    wanted = ssh_stack.X11Forwarding(trusted=trusted)
    with peer.sshd(["X11Forwarding=yes"]) as there:
        async with (
            connect(there, x11_forwarding=wanted) as connection,
            connection.start("echo $DISPLAY; xauth list $DISPLAY; read end") as process,
        ):
            name = (await process.stdout.readline()).decode().strip()
            _, protocol, cookie = (await process.stdout.readline()).decode().split()
            authority = tmp_path / "given"
            add = ["xauth", "-q", "-f", str(authority), "add", f"unix:{name.partition(':')[2]}"]
            await asyncio.to_thread(
                subprocess.run, [*add, protocol, cookie], check=True, timeout=60
            )
            seen = await look(name, authority)
            refused = await look(name, display.authority)

    assert "X.Org" in seen.stdout, seen.stderr
    assert ("SECURITY" in seen.stdout) is trusted  # which a program that is not trusted has not
    assert "unable to open display" in refused.stderr
    assert cookie not in display.authority.read_bytes().hex()


async def test_program_at_ours_has_the_display_of_openssh(peer: Peer, tmp_path: Path) -> None:
    require_programs()
    folder = peer.keys.folder / f"x11-{peer.name}"
    await asyncio.to_thread(folder.mkdir, exist_ok=True)
    shell = ssh_stack.LocalShell(env={"XAUTHORITY": str(tmp_path / "session")})
    key = peer.keys.private["ed25519"]
    with x_server(folder, tcp=True) as display:
        async with serve(peer, "x11-server", session=shell, x11_forwarding=True) as served:
            ssh = f"ssh -F none {QUIET} -p {served.port} -i {key} -Y {USER}@127.0.0.1"
            environment = [f"DISPLAY={display.name}", f"XAUTHORITY={display.authority}"]
            words = ["env", *environment, "sh", "-c", f"{ssh} 'echo $DISPLAY; xdpyinfo'"]
            done = await asyncio.to_thread(peer.run_client, words, timeout=60)

    first, *others = done.stdout.decode().splitlines()
    assert first.startswith("localhost:"), done.stderr
    assert any("X.Org" in line for line in others), done.stderr


async def test_openssh_is_refused_x11_where_ours_does_not_serve_it(peer: Peer) -> None:
    key = peer.keys.private["ed25519"]
    async with serve(peer, "no-x11") as served:
        ssh = f"ssh -F none {QUIET} -p {served.port} -i {key} -Y {USER}@127.0.0.1 'echo $DISPLAY'"
        words = ["env", "DISPLAY=:77", "sh", "-c", ssh]
        done = await asyncio.to_thread(peer.run_client, words, timeout=60)

    assert done.stdout == b"\n"
    assert b"X11 forwarding request failed on channel 0" in done.stderr


# ------------------------------------------------------------- the letters


@pytest.fixture(scope="module")
def sshd(tmp_path_factory: pytest.TempPathFactory) -> Generator[LocalSshd]:
    """This machine's sshd, which forwards X11."""
    folder = tmp_path_factory.mktemp("sshd")
    with local_serve(folder, ["X11Forwarding=yes", "AcceptEnv=XAUTHORITY"]) as found:
        yield found


def ssh(sshd: LocalSshd, home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run our ssh; what the session keeps for xauth goes to a file of its own."""
    fixed = ["-F", "none", "-i", str(sshd.key), "-p", str(sshd.port)]
    fixed += ["-o", f"UserKnownHostsFile={sshd.known_hosts}", "-o", "IdentityAgent=none"]
    fixed += ["-o", f"SetEnv=XAUTHORITY={home / 'session'}"]
    *letters, command = words
    return subprocess.run(
        [sys.executable, "-m", "ssh_stack", "ssh", *fixed, *letters, "127.0.0.1", command],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )


@pytest.mark.usefixtures("display")
@pytest.mark.parametrize(
    ("letters", "trusted"),
    [
        (["-X"], False),
        (["-Y"], True),
        (["-X", "-o", "ForwardX11Trusted=yes"], True),
        (["-o", "ForwardX11=yes", "-o", "ForwardX11Timeout=5m"], False),
        (["-X", "-o", "ForwardX11Timeout=0"], False),
    ],
)
def test_letters_forward_the_display(
    sshd: LocalSshd, tmp_path: Path, letters: list[str], *, trusted: bool
) -> None:
    done = ssh(sshd, tmp_path, *letters, "xdpyinfo")

    assert "X.Org" in done.stdout, done.stderr
    assert ("SECURITY" in done.stdout) is trusted
    assert done.stderr.count("ssh-stack:") == 0


@pytest.mark.usefixtures("display")
@pytest.mark.parametrize("letters", [[], ["-x"], ["-X", "-x"], ["-Y", "-x"]])
def test_display_is_not_forwarded_without_the_letter(
    sshd: LocalSshd, tmp_path: Path, letters: list[str]
) -> None:
    assert ssh(sshd, tmp_path, *letters, "echo [$DISPLAY]").stdout == "[]\n"


@pytest.mark.usefixtures("display")
def test_window_of_a_program_there_is_on_the_display_here(sshd: LocalSshd, tmp_path: Path) -> None:
    command = (
        "xclock -name far-clock & for _ in $(seq 100); do "
        "xwininfo -root -tree | grep -o far-clock && break; sleep 0.1; done; kill $!"
    )
    done = ssh(sshd, tmp_path, "-Y", command)

    assert "far-clock" in done.stdout, done.stderr


def test_untrusted_display_without_a_cookie_is_not_forwarded(
    sshd: LocalSshd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DISPLAY", ":4321")
    done = ssh(sshd, tmp_path, "-X", "echo [$DISPLAY]")

    assert done.stdout == "[]\n"
    assert "X11 is not forwarded: xauth generates no cookie for the display :4321" in done.stderr


def test_session_goes_on_without_a_display(
    sshd: LocalSshd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    done = ssh(sshd, tmp_path, "-X", "echo [$DISPLAY]")

    assert (done.stdout, done.stderr) == ("[]\n", "")


@pytest.mark.usefixtures("display")
def test_untrusted_display_is_reached_until_its_time_is_over(
    sshd: LocalSshd, tmp_path: Path
) -> None:
    wait = "for _ in $(seq 100); do sleep 0.2; xdpyinfo >/dev/null || break; done"
    command = f"{LOOK}; {wait}; {LOOK}"
    done = ssh(sshd, tmp_path, "-X", "-o", "ForwardX11Timeout=1", command)

    assert done.stdout == "yes\nno\n", done.stderr
    assert "unable to open display" in done.stderr


@pytest.mark.usefixtures("display")
async def test_single_connection_of_a_session_is_taken_and_no_other(
    sshd: LocalSshd, tmp_path: Path
) -> None:
    wanted = ssh_stack.X11Forwarding(trusted=True, single_connection=True)
    env = {"XAUTHORITY": str(tmp_path / "session")}
    async with ssh_stack.connect(
        "127.0.0.1",
        sshd.port,
        username=sshd.user,
        keys=sshd.key,
        known_hosts=sshd.known_hosts,
        agent=None,
        config=None,
        x11_forwarding=wanted,
    ) as connection:
        for _ in range(2):  # each session has one
            done = await connection.run(f"{LOOK}; {LOOK}", env=env, text=True)
            assert done.stdout == "yes\nno\n", done.stderr


@pytest.mark.usefixtures("display")
@pytest.mark.parametrize("client", ["ssh", "ours"])
def test_client_of_our_master_has_agent_and_display_where_it_wants_them(
    client: str, sshd: LocalSshd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "m"
    fixed = ["-F", "none", "-i", str(sshd.key), "-p", str(sshd.port), "-S", str(path)]
    fixed += ["-o", f"UserKnownHostsFile={sshd.known_hosts}"]
    fixed += ["-o", f"SetEnv=XAUTHORITY={tmp_path / 'session'}"]
    ours = [sys.executable, "-m", "ssh_stack", "ssh"]
    command = f"{LOOK}; ssh-add -l | grep -c SHA256"
    with SSHAgent() as agent:
        agent.add(PrivateKey.generate("ed25519"))
        monkeypatch.setenv("SSH_AUTH_SOCK", agent.path)
        letters = ["-A", "-Y", "-o", "SendEnv=XAUTHORITY", "-M", "-N"]
        with subprocess.Popen([*ours, *fixed, *letters, "127.0.0.1"]) as master:
            while not path.exists():
                time.sleep(0.05)
            words = ["ssh"] if client == "ssh" else ours
            printed = [
                subprocess.run(
                    [*words, *fixed, *wanted, "127.0.0.1", command],
                    stdin=subprocess.DEVNULL,
                    capture_output=True,
                    text=True,
                    timeout=60,
                    check=False,
                ).stdout
                for wanted in (["-a", "-x"], ["-A", "-Y"])
            ]
            subprocess.run([*ours, *fixed, "-O", "exit", "127.0.0.1"], check=True, timeout=60)
            assert master.wait(30) == 0

    assert printed == ["no\n0\n", "yes\n1\n"]
