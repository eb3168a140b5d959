"""The command line of sftp(1)."""

from __future__ import annotations

import getopt
import re
from collections.abc import Sequence
from typing import Final

from ssh_stack.cli.arguments import directive
from ssh_stack.cli.letters import SHARED_FLAGS, SHARED_VALUES, SSHLetters, buffer_size, number
from ssh_stack.cli.locations import Location, parse_location
from ssh_wire import UsageError, lazy_attrs

__all__ = ["Options", "parse_options"]

_LETTERS: Final = f"12afhNpr{SHARED_FLAGS}b:B:R:s:{SHARED_VALUES}"
_MOST_REQUESTS: Final = 256 * 1024
_MOST_WORDS: Final = 2
_BRACKETED: Final = re.compile(
    r"(?:[^@]*@)?\[[^\]]*\]"
)  # an address alone: its colons are its own
_FLAGS: Final = {
    "a": "resume",
    "f": "fsync",
    "N": "noisy",
    "p": "preserve",
    "r": "recursive",
}


@lazy_attrs.define(kw_only=True)
class Options:
    """What the command line asks for."""

    letters: SSHLetters = lazy_attrs.field(factory=SSHLetters)
    """Those that are given on to ssh."""
    location: Location = lazy_attrs.field(factory=lambda: Location(""))
    """The host, and a path where one was given."""
    path: str | None = None
    """The path that was given behind the host."""
    local: str | None = None
    """Where a file that was named with the host is fetched to."""
    batch: str | None = None
    """-b: the file with the commands, "-" for standard input."""
    subsystem: str = "sftp"
    """-s."""
    resume: bool = False
    """-a."""
    fsync: bool = False
    """-f."""
    noisy: bool = False
    """-N: print what is done, in a batch too."""
    preserve: bool = False
    """-p."""
    recursive: bool = False
    """-r."""
    help: bool = False
    """-h."""

    @property
    def quiet(self) -> bool:
        """Whether it is left out what is done."""
        return (self.letters.quiet or self.batch is not None) and not self.noisy


def parse_options(words: Sequence[str]) -> Options:
    """Read the words behind `sftp`.

    Raises:
        UsageError: an unknown option, one that is not supported, or no destination.
    """
    options = Options()
    try:
        pairs, rest = getopt.getopt(list(words), _LETTERS, ["help"])
    except getopt.GetoptError as error:
        raise UsageError(str(error)) from None
    for option, value in pairs:
        _take(options, option.lstrip("-"), value)
    if options.help:
        return options
    if options.letters.server is None:
        _destination(options, rest)
    return options


def _take(options: Options, letter: str, value: str) -> None:
    letters = options.letters
    if letter in _FLAGS:
        setattr(options, _FLAGS[letter], True)
    elif letter in {"h", "help"}:
        options.help = True
    elif not _take_value(options, letter, value):
        letters.take(letter, value)


def _take_value(options: Options, letter: str, value: str) -> bool:
    """Take a letter that is sftp's own; return False if it is not."""
    letters = options.letters
    if letter == "1":
        problem = "option -1: version 1 of the protocol is not supported any more"
        raise UsageError(problem)
    if letter == "b":
        if options.batch is not None:
            problem = "option -b: batch file already specified"
            raise UsageError(problem)
        options.batch = value
        letters.lines.insert(0, "BatchMode yes")
        letters.words.append("-obatchmode yes")
    elif letter == "B":
        letters.buffer = buffer_size(value)
    elif letter == "R":
        letters.requests = number("R", value, _MOST_REQUESTS)
    elif letter == "s":
        options.subsystem = value
    elif letter == "P":
        letters.lines.insert(0, directive("p", value))
        letters.words.append(f"-oPort {int(value)}")
    else:
        return letter == "2"  # the version that there is
    return True


def _destination(options: Options, words: Sequence[str]) -> None:
    if not 0 < len(words) <= _MOST_WORDS:
        problem = "give one destination: [user@]host[:path], and for a file where it goes"
        raise UsageError(problem)
    text = words[0]
    options.local = words[1] if len(words) == _MOST_WORDS else None
    location = Location("") if _BRACKETED.fullmatch(text) else parse_location(text)
    if location.host is not None:
        options.location = location
        named = text.startswith(("sftp://", "scp://")) and location.path == "."
        options.path = None if named else location.path
        return
    user, at, host = text.rpartition("@")
    if not host or (at and not user):
        problem = f"{text!r} has no host" if not host else f"{text!r} has no user before the @"
        raise UsageError(problem)
    name = host.removeprefix("[").removesuffix("]")
    options.location = Location("", name, user or None)
