from __future__ import annotations

import sys
from pathlib import Path

import pytest
from hypothesis import settings

from ssh_keys import PrivateKey
from ssh_transport.testing import Pair

sys.path.insert(0, str(Path(__file__).parent))
settings.register_profile("project", deadline=None, max_examples=50)
settings.load_profile("project")


@pytest.fixture(scope="session")
def key() -> PrivateKey:
    return PrivateKey.generate("ed25519")


@pytest.fixture(scope="session")
def other_key() -> PrivateKey:
    return PrivateKey.generate("ed25519")


@pytest.fixture
def pair(key: PrivateKey) -> Pair:
    """Both sides authenticated."""
    return Pair.connected(key=key)
