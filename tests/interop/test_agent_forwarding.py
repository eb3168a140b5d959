"""The agent, forwarded between ours and every OpenSSH, in both roles; through jump hosts."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Generator
from pathlib import Path
from typing import Final

import pytest

import ssh_stack
from ssh_keys import PrivateKey
from ssh_keys.files import write_private_key
from tests.interop.connecting import connect
from tests.interop.peers import USER, Peer
from tests.interop.serving import serve

KEY: Final = PrivateKey.generate("ed25519")
FIRST, SECOND, LAST = "bookworm", "trixie", "sid"
"""Jump hosts, and the host behind them: all have the host-bound method that constraints need."""
QUIET: Final = "-o BatchMode=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null"


class Agent:
    """OpenSSH's agent, with a key that every peer accepts."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.socket = folder / "agent"
        self.environment = {**os.environ, "SSH_AUTH_SOCK": str(self.socket)}

    def add(self, *words: str | Path) -> None:
        """Give it the key, as `ssh-stack add` does."""
        command = [sys.executable, "-m", "ssh_stack", "add", "-q", *map(str, words)]
        subprocess.run(["ssh-add", "-q", "-D"], env=self.environment, check=True, timeout=60)
        subprocess.run(
            [*command, str(self.folder / "key")], env=self.environment, check=True, timeout=60
        )


@pytest.fixture(scope="module")
def agent(peers: dict[str, Peer], tmp_path_factory: pytest.TempPathFactory) -> Generator[Agent]:
    """An agent whose key the peers accept."""
    found = Agent(tmp_path_factory.mktemp("agent"))
    write_private_key(found.folder / "key", KEY)
    accepted = peers[FIRST].keys.authorized_keys
    before = accepted.read_text()
    accepted.write_text(before + KEY.public_key.to_openssh() + "\n")
    command = ["ssh-agent", "-D", "-a", str(found.socket)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 30
        while not found.socket.exists():
            assert time.monotonic() < deadline, "the agent does not listen"
            time.sleep(0.01)
        yield found
    finally:
        process.terminate()
        process.wait(30)
        accepted.write_text(before)


async def test_command_at_openssh_has_the_agent_where_it_is_forwarded(
    peer: Peer, agent: Agent
) -> None:
    agent.add()
    async with connect(peer, agent=agent.socket, keys=[], agent_forwarding=True) as connection:
        listed = await connection.run("ssh-add -L", text=True)
    async with connect(peer, agent=agent.socket, keys=[]) as connection:
        without = await connection.run("ssh-add -L", text=True)
        async with connection.start("ssh-add -L", agent_forwarding=True) as process:
            asked = (await process.stdout.read()).decode()

    assert KEY.public_key.to_openssh() in listed.stdout, listed.stderr
    assert "Could not open a connection" in without.stderr
    assert asked == listed.stdout


async def test_command_at_ours_has_the_agent_of_openssh(peer: Peer) -> None:
    key = peer.keys.private["ed25519"]
    async with serve(peer, "agent", agent_forwarding=True) as served:
        ssh = (
            f"ssh -F none {QUIET} -p {served.port} -i {key} -A {USER}@127.0.0.1 "
            "'ssh-add -L; ls -ld $SSH_AUTH_SOCK'"
        )
        words = ["ssh-agent", "sh", "-c", f"ssh-add -q {key}; {ssh}; {ssh.replace('-A ', '')}"]
        done = await asyncio.to_thread(peer.run_client, words, timeout=60)

    line, socket, *others = done.stdout.decode().splitlines()
    assert line.split()[:2] == peer.keys.public_line("ed25519").split()[:2], done.stderr
    assert socket.startswith("srw-------")
    assert not [each for each in others if each.startswith("ssh-")]
    assert b"Could not open a connection to your authentication agent" in done.stderr


async def test_openssh_is_refused_the_agent_where_ours_does_not_serve_it(peer: Peer) -> None:
    key = peer.keys.private["ed25519"]
    async with serve(peer, "no-agent") as served:
        ssh = f"ssh -F none {QUIET} -p {served.port} -i {key} -A {USER}@127.0.0.1 'ssh-add -L'"
        words = ["ssh-agent", "sh", "-c", f"ssh-add -q {key}; {ssh}"]
        done = await asyncio.to_thread(peer.run_client, words, timeout=60)

    assert done.stdout == b""


# ------------------------------------------------------------- jump hosts


def constrain(peers: dict[str, Peer], agent: Agent, *, onward: bool) -> Path:
    """Restrict the key to the hosts on the way, and from the last one to the first one."""
    known = agent.folder / "known"
    lines = "".join(peers[name].known_hosts.read_text() for name in (FIRST, SECOND, LAST))
    # an agent refuses a constraint with a key that it does not know, such as ssh-mldsa44-ed25519
    known.write_text("".join(f"{each}\n" for each in lines.splitlines() if "mldsa" not in each))
    first, second, last = (f"[127.0.0.1]:{peers[n].port}" for n in (FIRST, SECOND, LAST))
    hops = [first, second, last, *([f"{last}>{USER}@{first}"] if onward else [])]
    agent.add("-H", known, *(word for hop in hops for word in ("-h", hop)))
    return known


def onward(peers: dict[str, Peer]) -> str:
    """The command at the last host: log in to the first one, with the agent."""
    return f"ssh -F none {QUIET} -p {peers[FIRST].port} {USER}@127.0.0.1 echo in"


@pytest.mark.row("G10")
@pytest.mark.parametrize("allowed", [True, False])
async def test_forwarded_agent_keeps_to_its_destinations_behind_two_jump_hosts_of_the_api(
    peers: dict[str, Peer], agent: Agent, *, allowed: bool
) -> None:
    known = constrain(peers, agent, onward=allowed)
    async with ssh_stack.connect(
        "127.0.0.1",
        peers[LAST].port,
        username=USER,
        jump=[f"{USER}@127.0.0.1:{peers[name].port}" for name in (FIRST, SECOND)],
        agent=agent.socket,
        agent_forwarding=True,
        keys=[],
        known_hosts=known,
        config=None,
    ) as connection:
        done = await connection.run(onward(peers), text=True)

    assert (done.stdout == "in\n") is allowed, done.stderr
    assert allowed or "Permission denied" in done.stderr


@pytest.mark.row("G10")
@pytest.mark.parametrize("allowed", [True, False])
@pytest.mark.parametrize("ours", [True, False], ids=["ours", "openssh"])
def test_forwarded_agent_keeps_to_its_destinations_behind_two_jump_hosts_of_letters(
    peers: dict[str, Peer], agent: Agent, *, allowed: bool, ours: bool
) -> None:
    known = constrain(peers, agent, onward=allowed)
    config = agent.folder / "config"
    config.write_text(
        f"User {USER}\nUserKnownHostsFile {known}\nIdentityFile none\nBatchMode yes\n"
        "PreferredAuthentications publickey\nStrictHostKeyChecking yes\n"
    )
    jumps = ",".join(f"{USER}@127.0.0.1:{peers[name].port}" for name in (FIRST, SECOND))
    program = [sys.executable, "-m", "ssh_stack", "ssh"] if ours else ["ssh"]
    words = ["-F", str(config), "-A", "-J", jumps, "-p", str(peers[LAST].port), "127.0.0.1"]
    done = subprocess.run(
        [*program, *words, onward(peers)],
        env=agent.environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert (done.stdout == "in\n") is allowed, done.stderr
    assert allowed or "Permission denied" in done.stderr
