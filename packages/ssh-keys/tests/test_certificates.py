from __future__ import annotations

from os import urandom

from ssh_keys import PrivateKey, load_public_key
from ssh_keys.certificates import PERMISSIONS, Certificate, Grant, issue

NOW = 1_700_000_000


def test_issue_and_read(key: PrivateKey, ed25519: PrivateKey) -> None:
    grant = Grant(role="user", key_id="who", principals=("alice",), extensions=PERMISSIONS)
    certificate = issue(ed25519, key.public_key, grant=grant, random=urandom)
    assert certificate.public_key == key.public_key
    assert certificate.ca_key == ed25519.public_key
    certificate.check(role="user", principal="alice", now=NOW)
    again = load_public_key(certificate.to_openssh())
    assert isinstance(again, Certificate)
    assert again == certificate
    signature = key.sign(b"data")
    assert again.verify(b"data", signature)
    assert again.verify(b"data", signature, again.algorithms[0])
