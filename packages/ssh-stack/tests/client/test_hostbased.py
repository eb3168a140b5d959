from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import attrs
import pytest

from ssh_auth import AuthCredential, HostbasedCredential, UnusableCredential
from ssh_keys import CertificateSpec, PrivateKey, issue
from ssh_stack.client import hostbased
from ssh_stack.client.hostbased import hostbased_credentials, name_of_this_host
from ssh_stack.client.keysign import KeysignSigner
from ssh_stack.client.options import ClientOptions
from ssh_stack.client.plan import Target, merge
from ssh_stack.client.plan.identity import IdentityPlan
from ssh_stack.config import Config

ED25519 = PrivateKey.generate("ed25519")
ECDSA = PrivateKey.generate("ecdsa-sha2-nistp256")
CA = PrivateKey.generate("ed25519")


def plan(text: str = "HostbasedAuthentication yes", **options: Any) -> IdentityPlan:
    config = Config.parse(text).resolve("web")
    merged = merge(ClientOptions(**options), config, Target(host="web", local_user="me"))
    return merged.identity


async def credentials(identity: IdentityPlan) -> list[AuthCredential]:
    return await hostbased_credentials(identity, lambda: None)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in the place of /etc/ssh, without ssh-keysign."""
    paths = tuple(tmp_path / path.name for path in hostbased.HOST_KEYS)
    monkeypatch.setattr(hostbased, "HOST_KEYS", paths)
    monkeypatch.setattr(hostbased, "find_keysign", lambda: None)
    return tmp_path


def write(folder: Path, kind: str, key: PrivateKey, *, private: bool = True) -> Path:
    path = folder / f"ssh_host_{kind}_key"
    if private:
        path.write_bytes(key.to_openssh())
        path.chmod(0o600)
    Path(f"{path}.pub").write_text(key.public_key.to_openssh())
    return path


def write_certificate(path: Path, text: str) -> None:
    Path(f"{path}-cert.pub").write_text(text)


@pytest.mark.parametrize(
    ("text", "options", "used"),
    [
        ("HostbasedAuthentication yes", {}, True),
        ("HostbasedAuthentication no", {}, False),
        ("", {}, False),
        ("", {"host_keys": [ED25519]}, True),
        ("HostbasedAuthentication yes", {"host_keys": None}, False),
        ("HostbasedAuthentication yes\nPreferredAuthentications publickey", {}, False),
    ],
)
def test_method_is_used_where_the_configuration_or_the_caller_says_so(
    text: str, options: dict[str, object], used: bool
) -> None:
    assert ("hostbased" in plan(text, **options).methods) is used


async def test_keys_that_can_be_read_sign_in_the_order_of_the_algorithms(folder: Path) -> None:
    write(folder, "ecdsa", ECDSA)
    write(folder, "ed25519", ED25519)
    found = await credentials(plan())
    assert [each.source for each in found] == [
        f"file {folder}/ssh_host_ed25519_key",
        f"file {folder}/ssh_host_ecdsa_key",
    ]

    wanted = plan("HostbasedAuthentication yes\nHostbasedAcceptedAlgorithms ^ecdsa-*")
    first, second = await credentials(wanted)

    assert isinstance(first, HostbasedCredential)
    assert first.offered == ECDSA.public_key
    assert second.source.endswith("ed25519_key")


async def test_host_certificate_beside_a_key_comes_before_the_key(folder: Path) -> None:
    path = write(folder, "ed25519", ED25519)
    spec = CertificateSpec(role="host", key_id="web", principals=("web",))
    certificate = issue(CA, ED25519.public_key, spec=spec, random=bytes)
    write_certificate(path, certificate.to_openssh())

    first, second = await credentials(plan())

    assert isinstance(first, HostbasedCredential)
    assert isinstance(second, HostbasedCredential)
    assert (first.certificate, second.certificate) == (certificate, None)


@pytest.mark.parametrize("other", ["user", "of another key", "garbage"])
async def test_other_certificate_beside_a_key_is_left_alone(folder: Path, other: str) -> None:
    path = write(folder, "ed25519", ED25519)
    spec = CertificateSpec(role="user", key_id="me", principals=("me",))
    if other != "user":
        spec = attrs.evolve(spec, role="host")
    key = ECDSA if other == "of another key" else ED25519
    text = issue(CA, key.public_key, spec=spec, random=bytes).to_openssh()
    write_certificate(path, "garbage" if other == "garbage" else text)

    (found,) = await credentials(plan())

    assert isinstance(found, HostbasedCredential)
    assert found.certificate is None


async def test_keysign_signs_with_a_key_that_cannot_be_read(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(folder, "ed25519", ED25519, private=False)
    (told,) = await credentials(plan())
    assert isinstance(told, UnusableCredential)
    assert "ssh-keysign is not installed" in told.problem

    monkeypatch.setattr(hostbased, "find_keysign", lambda: "/usr/lib/openssh/ssh-keysign")
    (found,) = await credentials(plan())

    assert isinstance(found, HostbasedCredential)
    assert isinstance(found.signer, KeysignSigner)
    assert found.offered == ED25519.public_key


async def test_host_without_keys_is_reported(folder: Path) -> None:
    (told,) = await credentials(plan())

    assert isinstance(told, UnusableCredential)
    assert told.problem == f"there is no host key in {folder}"


async def test_keys_that_the_caller_gives_are_used_and_none_of_the_system(folder: Path) -> None:
    write(folder, "ecdsa", ECDSA)

    (found,) = await credentials(plan("", host_keys=[ED25519]))

    assert isinstance(found, HostbasedCredential)
    assert found.offered == ED25519.public_key


async def test_host_is_named_as_the_address_of_the_connection_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[object] = []

    def look_up(address: object, flags: int) -> tuple[str, str]:
        asked.append(address)
        assert flags == socket.NI_NAMEREQD
        if len(asked) > 1:
            raise socket.gaierror
        return "client.example", "22"

    monkeypatch.setattr(socket, "getnameinfo", look_up)
    monkeypatch.setattr(socket, "gethostname", lambda: "given")
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        assert await name_of_this_host(lambda: sock) == "client.example"
        assert await name_of_this_host(lambda: sock) == "given"
        assert asked == [sock.getsockname()] * 2
    assert await name_of_this_host(lambda: None) == "given"
