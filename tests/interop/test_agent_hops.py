"""A key that `ssh-stack add` restricts to two hops, with OpenSSH's agent, clients and servers."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Generator
from typing import Final

import pytest

from ssh_keys import PrivateKey
from ssh_keys.files import write_private_key
from tests.interop.peers import USER, Peer

FIRST, SECOND, OTHER = "trixie", "sid", "bookworm"
KEY: Final = PrivateKey.generate("ed25519")


@pytest.fixture(scope="module")
def environment(
    peers: dict[str, Peer], tmp_path_factory: pytest.TempPathFactory
) -> Generator[dict[str, str]]:
    """An environment with an agent that has the key, for the first host and from it the second."""
    folder = tmp_path_factory.mktemp("hops")
    write_private_key(folder / "key", KEY)
    known = [peers[name].known_hosts for name in (FIRST, SECOND, OTHER)]
    lines = "".join(path.read_text() for path in known).splitlines()
    # an agent refuses a constraint with a key that it does not know, such as ssh-mldsa44-ed25519
    (folder / "known").write_text("".join(f"{line}\n" for line in lines if "mldsa" not in line))
    accepted = peers[FIRST].keys.authorized_keys
    before = accepted.read_text()
    accepted.write_text(before + KEY.public_key.to_openssh() + "\n")
    socket = folder / "socket"
    env = {**os.environ, "SSH_AUTH_SOCK": str(socket), "KNOWN": str(folder / "known")}
    agent = subprocess.Popen(["ssh-agent", "-D", "-a", str(socket)], stdout=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 30
        while not socket.exists():
            assert time.monotonic() < deadline, "the agent does not listen"
            time.sleep(0.01)
        first, second = (f"[127.0.0.1]:{peers[name].port}" for name in (FIRST, SECOND))
        words = ["-H", str(folder / "known"), "-h", first, "-h", f"{first}>{USER}@{second}"]
        subprocess.run(
            [sys.executable, "-m", "ssh_stack", "add", "-q", *words, str(folder / "key")],
            env=env,
            check=True,
            timeout=60,
        )
        yield env
    finally:
        agent.terminate()
        agent.wait(30)
        accepted.write_text(before)


def command(port: int, *more: str, known: str = "/dev/null") -> list[str]:
    options = ["BatchMode=yes", "IdentityFile=none", "StrictHostKeyChecking=no"]
    options += ["PreferredAuthentications=publickey", f"UserKnownHostsFile={known}"]
    words = [word for option in options for word in ("-o", option)]
    return ["ssh", "-F", "none", *words, "-p", str(port), *more, f"{USER}@127.0.0.1"]


def log_in(environment: dict[str, str], *ports: int) -> subprocess.CompletedProcess[str]:
    """Log in to one host after the other, with the agent forwarded."""
    first, *others = ports
    words = command(first, *(["-A"] if others else []), known=environment["KNOWN"])
    inside = " ".join([*(" ".join(command(port)) for port in others), "echo in"])
    return subprocess.run(
        [*words, inside],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.mark.row("G10")
@pytest.mark.parametrize(("name", "reached"), [(FIRST, True), (SECOND, False), (OTHER, False)])
def test_our_client_logs_in_where_key_may(
    peers: dict[str, Peer], environment: dict[str, str], name: str, *, reached: bool
) -> None:
    words = command(peers[name].port, known=environment["KNOWN"])[1:]
    done = subprocess.run(
        [sys.executable, "-m", "ssh_stack", "ssh", *words, "echo in"],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert (done.stdout == "in\n") is reached, done.stderr


@pytest.mark.row("G10")
@pytest.mark.parametrize(
    ("names", "reached"),
    [
        ((FIRST,), True),
        ((FIRST, SECOND), True),
        ((SECOND,), False),
        ((FIRST, OTHER), False),
        ((OTHER,), False),
    ],
    ids=["first", "both", "second", "first-other", "other"],
)
def test_key_logs_in_along_its_hops_alone(
    peers: dict[str, Peer],
    environment: dict[str, str],
    names: tuple[str, ...],
    *,
    reached: bool,
) -> None:
    done = log_in(environment, *(peers[name].port for name in names))

    assert (done.stdout == "in\n") is reached, done.stderr
    if not reached:
        assert "Permission denied" in done.stderr
