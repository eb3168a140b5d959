"""The program of SSH_ASKPASS, which asks the user where there is no terminal.

ssh(1) describes SSH_ASKPASS and SSH_ASKPASS_REQUIRE under ENVIRONMENT.  The program gets the
question as its argument, and prints the answer; where its exit status is not 0, nothing counts
as an answer.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from typing import IO, Final, Self, cast

from ssh_stack.local.process import LocalProcess, Program
from ssh_stack.local.threads import run_in_thread
from ssh_wire import lazy_attrs
from ssh_wire.text import printable

__all__ = ["Askpass"]

_DEFAULT: Final = ("/usr/bin/ssh-askpass", "/usr/X11R6/bin/ssh-askpass", "ssh-askpass")
_MAX_ANSWER: Final = 1023
_MAX_OUTPUT: Final = 65_536
_STDIN: Final = 0
_STDERR: Final = 2
_FAILED_TO_START: Final = "the program of SSH_ASKPASS, {name}, cannot be run: {reason}"


@lazy_attrs.frozen
class Askpass:
    """A program that asks the user.

    Attributes:
        program: its path, or its name to be looked for in PATH.
    """

    program: str

    @classmethod
    def for_questions(
        cls, environ: Mapping[str, str] = os.environ, *, without_terminal: bool
    ) -> Self | None:
        """Return the program that is to ask; None where the terminal is, or where there is none.

        Args:
            environ: the environment variables.
            without_terminal: whether there is no terminal to ask at.
        """
        allowed = bool(environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY"))
        used = without_terminal
        match environ.get("SSH_ASKPASS_REQUIRE", "").lower():
            case "force":
                allowed = used = True
            case "prefer":
                used = used or allowed
            case "never":
                allowed = False
            case _:  # another word is ignored, as by OpenSSH
                pass
        if not (used and allowed):
            return None
        program = environ.get("SSH_ASKPASS")
        if program is None:  # the default of most systems is not installed
            program = next((name for name in _DEFAULT if shutil.which(name)), None)
        return None if program is None else cls(program)

    async def ask(self, question: str, *, echo: bool) -> str | None:
        """Return the answer of the user; None for none.

        Args:
            question: what to ask.
            echo: whether the answer may be displayed; the program is not told.
        """
        del echo
        program = Program(arguments=[self.program, question], session=False)
        try:
            process = LocalProcess(program, (_STDIN, subprocess.PIPE, _STDERR))
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            text = _FAILED_TO_START.format(name=printable(self.program) or "''", reason=reason)
            await self.tell(f"ssh-stack: {text}\n")
            return None
        output = cast("IO[bytes]", process.pipes[1])  # there is one: PIPE was given
        try:
            answer = await run_in_thread(lambda: _read(output))
            await process.ended
        finally:
            if not process.ended.done():  # the question was given up
                process.signal(signal.SIGKILL)
                await process.ended
            status = process.reap()
        return answer.decode("utf-8", "replace") if status == 0 else None

    async def tell(self, text: str) -> None:
        """Print text that belongs to a question."""
        with suppress(OSError, ValueError):
            sys.stderr.write(text)
            sys.stderr.flush()


def _read(pipe: IO[bytes]) -> bytes:
    """Return what a program prints, up to the end of the first line.

    More is read and dropped, up to a bound: a program whose pipe is closed early may fail by that.
    """
    data = b""
    with pipe:
        while len(data) < _MAX_OUTPUT and (part := pipe.read(_MAX_OUTPUT - len(data))):
            data += part
    return data[:_MAX_ANSWER].partition(b"\n")[0].partition(b"\r")[0]
