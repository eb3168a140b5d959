from __future__ import annotations

from pathlib import Path

import pytest

from loopback_server import connected
from ssh_stack.keylog import VARIABLE, key_log


def test_key_log_is_off_without_variable(caplog: pytest.LogCaptureFixture) -> None:
    assert key_log({}) is None
    assert key_log({VARIABLE: ""}) is None
    assert not caplog.records


def test_key_log_is_appended_with_owner_permissions(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "keys"
    write = key_log({VARIABLE: str(file)})
    assert write is not None
    assert "passwords included" in caplog.text
    write(b"\x11" * 16, b"\0\x80")
    write(b"\x22" * 16, b"\x7f")
    assert file.read_text() == f"{'11' * 16} SHARED_SECRET 0080\n{'22' * 16} SHARED_SECRET 7f\n"
    assert file.stat().st_mode & 0o777 == 0o600


async def test_both_sides_of_connection_write_same_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "keys"
    monkeypatch.setenv(VARIABLE, str(file))
    async with connected() as connection:
        await connection.ping()
    lines = file.read_text().splitlines()
    assert len(lines) == 2
    assert lines[0] == lines[1]
