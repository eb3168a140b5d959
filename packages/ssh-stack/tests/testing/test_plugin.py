"""The fixtures work in a project of somebody else's, and cost those little who do not use them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

PROJECT = '''
import subprocess

import pytest

import ssh_stack
from ssh_stack import LocalShell, sync


def program(host, port, **options):
    """What the project is about."""
    with sync.connect(host, port, **options) as conn:
        return conn.run("uptime", text=True, check=True).stdout


def test_blocking(ssh_server):
    ssh_server.answer("uptime", "up 3 days")
    assert program(ssh_server.host, ssh_server.port, **ssh_server.login) == "up 3 days"


def test_failure(ssh_server):
    ssh_server.answer("uptime", status=1)
    with pytest.raises(ssh_stack.CommandFailed):
        program(ssh_server.host, ssh_server.port, **ssh_server.login)


@pytest.mark.asyncio
async def test_async(ssh_server):
    ssh_server.answer("uptime", "up 3 days")
    async with ssh_server.connect() as conn:
        assert (await conn.run("uptime", text=True)).stdout == "up 3 days"


@pytest.mark.ssh_server(session=LocalShell())
def test_mark(ssh_server):
    with ssh_server.connect_blocking() as conn:
        assert conn.run("echo $((6 * 7))", text=True).stdout == "42\\n"


@pytest.mark.ssh_server(banner="outer", env=["A"])
class TestMarks:
    @pytest.mark.ssh_server(banner="nearest")
    def test_nearest_mark_goes_first(self, ssh_server):
        banners = []
        ssh_server.answer("uptime")
        with ssh_server.connect_blocking(on_banner=banners.append) as conn:
            assert conn.run("uptime", env={"A": "b"}).ok
        assert banners == ["nearest"]


def test_files(sftp_server, tmp_path):
    (sftp_server.root / "report").write_text("42")
    with sftp_server.connect_blocking() as conn, conn.sftp() as sftp:
        sftp.get("/report", tmp_path / "report")
    assert (tmp_path / "report").read_text() == "42"


@pytest.mark.sftp_server(banner="files")
def test_mark_of_files(sftp_server):
    banners = []
    with sftp_server.connect_blocking(on_banner=banners.append):
        assert banners == ["files"]


def test_agent(ssh_agent, ssh_server):
    ssh_agent.add(ssh_server.user_key)
    with ssh_server.connect_blocking(keys=None, agent=ssh_stack.DEFAULT):
        assert len(ssh_agent.keys) == 1


def test_two_servers_do_not_know_each_other(ssh_server, sftp_server):
    with pytest.raises(ssh_stack.HostKeyError):
        sync.connect(sftp_server.host, sftp_server.port, **ssh_server.login).open()
'''

IDLE = """
import sys


def test_without_a_fixture():
    loaded = [name for name in sys.modules if name.startswith("ssh_")]
    assert "ssh_stack.testing.plugin" in loaded
    assert not [name for name in loaded if name.startswith(("ssh_connection", "ssh_keys"))]
    assert "ssh_stack.sync" not in loaded
"""

PLUGIN = ("-p", "ssh_stack.testing.plugin")
"""As the entry point loads it, which an environment that was made earlier may not have."""


def run(project: Path, text: str) -> subprocess.CompletedProcess[str]:
    (project / "test_program.py").write_text(text)
    (project / "pytest.ini").write_text(
        "[pytest]\naddopts = --strict-markers\nfilterwarnings = error\n"
        "asyncio_default_fixture_loop_scope = function\n"
    )
    environment = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    options = (*PLUGIN, "-p", "pytest_asyncio.plugin", "-p", "no:cacheprovider", "-q")
    return subprocess.run(
        [sys.executable, "-m", "pytest", *options],
        cwd=project,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )


def test_fixtures_serve_the_tests_of_another_project(tmp_path: Path) -> None:
    done = run(tmp_path, PROJECT)

    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{PROJECT.count('def test_')} passed" in done.stdout


def test_plugin_loads_next_to_nothing_before_a_fixture_is_used(tmp_path: Path) -> None:
    done = run(tmp_path, IDLE)

    assert done.returncode == 0, done.stdout + done.stderr


def test_marks_and_fixtures_are_listed(tmp_path: Path) -> None:
    options = (*PLUGIN, "-p", "no:cacheprovider")
    environment = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    listed = ""
    for question in ("--markers", "--fixtures"):
        done = subprocess.run(
            [sys.executable, "-m", "pytest", *options, question],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=100,
        )
        listed += done.stdout

    for name in ("ssh_server", "sftp_server"):
        assert f"@pytest.mark.{name}(**options): " in listed
    for name in ("ssh_server", "sftp_server", "ssh_agent"):
        assert f"\n{name} -- " in listed
