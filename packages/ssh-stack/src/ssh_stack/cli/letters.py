"""The letters that sftp(1) and scp(1) have in common: they are given on to ssh.

Each becomes a line of configuration for a connection of our own, and a word for the program
of -S.
"""

from __future__ import annotations

import re
from typing import Final

from ssh_stack.cli.arguments import directive
from ssh_stack.cli.letter_values import identity_lines
from ssh_stack.config.lines import quoted
from ssh_wire import UsageError, lazy_attrs

__all__ = ["SHARED_FLAGS", "SHARED_VALUES", "SSHLetters", "buffer_size", "number"]

SHARED_FLAGS: Final = "46ACqv"
SHARED_VALUES: Final = "c:D:F:i:J:l:o:P:S:X:"

# these win over -o, as they do for ssh
_OVERRIDING: Final = {
    "4": "AddressFamily inet",
    "6": "AddressFamily inet6",
    "C": "Compression yes",
    "c": "Ciphers",
}
_MOST_VERBOSE: Final = 3
_MOST_KBITS: Final = 100 * 1024 * 1024
_MOST_BUFFER: Final = 256 * 1024
_SCALES: Final = {"": 1, "B": 1, "K": 1024, "M": 1024**2, "G": 1024**3}


@lazy_attrs.define(kw_only=True)
class SSHLetters:
    """What the letters of a connection ask for."""

    lines: list[str] = lazy_attrs.field(factory=list[str])
    """Configuration lines, in the order of the command line."""
    config: str | None = None
    """The file of -F."""
    words: list[str] = lazy_attrs.field(factory=list[str])
    """What the program of -S is called with."""
    missing: list[str] = lazy_attrs.field(factory=list[str])
    """Files of -i that do not exist."""
    verbose: int = 0
    """How often -v was given."""
    quiet: bool = False
    """-q."""
    program: str | None = None
    """-S: the program that connects, in the place of a connection of our own."""
    server: str | None = None
    """-D: the command of an SFTP server on this machine."""
    bytes_per_second: int | None = None
    """-l, which is in Kbit/s."""
    buffer: int | None = None
    """-B or -X buffer=: bytes of one request."""
    requests: int | None = None
    """-R or -X nrequests=: how many requests may be outstanding."""

    def take(self, letter: str, value: str) -> bool:
        """Take a letter; return False if it is not one of these.

        Raises:
            UsageError: the value cannot be used, or what it asks for is not supported.
        """
        if letter in _OVERRIDING:
            line = f"{_OVERRIDING[letter]} {quoted(value)}" if value else _OVERRIDING[letter]
            self.lines.insert(0, line)
        elif letter == "i":
            self.lines += identity_lines(value, self.missing)
        elif letter in "Jo":
            self.lines.append(directive(letter, value))
        elif not self._take_setting(letter, value):
            return False
        if letter in "46CqvciJoF":
            self.words += [f"-{letter}", value] if value else [f"-{letter}"]
        return True

    def _take_setting(self, letter: str, value: str) -> bool:
        match letter:
            case "A":
                problem = "option -A: forwarding of the agent is not supported yet"
                raise UsageError(problem)
            case "F":
                self.config = value
            case "q":
                self.quiet = True
            case "v":
                self.verbose = min(self.verbose + 1, _MOST_VERBOSE)
            case "S":
                self.program = value
            case "D":
                self.server = value
            case "l":
                self.bytes_per_second = number(letter, value, _MOST_KBITS) * 1024 // 8
            case "X":
                self._take_extra(value)
            case _:
                return False
        return True

    def _take_extra(self, value: str) -> None:
        name, _, text = value.partition("=")
        if name == "buffer":
            self.buffer = buffer_size(text)
        elif name == "nrequests":
            self.requests = number("X nrequests", text, _MOST_BUFFER)
        else:
            problem = f"option -X takes buffer=SIZE or nrequests=NUMBER, not {value!r}"
            raise UsageError(problem)


def number(letter: str, text: str, most: int) -> int:
    """Return the value of a letter that takes a number from one on.

    Raises:
        UsageError: it is not one, or too large.
    """
    if not (text.isascii() and text.isdigit() and 0 < int(text) <= most):
        problem = f"option -{letter} takes a number from 1 to {most}, not {text!r}"
        raise UsageError(problem)
    return int(text)


def buffer_size(text: str) -> int:
    """Return a number of bytes, which may end in K or M.

    Raises:
        UsageError: it is not one, or more than 256 KiB.
    """
    found = re.fullmatch(r"([0-9]{1,12})([BKMG]?)", text, re.IGNORECASE | re.ASCII)
    size = int(found[1]) * _SCALES[found[2].upper()] if found else 0
    if not 0 < size <= _MOST_BUFFER:
        problem = f"{text!r} cannot be the size of a buffer: 1 to {_MOST_BUFFER} bytes"
        raise UsageError(problem)
    return size
