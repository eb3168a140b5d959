from __future__ import annotations

import pytest

from ssh_keys import PrivateKey, PublicKey, UnsupportedKey, registry
from ssh_wire import UsageError
from ssh_wire.primitives import string

REFUSED = [
    ("ssh-dss", "DSA keys are refused"),
    ("ssh-dss-cert-v01@openssh.com", "DSA keys are refused"),
    ("ssh-ed25519-cert-v01@openssh.com", "a certificate is no key"),
    ("ecdsa-sha2-nistp256-cert-v01@openssh.com", "a certificate is no key"),
    ("rsa-sha2-512-cert-v01@openssh.com", "a certificate is no key"),
    ("sk-ssh-ed25519@openssh.com", "FIDO keys are not supported yet"),
    ("webauthn-sk-ecdsa-sha2-nistp256@openssh.com", "FIDO keys are not supported yet"),
    ("ssh-ed448", "Ed448 keys are not supported yet"),
    ("ssh-mldsa44-ed25519@openssh.com", "ML-DSA keys are not supported yet"),
    ("rsa-sha2-256", "unknown key type"),
    ("Ssh-Ed25519", "unknown key type"),
    ("", "unknown key type"),
    ("evil\x1b[2J", r"unknown key type 'evil\\x1b\[2J'"),
]


@pytest.mark.parametrize(("kind", "reason"), REFUSED)
def test_a_refused_kind_is_named(kind: str, reason: str) -> None:
    with pytest.raises(UnsupportedKey, match=reason) as caught:
        PublicKey.from_blob(string(kind) + string(b"\0" * 32))
    assert caught.value.kind == kind


def test_every_kind_has_a_family() -> None:
    for kind in registry.KINDS:
        assert registry.family(kind) in registry.families()


def test_three_families_serve_five_kinds() -> None:
    assert len(registry.families()) == 3
    assert len(registry.KINDS) == 5


@pytest.mark.parametrize("kind", ["ssh-dss", "dsa", "", "ED25519", "sk-ssh-ed25519@openssh.com"])
def test_only_a_known_kind_is_generated(kind: str) -> None:
    with pytest.raises(UsageError, match="ed25519, ecdsa, rsa"):
        PrivateKey.generate(kind)
