"""Keys, and a session identifier."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from ssh_keys import PrivateKey

# a busy machine makes no property false
settings.register_profile("project", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("project")

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(scope="session")
def session_id() -> bytes:
    return b"session identifier".ljust(32, b".")


@pytest.fixture(scope="session")
def key() -> PrivateKey:
    return PrivateKey.generate("ed25519", comment="key")


@pytest.fixture(scope="session")
def other() -> PrivateKey:
    return PrivateKey.generate("ed25519", comment="other")


@pytest.fixture(scope="session")
def ecdsa() -> PrivateKey:
    return PrivateKey.generate("ecdsa", comment="ecdsa")


@pytest.fixture(scope="session")
def rsa() -> PrivateKey:
    return PrivateKey.generate("rsa", 2048, comment="rsa")
