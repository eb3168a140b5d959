from __future__ import annotations

import pytest

from ssh_auth.algorithms import ACCEPTED_ALGORITHMS, signature_algorithm
from ssh_keys import PrivateKey


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
def test_an_rsa_key_signs_with_what_the_server_lists_and_never_with_sha1(
    rsa: PrivateKey, listed: tuple[str, ...] | None, chosen: str | None
) -> None:
    assert signature_algorithm(rsa.public_key, listed) == chosen


@pytest.mark.parametrize("listed", [None, (), ("rsa-sha2-512",)])
def test_a_key_with_one_algorithm_is_tried_whatever_the_server_lists(
    key: PrivateKey, ecdsa: PrivateKey, listed: tuple[str, ...] | None
) -> None:
    assert signature_algorithm(key.public_key, listed) == "ssh-ed25519"
    assert signature_algorithm(ecdsa.public_key, listed) == "ecdsa-sha2-nistp256"


def test_sha1_is_not_accepted() -> None:
    assert "ssh-rsa" not in ACCEPTED_ALGORITHMS
