"""Questions to the user: at the terminal itself and not on stdin, or by SSH_ASKPASS."""

from __future__ import annotations

import asyncio
import os
import termios
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, Protocol, cast

from ssh_stack.cli.askpass import Askpass
from ssh_wire.text import printable

if TYPE_CHECKING:
    from ssh_keys import PublicKey
    from ssh_keys.randomart import HashName
    from ssh_wire.messages.auth import Prompt

__all__ = ["TerminalPrompter"]

_TTY: Final = "/dev/tty"
_LFLAG: Final = 3
_MAX_LINE: Final = 4096
_TRIES: Final = 10
"""How often a word that is neither yes nor no is answered with the question again: a program
of SSH_ASKPASS may give the same answer for ever."""


class _Asker(Protocol):
    """Who asks: the terminal, or a program."""

    async def ask(self, question: str, *, echo: bool) -> str | None:
        """Return the answer; None for none."""

    async def tell(self, text: str) -> None:
        """Display text."""


class TerminalPrompter:
    """The user at the controlling terminal, or in front of SSH_ASKPASS: a `Prompter`.

    Every wait is the loop's, so that an interrupt ends a question, and the terminal is as
    it was afterwards.
    """

    def __init__(self, asker: _Asker) -> None:
        self._gave_up = False
        self._asker = asker
        self.fingerprint_hash: HashName = "sha256"
        """The hash of fingerprints that are shown (FingerprintHash)."""
        self.visual_host_key = False
        """Whether a picture of a host key is shown (VisualHostKey)."""

    @classmethod
    def if_available(cls, *, stdin: bool = False) -> TerminalPrompter | None:
        """Return who asks, as SSH_ASKPASS_REQUIRE wants it; None where the user cannot be asked.

        Args:
            stdin: whether standard input has to be the terminal, as for ssh-keygen, or SSH_ASKPASS
                is used.
        """
        terminal = _has_terminal()
        without = not (os.isatty(0) if stdin else terminal)
        if (program := Askpass.for_questions(without_terminal=without)) is not None:
            return cls(program)
        return cls(_Terminal()) if terminal else None

    # ------------------------------------------------------------- what connect asks

    async def password(self, login: str, /) -> str | None:
        """Ask for a password."""
        return await self._secret(f"{printable(login)}'s password: ")

    async def new_password(self, login: str, prompt: str, /) -> str | None:
        """Ask for a new password, twice, in place of one that has expired."""
        if prompt.strip():
            await self._asker.tell(_lines(prompt))
        while (
            new := await self._secret(f"Enter {printable(login)}'s new password: ")
        ) is not None:
            again = await self._secret(f"Retype {printable(login)}'s new password: ")
            if new == again:
                return new or None
            if again is not None:
                await self._asker.tell("Mismatch; try again, EOF to quit.\n")
        return None

    async def passphrase(self, source: str, /) -> str | None:
        """Ask for a key's passphrase."""
        key = printable(source.removeprefix("file "))
        return await self._asker.ask(f"Enter passphrase for key '{key}': ", echo=False) or None

    async def secret(self, question: str, /) -> str | None:
        """Ask for something that is not shown; None for the end of input."""
        return await self._asker.ask(question, echo=False)

    async def line(self, question: str, /) -> str | None:
        """Ask for a line that is shown; None for the end of input."""
        return await self._asker.ask(question, echo=True)

    async def answers(
        self, login: str, name: str, instruction: str, prompts: Sequence[Prompt], /
    ) -> Sequence[str] | None:
        """Ask what the server asks, with the words of the server."""
        if self._gave_up:
            return None
        for text in (name, instruction):
            if text.strip():
                await self._asker.tell(_lines(text))
        answers: list[str] = []
        for prompt in prompts:
            question = f"({printable(login)}) {printable(prompt.text)}"
            answer = await self._asker.ask(question, echo=prompt.echo)
            if answer is None:
                self._gave_up = True
                return None
            answers.append(answer)
        return answers

    async def confirm_host_key(self, host: str, port: int, key: PublicKey, /) -> bool:
        """Ask whether a host key is the right one, as ssh does."""
        name = printable(host if port == 22 else f"[{host}]:{port}")  # noqa: PLR2004 (ssh)
        fingerprint, picture = key.fingerprint(self.fingerprint_hash), ""
        if self.visual_host_key:
            from ssh_keys.randomart import randomart  # rarely used

            picture = f"{randomart(key, self.fingerprint_hash)}\n"
        question = (
            f"The authenticity of host '{name}' can't be established.\n"
            f"{key.kind} key fingerprint is {fingerprint}.\n{picture}"
            "Are you sure you want to continue connecting (yes/no/[fingerprint])? "
        )
        for _ in range(_TRIES):
            answer = await self._asker.ask(question, echo=True)
            word = "no" if answer is None else answer.strip()
            if word == fingerprint or word.lower() == "yes":
                return True
            if word.lower() == "no":
                return False
            question = "Please type 'yes', 'no' or the fingerprint: "
        return False

    async def token_pin(self, label: str, /) -> str | None:
        """Ask for the PIN of a PKCS#11 token."""
        question = f"Enter PIN for '{printable(label)}': "
        return await self._asker.ask(question, echo=False) or None

    async def confirm_key_addition(self, path: str, /) -> bool:
        """Ask whether the key of a file is to be added to the agent."""
        question = f"Add key {printable(path)} to agent? (yes/no) "
        answer = await self._asker.ask(question, echo=True)
        return answer is not None and answer.strip().lower() in {"yes", "y"}

    # ------------------------------------------------------------- asking

    async def _secret(self, question: str) -> str | None:
        if self._gave_up:
            return None
        answer = await self._asker.ask(question, echo=False)
        self._gave_up = answer is None
        return answer


