"""`ssh-stack ssh -I` logs in to OpenSSH's sshd with the keys of SoftHSM, as ssh does."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path

import pytest

import ssh_stack
from ssh_agent import AgentRefused, Constraints
from ssh_agent.blocking import AgentClient
from ssh_keys.pkcs11 import open_tokens
from tests.interop import local
from tests.soft_token import PIN, generate, soft_token

KINDS = ("rsa", "secp256r1", "secp521r1", "ed25519")


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Generator[str]:
    """The path of a library, with a token of a key of each kind."""
    with soft_token(tmp_path_factory.mktemp("softhsm")) as (path, token):
        with token.open(rw=True, user_pin=PIN) as session:
            for number, kind in enumerate(KINDS):
                generate(session, kind, bytes([number]), kind)
        yield path


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Generator[local.LocalSshd]:
    if reason := local.unavailable():
        pytest.skip(reason)
    with local.serve(tmp_path_factory.mktemp("server")) as found:
        yield found


def askpass(folder: Path) -> dict[str, str]:
    """Return an environment in which every question is answered with the PIN."""
    program = folder / "askpass"
    program.write_text(f'#!/bin/sh\necho "$1" >> {folder}/asked\necho {PIN}\n')
    program.chmod(0o700)
    variables = {"SSH_ASKPASS": str(program), "SSH_ASKPASS_REQUIRE": "force"}
    return {**os.environ, **variables, "HOME": str(folder)}


@pytest.mark.parametrize("number", range(len(KINDS)), ids=KINDS)
def test_key_of_each_kind_logs_in_to_openssh(
    library: str, server: local.LocalSshd, tmp_path: Path, number: int
) -> None:
    (token,) = open_tokens(library)
    with token:
        lines = {key.comment: key.public_key.to_openssh() for key in token.keys}
    server.authorized_keys.write_text(lines[KINDS[number]] + "\n")
    options = ["-F", "none", "-p", str(server.port), "-I", library, "-o", "IdentityFile=none"]
    options += ["-o", f"UserKnownHostsFile={server.known_hosts}"]
    command = [*options, f"{server.user}@127.0.0.1", "echo in"]
    programs = [[sys.executable, "-m", "ssh_stack", "ssh"]]
    if KINDS[number] != "ed25519":  # OpenSSH 9.2 finds no such keys in a token
        programs.append(["ssh"])
    for program in programs:
        done = subprocess.run(
            [*program, *command],
            env=askpass(tmp_path),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert (done.returncode, done.stdout) == (0, "in\n"), done.stderr
        assert (tmp_path / "asked").read_text() == "Enter PIN for 'test': \n"
        (tmp_path / "asked").unlink()


async def test_keys_of_token_are_given_to_connect(library: str, server: local.LocalSshd) -> None:
    (token,) = open_tokens(library)
    with token:
        token.log_in(PIN)
        key = token.keys[0]
        server.authorized_keys.write_text(key.public_key.to_openssh() + "\n")
        async with ssh_stack.connect(
            "127.0.0.1",
            server.port,
            username=server.user,
            keys=[key],
            known_hosts=server.known_hosts,
            config=None,
            agent=None,
        ) as connection:
            assert (await connection.run("echo in")).stdout == b"in\n"


@pytest.fixture
def agent(tmp_path: Path, library: str) -> Generator[str]:
    """The socket of OpenSSH's agent, which loads libraries of /usr/lib."""
    assert library  # SOFTHSM2_CONF is set
    path = tmp_path / "agent"
    process = subprocess.Popen(["ssh-agent", "-D", "-a", str(path)], stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        process.stdout.readline()  # it listens
        yield str(path)
    finally:
        process.terminate()
        process.communicate()


def test_openssh_agent_uses_keys_of_token_until_they_are_removed(agent: str, library: str) -> None:
    constraints = Constraints(lifetime=600)
    with AgentClient.connect(agent) as client:
        with pytest.raises(AgentRefused):
            client.add_smartcard("/no/lib.so", PIN)
        for given in (None, constraints):
            client.add_smartcard(library, PIN, constraints=given)

            held = client.identities()

            assert {each.key.kind for each in held} >= {"ssh-rsa", "ecdsa-sha2-nistp256"}
            for each in held:
                algorithm = each.key.algorithms[0]
                signature = client.sign(each.key, b"data", algorithm)
                assert each.key.verify(b"data", signature, algorithm)
            client.remove_smartcard(library)
            assert client.identities() == ()


def test_command_adds_and_removes_keys_of_token(agent: str, library: str, tmp_path: Path) -> None:
    outputs: list[tuple[int, str, str]] = []
    for program in (["ssh-add"], [sys.executable, "-m", "ssh_stack", "add"]):
        for words in (["-s", library], ["-e", library]):
            done = subprocess.run(
                [*program, *words],
                env={**askpass(tmp_path), "SSH_AUTH_SOCK": agent},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                check=False,
                timeout=60,
            )
            outputs.append((done.returncode, done.stdout, done.stderr.replace("\r", "")))

    assert outputs[:2] == outputs[2:]
    assert [status for status, _, _ in outputs] == [0] * 4
    assert (tmp_path / "asked").read_text() == "Enter passphrase for PKCS#11: \n" * 2
