"""Keys of every family, made once, and the programs that the package is compared with."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from ssh_keys import PrivateKey

# a busy machine makes no property false
settings.register_profile("project", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("project")

for folder in (".", "certificates", "files"):
    sys.path.insert(0, str(Path(__file__).parent / folder))

KINDS = (
    "ssh-ed25519",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "ssh-rsa",
)
"""Kinds that every other program knows."""

PORTABLE = (*KINDS, "ssh-ed448")
"""Kinds that PEM and PuTTY's format have."""

SIGNING = (*PORTABLE, "ssh-mldsa44-ed25519", "ssh-mldsa44-ed25519@openssh.com")
"""Kinds that sign without a token."""

Program = Callable[..., bytes]


@pytest.fixture(scope="session")
def keys() -> dict[str, PrivateKey]:
    """A key of each kind, by kind."""
    sizes = {"ssh-rsa": 2048}
    return {
        kind: PrivateKey.generate(kind, sizes.get(kind), comment=f"a {kind} key")
        for kind in SIGNING
    }


@pytest.fixture(params=KINDS)
def key(request: pytest.FixtureRequest, keys: dict[str, PrivateKey]) -> PrivateKey:
    """Each key in turn that every other program knows."""
    return keys[request.param]


@pytest.fixture(params=PORTABLE)
def portable(request: pytest.FixtureRequest, keys: dict[str, PrivateKey]) -> PrivateKey:
    """Each key in turn that PEM and PuTTY's format have."""
    return keys[request.param]


@pytest.fixture(params=SIGNING)
def signing(request: pytest.FixtureRequest, keys: dict[str, PrivateKey]) -> PrivateKey:
    """Each key in turn that signs without a token."""
    return keys[request.param]


@pytest.fixture(scope="session")
def ed25519(keys: dict[str, PrivateKey]) -> PrivateKey:
    return keys["ssh-ed25519"]


@pytest.fixture(scope="session")
def ecdsa(keys: dict[str, PrivateKey]) -> PrivateKey:
    return keys["ecdsa-sha2-nistp256"]


@pytest.fixture(scope="session")
def rsa(keys: dict[str, PrivateKey]) -> PrivateKey:
    return keys["ssh-rsa"]


@pytest.fixture(scope="session")
def ca() -> PrivateKey:
    return PrivateKey.generate("ed25519", comment="the authority")


@pytest.fixture
def no_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


def _program(name: str) -> Program:
    path = shutil.which(name)
    if path is None:
        if os.environ.get("SSH_STACK_REQUIRE_PEERS") == "1":
            pytest.fail(f"required, but missing: {name}", pytrace=False)
        pytest.skip(f"{name} is not installed")

    def run(*args: str | Path, data: bytes = b"") -> bytes:
        command = [path, *map(str, args)]
        return subprocess.run(command, input=data, capture_output=True, check=True).stdout

    return run


@pytest.fixture(scope="session")
def keygen() -> Program:
    """OpenSSH's ssh-keygen."""
    return _program("ssh-keygen")


@pytest.fixture(scope="session")
def puttygen() -> Program:
    """PuTTY's key generator."""
    return _program("puttygen")


@pytest.fixture(scope="session")
def openssl() -> Program:
    """OpenSSL's command."""
    return _program("openssl")
