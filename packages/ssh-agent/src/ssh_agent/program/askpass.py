"""The question to the user before a key is used, by the program of SSH_ASKPASS.

An answer of "yes", or an empty one, with exit status 0 is consent, as for OpenSSH's agent.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from ssh_wire.text import printable

if TYPE_CHECKING:
    from ssh_agent.aio.server import Confirm
    from ssh_agent.program.options import HashName
    from ssh_agent.server import ConfirmationNeeded

__all__ = ["find_askpass", "make_confirm", "question"]

_DEFAULT: Final = ("/usr/bin/ssh-askpass", "/usr/X11R6/bin/ssh-askpass")
_MAX_ANSWER: Final = 1023
_CONSENT: Final = ("", "yes")


def find_askpass(environ: Mapping[str, str]) -> str | None:
    """Return the program that asks the user; None where there is none, or no display for it."""
    allowed = bool(environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY"))
    required = environ.get("SSH_ASKPASS_REQUIRE", "").lower()
    if required == "never" or not (allowed or required == "force"):
        return None
    named = environ.get("SSH_ASKPASS")
    candidates = _DEFAULT if named is None else (named,)
    return next((found for name in candidates if (found := shutil.which(name))), None)


def question(event: ConfirmationNeeded, hash_name: HashName) -> str:
    """Return what the user is asked, in OpenSSH's words."""
    identity = event.identity
    fingerprint = identity.public_key.fingerprint(hash_name)
    text = f"Allow use of key {printable(identity.comment)}?\nKey fingerprint {fingerprint}."
    if event.host:
        text += (
            f'\npublic key authentication request for user "{event.user}" to host "{event.host}"'
        )
    return text


def make_confirm(program: str, hash_name: HashName) -> Confirm:
    """Return the function that asks the user by a program."""

    async def confirm(event: ConfirmationNeeded) -> bool:
        process = _start(program, question(event, hash_name))
        try:
            output, _ = await asyncio.to_thread(process.communicate)
        finally:
            process.kill()  # where the agent ends first; the thread takes its status
        answer = output[:_MAX_ANSWER].splitlines()[:1] or [b""]
        return process.returncode == 0 and answer[0].decode("utf-8", "replace").lower() in _CONSENT

    return confirm


def _start(program: str, text: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(  # noqa: S603 (the user's own program)
        [program, text],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        env={**os.environ, "SSH_ASKPASS_PROMPT": "confirm"},
    )
