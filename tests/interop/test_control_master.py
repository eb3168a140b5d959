"""OpenSSH's clients, of each version, through a master of ours (PROTOCOL.mux)."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.interop.peers import USER, Peer
from tests.interop.workshop import Workshop, open_workshop

if TYPE_CHECKING:
    from collections.abc import Generator

    from tests.interop.local import LocalSshd

_SSH = (sys.executable, "-m", "ssh_stack", "ssh")


def _wait_for(path: Path) -> None:
    for _ in range(200):
        if path.exists():
            return
        time.sleep(0.05)
    pytest.fail(f"{path} is not there")


def _options(peer: Peer) -> list[str]:
    lines = [
        "BatchMode=yes",
        f"IdentityFile={peer.keys.private['ed25519']}",
        f"UserKnownHostsFile={peer.known_hosts}",
        "SendEnv=LC_CONTROL",
    ]
    words = [word for line in lines for word in ("-o", line)]
    return ["-F", "none", *words, "-p", str(peer.port), "-l", USER]


@pytest.fixture(scope="module", params=["bullseye", "bookworm", "trixie", "sid"])
def shop(request: pytest.FixtureRequest, peers: dict[str, Peer]) -> Generator[Workshop]:
    """A folder with the socket `m` of a master of ours, which OpenSSH's programs see too."""
    peer = peers[request.param]
    with open_workshop(peer) as opened:
        path = opened.folder / "m"
        words = [*_SSH, *_options(peer), "-M", "-S", str(path), "-N", "127.0.0.1"]
        with subprocess.Popen(words) as master:
            _wait_for(path)
            yield opened
            opened.run(f"ssh -F none -S m -O exit {USER}@127.0.0.1")
            assert master.wait(20) == 0
            assert not path.exists()


def test_commands_run_with_their_streams_and_statuses(shop: Workshop) -> None:
    printed = shop.run(
        "export LC_CONTROL=sent; ssh='ssh -F none -S m -o SendEnv=LC_CONTROL 127.0.0.1'\n"
        "echo given | $ssh 'cat; echo $LC_CONTROL; echo error >&2; exit 7' 2>err; echo $?\n"
        "cat err; for s in 0 1 44; do $ssh exit $s; echo $?; done\n"
        "head -c 3000000 /dev/urandom >big; $ssh cat <big | cmp - big && echo same\n"
    )

    assert printed == b"given\nsent\n7\nerror\n0\n1\n44\nsame\n"


def test_files_go_through_the_master(shop: Workshop) -> None:
    printed = shop.run(
        "echo content >file; chmod 644 file; rm -f copy\n"
        f'echo "get $PWD/file $PWD/copy" | sftp -q -F none -o ControlPath=m {USER}@127.0.0.1 >&2\n'
        "cat copy\n"
    )

    assert printed == b"content\n"


def test_streams_and_forwards_are_opened_and_cancelled(shop: Workshop) -> None:
    port = shop.peer.port
    printed = shop.run(
        f"o='-F none -S m -l {USER} 127.0.0.1'\n"
        f"ssh -W 127.0.0.1:{port} $o </dev/null | head -c 8; echo\n"
        f"there=$(ssh -O forward -R 0:127.0.0.1:{port} $o)\n"
        "ssh -W 127.0.0.1:$there $o </dev/null | head -c 8; echo\n"
        f"ssh -O forward -L $PWD/s:127.0.0.1:{port} $o 2>&1 || true\n"
        f"ssh -O cancel -L $PWD/s:127.0.0.1:{port} $o 2>&1 || true\n"
        "ssh -O check $o 2>&1 | cut -c 1-20\n"
    ).decode()

    assert printed.startswith("SSH-2.0-\nSSH-2.0-\n")
    assert printed.endswith("Master running (pid=\n")


