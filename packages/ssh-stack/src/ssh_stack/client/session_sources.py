"""What a session has forwarded: a connection to the agent, and the display with its cookie."""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ssh_agent import aio as agents
from ssh_connection.aio import LocalDisplay
from ssh_connection.x11 import COOKIE_PROTOCOL, Display, X11Credential, read_xauth_list
from ssh_stack.local.threads import run_in_thread
from ssh_wire import SSHError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ssh_agent.aio import StreamReader, StreamWriter
    from ssh_stack import sources
    from ssh_stack.client.plan.session import X11Plan

__all__ = ["find_display", "open_agent"]

_log = logging.getLogger("ssh_stack")

_XAUTH: Final = "/usr/bin/xauth"
_XAUTH_SECONDS: Final = 60.0  # it waits for a lock of the file, and for the X server
_SLACK: Final = 60
"""Seconds by which a cookie that is not trusted outlives the time for connections.

"avoid nasty fail-open behaviour in the X server" (OpenSSH's client_x11_get_proto): a server takes
a client with a cookie that it does not know for one from its own machine.
"""
_MAX_TIMEOUT: Final = 2**32 - 1  # of xauth


async def open_agent(path: sources.Path) -> tuple[StreamReader, StreamWriter]:
    """Connect to the agent that is forwarded.

    Raises:
        AgentError: there is no agent at that place.
    """
    return await agents.open_agent(os.fspath(path))


async def find_display(plan: X11Plan) -> LocalDisplay:
    """Find the display, and have xauth say what admits a client to it.

    Raises:
        UsageError: there is no display.
        SSHError: xauth makes no cookie for programs that are not trusted.
        OSError: xauth cannot be run.
    """
    name = plan.display or os.environ.get("DISPLAY", "")
    if not name:
        problem = "there is no display to forward: DISPLAY is not set"
        raise UsageError(problem)
    display = Display.parse(name)
    xauth = _xauth(plan.xauth)
    deadline = None
    if not plan.trusted and plan.timeout:
        deadline = asyncio.get_running_loop().time() + plan.timeout + 1
    credential = await run_in_thread(lambda: _ask_xauth(xauth, display, plan))
    if credential is None:
        # "we just make up some data.  The X11 server will ignore this fake data and use whatever
        # authentication mechanisms it was using otherwise for the local connection."
        _log.warning("xauth has no cookie for the display %s: X11 is forwarded without one", name)
        credential = X11Credential.generate(os.urandom)
    return LocalDisplay(
        display=display,
        credential=credential,
        deadline=deadline,
        single_connection=plan.single_connection,
    )


def _ask_xauth(xauth: str | None, display: Display, plan: X11Plan) -> X11Credential | None:
    if not plan.trusted:
        return _generate(xauth, display, plan.timeout)
    return None if xauth is None else _list(xauth, display)


def _xauth(configured: str | None) -> str | None:
    """Return the path of xauth; None where there is none."""
    path = configured or _XAUTH
    if Path(path).exists():
        return path
    return None if configured else shutil.which("xauth")


def _generate(xauth: str | None, display: Display, seconds: float) -> X11Credential:
    """Have the X server make a cookie with less access (xauth(1), generate).

    Raises:
        SSHError: it does not.
    """
    found = None
    if xauth is not None:
        with tempfile.TemporaryDirectory(prefix="ssh-") as folder:
            file = f"{folder}/xauthfile"
            words = ["-f", file, "generate", display.xauth_name, COOKIE_PROTOCOL, "untrusted"]
            if seconds:
                words += ["timeout", str(min(int(seconds) + _SLACK, _MAX_TIMEOUT))]
            if _run(xauth, words).returncode == 0:
                found = _list(xauth, display, "-f", file)
    if found is None:
        # "Don't fall back to fake X11 data for untrusted forwarding"
        problem = (
            f"xauth generates no cookie for the display {display.name}: "
            "start it with an X server that has the SECURITY extension, or trust the host (-Y)"
        )
        raise SSHError(problem)
    return found


def _list(xauth: str, display: Display, *words: str) -> X11Credential | None:
    """Return what xauth lists for a display."""
    return read_xauth_list(_run(xauth, [*words, "list", display.xauth_name]).stdout)


def _run(xauth: str, words: Sequence[str]) -> subprocess.CompletedProcess[bytes]:
    """Run xauth.

    Raises:
        OSError: it cannot be run, or takes too long.
    """
    try:
        return subprocess.run(  # noqa: S603 (the program that the user named, without a shell)
            [xauth, *words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=_XAUTH_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        problem = f"{xauth} has not ended within {_XAUTH_SECONDS:.0f} s"
        raise TimeoutError(problem) from None
