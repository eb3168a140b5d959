"""The command line of cp: the letters of scp(1), and long options of its own."""

from __future__ import annotations

import getopt
from collections.abc import Mapping, Sequence
from typing import Final

from ssh_stack.cli.arguments import directive
from ssh_stack.cli.letters import SHARED_FLAGS, SHARED_VALUES, SSHLetters
from ssh_stack.cli.locations import Location, parse_location
from ssh_wire import UsageError, lazy_attrs

__all__ = ["CopyOptions", "WrongUse", "parse_copy_options"]

_LETTERS: Final = f"123BdfhOprRstT{SHARED_FLAGS}{SHARED_VALUES}"
_LONG: Final[Mapping[str, str]] = {
    "recursive": "r",
    "preserve": "p",
    "quiet": "q",
    "verbose": "v",
    "port=": "P",
    "identity=": "i",
    "jump=": "J",
    "config=": "F",
    "option=": "o",
    "limit=": "l",
    "help": "h",
    "login=": "",
    "in-place": "",
    "follow-links": "",
    "json": "",
}
_FLAGS: Final[Mapping[str, tuple[str, object]]] = {
    "r": ("recursive", True),
    "p": ("preserve", True),
    "3": ("through_here", True),
    "R": ("through_here", False),
    "h": ("help", True),
    "in-place": ("in_place", True),
    "follow-links": ("follow_links", True),
    "json": ("json", True),
}
_IGNORED: Final = frozenset({"2", "s", "T"})
_REFUSED: Final[Mapping[str, str]] = {
    "1": "version 1 of the SSH protocol is not supported any more",
    "O": "the older protocol of scp is not supported; files are copied over SFTP",
    "d": "the other side of the older protocol of scp is not supported",
    "f": "the other side of the older protocol of scp is not supported",
    "t": "the other side of the older protocol of scp is not supported",
}
_LEAST: Final = 2


@lazy_attrs.define(kw_only=True)
class CopyOptions:
    """What the command line asks for."""

    letters: SSHLetters = lazy_attrs.field(factory=SSHLetters)
    """Those of the connections."""
    sources: tuple[Location, ...] = ()
    """What is copied."""
    destination: Location = lazy_attrs.field(factory=lambda: Location(""))
    """Where it is copied to."""
    recursive: bool = False
    """-r: whether directories are copied."""
    preserve: bool = False
    """-p: whether permissions and times are kept."""
    in_place: bool = False
    """Whether files are written under their own names from the start."""
    follow_links: bool = False
    """Whether what a link in a tree leads to is copied, as scp does."""
    through_here: bool = True
    """-3: copies between two hosts go through this machine; with -R they do not."""
    json: bool = False
    """Whether the result is printed as JSON."""
    help: bool = False
    """Whether only the help is asked for."""

    @property
    def all_local(self) -> bool:
        """Whether no host is named."""
        return all(each.host is None for each in (*self.sources, self.destination))


class WrongUse(UsageError):
    """Words that the usage text answers: an unknown option, or too few paths."""


def parse_copy_options(words: Sequence[str], *, as_scp: bool = False) -> CopyOptions:
    """Read the words behind `cp`.

    Args:
        words: the words.
        as_scp: options end at the first path, and links are followed.

    Raises:
        WrongUse: an unknown option, or too few paths.
        UsageError: an option that is not supported, or a value that cannot be used.
    """
    options = CopyOptions(follow_links=as_scp)
    read = getopt.getopt if as_scp else getopt.gnu_getopt
    try:
        pairs, rest = read(list(words), _LETTERS, list(_LONG))
    except getopt.GetoptError as error:
        raise WrongUse(str(error)) from None
    for option, value in pairs:
        name = option.lstrip("-")
        letter = _LONG.get(name, _LONG.get(f"{name}=", ""))
        _take(options, letter or name, value)
    if not options.help:
        _locations(options, rest)
    return options


def _take(options: CopyOptions, name: str, value: str) -> None:
    letters = options.letters
    if name in _REFUSED:
        problem = f"option -{name}: {_REFUSED[name]}"
        raise UsageError(problem)
    if name in _FLAGS:
        attribute, wanted = _FLAGS[name]
        setattr(options, attribute, wanted)
    elif name == "B":
        letters.lines.insert(0, "BatchMode yes")
        letters.words.append("-oBatchmode=yes")
    elif name == "P":
        letters.lines.insert(0, directive("p", value))
        letters.words += ["-p", value]
    elif name == "login":
        letters.lines.append(directive("l", value))
        letters.words += ["-l", value]
    elif name not in _IGNORED:
        letters.take(name, value)


def _locations(options: CopyOptions, words: Sequence[str]) -> None:
    if len(words) < _LEAST:
        problem = "name at least one source, and a target"
        raise WrongUse(problem)
    *sources, destination = map(parse_location, words)
    options.sources, options.destination = tuple(sources), destination