def test_proxy_mode_carries_sessions_and_forwards(shop: Workshop) -> None:
    port = shop.peer.port
    printed = shop.run(
        f"o='-F none -O proxy -S m -l {USER}'\n"
        "head -c 3000000 /dev/urandom >big; ssh $o 127.0.0.1 cat <big | cmp - big && echo same\n"
        "for s in 0 1 44; do ssh $o 127.0.0.1 exit $s; echo $?; done\n"
        f"ssh $o -R $PWD/back:127.0.0.1:{port} 127.0.0.1 'echo listens' </dev/null\n"
        f"ssh -W 127.0.0.1:{port} -F none -S m 127.0.0.1 </dev/null | head -c 8; echo\n"
    )

    assert printed == b"same\n0\n1\n44\nlistens\nSSH-2.0-\n"


def test_information_is_printed_where_the_client_asks(shop: Workshop) -> None:
    command = f"ssh -F none -S m -O conninfo {USER}@127.0.0.1 2>&1 || true"
    printed = shop.run(command).decode()

    if shop.version < (10, 1):  # which has that command
        assert "Invalid multiplex command" in printed
        return
    assert f"-> 127.0.0.1:{shop.peer.port}" in printed
    assert "kexalgorithm " in printed


def _words(server: LocalSshd, *words: str) -> list[str]:
    return [
        *("-F", "none", "-o", "BatchMode=yes", "-o", f"UserKnownHostsFile={server.known_hosts}"),
        *("-i", str(server.key), "-p", str(server.port), "-l", server.user, *words, "127.0.0.1"),
    ]


@pytest.mark.timeout(60)
def test_persistent_master_outlives_its_first_call(local_sshd: LocalSshd, tmp_path: Path) -> None:
    path = tmp_path / "m"
    shares = ["-o", "ControlMaster=auto", "-o", "ControlPersist=20", "-S", str(path)]
    words = _words(local_sshd, *shares)
    first = subprocess.run(
        [*_SSH, *words, "echo first; exit 3"], capture_output=True, check=False, timeout=30
    )
    assert (first.stdout, first.returncode) == (b"first\n", 3)
    theirs = subprocess.run(
        ["ssh", *words, "echo $SSH_CONNECTION"], capture_output=True, check=True, timeout=30
    )
    ours = subprocess.run(
        [*_SSH, *words, "echo $SSH_CONNECTION"], capture_output=True, check=True, timeout=30
    )
    assert ours.stdout == theirs.stdout  # one connection
    subprocess.run(["ssh", "-O", "exit", *words], capture_output=True, check=True, timeout=30)
    assert not path.exists()


@pytest.mark.timeout(60)
def test_terminal_of_the_client_is_the_sessions(local_sshd: LocalSshd, tmp_path: Path) -> None:
    path = tmp_path / "m"
    words = _words(local_sshd, "-S", str(path))
    ours, theirs = pty.openpty()
    with subprocess.Popen([*_SSH, "-M", "-N", *words]) as master:
        _wait_for(path)
        with subprocess.Popen(
            ["ssh", "-tt", *words, "tty; exec cat"], stdin=theirs, stdout=theirs, stderr=theirs
        ) as client:
            seen = b""
            while b"/dev/" not in seen:
                seen += os.read(ours, 1000)
            os.write(ours, b"\r~.")
            while b"closed" not in seen:
                seen += os.read(ours, 1000)
            assert client.wait(20) == 255
        subprocess.run(["ssh", "-O", "stop", *words], capture_output=True, check=True, timeout=30)
        assert master.wait(20) == 0
    os.close(theirs)
    os.close(ours)


@pytest.mark.row("C24")
@pytest.mark.timeout(60)
def test_other_user_is_not_served(local_sshd: LocalSshd, tmp_path: Path) -> None:
    if os.getuid():
        pytest.skip("only root becomes somebody else")
    path = Path("/tmp") / f"ssh-stack-m-{os.getpid()}"  # noqa: S108 - the other user must reach it
    words = _words(local_sshd, "-S", str(path))
    with subprocess.Popen([*_SSH, "-M", "-N", *words]) as master:
        _wait_for(path)
        assert path.stat().st_mode & 0o777 == 0o600
        path.chmod(0o666)  # even then
        done = subprocess.run(
            ["ssh", "-F", "none", "-S", str(path), "-O", "check", "127.0.0.1"],
            user="nobody", capture_output=True, check=False, timeout=30,
        )  # fmt: skip
        assert done.returncode == 255
        assert b"Master running" not in done.stderr
        master.terminate()
    assert not path.exists()
