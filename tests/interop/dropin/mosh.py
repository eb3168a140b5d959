"""A short session of mosh, whose server a client in the place of ssh starts."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
import time
from typing import Final

import attrs

from tests.interop.dropin.rig import Rig, need

__all__ = ["MOSH", "Screen", "converse_by_mosh"]

_SIZE: Final = (24, 80)
_SECONDS: Final = 40.0
_ESCAPES: Final = re.compile(rb"\x1b(\[[0-9;?]*[a-zA-Z]|[()][A-Z0-9]|[=>78]|\].*?\x07)")
# the server ends by itself when its client has been silent for this many seconds
_SERVER: Final = "env MOSH_SERVER_NETWORK_TMOUT=20 mosh-server"


@attrs.define
class Screen:
    """The terminal of a program, and what it has written there."""

    descriptor: int
    process: subprocess.Popen[bytes]
    written: bytes = b""

    def type(self, text: str) -> None:
        """Type a line."""
        os.write(self.descriptor, f"{text}\r".encode())

    def wait_for(self, text: str) -> None:
        """Wait until the program has written a text.

        Raises:
            AssertionError: it has ended, or time is up.
        """
        end = time.monotonic() + _SECONDS
        while text.encode() not in self.written:
            ready, _, _ = select.select([self.descriptor], [], [], max(0, end - time.monotonic()))
            assert ready, (text, self.written)
            try:
                data = os.read(self.descriptor, 65536)
            except OSError:  # the program has closed its terminal
                data = b""
            assert data, (text, self.written)
            self.written += _ESCAPES.sub(b"", data)


def converse_by_mosh(rig: Rig) -> None:
    """`mosh --ssh=…`: type into the shell there, and read what it answers."""
    need("mosh", "mosh-server")
    words = [f"--ssh={rig.command}", f"--server={_SERVER}", "target", "--", "sh"]
    began = time.perf_counter()
    descriptor, inner = pty.openpty()
    fcntl.ioctl(inner, termios.TIOCSWINSZ, struct.pack("HHHH", *_SIZE, 0, 0))
    environment = rig.environment({"TERM": "xterm"})
    with subprocess.Popen(
        ["mosh", *words],
        env=environment,
        cwd=rig.folder,
        stdin=inner,
        stdout=inner,
        stderr=inner,
        start_new_session=True,
    ) as process:
        os.close(inner)
        try:
            screen = Screen(descriptor, process)
            screen.type("echo $((6 * 7)) is it")
            screen.wait_for("42 is it")
            rig.seconds += time.perf_counter() - began
            screen.type("exit")
            screen.wait_for("[mosh is exiting.]")
            assert process.wait(_SECONDS) == 0, screen.written
        finally:
            process.kill()
            os.close(descriptor)


MOSH: Final = {"mosh, to the first answer": converse_by_mosh}
