from __future__ import annotations

import pytest

from ssh_auth.algorithms import (
    ACCEPTED_ALGORITHMS,
    another_algorithm,
    certified_algorithms,
    names_of,
    plain_algorithm,
    signature_algorithm,
    usable_algorithms,
)
from ssh_keys import Certificate, CertificateSpec, PrivateKey, issue


@pytest.mark.parametrize(
    ("listed", "chosen"),
    [
        (None, "rsa-sha2-512"),
        (("ssh-ed25519", "rsa-sha2-256", "rsa-sha2-512"), "rsa-sha2-512"),
        (("rsa-sha2-256", "ssh-rsa"), "rsa-sha2-256"),
        (("ssh-rsa",), None),
        ((), None),
    ],
)
def test_rsa_key_signs_as_the_server_lists_and_never_with_sha1(
    rsa: PrivateKey, listed: tuple[str, ...] | None, chosen: str | None
) -> None:
    assert signature_algorithm(rsa.public_key, listed) == chosen


@pytest.mark.parametrize("listed", [None, (), ("rsa-sha2-512",)])
def test_key_with_one_algorithm_is_tried_whatever_the_server_lists(
    key: PrivateKey, ecdsa: PrivateKey, listed: tuple[str, ...] | None
) -> None:
    assert signature_algorithm(key.public_key, listed) == "ssh-ed25519"
    assert signature_algorithm(ecdsa.public_key, listed) == "ecdsa-sha2-nistp256"


def test_sha1_is_not_accepted() -> None:
    assert "ssh-rsa" not in ACCEPTED_ALGORITHMS


def certified(key: PrivateKey) -> Certificate:
    spec = CertificateSpec(role="user", key_id="me", principals=("me",))
    return issue(PrivateKey.generate("ed25519"), key.public_key, spec=spec, random=bytes)


@pytest.mark.parametrize(
    ("listed", "chosen"),
    [
        (None, "rsa-sha2-512-cert-v01@openssh.com"),
        (("rsa-sha2-256",), "rsa-sha2-256-cert-v01@openssh.com"),  # as OpenSSH's sshd lists
        (("rsa-sha2-256-cert-v01@openssh.com",), "rsa-sha2-256-cert-v01@openssh.com"),
        (("ssh-rsa-cert-v01@openssh.com", "ssh-rsa"), None),
    ],
)
def test_certificate_signs_as_its_key_under_the_name_of_a_certificate(
    rsa: PrivateKey, listed: tuple[str, ...] | None, chosen: str | None
) -> None:
    assert signature_algorithm(certified(rsa), listed) == chosen


@pytest.mark.parametrize(
    ("allowed", "usable"),
    [
        (None, ("rsa-sha2-512", "rsa-sha2-256")),
        (("rsa-sha2-256", "ssh-ed25519", "rsa-sha2-512"), ("rsa-sha2-256", "rsa-sha2-512")),
        (("ssh-rsa", "rsa-sha2-512"), ("ssh-rsa", "rsa-sha2-512")),
        (("ssh-ed25519",), ()),
        ((), ()),
    ],
)
def test_allowed_algorithms_are_in_order_of_preference(
    rsa: PrivateKey, allowed: tuple[str, ...] | None, usable: tuple[str, ...]
) -> None:
    assert usable_algorithms(rsa.public_key, allowed) == usable


def test_refused_key_is_tried_with_another_algorithm_of_the_server(rsa: PrivateKey) -> None:
    key, refused = rsa.public_key, "rsa-sha2-512"

    assert another_algorithm(key, refused, ("rsa-sha2-256",)) == "rsa-sha2-256"
    assert another_algorithm(key, refused, ("rsa-sha2-512",)) is None
    assert another_algorithm(key, refused, None) is None
    assert another_algorithm(key, refused, None, ("rsa-sha2-512", "ssh-rsa")) == "ssh-rsa"
    assert another_algorithm(key, "ssh-rsa", None, ("rsa-sha2-512", "ssh-rsa")) is None
    presented, name = certified(rsa), "rsa-sha2-512-cert-v01@openssh.com"
    assert another_algorithm(presented, name, ("rsa-sha2-512",)) is None


def test_names_of_a_key_and_of_its_certificate_are_apart() -> None:
    key = PrivateKey.generate("ed25519")
    assert names_of(key.public_key) == {"ssh-ed25519"}
    assert names_of(certified(key)) == {"ssh-ed25519-cert-v01@openssh.com"}
    assert plain_algorithm("ssh-ed25519-cert-v01@openssh.com") == "ssh-ed25519"
    assert plain_algorithm("ssh-ed25519") == "ssh-ed25519"


def test_accepted_algorithms_verify_their_own_signatures() -> None:
    for kind in ("ed25519", "ecdsa", "rsa", "ed448", "mldsa44-ed25519"):
        assert set(PrivateKey.generate(kind).public_key.algorithms) <= set(ACCEPTED_ALGORITHMS)
    certified = certified_algorithms(ACCEPTED_ALGORITHMS)
    assert {plain_algorithm(name) for name in certified} == set(ACCEPTED_ALGORITHMS)
