"""Methods of authentication at OpenSSH's servers that need more than a key or a password."""

from __future__ import annotations

import contextlib
import os
import subprocess
from typing import TYPE_CHECKING

import attrs
import pytest

from ssh_auth import (
    AuthenticationFailed,
    HostbasedCredential,
    InteractiveCredential,
    KeyCredential,
    KeySigner,
    Outcome,
    PasswordCredential,
)
from ssh_keys import PrivateKey
from ssh_keys.files import read_private_key
from tests.interop.connecting import connect
from tests.interop.peers import PASSWORD, USER
from tests.interop.test_client_login import agent

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence
    from pathlib import Path

    from ssh_auth import AuthAttempt, AuthCredential, AuthProgress
    from ssh_wire.messages.auth import Prompt
    from tests.interop.peers import Peer

CLIENT_KEY = PrivateKey.generate("ed25519")
"""The host key of a client host."""


def shell(peer: Peer, command: str, stdin: str = "") -> str:
    done = peer.run_client(["sh", "-ec", command], stdin=stdin.encode(), timeout=20)
    assert done.returncode == 0, done.stderr
    return done.stdout.decode()


def told(attempts: Sequence[AuthAttempt]) -> list[tuple[str, Outcome]]:
    return [(each.method, each.outcome) for each in attempts]


async def answer(
    _name: str, _instruction: str, prompts: Sequence[Prompt], /
) -> Sequence[str] | None:
    return [PASSWORD for _ in prompts]


# ------------------------------------------------------------- several factors


@pytest.mark.parametrize("by", ["options", "auth"])
async def test_key_and_then_prompts(peer: Peer, by: str) -> None:
    """`AuthenticationMethods publickey,keyboard-interactive`, in either way of saying it."""
    methods = "AuthenticationMethods publickey,keyboard-interactive"
    with peer.sshd_with(f"Match User {USER}\n  {methods}\n") as sshd:
        key = KeyCredential(KeySigner(read_private_key(peer.keys.private["ed25519"])))
        auth: list[AuthCredential] = [key, InteractiveCredential(answer)]
        given = connect(sshd, interactive=answer) if by == "options" else connect(sshd, auth=auth)
        async with given as conn:
            assert told(conn.auth_attempts) == [
                ("publickey", Outcome.PARTIAL),
                ("keyboard-interactive", Outcome.ACCEPTED),
            ]
        with pytest.raises(AuthenticationFailed, match="still requires keyboard-interactive"):
            await connect(sshd).open()


async def test_strategy_decides_by_what_the_server_lists(peer: Peer) -> None:
    listed: list[tuple[str, ...] | None] = []

    class Strategy:
        def next_credential(self, progress: AuthProgress, /) -> AuthCredential | None:
            listed.append(progress.remaining)
            if not progress.attempts:
                return PasswordCredential("wrong")
            return PasswordCredential(lambda: PASSWORD) if len(progress.attempts) == 1 else None

    async with connect(peer, auth=Strategy()) as conn:
        assert told(conn.auth_attempts) == [
            ("password", Outcome.REJECTED),
            ("password", Outcome.ACCEPTED),
        ]
    assert listed[0] is None
    assert "password" in (listed[1] or ())


async def test_expired_password_is_changed_by_the_prompts_of_pam(peer: Peer) -> None:
    """sshd leaves the change to PAM, which asks by keyboard-interactive."""
    user, new = "expired", "Another-secret-7"
    shell(
        peer, f"useradd -m {user} 2>/dev/null; chpasswd; passwd -qe {user}", f"{user}:{PASSWORD}"
    )
    asked: list[str] = []

    def change(
        _name: str, _instruction: str, prompts: Sequence[Prompt], /
    ) -> Sequence[str] | None:
        asked.extend(prompt.text for prompt in prompts)
        return [new if "ew password" in prompt.text else PASSWORD for prompt in prompts]

    async with connect(peer, username=user, keys=None, interactive=change) as conn:
        assert conn.auth_attempts[-1].method == "keyboard-interactive"
    assert any("ew password" in text for text in asked)
    async with connect(peer, username=user, keys=None, password=new):
        pass


# ------------------------------------------------------------- signatures for one server


