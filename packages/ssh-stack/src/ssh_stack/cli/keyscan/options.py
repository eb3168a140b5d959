"""The command line of ssh-keyscan(1)."""

from __future__ import annotations

import getopt
import re
import socket
from collections.abc import Mapping, Sequence
from typing import Final

from ssh_wire import UsageError, lazy_attrs
from ssh_wire.numbers import MAX_PORT

__all__ = ["KINDS", "Options", "parse_options"]

_LETTERS: Final = "cDHqv46O:p:T:t:f:"
_HASHES: Final = {"sha1": 1, "sha256": 2}
_UNITS: Final = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_MOST_SECONDS: Final = 2**31 - 1
_MOST_VERBOSE: Final = 3

KINDS: Final[Mapping[str, tuple[str, ...]]] = {
    "rsa": ("rsa-sha2-512", "rsa-sha2-256", "ssh-rsa"),
    "ecdsa": ("ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521"),
    "ed25519": ("ssh-ed25519",),
    "ecdsa-sk": ("sk-ecdsa-sha2-nistp256@openssh.com",),
    "ed25519-sk": ("sk-ssh-ed25519@openssh.com",),
    "mldsa44-ed25519": ("ssh-mldsa44-ed25519@openssh.com",),
}
"""The kinds of key that are asked for, each with the signature algorithms that ask for it."""
_FULL_NAMES: Final = {
    name: kind
    for kind, names in KINDS.items()
    for name in names
    if not name.startswith("rsa-")  # an algorithm, and no kind of key
}


@lazy_attrs.define(kw_only=True)
class Options:
    """What the command line asks for."""

    names: tuple[str, ...] = ()
    """The hosts behind the letters."""
    files: list[str] = lazy_attrs.field(factory=list[str])
    """-f: files with hosts, "-" for standard input."""
    kinds: tuple[str, ...] = tuple(KINDS)
    """-t."""
    port: int = 22
    """-p."""
    timeout: float = 5.0
    """-T, in seconds."""
    family: socket.AddressFamily = socket.AF_UNSPEC
    """-4 and -6."""
    certificates: bool = False
    """-c."""
    records: bool = False
    """-D."""
    hash: int | None = None
    """-O hashalg=: the number of the hash of SSHFP records; None for all."""
    hashed: bool = False
    """-H."""
    quiet: bool = False
    """-q: without comments."""
    json: bool = False
    """--json."""
    verbose: int = 0
    """-v."""
    help: bool = False
    """--help."""


def parse_options(words: Sequence[str]) -> Options:
    """Read the words behind `keyscan`.

    Raises:
        UsageError: an unknown option, a wrong value, or no host.
    """
    options = Options()
    try:
        pairs, rest = getopt.getopt(list(words), _LETTERS, ["json", "help"])
    except getopt.GetoptError as error:
        raise UsageError(str(error)) from None
    for option, value in pairs:
        if option in _FLAGS:
            name, wanted = _FLAGS[option]
            setattr(options, name, wanted)
        else:
            _take(options, option, value)
    options.names = tuple(rest)
    if not (rest or options.files or options.help):
        problem = "no host is given"
        raise UsageError(problem)
    return options


_FLAGS: Final[Mapping[str, tuple[str, object]]] = {
    "-c": ("certificates", True),
    "-D": ("records", True),
    "-H": ("hashed", True),
    "-q": ("quiet", True),
    "-4": ("family", socket.AF_INET),
    "-6": ("family", socket.AF_INET6),
    "--json": ("json", True),
    "--help": ("help", True),
}


def _take(options: Options, option: str, value: str) -> None:
    match option:
        case "-v":
            options.verbose = min(options.verbose + 1, _MOST_VERBOSE)
        case "-f":
            options.files.append(value)
        case "-p":
            options.port = _port(value)
        case "-T":
            options.timeout = _seconds(value)
        case "-t":
            options.kinds = _kinds(value)
        case _:
            options.hash = _hash(value)


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 0 < int(text) <= MAX_PORT):
        problem = f"bad port {text!r}"
        raise UsageError(problem)
    return int(text)


def _seconds(text: str) -> int:
    parts = re.findall(r"([0-9]+)([smhdw]?)", text.lower(), re.ASCII)
    total = sum(int(number) * _UNITS[unit] for number, unit in parts)
    whole = "".join(number + unit for number, unit in parts) == text.lower()
    if not (whole and 0 < total <= _MOST_SECONDS):
        problem = f"bad timeout {text!r}: give seconds, or such as 1m30s"
        raise UsageError(problem)
    return total


def _kinds(text: str) -> tuple[str, ...]:
    """Return the kinds in the order in which they are always asked for."""
    wanted = {_FULL_NAMES.get(each.lower(), each.lower()) for each in text.split(",") if each}
    unknown = sorted(wanted - set(KINDS))
    if unknown or not wanted:
        found = unknown[0] if unknown else ""
        problem = f"no key type {found!r}; choose among {', '.join(KINDS)}"
        raise UsageError(problem)
    return tuple(kind for kind in KINDS if kind in wanted)


def _hash(text: str) -> int:
    name, _, value = text.partition("=")
    if name != "hashalg":
        problem = f"option -O takes hashalg=sha1 or hashalg=sha256, not {text!r}"
        raise UsageError(problem)
    if value.lower() not in _HASHES:
        problem = f"SSHFP records have no hash {value!r}; choose sha1 or sha256"
        raise UsageError(problem)
    return _HASHES[value.lower()]
