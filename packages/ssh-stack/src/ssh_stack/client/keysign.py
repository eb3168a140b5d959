"""Signatures of this host's key by ssh-keysign(8), which alone may read the key.

OpenSSH's program checks what it signs: the user who runs it, and the name of this host, which
it finds out from the connection's socket.  It signs only where EnableSSHKeysign of
/etc/ssh/ssh_config says so.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ssh_stack.local.threads import run_in_thread
from ssh_wire import SSHError, WireError
from ssh_wire.primitives import read_string, string
from ssh_wire.text import printable

if TYPE_CHECKING:
    import socket

    from ssh_keys import PublicKey

__all__ = ["PROGRAMS", "KeysignSigner", "find_keysign"]

PROGRAMS: Final = (
    "/usr/lib/openssh/ssh-keysign",
    "/usr/libexec/openssh/ssh-keysign",
    "/usr/libexec/ssh-keysign",
    "/usr/lib/ssh/ssh-keysign",
)
"""Where systems keep the program."""

_VERSION: Final = 2
_SECONDS: Final = 30.0
_FIRST_FREE: Final = 3  # the program refuses the standard streams


def find_keysign() -> str | None:
    """Return the path of ssh-keysign, or None where it is not installed."""
    return next((path for path in PROGRAMS if os.access(path, os.X_OK)), None)


class KeysignSigner:
    """Signs hostbased requests with a key of this host.

    Args:
        program: the path of ssh-keysign.
        public_key: the key.
        source: the file of its public half, for reports.
        connected: returns the connection's socket, or None where there is none.
    """

    def __init__(
        self,
        program: str,
        public_key: PublicKey,
        source: str,
        connected: Callable[[], socket.socket | None],
    ) -> None:
        self._program = program
        self._public_key = public_key
        self._source = source
        self._connected = connected

    @property
    def public_key(self) -> PublicKey:
        """The host's key."""
        return self._public_key

    @property
    def source(self) -> str:
        """Where its public half was read."""
        return self._source

    async def sign(self, data: bytes, algorithm: str) -> bytes:
        """Return the signature blob over `data`, which names its algorithm.

        Raises:
            SSHError: there is none: the program says why.
        """
        del algorithm  # it is in the request
        sock = self._connected()
        own = os.open(os.devnull, os.O_RDONLY) if sock is None else os.dup(sock.fileno())
        try:
            return await run_in_thread(partial(_run, self._program, own, data))
        finally:
            with suppress(OSError):
                os.close(own)


def _run(program: str, descriptor: int, data: bytes) -> bytes:
    """Have the program sign; the descriptor keeps its number in it."""
    body = bytes([_VERSION]) + descriptor.to_bytes(4, "big") + string(data)
    name = Path(program).name
    try:
        done = subprocess.run(  # noqa: S603 (a fixed path, no arguments)
            [program],
            input=string(body),
            capture_output=True,
            pass_fds=(descriptor,),
            timeout=_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        problem = f"{name} cannot be run: {error}"
        raise SSHError(problem) from error
    try:
        reply, _ = read_string(done.stdout, 0)
        signature, _ = read_string(bytes(reply), 1)
    except WireError as error:
        reason = printable(done.stderr.decode(errors="replace").strip()) or "it does not say why"
        problem = f"{name} does not sign: {reason}"
        raise SSHError(problem) from error
    if done.returncode or reply[0] != _VERSION:
        problem = f"{name} failed with status {done.returncode}"
        raise SSHError(problem)
    return bytes(signature)
