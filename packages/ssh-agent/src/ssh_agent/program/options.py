"""The command line of ssh-agent(1)."""

from __future__ import annotations

import getopt
from typing import TYPE_CHECKING, Final, Literal

from ssh_wire import UsageError, lazy_attrs
from ssh_wire.text import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["USAGE", "Action", "Options", "parse_options"]

USAGE: Final = """\
usage: ssh-agent [-c | -s] [-DdTU] [-a bind_address] [-E fingerprint_hash]
                 [-O option] [-P allowed_providers] [-t life]
       ssh-agent [-TU] [-a bind_address] [-E fingerprint_hash] [-O option]
                 [-P allowed_providers] [-t life] command [arg ...]
       ssh-agent [-c | -s] -k
       ssh-agent -u
       ssh-agent -V
"""

HashName = Literal["md5", "sha1", "sha256", "sha384", "sha512"]
Action = Literal["serve", "kill", "clean", "version", "help"]

_LETTERS: Final = "cDdksTuUVE:a:O:P:t:"
_HASHES: Final[dict[str, HashName]] = {
    "md5": "md5",
    "sha1": "sha1",
    "sha256": "sha256",
    "sha384": "sha384",
    "sha512": "sha512",
}
_WITHOUT_COMMAND: Final = frozenset("cksdDu")
_SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_MOST_SECONDS: Final = 2**31 - 1
_MOST_DIGITS: Final = 10


@lazy_attrs.frozen(kw_only=True)
class Options:
    """What a command line asks for.

    Attributes:
        action: what is to be done.
        syntax: whose commands are printed: "csh", "sh", or "" for that of SHELL.
        foreground: whether the process stays in the foreground (-D, -d).
        debug: whether requests and replies are printed (-d).
        path: where the socket is made (-a); "" for the default.
        in_temporary: whether that is in the folder for temporary files (-T).
        keep_stale: whether sockets that no agent has any more are left (-U).
        every_host: whether -u removes those of other hosts too (-uu).
        lifetime: seconds for which keys are kept that come without a lifetime; None for ever.
        fingerprint: the hash of fingerprints in questions (-E).
        command: a command to run, with its arguments.
    """

    action: Action = "serve"
    syntax: Literal["csh", "sh", ""] = ""
    foreground: bool = False
    debug: bool = False
    path: str = ""
    in_temporary: bool = False
    keep_stale: bool = False
    every_host: bool = False
    lifetime: int | None = None
    fingerprint: HashName = "sha256"
    command: tuple[str, ...] = ()


def parse_options(words: Sequence[str]) -> Options:
    """Read the words of a command line.

    -P and the options of -O that OpenSSH has are taken and change nothing: this agent loads no
    library for a client, and has no FIDO keys that -O could allow more for.

    Raises:
        UsageError: they are not a command line of ssh-agent.
    """
    if list(words[:1]) == ["--help"]:
        return Options(action="help")
    try:
        found, command = getopt.getopt(list(words), _LETTERS)
    except getopt.GetoptError as error:
        raise UsageError(str(error)) from None
    letters = [name[1] for name, _ in found]
    values = dict(found)
    _check_combination(letters, command)
    for option in (value for name, value in found if name == "-O"):
        _check_setting(option)
    lifetime = _seconds(values["-t"]) if "-t" in values else 0
    return Options(
        action=_action(letters),
        syntax="csh" if "c" in letters else "sh" if "s" in letters else "",
        foreground="D" in letters or "d" in letters,
        debug="d" in letters,
        path=values.get("-a", ""),
        in_temporary="T" in letters,
        keep_stale="U" in letters,
        every_host=letters.count("u") > 1,
        lifetime=lifetime or None,  # "-t 0" means for ever, as in OpenSSH
        fingerprint=_hash(values.get("-E", "sha256")),
        command=tuple(command),
    )


def _check_combination(letters: list[str], command: list[str]) -> None:
    for first, second in (("c", "s"), ("d", "D")):
        if first in letters and second in letters:
            problem = f"-{first} and -{second} exclude each other"
            raise UsageError(problem)
    if command and (found := _WITHOUT_COMMAND.intersection(letters)):
        problem = f"-{min(found)} and a command exclude each other"
        raise UsageError(problem)
    for letter in ("d", "D", "P"):
        if letters.count(letter) > 1:
            problem = f"-{letter} is given twice"
            raise UsageError(problem)


def _action(letters: list[str]) -> Action:
    if "V" in letters:
        return "version"
    if "k" in letters:
        return "kill"
    return "clean" if "u" in letters else "serve"


def _check_setting(option: str) -> None:
    known = option in {"no-restrict-websafe", "allow-remote-pkcs11"}
    if not known and not option.startswith("websafe-allow="):
        problem = f"unknown option of -O: '{printable(option, 64)}'"
        raise UsageError(problem)


def _hash(name: str) -> HashName:
    found = _HASHES.get(name.lower())
    if found is None:
        problem = (
            f"'{printable(name, 64)}' is not a hash of fingerprints; give {', '.join(_HASHES)}"
        )
        raise UsageError(problem)
    return found


def _seconds(text: str) -> int:
    """Read a time of sshd_config(5), such as 90, 10m or 1h30m."""
    total, digits, valid = 0, "", bool(text)
    for char in f"{text}s" if text[-1:].isdigit() else text:
        if char.isascii() and char.isdigit():
            digits += char
            continue
        unit = _SECONDS.get(char.lower())
        valid = valid and unit is not None and bool(digits) and len(digits) <= _MOST_DIGITS
        total += int(digits) * unit if valid and unit is not None else 0
        digits = ""
    if not valid or total > _MOST_SECONDS:
        problem = f"'{printable(text, 64)}' is not a lifetime, such as 90, 10m or 1h30m"
        raise UsageError(problem)
    return total