class _Terminal:
    """The controlling terminal."""

    async def tell(self, text: str) -> None:
        """Write on it."""
        tty = _open()
        try:
            os.write(tty, text.encode())
        finally:
            os.close(tty)

    async def ask(self, question: str, *, echo: bool) -> str | None:
        """Return the line that is typed, without its end; None for the end of input."""
        tty = _open()
        try:
            with _line_mode(tty, echo=echo):
                os.write(tty, question.encode())
                line = await _read_line(tty)
                if not echo or line is None:
                    os.write(tty, b"\n")
        finally:
            os.close(tty)
        return None if line is None else line.decode("utf-8", "replace")


def _has_terminal() -> bool:
    try:
        os.close(_open())
    except OSError:
        return False
    return True


def _open() -> int:
    # no other process has the file that is opened here: it may be non-blocking
    return os.open(_TTY, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)


@contextmanager
def _line_mode(tty: int, *, echo: bool) -> Generator[None]:
    """Read whole lines, shown or hidden; the terminal is as before when the block ends."""
    before = termios.tcgetattr(tty)
    mode = cast("list[int]", termios.tcgetattr(tty))
    mode[_LFLAG] |= termios.ICANON | termios.ISIG | termios.ECHO
    if not echo:
        mode[_LFLAG] &= ~(termios.ECHO | termios.ECHONL)
    # what was typed before the question is not an answer to it
    termios.tcsetattr(tty, termios.TCSAFLUSH, cast("list[int | list[bytes | int]]", mode))
    try:
        yield
    finally:
        termios.tcsetattr(tty, termios.TCSADRAIN, before)


async def _read_line(tty: int) -> bytes | None:
    loop = asyncio.get_running_loop()
    typed = b""
    while b"\n" not in typed and len(typed) < _MAX_LINE:
        try:
            data = os.read(tty, _MAX_LINE)
        except BlockingIOError:
            ready: asyncio.Future[None] = loop.create_future()
            loop.add_reader(tty, _announce, ready)
            try:
                await ready
            finally:
                loop.remove_reader(tty)
            continue
        if not data:
            break
        typed += data
    return typed.partition(b"\n")[0].rstrip(b"\r") if typed else None


def _announce(ready: asyncio.Future[None]) -> None:
    if not ready.done():
        ready.set_result(None)


def _lines(text: str) -> str:
    return "".join(f"{printable(line)}\n" for line in text.splitlines())
