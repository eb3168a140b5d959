"""The cookie of a session's display, given to xauth(1) for the session's programs."""

from __future__ import annotations

import logging
import os
import subprocess
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from ssh_stack.local.threads import run_in_thread

if TYPE_CHECKING:
    from ssh_connection.aio import SessionX11

__all__ = ["keep_cookie"]

_SECONDS: Final = 30.0  # it waits for the lock of the file
_log = logging.getLogger("ssh_stack.server")


async def keep_cookie(xauth: str, x11: SessionX11, env: Mapping[str, str]) -> None:
    """Have xauth keep the cookie of a display, as sshd does; log where it does not.

    Args:
        xauth: the path of xauth.
        x11: the display.
        env: the variables of the session's programs, which name the user's home.
    """
    # both are words without a space or a newline, or the display was not granted
    lines = (f"remove {x11.authority}", f"add {x11.authority} {x11.protocol} {x11.cookie}")
    commands = "".join(f"{line}\n" for line in lines).encode()

    def run() -> bytes:
        done = subprocess.run(  # noqa: S603 (the program of the server's options, without a shell)
            [xauth, "-q", "-"],
            input=commands,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env=dict(env),
            cwd=env["HOME"] if os.path.isdir(env["HOME"]) else "/",  # noqa: PTH112 (one look)
            timeout=_SECONDS,
            check=False,
        )
        return done.stderr if done.returncode else b""

    try:
        problem = (await run_in_thread(run)).decode("utf-8", "replace")
    except (OSError, subprocess.SubprocessError) as error:
        problem = str(error)
    if problem:
        _log.warning("the cookie of the display %s is not kept: %s", x11.display, problem.strip())
