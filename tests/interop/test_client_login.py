"""Our client logs in at OpenSSH's servers, in every way that both have."""

from __future__ import annotations

import contextlib
import os
import subprocess
from typing import TYPE_CHECKING

import attrs
import pytest

from ssh_auth import AuthenticationFailed, Outcome
from ssh_keys import PrivateKey
from ssh_keys.files import write_private_key
from ssh_stack import DEFAULT, HostKeyChanged, HostKeyUnknown
from tests.interop.connecting import connect
from tests.interop.peers import PASSWORD, TWO_FACTOR_USER, USER

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence
    from pathlib import Path

    from ssh_wire.messages.auth import Prompt
    from tests.interop.peers import Keys, Peer


@pytest.mark.parametrize("kind", ["ed25519", "ecdsa", "rsa"])
async def test_publickey_from_a_file(peer: Peer, kind: str) -> None:
    async with connect(peer, kind) as conn:
        (attempt,) = conn.auth_attempts
        assert attempt.method == "publickey"
        assert attempt.source == f"file {peer.keys.private[kind]}"
        assert (await conn.run("echo $USER", text=True)).stdout == "tester\n"


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("listed", ["rsa-sha2-256", "rsa-sha2-512"])
async def test_algorithms_that_the_server_lists_for_one_user(
    peer: Peer, listed: str, *, first: bool
) -> None:
    """sshd says so in its second EXT_INFO from 9.6 on; before that it refuses the first choice.

    Who asks for the methods first is told before the first key is tried.
    """
    block = f"Match User {USER}\n  PubkeyAcceptedKeyTypes {listed}\n"
    told = peer.name not in {"openssh-8.4", "openssh-9.2"}
    may = listed == "rsa-sha2-512" or told

    with peer.sshd_with(block) as narrow:
        try:
            async with connect(narrow, "rsa", ask_methods_first=first) as conn:
                attempts = conn.auth_attempts
        except AuthenticationFailed as error:
            attempts = error.attempts

    assert (attempts[-1].outcome is Outcome.ACCEPTED) is may
    assert attempts[0].algorithm == (listed if told and first else "rsa-sha2-512")
    assert attempts[-1].algorithm == listed or not may
    assert len(attempts) == (2 if listed == "rsa-sha2-256" and told and not first else 1)


@contextlib.contextmanager
def agent(keys: Keys) -> Generator[str]:
    """OpenSSH's agent with all the keys."""
    started = subprocess.run(["ssh-agent", "-s"], capture_output=True, text=True, check=True)
    variables = dict(
        line.split(";")[0].split("=") for line in started.stdout.splitlines() if "=" in line
    )
    environment = os.environ | variables
    try:
        for path in keys.private.values():
            subprocess.run(["ssh-add", "-q", path], env=environment, check=True)
        yield variables["SSH_AUTH_SOCK"]
    finally:
        subprocess.run(["ssh-agent", "-k"], env=environment, capture_output=True, check=True)


async def test_publickey_from_an_agent(peer: Peer) -> None:
    with agent(peer.keys) as socket:
        async with connect(peer, keys=None, agent=socket) as conn:
            assert conn.auth_attempts[-1].source.startswith("agent")
            assert (await conn.run("true")).exit_status == 0


async def test_public_key_file_picks_a_key_of_a_full_agent(peer: Peer, tmp_path: Path) -> None:
    """The ninth key of the agent; many servers close the connection after six."""
    keys: dict[str, Path] = {}
    for number in range(8):
        keys[str(number)] = tmp_path / f"other-{number}"
        write_private_key(keys[str(number)], PrivateKey.generate("ed25519"))
    keys["ninth"] = peer.keys.private["ed25519"]
    public = keys["ninth"].with_suffix(".pub")
    (tmp_path / "config").write_text(f"Host *\n    IdentityFile {public}\n")
    with agent(attrs.evolve(peer.keys, private=keys)) as socket:
        config = tmp_path / "config"
        async with connect(peer, keys=DEFAULT, agent=socket, config=config) as conn:
            (attempt,) = conn.auth_attempts
            assert attempt.source.startswith("agent")


async def test_password(peer: Peer) -> None:
    async with connect(peer, keys=None, password=PASSWORD) as conn:
        assert conn.auth_attempts[-1].method == "password"


async def test_keyboard_interactive(peer: Peer) -> None:
    asked: list[str] = []

    async def answer(
        name: str, instruction: str, prompts: Sequence[Prompt], /
    ) -> Sequence[str] | None:
        del name, instruction
        asked.extend(prompt.text for prompt in prompts)
        return [PASSWORD for _ in prompts]

    async with connect(peer, keys=None, interactive=answer) as conn:
        assert conn.auth_attempts[-1].method == "keyboard-interactive"
    assert any("assword" in text for text in asked)


async def test_partial_success_is_followed(peer: Peer) -> None:
    async with connect(peer, username=TWO_FACTOR_USER, password=PASSWORD) as conn:
        outcomes = [(a.method, a.outcome) for a in conn.auth_attempts]
        assert outcomes[-2:] == [
            ("publickey", Outcome.PARTIAL),
            ("password", Outcome.ACCEPTED),
        ]


async def test_failed_login_has_the_attempts_made(peer: Peer, tmp_path: Path) -> None:
    unknown = tmp_path / "unknown"
    write_private_key(unknown, PrivateKey.generate("ed25519"))

    with pytest.raises(AuthenticationFailed) as caught:
        async with connect(peer, keys=[unknown], password="wrong"):
            pass

    methods = [attempt.method for attempt in caught.value.attempts]
    assert "publickey" in methods
    assert "password" in methods
    assert caught.value.attempts[0].fingerprint.startswith("SHA256:")
    assert "password" in caught.value.remaining_methods


async def test_unknown_host_is_refused_or_remembered(peer: Peer, tmp_path: Path) -> None:
    known = tmp_path / "known_hosts"

    with pytest.raises(HostKeyUnknown):
        async with connect(peer, known_hosts=known):
            pass
    assert not known.exists()

    async with connect(peer, known_hosts=known, host_key_policy="accept-new") as conn:
        key = conn.host_key
    async with connect(peer, known_hosts=known) as conn:
        assert conn.host_key == key


async def test_changed_host_key_is_refused_by_every_policy(peer: Peer, tmp_path: Path) -> None:
    known = tmp_path / "known_hosts"
    other = peer.keys.private["ed25519"].with_suffix(".pub").read_text()
    known.write_text(f"[127.0.0.1]:{peer.port} {other}")

    for policy in ("strict", "accept-new"):
        with pytest.raises(HostKeyChanged):
            async with connect(peer, known_hosts=known, host_key_policy=policy):
                pass
