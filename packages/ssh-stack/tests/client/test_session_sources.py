"""The display that is forwarded, and what xauth says of it."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from ssh_agent.errors import AgentUnavailable
from ssh_stack.client.plan.session import X11Plan
from ssh_stack.client.session_sources import find_display, open_agent
from ssh_stack.client.x11_options import X11Forwarding
from ssh_wire import SSHError, UsageError

COOKIE = "00112233445566778899aabbccddeeff"


class Xauth:
    """A program in the place of xauth, which notes how it is called.

    What the real one does is tried in tests/interop/test_x11.py.
    """

    def __init__(self, folder: Path, *, output: str = "", status: int = 0) -> None:
        self.path = folder / "xauth"
        self._calls = folder / "calls"
        self.path.write_text(
            f"#!/bin/sh\nprintf '%s\\n' \"$*\" >>{self._calls}\n"
            f"case \"$*\" in *list*) echo '{output}' ;; *) exit {status} ;; esac\n"
        )
        self.path.chmod(0o755)

    @property
    def calls(self) -> list[str]:
        return self._calls.read_text().splitlines() if self._calls.exists() else []


LINE = f"box/unix:0  MIT-MAGIC-COOKIE-1  {COOKIE}"


async def test_cookie_for_trusted_programs_is_the_one_that_xauth_lists(tmp_path: Path) -> None:
    xauth = Xauth(tmp_path, output=LINE)
    plan = X11Plan(trusted=True, display="localhost:10.1", xauth=str(xauth.path))

    found = await find_display(plan)

    assert found.credential.cookie.hex() == COOKIE
    assert (found.display.number, found.display.screen, found.deadline) == (10, 1, None)
    assert xauth.calls == ["list unix:10.1"]


@pytest.mark.parametrize(
    ("seconds", "words"), [(1200, " timeout 1260"), (0, ""), (2**33, " timeout 4294967295")]
)
async def test_cookie_for_other_programs_is_generated(
    tmp_path: Path, seconds: int, words: str
) -> None:
    xauth = Xauth(tmp_path, output=LINE)
    plan = X11Plan(timeout=seconds, display=":0", xauth=str(xauth.path))

    found = await find_display(plan)

    generate, listing = xauth.calls
    file = generate.split()[1]
    assert generate == f"-f {file} generate :0 MIT-MAGIC-COOKIE-1 untrusted{words}"
    assert listing == f"-f {file} list :0"
    assert not Path(file).parent.exists()
    assert (found.deadline is None) is (seconds == 0)


@pytest.mark.parametrize(("output", "status"), [(LINE, 1), ("", 0)])
async def test_display_without_a_cookie_is_not_forwarded_to_programs_that_are_not_trusted(
    tmp_path: Path, output: str, status: int
) -> None:
    xauth = Xauth(tmp_path, output=output, status=status)

    with pytest.raises(SSHError, match="xauth generates no cookie for the display :0"):
        await find_display(X11Plan(display=":0", xauth=str(xauth.path)))


async def test_display_without_xauth_is_not_forwarded_to_programs_that_are_not_trusted(
    tmp_path: Path,
) -> None:
    with pytest.raises(SSHError, match="xauth generates no cookie"):
        await find_display(X11Plan(display=":0", xauth=str(tmp_path / "none")))


@pytest.mark.parametrize("present", [True, False])
async def test_trusted_display_without_a_cookie_has_a_random_one_and_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, *, present: bool
) -> None:
    path = Xauth(tmp_path).path if present else tmp_path / "none"
    plan = X11Plan(trusted=True, display=":0", xauth=str(path))

    one, other = await find_display(plan), await find_display(plan)

    assert len(one.credential.cookie) == 16
    assert one.credential != other.credential
    assert "xauth has no cookie for the display :0" in caplog.text


async def test_there_is_no_display_without_the_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    with pytest.raises(UsageError, match="DISPLAY is not set"):
        await find_display(X11Plan())
    monkeypatch.setenv("DISPLAY", ":0;reboot")
    with pytest.raises(UsageError, match="not the name of a display"):
        await find_display(X11Plan())


async def test_xauth_that_cannot_be_run_is_an_error(tmp_path: Path) -> None:
    xauth = Xauth(tmp_path)
    xauth.path.chmod(stat.S_IRUSR)
    if os.access(xauth.path, os.X_OK):
        pytest.skip("this user may run everything")
    with pytest.raises(OSError, match="Permission"):
        await find_display(X11Plan(trusted=True, display=":0", xauth=str(xauth.path)))


async def test_agent_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(AgentUnavailable):
        await open_agent(tmp_path / "none")


@pytest.mark.parametrize("seconds", [-1, True, "5"])
def test_timeout_that_is_not_a_number_of_seconds_is_refused(seconds: object) -> None:
    with pytest.raises(UsageError, match="timeout"):
        X11Forwarding(timeout=seconds)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType] (as a caller without types may)
