"""A server takes six attempts, and an agent has eight keys: the one that is named is first."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Generator, Mapping
from pathlib import Path
from typing import Final

import pytest

import ssh_stack
from tests.interop import local

_NAMES: Final[Mapping[str, str]] = {
    "the private key": "cp k8 named",
    "the public key": "cp k8.pub named",
    "the private key beside its public half": "cp k8 named; cp k8.pub named.pub",
    "the file of a private key that is gone": "cp k8.pub named.pub",
    "a locked private key": "cp k8 named; ssh-keygen -q -p -N sesame -f named",
    "a locked private key in PEM with its public half beside it": (
        "cp k8 named; ssh-keygen -q -p -N sesame -m PEM -f named; cp k8.pub named.pub"
    ),
    "a private key that others can read": "cp k8 named; chmod 644 named",
    "a locked private key that others can read": (
        "cp k8 named; ssh-keygen -q -p -N sesame -f named; chmod 644 named"
    ),
}


def _run(command: str, folder: Path, **environment: str) -> str:
    done = subprocess.run(  # noqa: S602 (a command of this file)
        command,
        shell=True,
        check=True,
        timeout=60,
        cwd=folder,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        text=True,
    )
    return done.stdout


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Generator[local.LocalSshd]:
    """A server that takes the eighth key of an agent, and no more than six attempts."""
    if reason := local.unavailable():
        pytest.skip(reason)
    folder = tmp_path_factory.mktemp("server")
    with local.serve(folder, ["MaxAuthTries=6"]) as found:
        for number in range(1, 9):
            _run(f"ssh-keygen -q -t ecdsa -N '' -f k{number}", folder)
        found.authorized_keys.write_bytes((folder / "k8.pub").read_bytes())
        yield found


@pytest.fixture(scope="module")
def agent(server: local.LocalSshd) -> Generator[str]:
    """The socket of an agent with all eight keys."""
    folder = server.key.parent
    path = str(folder / "agent")
    process = subprocess.Popen(["ssh-agent", "-D", "-a", path], stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    _run("ssh-add -q k1 k2 k3 k4 k5 k6 k7 k8", folder, SSH_AUTH_SOCK=path)
    yield path
    process.terminate()
    process.communicate()


@pytest.fixture(params=_NAMES)
def named(
    request: pytest.FixtureRequest, server: local.LocalSshd, monkeypatch: pytest.MonkeyPatch
) -> Generator[Path]:
    folder = server.key.parent
    monkeypatch.delenv("DISPLAY", raising=False)
    _run(_NAMES[request.param], folder)
    yield folder / "named"
    _run("rm -f named named.pub", folder)


def _trust(server: local.LocalSshd) -> list[str]:
    lines = (f"UserKnownHostsFile={server.known_hosts}", f"Port={server.port}", "BatchMode=yes")
    return [word for line in lines for word in ("-o", line)]


@pytest.mark.parametrize("program", [["ssh"], [sys.executable, "-m", "ssh_stack", "ssh"]])
@pytest.mark.parametrize("way", ["-i", "-oIdentityFile="])
def test_agent_key_that_a_file_names_is_tried_before_the_others_by_the_command(
    server: local.LocalSshd, agent: str, named: Path, program: list[str], way: str
) -> None:
    # `ssh -i` passes over a name without a file, although its public half is there
    works = program != ["ssh"] or way != "-i" or named.exists()
    words = ["-i", str(named)] if way == "-i" else [f"{way}{named}"]
    command = [*program, "-F", "none", *_trust(server), *words, f"{server.user}@127.0.0.1"]

    done = subprocess.run(
        [*command, "echo in"],
        env={**os.environ, "SSH_AUTH_SOCK": agent},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=60,
        check=False,
    )

    assert (done.returncode == 0) is works, done.stderr
    assert done.stdout == (b"in\n" if works else b"")


@pytest.mark.parametrize("way", ["keys", "IdentityFile"])
async def test_agent_key_that_a_file_names_is_tried_before_the_others_by_the_library(
    server: local.LocalSshd, agent: str, named: Path, way: str
) -> None:
    lines = [f"IdentityFile {named}"] if way == "IdentityFile" else []
    connecting = ssh_stack.connect(
        "127.0.0.1",
        server.port,
        username=server.user,
        known_hosts=server.known_hosts,
        config=None,
        config_options=["BatchMode yes", *lines],
        agent=agent,
        keys=[named] if way == "keys" else ssh_stack.DEFAULT,
    )

    async with connecting as conn:
        assert conn.auth_attempts[-1].source.startswith("agent") or way == "keys"


async def test_agent_with_more_keys_than_attempts_fails_where_none_is_named(
    server: local.LocalSshd, agent: str
) -> None:
    with pytest.raises(ssh_stack.SSHError):
        await ssh_stack.connect(
            "127.0.0.1",
            server.port,
            username=server.user,
            known_hosts=server.known_hosts,
            config=None,
            agent=agent,
            keys=[],
        )
