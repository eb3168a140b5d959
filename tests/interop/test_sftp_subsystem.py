"""`python -m ssh_sftp.server` as the SFTP subsystem of a real sshd."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.interop import local
from tests.interop.loopback import client_options

if TYPE_CHECKING:
    from pathlib import Path

    from tests.interop.local import LocalSshd

PROGRAM = f"{sys.executable} -m ssh_sftp.server"


@pytest.fixture(autouse=True)
def _sshd() -> None:
    if reason := local.unavailable():
        if os.environ.get("SSH_STACK_REQUIRE_PEERS") == "1":
            pytest.fail(f"required, but missing: {reason}", pytrace=False)
        pytest.skip(reason)


def sftp(server: LocalSshd, commands: str) -> subprocess.CompletedProcess[str]:
    options = client_options(server.port, server.known_hosts, server.key)
    return subprocess.run(
        ["sftp", "-q", *options, "-b", "-", f"{server.user}@127.0.0.1"],
        input=commands,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(
    "options",
    ["-f AUTHPRIV -l INFO", "-f local3 -l verbose", "-e -l debug3", "-R -f AUTH /srv -Z"],
    ids=["usual", "lower-case", "debug", "operands"],
)
def test_subsystem_with_options_of_sftp_server_serves(tmp_path: Path, options: str) -> None:
    (tmp_path / "f").write_bytes(b"content")
    (tmp_path / "sshd").mkdir()
    with local.serve(tmp_path / "sshd", sftp=f"{PROGRAM} {options}") as server:
        done = sftp(server, f"get {tmp_path}/f {tmp_path}/g\n")

    assert done.returncode == 0, (done.stderr, server.log())
    assert (tmp_path / "g").read_bytes() == b"content"


def test_subsystem_that_denies_requests_refuses_those_alone(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"content")
    (tmp_path / "sshd").mkdir()
    with local.serve(tmp_path / "sshd", sftp=f"{PROGRAM} -P remove,posix-rename") as server:
        kept = sftp(server, f"rm {tmp_path}/f\n")
        moved = sftp(server, f"rename {tmp_path}/f {tmp_path}/g\n")

    assert "ermission denied" in kept.stderr
    assert moved.returncode == 0, moved.stderr
    assert (tmp_path / "g").read_bytes() == b"content"


def test_subsystem_starts_in_the_directory_that_d_names(tmp_path: Path) -> None:
    (tmp_path / "sshd").mkdir()
    with local.serve(tmp_path / "sshd", sftp=f"{PROGRAM} -d {tmp_path} -u 077") as server:
        done = sftp(server, "pwd\nmkdir made\n")

    assert f"Remote working directory: {tmp_path}" in done.stdout
    assert (tmp_path / "made").stat().st_mode & 0o777 == 0o700
