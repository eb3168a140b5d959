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
    ("sk-ssh-ed25519-cert-v01@openssh.com", "a certificate is no key"),
    ("ssh-mldsa44-ed25519-cert", "a certificate is no key"),
    ("webauthn-sk-ecdsa-sha2-nistp256@openssh.com", "unknown key type"),
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


def test_six_families_serve_ten_kinds() -> None:
    assert len(registry.KINDS) == 10
    assert len({registry.family(kind) for kind in registry.KINDS}) == 6


def test_four_families_are_known_to_other_programs() -> None:
    known = registry.portable_families()
    assert len(set(known)) == 4
    for kind in registry.KINDS:
        family = registry.portable_family(kind)
        assert family is None or family in known
        assert (family is None) == ("sk-" in kind or "mldsa" in kind)
    assert registry.portable_family("ssh-dss") is None


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
def test_the_names_of_certificates(plain: str, certified: str) -> None:
    assert registry.certified_name(plain) == certified
    assert registry.plain_kind(certified) == plain
    assert registry.plain_kind(plain) is None


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
def test_the_names_of_their_algorithms(algorithm: str, certified: str) -> None:
    assert registry.certified_name(algorithm) == certified
    # "These RSA/SHA-2 types should not appear in keys at rest or transmitted on the wire"
    assert registry.plain_kind(certified) is None


@pytest.mark.parametrize("kind", ["ssh-dss", "dsa", "", "ED25519", "ssh-rsa-cert-v01@openssh.com"])
def test_only_a_known_kind_is_generated(kind: str) -> None:
    with pytest.raises(UsageError, match="ed25519, ecdsa, rsa"):
        PrivateKey.generate(kind)
