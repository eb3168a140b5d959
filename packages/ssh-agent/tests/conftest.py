"""Keys, and OpenSSH's own agent."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from ssh_keys import PrivateKey

# a busy machine makes no property false
settings.register_profile("project", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("project")

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture
def short_path() -> Iterator[Path]:
    """A folder whose path leaves room for the name of a socket."""
    with tempfile.TemporaryDirectory(prefix="a", dir="/tmp") as folder:
        yield Path(folder)


@pytest.fixture(scope="session")
def ed25519() -> PrivateKey:
    return PrivateKey.generate("ed25519", comment="ed@test")


@pytest.fixture(scope="session")
def other() -> PrivateKey:
    return PrivateKey.generate("ed25519", comment="other@test")


@pytest.fixture(scope="session")
def ecdsa() -> PrivateKey:
    return PrivateKey.generate("ecdsa", comment="ec@test")


@pytest.fixture(scope="session")
def rsa() -> PrivateKey:
    return PrivateKey.generate("rsa", 2048, comment="rsa@test")


@pytest.fixture(scope="session")
def openssh_agent(
    tmp_path_factory: pytest.TempPathFactory,
    ed25519: PrivateKey,
    ecdsa: PrivateKey,
    rsa: PrivateKey,
) -> Iterator[str]:
    """The socket of an `ssh-agent` that holds one key of each family."""
    if shutil.which("ssh-agent") is None or shutil.which("ssh-add") is None:
        if os.environ.get("SSH_STACK_REQUIRE_PEERS") == "1":
            pytest.fail("required, but missing: ssh-agent, ssh-add", pytrace=False)
        pytest.skip("OpenSSH's ssh-agent is not installed")
    folder = tmp_path_factory.mktemp("agent")
    path = str(folder / "socket")
    started = subprocess.run(
        ["ssh-agent", "-s", "-a", path], check=True, capture_output=True, text=True
    )
    pid = re.findall(r"SSH_AGENT_PID=(\d+)", started.stdout)[0]
    environment = {**os.environ, "SSH_AUTH_SOCK": path, "SSH_AGENT_PID": pid}
    try:
        for index, key in enumerate((ed25519, ecdsa, rsa)):
            _add(key, folder / f"key{index}", environment)
        yield path
    finally:
        subprocess.run(["ssh-agent", "-k"], check=True, capture_output=True, env=environment)


def _add(key: PrivateKey, path: Path, environment: dict[str, str]) -> None:
    path.write_bytes(key.to_openssh())
    path.chmod(0o600)
    subprocess.run(["ssh-add", "-q", str(path)], check=True, capture_output=True, env=environment)


@pytest.fixture
def empty_agent(openssh_agent: str, tmp_path: Path) -> Iterator[str]:
    """The socket of an `ssh-agent` without keys, to add some to."""
    assert openssh_agent  # it is installed
    path = tmp_path / "socket"
    process = subprocess.Popen(["ssh-agent", "-D", "-a", str(path)], stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        process.stdout.readline()  # it listens
        yield str(path)
    finally:
        process.terminate()
        process.communicate()