async def test_signature_is_bound_to_the_server_where_it_takes_that(peer: Peer) -> None:
    bound = peer.name != "openssh-8.4"  # 8.9 was the first
    log = "/tmp/methods.log"  # noqa: S108 (in the container)
    with peer.sshd_with("", "-E", log, "-o", "LogLevel=DEBUG1") as sshd:
        async with connect(sshd) as conn:
            assert told(conn.auth_attempts) == [("publickey", Outcome.ACCEPTED)]
        lines = shell(peer, f"cat {log}")
        assert ("method publickey-hostbound-v00@openssh.com" in lines) is bound
        shell(peer, f": >{log}")
        unbound = ["PubkeyAuthentication unbound"]
        async with connect(sshd, config_options=unbound):
            pass
        assert "method publickey-hostbound" not in shell(peer, f"cat {log}")


# ------------------------------------------------------------- hostbased


@contextlib.contextmanager
def trusting_host(peer: Peer, key: str) -> Generator[Peer]:
    """An sshd that takes the word of a host named client.example about its users."""
    shell(peer, "cat >/etc/ssh/shosts.equiv", "client.example\n")
    shell(peer, "cat >/etc/ssh/ssh_known_hosts", f"client.example {key}\n")
    lines = "HostbasedAuthentication yes\nHostbasedUsesNameFromPacketOnly yes\n"
    with peer.sshd_with(f"Match all\n{lines}") as sshd:
        yield sshd


async def test_hostbased(peer: Peer) -> None:
    signer = KeySigner(CLIENT_KEY, "file host_key")
    credential = HostbasedCredential(signer, "client.example", USER)
    with trusting_host(peer, CLIENT_KEY.public_key.to_openssh()) as sshd:
        async with connect(sshd, auth=[credential]) as conn:
            (attempt,) = conn.auth_attempts
            assert (attempt.method, attempt.source) == ("hostbased", "file host_key")
            assert attempt.fingerprint == CLIENT_KEY.public_key.fingerprint()
            assert (await conn.run("echo in")).stdout == b"in\n"
        for other in (
            HostbasedCredential(signer, "other.example", USER),
            HostbasedCredential(signer, "client.example", "root"),
            HostbasedCredential(KeySigner(PrivateKey.generate("ed25519")), "client.example", USER),
        ):
            with pytest.raises(AuthenticationFailed) as caught:
                await connect(sshd, auth=[other]).open()
            assert told(caught.value.attempts) == [("hostbased", Outcome.REJECTED)]


@pytest.mark.parametrize("kind", ["rsa", "ecdsa"])
async def test_hostbased_with_other_keys(peers: dict[str, Peer], kind: str) -> None:
    key = PrivateKey.generate(kind)
    with trusting_host(peers["bookworm"], key.public_key.to_openssh()) as sshd:
        credential = HostbasedCredential(KeySigner(key), lambda: "client.example", USER)
        async with connect(sshd, auth=[credential]) as conn:
            assert conn.auth_attempts[-1].outcome is Outcome.ACCEPTED


# ------------------------------------------------------------- keys of an agent for some hosts


@contextlib.contextmanager
def agent_for(peer: Peer, folder: Path) -> Generator[str]:
    """OpenSSH's agent with a key that signs for one peer alone (`ssh-add -h`)."""
    known = folder / "known_hosts"
    known.write_text("".join(f"dest.example {line}\n" for line in peer.host_keys.values()))
    with agent(attrs.evolve(peer.keys, private={})) as socket:
        key = str(peer.keys.private["ed25519"])
        constrained = ["-H", str(known), "-h", "dest.example", key]
        environment = {**os.environ, "SSH_AUTH_SOCK": socket}
        subprocess.run(["ssh-add", "-q", *constrained], env=environment, check=True)
        yield socket


async def test_key_of_an_agent_signs_for_its_destinations_alone(
    peers: dict[str, Peer], tmp_path: Path
) -> None:
    """The agent is told of the session, and compares the server's key."""
    with agent_for(peers["sid"], tmp_path) as socket:
        async with connect(peers["sid"], keys=None, agent=socket) as conn:
            assert conn.auth_attempts[-1].source.startswith("agent")
        with pytest.raises(AuthenticationFailed) as caught:
            await connect(peers["trixie"], keys=None, agent=socket).open()
        assert told(caught.value.attempts) == [("publickey", Outcome.SIGNING_FAILED)]
