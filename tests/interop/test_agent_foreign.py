"""Our agent with clients that are not OpenSSH's: AsyncSSH, Paramiko, PuTTY's plink, dbclient."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import tempfile
from typing import TYPE_CHECKING, Any, cast

import asyncssh
import paramiko  # type: ignore[import-untyped]
import pytest

from ssh_agent.aio import AgentServer, serve
from ssh_agent.server import Keyring
from ssh_keys import CertificateSpec, PrivateKey, issue
from ssh_keys.files import write_private_key

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from pathlib import Path

    from tests.interop.local import LocalSshd

KINDS = ["ed25519", "ecdsa", "rsa"]


@pytest.fixture
async def agent() -> AsyncGenerator[AgentServer]:
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        async with serve(Keyring(), f"{folder}/agent") as served:
            yield served


@pytest.mark.parametrize("kind", ["ssh-ed25519", "ecdsa-sha2-nistp384", "ssh-rsa"])
async def test_asyncssh_does_everything_that_it_can(agent: AgentServer, kind: str) -> None:
    key = cast("Any", asyncssh).generate_private_key(kind, comment="theirs")
    async with cast("Any", asyncssh.connect_agent(agent.path)) as client:
        await client.add_keys([key], lifetime=1000)
        (pair,) = await client.get_keys()
        assert pair.get_comment() == "theirs"
        assert await client.sign(pair.public_data, b"data", 2)
        assert agent.keyring.identities[0].expires is not None
        await client.lock("sesame")
        assert list(await client.get_keys()) == []
        await client.unlock("sesame")
        with pytest.raises(ValueError, match=r"[Uu]nable to add"):
            await client.add_keys([key], confirm=True)  # no function asks the user
        with pytest.raises(ValueError, match=r"[Uu]nable"):
            await client.add_smartcard_keys("/usr/lib/libpkcs11.so")
        await client.remove_keys([pair])
        assert list(await client.get_keys()) == []


def _paramiko(path: str) -> list[tuple[str, bytes, bytes]]:
    """List the keys of an agent, and sign with each."""
    os.environ["SSH_AUTH_SOCK"] = path
    found: list[tuple[str, bytes, bytes]] = []
    connection = paramiko.Agent()
    try:
        for key in connection.get_keys():
            algorithm = "rsa-sha2-512" if key.get_name() == "ssh-rsa" else None
            signature: Any = key.sign_ssh_data(b"data", algorithm)
            found.append((key.get_name(), key.asbytes(), bytes(signature)))
    finally:
        connection.close()
    return found


async def test_paramiko_lists_the_keys_and_has_them_sign(
    agent: AgentServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSH_AUTH_SOCK", "")  # put back afterwards
    keys = {key.public_key.blob: key for key in map(PrivateKey.generate, KINDS)}
    for key in keys.values():
        agent.keyring.add(key)

    found = await asyncio.to_thread(_paramiko, agent.path)

    assert len(found) == len(keys)
    for _, blob, signature in found:
        assert keys[blob].public_key.verify(b"data", signature)


@pytest.fixture(params=["plink", "dbclient"])
def client(request: pytest.FixtureRequest) -> str:
    if shutil.which(request.param) is None:
        if os.environ.get("SSH_STACK_REQUIRE_PEERS") == "1":
            pytest.fail(f"required, but missing: {request.param}", pytrace=False)
        pytest.skip(f"{request.param} is not on this machine")
    return str(request.param)


def _words(client: str, sshd: LocalSshd) -> list[str]:
    if client == "plink":
        trust = ["-hostkey", _fingerprint(sshd)]
        return ["plink", "-batch", "-agent", "-P", str(sshd.port), *trust, "-l", sshd.user]
    return ["dbclient", "-y", "-y", "-p", str(sshd.port), "-l", sshd.user]


def _fingerprint(sshd: LocalSshd) -> str:
    words = sshd.host_key.split()
    line = " ".join(words if words[0].startswith(("ssh-", "ecdsa-")) else words[1:])
    command = ["ssh-keygen", "-l", "-f", "-"]
    done = subprocess.run(command, input=line, check=True, capture_output=True, text=True)
    return done.stdout.split()[1]


@pytest.mark.parametrize("kind", KINDS)
async def test_client_logs_in_with_a_key_of_our_agent(
    agent: AgentServer, local_sshd: LocalSshd, client: str, kind: str, tmp_path: Path
) -> None:
    key = PrivateKey.generate(kind)
    agent.keyring.add(key)
    known = local_sshd.authorized_keys.read_text()
    local_sshd.authorized_keys.write_text(f"{known}\n{key.public_key.to_openssh()}\n")
    try:
        done = await asyncio.to_thread(
            lambda: subprocess.run(
                [*_words(client, local_sshd), "127.0.0.1", "echo in"],
                env={**os.environ, "SSH_AUTH_SOCK": agent.path, "HOME": str(tmp_path)},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=60,
                check=False,
            )
        )
    finally:
        local_sshd.authorized_keys.write_text(known)

    assert done.stdout == b"in\n", done.stderr


async def test_client_of_asyncssh_logs_in_with_a_certificate_of_our_agent(
    agent: AgentServer, tmp_path: Path
) -> None:
    authority, key, host = (PrivateKey.generate("ed25519") for _ in range(3))
    spec = CertificateSpec(role="user", key_id="id", principals=("me",))
    certificate = issue(authority, key.public_key, spec=spec, random=os.urandom)
    agent.keyring.add(key)  # AsyncSSH asks the plain key to sign
    agent.keyring.add(key, certificate=certificate)
    write_private_key(tmp_path / "host", host)
    line = f"cert-authority {authority.public_key.to_openssh()}"

    def answer(process: asyncssh.SSHServerProcess[str]) -> None:
        process.stdout.write("in\n")
        process.exit(0)

    async with (
        asyncssh.listen(
            "127.0.0.1",
            0,
            server_host_keys=[str(tmp_path / "host")],
            authorized_client_keys=asyncssh.import_authorized_keys(line),
            process_factory=answer,
        ) as listening,
        asyncssh.connect(
            "127.0.0.1",
            listening.sockets[0].getsockname()[1],
            username="me",
            known_hosts=None,
            config=None,
            client_keys=(),
            agent_path=agent.path,
        ) as connection,
    ):
        assert (await connection.run("x")).stdout == "in\n"
