"""From the plan to what decides about host keys."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from ssh_keys import Certificate, CertificateSpec, PrivateKey, issue
from ssh_stack.client.load_trust import load_trust
from ssh_stack.client.options import ClientOptions
from ssh_stack.client.plan import Target, merge
from ssh_stack.client.trust import Trust
from ssh_stack.config import Config
from ssh_stack.errors import ConfigError, HostKeyRevoked

KEY = PrivateKey.generate("ed25519").public_key
CA = PrivateKey.generate("rsa", 2048)


def trust(text: str, **options: Any) -> Trust:
    config = Config.parse(text).resolve("web1")
    return load_trust(merge(ClientOptions(**options), config, Target(host="web1", local_user="a")))


def certificate() -> Certificate:
    spec = CertificateSpec(role="host", key_id="test", principals=("web1",))
    return issue(CA, KEY, spec=spec, random=os.urandom)


@pytest.mark.parametrize(
    ("text", "trusted"),
    [
        ("", True),
        ("CASignatureAlgorithms rsa-sha2-512", True),
        ("CASignatureAlgorithms ssh-ed25519", False),
        ("CASignatureAlgorithms -rsa*", False),
    ],
)
async def test_certificate_with_other_ca_signature_algorithm_is_not_used(
    text: str, trusted: bool
) -> None:
    known = f"@cert-authority web1 {CA.public_key.to_openssh()}\n".encode()

    judge = trust(text, known_hosts=known)

    assert await judge.verify_certificate(certificate()) is trusted


async def test_no_ca_signature_algorithm_makes_a_strange_authority_trusted() -> None:
    judge = trust("CASignatureAlgorithms rsa-sha2-512", known_hosts=b"")

    assert not await judge.verify_certificate(certificate())


def test_names_and_files_of_plan_are_those_of_trust(tmp_path: Path) -> None:
    text = (
        f"Hostname web1.example\nPort 2222\nUserKnownHostsFile {tmp_path}/known\n"
        "HostKeyAlias Web\nHashKnownHosts yes\nRequiredRSASize 4096\n"
    )

    found = trust(text)

    assert (found.host, found.port, found.alias) == ("web1.example", 2222, "web")
    assert found.file == str(tmp_path / "known")
    assert (found.hashed, found.required_rsa_size) == (True, 4096)


async def test_revoked_keys_of_configuration_are_refused(tmp_path: Path) -> None:
    listed = tmp_path / "revoked"
    listed.write_text(KEY.to_openssh())
    known = f"web1 {KEY.to_openssh()}\n".encode()

    with pytest.raises(HostKeyRevoked):
        await trust(f"RevokedHostKeys {listed}", known_hosts=known).verify(KEY)


def test_list_of_revoked_keys_that_cannot_be_read_is_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no host is trusted"):
        trust(f"RevokedHostKeys {tmp_path}/gone")
