"""The command line of cp: the letters of scp(1), and long options of its own."""

from __future__ import annotations

import getopt
from collections.abc import Mapping, Sequence
from typing import Any, Final

from ssh_stack.cli.arguments import directive
from ssh_stack.cli.letters import SHARED_FLAGS, SHARED_VALUES, SSHLetters, number
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
    "resume": "",
    "verify": "",
    "sparse": "",
    "stripes=": "",
    "jobs=": "",
    "sync": "",
    "delete": "",
    "dry-run": "",
    "checksum": "",
    "include=": "",
    "exclude=": "",
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
    "resume": ("resume", True),
    "verify": ("verify", True),
    "sparse": ("sparse", True),
    "sync": ("sync", True),
    "delete": ("delete", True),
    "dry-run": ("dry_run", True),
    "checksum": ("checksum", True),
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
_NUMBERS: Final[Mapping[str, int]] = {"jobs": 1_024, "stripes": 10}
"""Long options that are numbers, and the most that each may be."""
_NOT_BETWEEN_HOSTS: Final = ("resume", "verify", "sparse", "stripes")
_OF_SYNC: Final[Mapping[str, str]] = {
    "delete": "--delete",
    "dry_run": "--dry-run",
    "checksum": "--checksum",
}


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
    resume: bool = False
    """Whether a transfer goes on from what an earlier one has left."""
    verify: bool = False
    """Whether the content is compared on both sides before a file gets its name."""
    sparse: bool = False
    """Whether what is zero becomes holes."""
    stripes: int | None = None
    """Over how many channels one large file is uploaded."""
    jobs: int | None = None
    """How many files of a tree are open at once."""
    sync: bool = False
    """Whether a directory is made like another one."""
    delete: bool = False
    """With `sync`: whether what the source does not have is deleted."""
    dry_run: bool = False
    """With `sync`: whether only the plan is printed."""
    checksum: bool = False
    """With `sync`: whether content is compared in the place of times."""
    include: list[str] = lazy_attrs.field(factory=list[str])
    """Patterns of the files of a tree that are copied."""
    exclude: list[str] = lazy_attrs.field(factory=list[str])
    """Patterns of what of a tree is left out."""
    help: bool = False
    """Whether only the help is asked for."""

    @property
    def transfer(self) -> dict[str, Any]:
        """What of it are options of the SFTP sessions, by their names there."""
        given = {"files_in_flight": self.jobs, "stripes": self.stripes}
        return {
            **{name: value for name, value in given.items() if value is not None},
            **{name: getattr(self, name) for name in ("resume", "verify", "sparse")},
        }

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
        _check_sync(options)
        _check_between_hosts(options)
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
    elif name in {"include", "exclude"}:
        getattr(options, name).append(value)
    elif name in _NUMBERS:
        setattr(options, name, number(f"-{name}", value, _NUMBERS[name]))
    elif name not in _IGNORED:
        letters.take(name, value)


def _locations(options: CopyOptions, words: Sequence[str]) -> None:
    if len(words) < _LEAST:
        problem = "name at least one source, and a target"
        raise WrongUse(problem)
    *sources, destination = map(parse_location, words)
    options.sources, options.destination = tuple(sources), destination


def _check_between_hosts(options: CopyOptions) -> None:
    if not all(each.host for each in (*options.sources, options.destination)):
        return
    for attribute in _NOT_BETWEEN_HOSTS:
        if getattr(options, attribute):
            problem = f"--{attribute} is for copies between this machine and a host"
            raise UsageError(problem)


def _check_sync(options: CopyOptions) -> None:
    if not options.sync:
        for attribute, option in _OF_SYNC.items():
            if getattr(options, attribute):
                problem = f"option {option} is for --sync"
                raise WrongUse(problem)
        return
    both = (*options.sources, options.destination)
    if len(both) != _LEAST or sum(each.host is None for each in both) != 1:
        problem = "--sync makes one directory like another: one is here, one on a host"
        raise UsageError(problem)
    if options.follow_links or options.in_place:
        problem = "--sync leaves links out and replaces files: no --follow-links, no --in-place"
        raise UsageError(problem)
