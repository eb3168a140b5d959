"""The order of keys, and whom they are taken from."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import attrs
import pytest

from ssh_agent import Identity
from ssh_agent.framing import AgentFrameReader, frame
from ssh_agent.messages import IdentitiesAnswer, IdentityEntry, SignRequest, SignResponse
from ssh_auth import AgentSigner, AuthCredential, KeyCredential, KeySigner, UnusableCredential
from ssh_keys import Certificate, CertificateSpec, PrivateKey, issue
from ssh_keys.files import write_key_file, write_private_key
from ssh_stack.client.key_files import NamedCertificate, NamedKey
from ssh_stack.client.options import ClientOptions
from ssh_stack.client.plan import Target, merge
from ssh_stack.client.public_keys import KeyOrder, public_keys
from ssh_stack.config import HostConfig

KEYS = [PrivateKey.generate("ed25519") for _ in range(4)]
A, B, C, D = KEYS
NAMES = {key.public_key.blob: name for key, name in zip(KEYS, "ABCD", strict=True)}
CA = PrivateKey.generate("ed25519")
RSA = PrivateKey.generate("rsa", 2048)


def certified(key: PrivateKey, **changes: Any) -> Certificate:
    spec = CertificateSpec(role="user", key_id="me", principals=("me",))
    changed = attrs.evolve(spec, **changes)
    return issue(CA, key.public_key, spec=changed, random=os.urandom)


class Nowhere:
    """An agent that is not asked."""

    async def sign(self, *_: object) -> bytes:
        raise AssertionError


def held(*listed: PrivateKey | Certificate) -> dict[bytes, KeyCredential]:
    found: dict[bytes, KeyCredential] = {}
    for each in listed:
        certificate = each if isinstance(each, Certificate) else None
        identity = Identity(each.public_key, "", certificate)
        signer = AgentSigner(Nowhere(), identity)
        found[identity.listed.blob] = KeyCredential(signer, certificate=certificate)
    return found


def named(
    key: PrivateKey, *, usable: bool = True, certificate: Certificate | None = None
) -> NamedKey:
    name = NAMES[key.public_key.blob]
    return NamedKey(
        source=f"file {name}",
        public_key=key.public_key,
        signer=KeySigner(key, f"file {name}") if usable else None,
        certificate=certificate,
        problem="" if usable else "it is locked",
    )


def told(credentials: Sequence[AuthCredential]) -> list[str]:
    """Each as the name of its key, "+" for a certificate, and who signs."""
    lines: list[str] = []
    for each in credentials:
        if isinstance(each, KeyCredential):
            name = NAMES[each.signer.public_key.blob]
            plus = "" if each.certificate is None else "+"
            by = "agent" if isinstance(each.signer, AgentSigner) else "file"
            lines.append(f"{name}{plus} {by}")
        else:
            assert isinstance(each, UnusableCredential)
            lines.append(f"{each.source} cannot")
    return lines


# ------------------------------------------------------------- the order


def test_named_key_of_agent_comes_before_its_others() -> None:
    """Among config/agent_order: a public key file picks the ninth key of the agent."""
    arrangement = KeyOrder(named=[named(C, usable=False)], agent=held(A, B, C, D))

    assert told(arrangement.openssh_order()) == ["C agent", "A agent", "B agent", "D agent"]


def test_named_keys_of_agent_keep_its_order_and_files_come_last() -> None:
    arrangement = KeyOrder(named=[named(D), named(C), named(A)], agent=held(A, B, C))

    assert told(arrangement.openssh_order()) == ["A agent", "C agent", "B agent", "D file"]


def test_identities_only_leaves_out_keys_of_agent_that_are_not_named() -> None:
    arrangement = KeyOrder(named=[named(B), named(D)], agent=held(A, B, C), others=False)

    assert told(arrangement.openssh_order()) == ["B agent", "D file"]


def test_keys_of_caller_come_before_other_keys_of_agent() -> None:
    arrangement = KeyOrder(named=[named(D), named(B)], agent=held(A, B, C))

    assert told(arrangement.named_order()) == ["D file", "B file", "A agent", "C agent"]


def test_unreadable_key_is_replaced_by_that_of_agent() -> None:
    keys = [named(B, usable=False), named(D, usable=False)]
    arrangement = KeyOrder(named=keys, agent=held(A, B))

    assert told(arrangement.named_order()) == ["B agent", "file D cannot", "A agent"]
    assert told(arrangement.openssh_order()) == ["B agent", "A agent", "file D cannot"]


def test_certificate_beside_key_follows_key() -> None:
    keys = [named(A, certificate=certified(A)), named(B)]

    assert told(KeyOrder(named=keys).openssh_order()) == ["A file", "A+ file", "B file"]
    assert told(KeyOrder(named=keys).named_order()) == ["A file", "A+ file", "B file"]


def test_certificates_of_default_identities_come_first() -> None:
    careful = certified(B, critical_options={"verify-required": b""})
    keys = [named(A), named(B, certificate=careful), named(C, certificate=certified(C))]

    arranged = told(KeyOrder(named=keys, explicit=False).openssh_order())

    assert arranged == ["C+ file", "B+ file", "A file", "B file", "C file"]


def test_certificates_of_agent_come_before_its_keys() -> None:
    arrangement = KeyOrder(named=[named(D)], agent=held(A, certified(A), B, D))

    assert told(arrangement.openssh_order()) == ["D agent", "A+ agent", "A agent", "B agent"]


def test_named_certificates_come_first_and_replace_those_beside_keys() -> None:
    arrangement = KeyOrder(
        named=[named(A, certificate=certified(A)), named(B)],
        certificates=[NamedCertificate(source="file c", certificate=certified(B, serial=7))],
    )

    assert told(arrangement.openssh_order()) == ["B+ file", "A file", "B file"]


def test_agent_signs_for_named_certificate_of_its_key() -> None:
    certificate = NamedCertificate(source="file c", certificate=certified(A))
    arrangement = KeyOrder(
        named=[named(A, usable=False)], certificates=[certificate], agent=held(A)
    )

    assert told(arrangement.openssh_order()) == ["A+ agent", "A agent"]


def test_certificate_without_key_is_reported() -> None:
    arrangement = KeyOrder(
        named=[named(B)],
        certificates=[
            NamedCertificate(source="file c", certificate=certified(A)),
            NamedCertificate(source="file d", problem="it is a host certificate"),
        ],
    )

    first, second, key = arrangement.openssh_order()

    assert isinstance(first, UnusableCredential)
    assert first.problem == "its private key is neither named nor in the agent"
    assert isinstance(second, UnusableCredential)
    assert second.problem == "it is a host certificate"
    assert isinstance(key, KeyCredential)


def test_each_key_is_tried_once() -> None:
    arrangement = KeyOrder(named=[named(A), named(A), named(B)], agent=held(B, A))

    assert told(arrangement.openssh_order()) == ["B agent", "A agent"]
    assert told(arrangement.named_order()) == ["A file", "B file"]


# ------------------------------------------------------------- from the options


class Agent:
    """An agent at a socket: it signs with the keys that it has."""

    def __init__(
        self, *listed: PrivateKey | Certificate, keys: Sequence[PrivateKey] = KEYS
    ) -> None:
        self._blobs = [
            each.blob if isinstance(each, Certificate) else each.public_key.blob for each in listed
        ]
        self._keys = {key.public_key.blob: key for key in KEYS}
        self.asked: list[bytes] = []

    def answer(self, payload: bytes) -> bytes:
        if payload[0] == 11:
            entries = tuple(IdentityEntry(key=blob, comment="") for blob in self._blobs)
            return IdentitiesAnswer(identities=entries).encode()
        request = SignRequest.decode(payload)
        self.asked.append(request.key)
        return SignResponse(signature=self._keys[request.key].sign(request.data)).encode()

    @asynccontextmanager
    async def listening(self, path: Path) -> AsyncGenerator[str]:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            frames = AgentFrameReader()
            while data := await reader.read(4096):
                for payload in frames.feed(data):
                    writer.write(frame(self.answer(payload)))
            writer.close()

        server = await asyncio.start_unix_server(serve, str(path))
        async with server:
            yield str(path)


async def found(config: dict[str, Any] | None = None, **options: Any) -> list[AuthCredential]:
    plan = merge(
        ClientOptions(**options),
        HostConfig(**(config or {})),
        Target(host="web1", local_user="me"),
    )
    async with AsyncExitStack() as stack:
        return await public_keys(plan.identity, stack, lambda: None)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    (tmp_path / ".ssh").mkdir()
    return tmp_path / ".ssh"


async def test_default_identities_and_certificates_are_those_of_ssh(
    home: Path,
) -> None:
    write_private_key(home / "id_ed25519", A)
    write_private_key(home / "id_rsa", B)  # the name says nothing about the kind
    write_private_key(home / "id_ecdsa_sk", C)
    write_key_file(home / "id_ecdsa_sk-cert.pub", certified(C).to_openssh().encode())

    assert told(await found()) == ["C+ file", "B file", "C file", "A file"]


@pytest.mark.usefixtures("home")
async def test_missing_identities_give_no_credentials() -> None:
    assert await found() == []


async def test_unusable_default_identities_are_reported(home: Path) -> None:
    write_private_key(home / "id_rsa", A, "secret")
    write_private_key(home / "id_ed25519", B)
    (home / "id_ed25519").chmod(0o644)
    write_key_file(home / "id_ecdsa", b"garbage")

    problems = {each.source: each for each in await found()}

    locked, open_to_all, garbage = (
        problems[f"file {home}/{name}"] for name in ("id_rsa", "id_ed25519", "id_ecdsa")
    )
    for each, words in (
        (locked, "no passphrase was given"),
        (open_to_all, f"chmod 600 {home}/id_ed25519"),
        (garbage, "not a private key"),
    ):
        assert isinstance(each, UnusableCredential)
        assert words in each.problem
    assert isinstance(locked, UnusableCredential)
    assert locked.fingerprint == A.public_key.fingerprint()


async def test_files_of_configuration_are_read_where_there_are_any(home: Path) -> None:
    write_private_key(home / "id_rsa", A)
    write_private_key(home / "other", B)

    assert told(await found({"identity_files": (home / "other", home / "gone")})) == [
        "B file",
        f"file {home}/gone cannot",
    ]
    assert await found({"identity_files": ()}) == []


async def test_keys_of_caller_count_before_configuration(home: Path) -> None:
    write_private_key(home / "other", B)
    files = {"identity_files": (home / "other",)}

    assert told(await found(files, keys=[A])) == ["A file"]
    assert await found(files, keys=None) == []


async def test_agent_lists_keys_and_signs(home: Path) -> None:
    write_key_file(home / "b.pub", B.public_key.to_openssh().encode())
    agent = Agent(A, B, certified(C))
    async with agent.listening(home / "socket") as path:
        config = HostConfig(identity_files=(home / "b.pub",), identity_agent=Path(path))
        plan = merge(ClientOptions(), config, Target(host="web1", local_user="me"))
        async with AsyncExitStack() as stack:
            credentials = await public_keys(plan.identity, stack, lambda: None)
            first = credentials[0]
            assert isinstance(first, KeyCredential)
            await first.signer.sign(b"data", "ssh-ed25519")

    assert told(credentials) == ["B agent", "C+ agent", "A agent"]
    assert agent.asked == [B.public_key.blob]


async def test_missing_named_agent_is_reported(home: Path) -> None:
    (unusable,) = await found(agent=home / "nowhere")

    assert isinstance(unusable, UnusableCredential)
    assert unusable.source == f"agent {home}/nowhere"
    assert "no agent at" in unusable.problem


async def test_missing_agent_of_environment_is_not_reported(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSH_AUTH_SOCK", str(home / "nowhere"))

    assert await found() == []


async def test_unset_agent_variable_gives_no_keys(home: Path) -> None:
    assert home.name == ".ssh"
    assert await found() == []


async def test_host_certificates_of_agent_are_ignored(home: Path) -> None:
    agent = Agent(A, certified(A, role="host"))
    async with agent.listening(home / "socket") as path:
        assert told(await found(agent=path)) == ["A agent"]


async def test_unusable_keys_of_agent_are_reported(home: Path) -> None:
    agent = Agent(A)
    agent._blobs.append(b"\0\0\0\x07ssh-dss")
    async with agent.listening(home / "socket") as path:
        usable, unusable = await found(agent=path)

    assert told([usable]) == ["A agent"]
    assert isinstance(unusable, UnusableCredential)
    assert "DSA keys are refused" in unusable.problem


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize(("bits", "usable"), [(0, True), (2048, True), (2049, False)])
async def test_small_rsa_keys_are_refused(bits: int, *, usable: bool) -> None:
    (credential,) = await found({"required_rsa_size": bits}, keys=[RSA])

    assert isinstance(credential, KeyCredential) is usable
    if isinstance(credential, UnusableCredential):
        assert "2048 bits is too small: RequiredRSASize is 2049" in credential.problem
