"""The fixtures of pytest; installed with `ssh-stack[pytest]`, they are there in every test.

    def test_backup(sftp_server: SFTPServer, tmp_path: Path) -> None:
        (sftp_server.root / "report").write_text("42")
        backup(sftp_server.host, sftp_server.port, tmp_path, **sftp_server.login)

`@pytest.mark.ssh_server(session=LocalShell())` gives a server options of `serve`.

pytest loads this module with every run: it imports what a fixture needs when a test asks for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from ssh_stack.testing.agent import SSHAgent
    from ssh_stack.testing.server import SFTPServer, SSHServer

__all__ = ["sftp_server", "ssh_agent", "ssh_server"]

_MARKS = {
    "ssh_server": "ssh_server(**options): options of ssh_stack.serve for the fixture ssh_server",
    "sftp_server": "sftp_server(**options): the same for the fixture sftp_server",
}


def pytest_configure(config: pytest.Config) -> None:
    """Declare the marks."""
    for line in _MARKS.values():
        config.addinivalue_line("markers", line)


@pytest.fixture
def ssh_server(request: pytest.FixtureRequest, tmp_path: Path) -> Generator[SSHServer]:
    """Serve on loopback and answer the commands that the test tells it about."""
    from ssh_stack.testing.server import SSHServer

    with SSHServer(tmp_path / "ssh_server", **_options(request, "ssh_server")) as server:
        yield server


@pytest.fixture
def sftp_server(request: pytest.FixtureRequest, tmp_path: Path) -> Generator[SFTPServer]:
    """Serve the files of a folder on loopback: `sftp_server.root`."""
    from ssh_stack.testing.server import SFTPServer

    with SFTPServer(tmp_path / "sftp_server", **_options(request, "sftp_server")) as server:
        yield server


@pytest.fixture
def ssh_agent(monkeypatch: pytest.MonkeyPatch) -> Generator[SSHAgent]:
    """Run an agent without a key, to which SSH_AUTH_SOCK leads during the test."""
    from ssh_stack.testing.agent import SSHAgent

    with SSHAgent() as agent:
        monkeypatch.setenv("SSH_AUTH_SOCK", agent.path)
        yield agent


def _options(request: pytest.FixtureRequest, mark: str) -> dict[str, Any]:
    """Return the options of a test's marks; the nearest mark goes first."""
    marks = [*request.node.iter_markers(mark)]
    return {name: value for each in reversed(marks) for name, value in each.kwargs.items()}
