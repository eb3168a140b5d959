"""Our clients of an agent with OpenSSH's agents and with our own: everything that can be asked.

The agents: that of this machine, that of OpenSSH 10.6 in its container, and `python -m ssh_agent`.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final

import pytest

from ssh_agent import (
    AgentRefused,
    Constraints,
    DestinationConstraint,
    DestinationKey,
    Hop,
    aio,
    blocking,
)
from ssh_keys import Certificate, CertificateSpec, Credential, PrivateKey, issue, plain_key
from ssh_wire.primitives import read_string, string
from tests.interop.peers import Peer

AGENTS: Final = ("machine", "openssh-10.6", "ours")
KINDS: Final = ("ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp521", "rsa")
NEW_KINDS: Final = ("ssh-mldsa44-ed25519", "sk-ssh-ed25519@openssh.com", "ssh-ed448")
LACKING: Final = {
    # which of these kinds an agent does not take
    "machine": {"ssh-mldsa44-ed25519", "ssh-ed448"},
    "openssh-10.6": {"ssh-ed448"},
    "ours": {"sk-ssh-ed25519@openssh.com"},
}
AUTHORITY: Final = PrivateKey.generate("ed25519")
SECONDS: Final = 30.0


class Client:
    """One of the two clients, called in the same way."""

    def __init__(self, kind: str, path: str) -> None:
        self._runner = asyncio.Runner() if kind == "asyncio" else None
        self._agent: Any = blocking.AgentClient
        if self._runner is None:
            self._agent = blocking.AgentClient.connect(path, timeout=SECONDS)
        else:
            self._agent = self._runner.run(self._connect(path))

    async def _connect(self, path: str) -> aio.AgentClient:
        return await aio.AgentClient.connect(path, timeout=SECONDS)

    def call(self, name: str, *arguments: object, **options: object) -> Any:
        method: Callable[..., Any] = getattr(self._agent, name)
        if self._runner is None:
            return method(*arguments, **options)

        async def run() -> object:
            return await method(*arguments, **options)

        return self._runner.run(run())

    def close(self) -> None:
        self.call("close")
        if self._runner is not None:
            self._runner.close()

    def held(self) -> list[Credential]:
        return [each.listed for each in self.call("identities")]


@contextmanager
def _process(argv: list[str], path: Path) -> Generator[str]:
    process = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _await(path)
        yield str(path)
    finally:
        process.terminate()
        process.wait(SECONDS)


def _await(path: Path) -> None:
    deadline = time.monotonic() + SECONDS
    # the path is there before anything listens at it
    with socket.socket(socket.AF_UNIX) as trial:
        while trial.connect_ex(str(path)):
            assert time.monotonic() < deadline, "the agent does not listen"
            time.sleep(0.01)


@pytest.fixture(params=AGENTS)
def agent(
    request: pytest.FixtureRequest, peers: dict[str, Peer], tmp_path: Path
) -> Generator[tuple[str, str]]:
    """The name of an agent without keys, and its socket."""
    name: str = request.param
    with ExitStack() as stack:
        if name == "openssh-10.6":
            peer = peers["sid"]
            path = peer.keys.folder / f"agent-{os.urandom(4).hex()}"
            argv = ["ssh-agent", "-D", "-a", str(path)]
            stack.enter_context(peer.start_client(argv, user=str(os.getuid())))
            _await(path)
        else:
            path = tmp_path / "agent"
            program = [sys.executable, "-m", "ssh_agent"]
            if name == "machine":
                if shutil.which("ssh-agent") is None:
                    pytest.skip("OpenSSH's ssh-agent is not installed")
                program = ["ssh-agent"]
            stack.enter_context(_process([*program, "-D", "-a", str(path)], path))
        yield name, str(path)


@pytest.fixture(params=["blocking", "asyncio"])
def connect(
    request: pytest.FixtureRequest, agent: tuple[str, str]
) -> Generator[Callable[[], Client]]:
    """Make connections to the agent."""
    made: list[Client] = []

    def open_one() -> Client:
        made.append(Client(request.param, agent[1]))
        return made[-1]

    yield open_one
    for each in made:
        each.close()


def certify(key: PrivateKey) -> Certificate:
    spec = CertificateSpec(role="user", key_id="me", principals=("me",))
    return issue(AUTHORITY, key.public_key, spec=spec, random=os.urandom)


def handle() -> PrivateKey:
    """A key in a FIDO token."""
    blob = AUTHORITY.public_key.blob
    fields = string("sk-ssh-ed25519@openssh.com") + blob[read_string(blob, 0)[1] :]
    rest = string("ssh:") + b"\x01" + string(b"handle") + string(b"")
    return PrivateKey.read_fields(fields + rest)[0]


def test_keys_and_certificates_are_kept_used_and_removed(connect: Callable[[], Client]) -> None:
    client = connect()
    keys = [PrivateKey.generate(kind) for kind in KINDS]
    certificates = [certify(key) for key in keys]
    for key, certificate in zip(keys, certificates, strict=True):
        client.call("add", key, "plain")
        client.call("add", key, "certified", certificate=certificate)

    assert client.held() == [
        each
        for key, certificate in zip(keys, certificates, strict=True)
        for each in (key.public_key, certificate)
    ]
    for listed in client.held():
        plain = plain_key(listed)
        for algorithm in plain.algorithms:
            signature = client.call("sign", listed, b"data", algorithm)
            assert plain.verify(b"data", signature, algorithm)
    client.call("remove", certificates[0])
    assert certificates[0] not in client.held()
    assert keys[0].public_key in client.held()
    client.call("remove", keys[0].public_key)
    with pytest.raises(AgentRefused):
        client.call("remove", keys[0].public_key)
    with pytest.raises(AgentRefused):
        client.call("sign", keys[0].public_key, b"data", "ssh-ed25519")
    client.call("remove_all")
    assert client.held() == []


@pytest.mark.parametrize("kind", NEW_KINDS)
def test_newer_kind_is_kept_where_agent_knows_it(
    connect: Callable[[], Client], agent: tuple[str, str], kind: str
) -> None:
    client = connect()
    key = handle() if kind.startswith("sk-") else PrivateKey.generate(kind)
    constraints = Constraints(provider="internal") if kind.startswith("sk-") else None

    if kind in LACKING[agent[0]]:
        with pytest.raises(AgentRefused):
            client.call("add", key, constraints=constraints)
        return
    client.call("add", key, constraints=constraints)
    assert client.held() == [key.public_key]
    if not kind.startswith("sk-"):
        assert key.public_key.verify(b"x", client.call("sign", key.public_key, b"x", kind))


def test_agent_forgets_key_when_its_lifetime_is_over(connect: Callable[[], Client]) -> None:
    client = connect()
    short, long = PrivateKey.generate("ed25519"), PrivateKey.generate("ed25519")
    client.call("add", short, constraints=Constraints(lifetime=1))
    client.call("add", long, constraints=Constraints(lifetime=600))

    deadline = time.monotonic() + SECONDS
    while len(client.held()) > 1 and time.monotonic() < deadline:
        time.sleep(0.1)

    assert client.held() == [long.public_key]


def test_key_that_is_confirmed_does_not_sign_without_user(
    connect: Callable[[], Client], agent: tuple[str, str]
) -> None:
    client = connect()
    key = PrivateKey.generate("ed25519")
    if agent[0] == "ours":  # there is no program that could ask: such a key is not taken
        with pytest.raises(AgentRefused):
            client.call("add", key, constraints=Constraints(confirm=True))
        return
    client.call("add", key, constraints=Constraints(confirm=True))

    assert client.held() == [key.public_key]
    with pytest.raises(AgentRefused):  # there is no program that could ask
        client.call("sign", key.public_key, b"data", "ssh-ed25519")


def test_locked_agent_refuses_until_it_is_unlocked(connect: Callable[[], Client]) -> None:
    client, other = connect(), connect()
    key = PrivateKey.generate("ed25519")
    client.call("add", key)
    client.call("lock", "pass")

    assert other.held() == []
    for name, arguments in (
        ("sign", (key.public_key, b"data", "ssh-ed25519")),
        ("add", (key,)),
        ("remove", (key.public_key,)),
        ("remove_all", ()),
        ("lock", ("other",)),
        ("unlock", ("wrong",)),
    ):
        with pytest.raises(AgentRefused):
            other.call(name, *arguments)
    other.call("unlock", "pass")
    assert client.held() == [key.public_key]
    with pytest.raises(AgentRefused):
        client.call("unlock", "pass")


def test_library_of_token_that_is_not_there_is_refused(connect: Callable[[], Client]) -> None:
    client = connect()
    for constraints in (None, Constraints(certificates=(certify(AUTHORITY),), lifetime=60)):
        with pytest.raises(AgentRefused):
            client.call("add_smartcard", "/no/lib.so", "1234", constraints=constraints)
    with pytest.raises(AgentRefused):
        client.call("remove_smartcard", "/no/lib.so")
    assert client.held() == []


def test_extensions_are_named_where_agent_tells(
    connect: Callable[[], Client], agent: tuple[str, str]
) -> None:
    client = connect()
    if agent[0] == "machine":  # before OpenSSH 10.3 nothing is told
        with pytest.raises(AgentRefused):
            client.call("extensions")
    else:
        assert "session-bind@openssh.com" in client.call("extensions")
    with pytest.raises(AgentRefused):
        client.call("extension", "unknown@example.com", b"contents")


# ------------------------------------------------------------ two hops

HOSTS: Final = {name: PrivateKey.generate("ed25519") for name in ("first", "second", "other")}


def hop(name: str, user: str = "") -> Hop:
    return Hop(name, (DestinationKey(HOSTS[name].public_key),), user)


CHAIN: Final = Constraints(
    destinations=(
        DestinationConstraint(hop("first")),
        DestinationConstraint(hop("second", "me"), hop("first")),
    )
)
"""A key for a login to the first host, and from there to the second as one user."""


class Chain:
    """A connection to the agent, and the sessions that it was bound to."""

    def __init__(self, client: Client, *hosts: str) -> None:
        self._client = client
        self._host = hosts[-1]
        for host in hosts:
            self._session = os.urandom(32)
            signature = HOSTS[host].sign(self._session)
            forwarding = host != hosts[-1]
            key = HOSTS[host].public_key
            client.call("bind", key, self._session, signature, forwarding=forwarding)

    def log_in(self, key: PrivateKey, user: str, host: str = "") -> bool:
        """Return whether the agent signs the request to log in to a host."""
        algorithm = key.public_key.kind
        data = string(self._session) + b"\x32" + string(user) + string("ssh-connection")
        data += string("publickey-hostbound-v00@openssh.com") + b"\x01" + string(algorithm)
        data += string(key.public_key.blob) + string(HOSTS[host or self._host].public_key.blob)
        try:
            self._client.call("sign", key.public_key, data, algorithm)
        except AgentRefused:
            return False
        return True


@pytest.mark.row("G10")
def test_key_is_used_along_its_hops_alone(connect: Callable[[], Client]) -> None:
    local = connect()
    key, free = PrivateKey.generate("ed25519"), PrivateKey.generate("ed25519")
    local.call("add", key, constraints=CHAIN)
    local.call("add", free)

    tried = {
        (hosts, user): Chain(connect(), *hosts).log_in(key, user)
        for hosts in (
            *(("first",), ("second",), ("other",)),
            *(("first", "second"), ("first", "other"), ("second", "first")),
            ("first", "second", "other"),
        )
        for user in ("me", "you")
    }

    assert {each for each, signed in tried.items() if signed} == {
        (("first",), "me"),
        (("first",), "you"),
        (("first", "second"), "me"),
    }
    assert Chain(connect(), "other", "second").log_in(free, "you")
    with pytest.raises(AgentRefused):  # not bound to any session
        local.call("sign", key.public_key, b"data", "ssh-ed25519")
    assert not Chain(connect(), "first").log_in(key, "me", host="second")


@pytest.mark.row("G10")
def test_key_is_listed_where_it_may_be_used(connect: Callable[[], Client]) -> None:
    local = connect()
    key, free = PrivateKey.generate("ed25519"), PrivateKey.generate("ed25519")
    local.call("add", key, constraints=CHAIN)
    local.call("add", free)

    def listed(*hosts: str) -> bool:
        client = connect()
        for host in hosts:
            session = os.urandom(32)
            signature = HOSTS[host].sign(session)
            client.call("bind", HOSTS[host].public_key, session, signature, forwarding=True)
        assert free.public_key in client.held()
        return key.public_key in client.held()

    assert listed()
    assert listed("first")
    assert not listed("other")
    assert not listed("first", "other")


@pytest.mark.row("G10")
def test_binding_that_host_has_not_signed_is_refused(connect: Callable[[], Client]) -> None:
    client = connect()
    first, other = HOSTS["first"], HOSTS["other"]
    session = os.urandom(32)

    for key, signature in (
        (first.public_key, other.sign(session)),
        (first.public_key, first.sign(b"another session")),
    ):
        with pytest.raises(AgentRefused):
            client.call("bind", key, session, signature, forwarding=True)
    client.call("bind", first.public_key, session, first.sign(session), forwarding=False)
    with pytest.raises(AgentRefused):  # "previously bound for authentication"
        client.call("bind", other.public_key, b"next", other.sign(b"next"), forwarding=True)
