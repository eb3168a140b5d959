from __future__ import annotations

import pytest

from ssh_keys import PrivateKey, PublicKey, UnsupportedKey, kinds
from ssh_wire import UsageError
from ssh_wire.primitives import string

REFUSED = [
    ("ssh-dss", "DSA keys are refused"),
    ("ssh-dss-cert-v01@openssh.com", "DSA keys are refused"),
    ("ssh-ed25519-cert-v01@openssh.com", "a certificate is not taken"),
    ("ecdsa-sha2-nistp256-cert-v01@openssh.com", "a certificate is not taken"),
    ("rsa-sha2-512-cert-v01@openssh.com", "a certificate is not taken"),
    ("sk-ssh-ed25519-cert-v01@openssh.com", "a certificate is not taken"),
    ("ssh-mldsa44-ed25519-cert", "a certificate is not taken"),
    ("webauthn-sk-ecdsa-sha2-nistp256@openssh.com", "unknown key type"),
    ("rsa-sha2-256", "unknown key type"),
    ("Ssh-Ed25519", "unknown key type"),
    ("", "unknown key type"),
    ("evil\x1b[2J", r"unknown key type 'evil\\x1b\[2J'"),
]


@pytest.mark.parametrize(("kind", "reason"), REFUSED)
def test_refused_kind_is_named(kind: str, reason: str) -> None:
    with pytest.raises(UnsupportedKey, match=reason) as caught:
        PublicKey.from_blob(string(kind) + string(b"\0" * 32))
    assert caught.value.kind == kind


CERTIFIED = {
    "ssh-ed25519": "ssh-ed25519-cert-v01@openssh.com",
    "ecdsa-sha2-nistp521": "ecdsa-sha2-nistp521-cert-v01@openssh.com",
    "ssh-rsa": "ssh-rsa-cert-v01@openssh.com",
    "sk-ssh-ed25519@openssh.com": "sk-ssh-ed25519-cert-v01@openssh.com",
    "sk-ecdsa-sha2-nistp256@openssh.com": "sk-ecdsa-sha2-nistp256-cert-v01@openssh.com",
    "ssh-mldsa44-ed25519": "ssh-mldsa44-ed25519-cert",
    "ssh-mldsa44-ed25519@openssh.com": "ssh-mldsa44-ed25519-cert-v01@openssh.com",
}


@pytest.mark.parametrize(("plain", "certified"), CERTIFIED.items())
def test_certified_name_of_a_kind_has_its_plain_kind(plain: str, certified: str) -> None:
    assert kinds.certified_name(plain) == certified
    assert kinds.plain_kind(certified) == plain
    assert kinds.plain_kind(plain) is None


@pytest.mark.parametrize(
    ("algorithm", "certified"),
    [
        ("rsa-sha2-256", "rsa-sha2-256-cert-v01@openssh.com"),
        (
            "webauthn-sk-ecdsa-sha2-nistp256@openssh.com",
            "webauthn-sk-ecdsa-sha2-nistp256-cert-v01@openssh.com",
        ),
    ],
)
def test_certified_name_of_an_algorithm_is_not_a_kind(algorithm: str, certified: str) -> None:
    assert kinds.certified_name(algorithm) == certified
    # "These RSA/SHA-2 types should not appear in keys at rest or transmitted on the wire"
    assert kinds.plain_kind(certified) is None


@pytest.mark.parametrize("kind", ["ssh-dss", "dsa", "", "ED25519", "ssh-rsa-cert-v01@openssh.com"])
def test_unknown_kind_is_not_generated(kind: str) -> None:
    with pytest.raises(UsageError, match="ed25519, ecdsa, rsa"):
        PrivateKey.generate(kind)
