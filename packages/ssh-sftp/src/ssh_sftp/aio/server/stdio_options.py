"""The options of `python -m ssh_sftp.server`: those of sftp-server(8), and `--root`."""

from __future__ import annotations

import argparse
import getopt
import logging
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, NoReturn

from ssh_sftp.server.request_names import REQUEST_NAMES, check_request_names
from ssh_wire import UsageError, lazy_attrs

__all__ = ["FACILITIES", "LEVELS", "StdioOptions", "local_user", "parse"]

_NEVER: Final = logging.CRITICAL + 10

LEVELS: Final = {
    "QUIET": _NEVER,
    "FATAL": logging.CRITICAL,
    "ERROR": logging.ERROR,
    "INFO": logging.INFO,
    "VERBOSE": logging.INFO,
    "DEBUG": logging.DEBUG,
    "DEBUG1": logging.DEBUG,
    "DEBUG2": logging.DEBUG,
    "DEBUG3": logging.DEBUG,
}
"""What `-l` may be, in upper or lower case, and the level of Python's logging for it."""

FACILITIES: Final = (
    *("DAEMON", "USER", "AUTH", "AUTHPRIV"),
    *("LOCAL0", "LOCAL1", "LOCAL2", "LOCAL3", "LOCAL4", "LOCAL5", "LOCAL6", "LOCAL7"),
)
"""What `-f` may be, in upper or lower case."""

_LETTERS: Final = "d:f:l:P:p:Q:u:cehR"
_WORDS: Final = ["root=", "help"]
_MAX_UMASK: Final = 0o777


@lazy_attrs.frozen(kw_only=True)
class StdioOptions:
    """The options of the command line.

    Attributes:
        start: the directory that relative paths start from; None for the present one.
        root: the directory outside which nothing is served, if there is one.
        read_only: refuse every change.
        umask: the umask, or None to keep the user's.
        level: the lowest level of Python's logging that is logged.
        facility: the facility of syslog, in upper case, or None.
        to_stderr: log to standard error.
        denied: the requests that are refused, by name.
        query: list the requests and end.
    """

    start: str | None = None
    root: str | None = None
    read_only: bool = False
    umask: int | None = None
    level: int = logging.ERROR
    facility: str | None = None
    to_stderr: bool = False
    denied: frozenset[str] = frozenset()
    query: bool = False


class _Parser(argparse.ArgumentParser):
    """Write to standard error only, and end with status 1, as sftp-server does.

    Standard output is the SFTP session.
    """

    def print_help(self, file: object = None) -> None:
        """Print the help to standard error."""
        del file
        super().print_help(sys.stderr)

    def error(self, message: str) -> NoReturn:
        """Print one line with the problem."""
        self.exit(1, f"{self.prog}: {message}; -h shows the options\n")

    def exit(self, status: int = 0, message: str | None = None) -> NoReturn:
        """End with status 1."""
        del status
        super().exit(1, message)


def parse(arguments: Sequence[str]) -> StdioOptions:
    """Return the options of a command line.

    Operands, and whatever follows the first of them, are ignored, as by sftp-server.  With `-c`
    (the program is a login shell) everything that follows is ignored too.

    Raises:
        SystemExit: an option is wrong, or help was asked for; standard error has the rest.
    """
    parser = _parser()
    try:
        found = parser.parse_args(_without_operands(arguments))
        denied, allowed = _names("-P", found.denied), _names("-p", found.allowed)
    except (getopt.GetoptError, UsageError) as error:
        parser.error(str(error))
    if found.allowed:
        denied |= set(REQUEST_NAMES.values()) - allowed
    return StdioOptions(
        start=found.start if found.start is None else _expand(found.start),
        root=found.root,
        read_only=found.read_only,
        umask=found.umask,
        level=LEVELS[found.level],
        facility=found.facility,
        to_stderr=found.to_stderr,
        denied=denied,
        query=found.query is not None,
    )


def _without_operands(arguments: Sequence[str]) -> list[str]:
    """Return the options before the first operand, or before `-c`."""
    options, _ = getopt.getopt(list(arguments), _LETTERS, _WORDS)
    kept: list[str] = []
    for name, value in options:
        if name == "-c":
            break
        if f"{name[1:]}:" in _LETTERS or f"{name[2:]}=" in _WORDS:
            kept.append(f"{name}={value}")
        else:
            kept.append(name)
    return kept


def _names(option: str, lists: Sequence[str]) -> frozenset[str]:
    if len(lists) > 1:
        problem = f"{option} is given twice: give all names with commas between them"
        raise UsageError(problem)
    return check_request_names(name for text in lists for name in text.split(",") if name)


def umask(text: str) -> int:
    """Return a umask that is written in octal."""
    mask = int(text, 8)
    if not 0 <= mask <= _MAX_UMASK:
        raise ValueError(text)
    return mask


def _expand(start: str) -> str:
    """Return the start directory; %d is the home directory, %u the user, %U its number."""
    words: dict[str, Callable[[], str]] = {
        "%d": _home,
        "%u": local_user,
        "%U": _number,
        "%%": "%".__str__,
    }
    start = os.path.expanduser(start)
    parts: list[str] = []
    while start:
        plain, mark, rest = start.partition("%")
        parts.append(plain)
        if mark:
            token = mark + rest[:1]
            if token not in words:
                sys.exit(f"-d: {token} is not a token; use %d, %u, %U and %%")
            parts.append(words[token]())
        start = rest[1:]
    return "".join(parts)


def _number() -> str:
    return str(os.getuid())


def _home() -> str:
    try:
        return str(Path.home())
    except RuntimeError:
        sys.exit("-d: the home directory is not known, set HOME")


def local_user() -> str:
    """Return the name of the user that the process runs as."""
    import pwd

    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return Path(_home()).name


def _parser() -> _Parser:
    parser = _Parser(
        prog="python -m ssh_sftp.server",
        description="Serve SFTP on standard input and output. Operands are ignored.",
    )
    add = parser.add_argument
    add("-R", dest="read_only", action="store_true", help="refuse every change")
    add("-d", dest="start", metavar="DIR", help="where relative paths start: %%d, %%u, %%U, ~")
    add("--root", metavar="DIR", help="serve nothing outside this directory")
    add("-e", dest="to_stderr", action="store_true", help="log to standard error, not to syslog")
    add(
        "-f",
        dest="facility",
        type=str.upper,
        choices=FACILITIES,
        metavar="FACILITY",
        help=f"log to this facility of syslog: {', '.join(FACILITIES)}",
    )
    add(
        "-l",
        dest="level",
        type=str.upper,
        choices=LEVELS,
        default="ERROR",
        metavar="LEVEL",
        help=f"what to log: {', '.join(LEVELS)}",
    )
    add("-P", dest="denied", action="append", default=[], metavar="NAMES", help="refuse these")
    add("-p", dest="allowed", action="append", default=[], metavar="NAMES", help="refuse others")
    add("-u", dest="umask", type=umask, metavar="UMASK", help="umask, octal")
    add("-Q", dest="query", type=str.lower, choices=["requests"], help="list the requests")
    return parser
