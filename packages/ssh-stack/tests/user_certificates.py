"""Certificates and contexts for tests of who may log in."""

from __future__ import annotations

import os
from typing import Any

import attrs

from ssh_auth import AuthContext
from ssh_keys import Certificate, CertificateSpec, PrivateKey, issue
from ssh_keys.certificates import PERMISSIONS
from ssh_wire.primitives import string

CA, OTHER_CA, KEY = (PrivateKey.generate("ed25519") for _ in range(3))
NOW = 1_700_000_000
SPEC = CertificateSpec(
    role="user", key_id="alice@work", principals=("alice",), extensions=PERMISSIONS
)


def certified(ca: PrivateKey = CA, key: PrivateKey = KEY, **changes: Any) -> Certificate:
    return issue(ca, key.public_key, spec=attrs.evolve(SPEC, **changes), random=os.urandom)


def option(value: str) -> bytes:
    """The value of a critical option, as it is sent."""
    return string(value)


def coming_from(address: str | None, user: str = "alice") -> AuthContext:
    return AuthContext(user=user, peer=None if address is None else (address, 40_000))
