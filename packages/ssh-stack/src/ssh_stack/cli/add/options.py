"""The command line of ssh-add(1)."""

from __future__ import annotations

import getopt
import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final, Literal, cast

from ssh_stack.cli.command_exit import CommandExit
from ssh_stack.config.values import parse_duration
from ssh_wire import UsageError, lazy_attrs

if TYPE_CHECKING:
    from ssh_keys.randomart import HashName

__all__ = ["InvalidLifetime", "Options", "parse_options"]

_LETTERS: Final = "vkKlLNCcdDTxXE:e:h:H:M:m:Qqs:S:t:"
_HASHES: Final = ("sha256", "md5")
_ACTIONS: Final[Mapping[str, str]] = {
    # the letters that leave no room for another of them
    "l": "list",
    "L": "list",
    "x": "lock",
    "X": "unlock",
    "D": "remove_all",
    "Q": "query",
}
_PROVIDER: Final = "internal"
"""The provider of FIDO tokens of most agents; without it such keys need -S."""


class InvalidLifetime(UsageError):
    """The value of -t is not a time."""


@lazy_attrs.frozen(kw_only=True)
class Options:
    """What the command line asks for.

    Attributes:
        action: what is done.
        files: the words behind the options.
        flags: the letters without a value.
        hash: -E.
        lifetime: -t, in seconds; None for ever.
        destinations: the values of -h.
        host_key_files: the values of -H.
        token: the value of -s or -e.
        provider: -S, SSH_SK_PROVIDER, or the agent's own.
        help: --help.
    """

    action: str
    files: tuple[str, ...]
    flags: frozenset[str]
    hash: HashName = "sha256"
    lifetime: int | None = None
    destinations: tuple[str, ...] = ()
    host_key_files: tuple[str, ...] = ()
    token: str = ""
    provider: str = _PROVIDER
    help: bool = False

    def has(self, letter: str) -> bool:
        """Return whether a flag was given."""
        return letter in self.flags

    @property
    def plain_keys(self) -> bool:
        """Whether plain keys are added or removed: not with -C."""
        return "C" not in self.flags

    @property
    def certificates(self) -> bool:
        """Whether certificates are added or removed: not with -k."""
        return "k" not in self.flags


def parse_options(words: Sequence[str], environ: Mapping[str, str] = os.environ) -> Options:
    """Read the words behind `add`.

    Raises:
        UsageError: an unknown option, or one without its value.
        InvalidLifetime: the value of -t is not a time.
        CommandExit: two actions at once, or a hash that does not exist.
    """
    try:
        pairs, rest = getopt.gnu_getopt(list(words), _LETTERS, ["help"])
    except getopt.GetoptError as error:
        raise UsageError(str(error)) from None
    given: dict[str, list[str]] = {}
    for option, value in pairs:
        letter = option.lstrip("-")
        if letter in given and letter in "lLxX":
            problem = f"-{letter} flag already specified"
            raise CommandExit(problem)
        given.setdefault(letter, []).append(value)
    last = {letter: values[-1] for letter, values in given.items()}
    return Options(
        action=_action(given),
        files=tuple(rest),
        flags=frozenset(given),
        hash=_hash(last.get("E", "sha256")),
        lifetime=_lifetime(last.get("t", "0")),
        destinations=tuple(given.get("h", ())),
        host_key_files=tuple(given.get("H", ())),
        token=last.get("s") or last.get("e") or "",
        provider=last.get("S") or environ.get("SSH_SK_PROVIDER") or _PROVIDER,
        help="help" in given,
    )


def _action(given: Mapping[str, Sequence[str]]) -> str:
    for pair in ("lL", "xX"):
        if set(pair) <= given.keys():
            first = next(letter for letter in given if letter in pair)
            problem = f"-{first} flag already specified"
            raise CommandExit(problem)
    actions = [action for letter, action in _ACTIONS.items() if letter in given]
    if len(actions) > 1:
        problem = "Invalid combination of actions"
        raise CommandExit(problem)
    if actions:
        return actions[0]
    if "T" in given:
        return "test"
    removing = "d" in given or "e" in given
    if "s" in given or "e" in given:
        return "remove_token" if removing else "add_token"
    if "K" in given:
        problem = (
            "Unable to load resident keys: FIDO tokens are not read here; use OpenSSH's ssh-add"
        )
        raise CommandExit(problem)
    return "remove" if removing else "add"


def _hash(name: str) -> Literal["sha256", "md5"]:
    if name.lower() not in _HASHES:
        problem = f'Invalid hash algorithm "{name}"'
        raise CommandExit(problem)
    return cast("Literal['sha256', 'md5']", name.lower())


def _lifetime(text: str) -> int | None:
    seconds = parse_duration(text)
    if seconds is None:
        raise InvalidLifetime(text)
    return seconds or None  # "0" is ssh-add's word for ever
