"""The cookie of a session's display, given to xauth."""

from __future__ import annotations

import asyncio
import subprocess
from pathlib import Path

import pytest

from ssh_connection.aio import SessionX11
from ssh_stack.server.xauth import keep_cookie

X11 = SessionX11(
    display="localhost:10.0",
    authority="unix:10.0",
    protocol="MIT-MAGIC-COOKIE-1",
    cookie="00112233445566778899aabbccddeeff",
)


def program(folder: Path, body: str) -> str:
    path = folder / "xauth"
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return str(path)


@pytest.mark.skipif(not Path("/usr/bin/xauth").exists(), reason="no xauth on this machine")
async def test_xauth_lists_the_cookie_afterwards(tmp_path: Path) -> None:
    env = {"HOME": str(tmp_path)}

    for _ in range(2):  # a display of a session before is replaced
        await keep_cookie("/usr/bin/xauth", X11, env)

    command = ["/usr/bin/xauth", "list"]
    done = await asyncio.to_thread(
        subprocess.run, command, env=env, capture_output=True, text=True, check=True
    )
    (line,) = done.stdout.splitlines()
    assert line.split()[1:] == [X11.protocol, X11.cookie]
    assert (tmp_path / ".Xauthority").stat().st_mode & 0o77 == 0


async def test_xauth_gets_the_commands_that_sshd_gives_it(tmp_path: Path) -> None:
    path = program(tmp_path, f'echo "$@" >{tmp_path}/words; cat >>{tmp_path}/words')

    await keep_cookie(path, X11, {"HOME": str(tmp_path)})

    assert (tmp_path / "words").read_text().splitlines() == [
        "-q -",
        "remove unix:10.0",
        f"add unix:10.0 MIT-MAGIC-COOKIE-1 {X11.cookie}",
    ]


@pytest.mark.parametrize("body", ["cat >/dev/null; echo locked >&2; exit 1", None])
async def test_xauth_that_fails_is_logged_without_the_cookie(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, body: str | None
) -> None:
    path = str(tmp_path / "none") if body is None else program(tmp_path, body)

    await keep_cookie(path, X11, {"HOME": "/nonexistent"})

    (record,) = caplog.records
    assert "the cookie of the display localhost:10.0 is not kept" in record.getMessage()
    assert X11.cookie not in caplog.text
