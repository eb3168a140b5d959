"""An agent for tests holds keys for our client and for programs that we did not write."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Generator
from pathlib import Path

import pytest

from ssh_keys import PrivateKey
from ssh_stack.testing import SSHAgent, SSHServer


@pytest.fixture
def agent() -> Generator[SSHAgent]:
    with SSHAgent() as agent:
        yield agent


async def test_agent_logs_a_client_in(agent: SSHAgent, tmp_path: Path) -> None:
    with SSHServer(tmp_path) as server:
        agent.add(server.user_key, comment="mine")
        async with server.connect(keys=None, agent=agent.path) as conn:
            assert not conn.is_closed

    assert agent.keys == (server.user_key.public_key,)
    assert any("sign" in line.lower() for line in agent.requests), agent.requests


@pytest.mark.skipif(shutil.which("ssh-add") is None, reason="ssh-add is not on this machine")
def test_ssh_add_lists_and_removes_the_keys(agent: SSHAgent) -> None:
    key = PrivateKey.generate("ed25519")
    agent.add(key, comment="of the test")
    environment = {**os.environ, "SSH_AUTH_SOCK": agent.path}

    def ssh_add(option: str) -> bytes:
        done = subprocess.run(
            ["ssh-add", option], env=environment, capture_output=True, check=False, timeout=60
        )
        return done.stdout

    assert ssh_add("-L") == f"{key.public_key.to_openssh().strip()} of the test\n".encode()
    ssh_add("-D")
    assert agent.keys == ()


def test_agent_forgets_its_keys(agent: SSHAgent) -> None:
    agent.add(PrivateKey.generate("ed25519"))

    agent.remove_all()

    assert agent.keys == ()


def test_agent_that_is_closed_leaves_no_socket() -> None:
    with SSHAgent() as agent:
        path = agent.path
        assert Path(path).is_socket()

    assert not Path(path).exists()
    assert not Path(path).parent.exists()
