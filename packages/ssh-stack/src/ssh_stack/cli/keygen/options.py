"""The command line of keygen: one letter chooses what is done, the others say with what."""

from __future__ import annotations

import getopt
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from ssh_stack.cli.command_exit import CommandExit
from ssh_stack.local.user import expand_home
from ssh_wire import UsageError, lazy_attrs

__all__ = ["MISUSED", "MODES", "Options", "parse_options"]

_LETTERS: Final = "ABHKLQUceghiklpquvyC:D:E:F:I:M:N:O:P:R:V:Y:Z:a:b:f:m:n:r:s:t:w:z:"
MISUSED: Final = 1
"""The exit status of ssh-keygen for a command line that it cannot read."""

MODES: Final = {
    # what is done: the module of this package that does it, and its function there
    "create": ("create", "create"),
    "A": ("create", "create_host_keys"),
    "K": ("create", "fetch_keys"),
    "p": ("create", "change_passphrase"),
    "c": ("create", "change_comment"),
    "l": ("show", "show_fingerprints"),
    "B": ("show", "show_bubblebabble"),
    "y": ("show", "show_public"),
    "e": ("show", "export"),
    "i": ("show", "import_"),
    "r": ("show", "show_records"),
    "F": ("hosts", "find"),
    "H": ("hosts", "hash_names"),
    "R": ("hosts", "remove"),
    "s": ("certify", "certify"),
    "D": ("tokens", "show_keys"),
    "L": ("inspect", "show_certificates"),
    "M": ("moduli", "moduli"),
    "k": ("revoke", "make"),
    "Q": ("revoke", "query"),
    "Y": ("sign", "signature"),
}

_WITH_JSON: Final = frozenset({"l"})
_ORDER: Final = "MKYkQFRrsDAHLpcyeilB"
"""Which letter decides where several could: -F with -l and -H, -k with -s, -Q with -l."""


@lazy_attrs.frozen(kw_only=True)
class Options:
    """What the command line asks for.

    Attributes:
        mode: what is done, a key of `MODES`.
        files: the words behind the options.
        values: the options that have a value, by letter; the last one of each.
        flags: the letters without one, as often as they were given.
        extra: the values of -O, in order.
    """

    mode: str
    files: tuple[str, ...]
    values: dict[str, str]
    flags: tuple[str, ...]
    extra: tuple[str, ...]

    @property
    def quiet(self) -> bool:
        """-q."""
        return "q" in self.flags

    @property
    def file(self) -> Path | None:
        """-f, with the home directory in place of `~`."""
        return expand_home(self.values["f"]) if "f" in self.values else None

    def get(self, letter: str) -> str | None:
        """Return the value of an option, or None where it was not given."""
        return self.values.get(letter)

    def has(self, letter: str) -> bool:
        """Return whether a flag was given."""
        return letter in self.flags

    def need(self, letter: str, what: str) -> str:
        """Return the value of an option that this mode cannot do without.

        Raises:
            UsageError: it was not given.
        """
        value = self.values.get(letter)
        if not value:
            problem = f"-{letter} is missing: {what}"
            raise UsageError(problem)
        return value

    def number(self, letter: str, default: int | None = None) -> int | None:
        """Return the value of an option that is a number.

        Raises:
            UsageError: it is not valid.
        """
        text = self.values.get(letter)
        if text is None:
            return default
        if not (text.isascii() and text.isdigit()):
            problem = f"-{letter} takes a number, not {text!r}"
            raise UsageError(problem)
        return int(text)

    def one_file(self) -> Path:
        """Return the file of -f, or the only word.

        Raises:
            UsageError: there is none, or there are several.
        """
        if self.file is not None and not self.files:
            return self.file
        if self.file is None and len(self.files) == 1:
            return Path(self.files[0])
        problem = "name one file, with -f"
        raise UsageError(problem)


def parse_options(words: Sequence[str]) -> Options:
    """Read the words behind `keygen`.

    Raises:
        CommandExit: an unknown option, one without its value, or a word too many.
        UsageError: --json without -l.
    """
    try:
        pairs, rest = getopt.gnu_getopt(list(words), _LETTERS, ["json"])
    except getopt.GetoptError as error:
        raise CommandExit(str(error), MISUSED) from None
    values: dict[str, str] = {}
    flags: list[str] = []
    extra: list[str] = []
    for option, value in pairs:
        letter = option.lstrip("-")
        if letter == "O":
            extra.append(value)
        elif f"{letter}:" in _LETTERS:
            values[letter] = value
        else:
            flags.append(letter)
    mode = next((each for each in _ORDER if each in values or each in flags), "create")
    if "json" in flags and mode not in _WITH_JSON:
        problem = "--json is for -l"
        raise UsageError(problem)
    if rest and mode == "create":
        problem = f"a word too many: {rest[0]!r}"
        raise CommandExit(problem, MISUSED)
    return Options(
        mode=mode, files=tuple(rest), values=values, flags=tuple(flags), extra=tuple(extra)
    )
