from __future__ import annotations

from agent_samples import KEYS, certificate
from ssh_agent.server import HeldIdentity


def test_public_key_of_an_identity_is_the_key_or_that_of_its_certificate() -> None:
    key = KEYS["ed25519"]

    plain = HeldIdentity(credential=key.public_key, signer=key)
    certified = HeldIdentity(credential=certificate("ed25519"), signer=key)

    assert plain.public_key == certified.public_key == key.public_key


def test_repr_of_an_identity_has_no_private_key() -> None:
    key = KEYS["ed25519"]

    assert "signer" not in repr(HeldIdentity(credential=key.public_key, signer=key))
