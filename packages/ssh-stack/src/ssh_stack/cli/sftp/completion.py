"""Completion of what is typed: commands, and names on the server and here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from ssh_stack.cli.sftp.grammar import COMMANDS, Place
from ssh_stack.cli.sftp.patterns import Found
from ssh_stack.cli.sftp.words import Words, escape_pattern, literal, split_words
from ssh_wire import SSHError, lazy_attrs

__all__ = ["Completer", "candidates"]

_QUOTED: Final = frozenset("'\"\\\t[ #*?")

Lookup = Callable[[Place, str], list[Found]]
"""Finds what a pattern matches in one of the two places."""


@lazy_attrs.define
class Completer:
    """What readline asks for the words that may be meant.

    Attributes:
        lookup: finds names.
    """

    lookup: Lookup
    _found: list[str] = lazy_attrs.field(factory=list[str])

    def __call__(self, _text: str, state: int) -> str | None:
        """Return one of the words, or None behind the last."""
        if state == 0:
            import readline  # the caller is it

            typed = readline.get_line_buffer()[: readline.get_endidx()]
            begin = readline.get_begidx()
            try:
                self._found = candidates(typed, begin, self.lookup)
            except (SSHError, OSError):
                self._found = []  # the next command will tell
        return self._found[state] if state < len(self._found) else None


def candidates(typed: str, begin: int, lookup: Lookup) -> list[str]:
    """Return what the word may become that starts at `begin`.

    Args:
        typed: the line up to the cursor.
        begin: where the part starts that is replaced: behind the last space.
        lookup: finds names.
    """
    words = split_words(typed, sloppy=True)
    open_word = bool(typed) and (not typed[-1].isspace() or not words.complete)
    done = len(words.items) - open_word
    partial = words.items[-1] if open_word and words.items else ""
    if done <= 0:
        return [f"{name} " for name in sorted(COMMANDS) if name.startswith(partial.lower())]
    place = _place(words, done)
    if not place:
        return []
    prefix = literal(partial)
    found = lookup(place, escape_pattern(prefix) + "*")
    single = len(found) == 1
    # readline replaces what is behind the last space only
    kept = _start_of_replaced(typed, begin, open_word=open_word)
    made: list[str] = []
    for each in found:
        quoted = _quoted(each.marked, words.quote if open_word else "")
        if single and not each.is_directory:
            quoted += f"{words.quote if open_word else ''} "
        made.append(quoted[kept:])
    return made


def _place(words: Words, done: int) -> Place:
    """Return where the names of the argument are that is being typed."""
    syntax = COMMANDS.get(words.items[0].lower())
    if syntax is None:
        return ""
    arguments = [each for each in words.items[1:done] if not each.startswith("-")]
    index = len(arguments) - (syntax.base is not None)
    if index <= 0:
        return "" if index < 0 else syntax.first
    return syntax.second if index == 1 else ""


def _start_of_replaced(typed: str, begin: int, *, open_word: bool) -> int:
    """Return how much of the word is before what readline replaces, as it was typed."""
    if not open_word:
        return 0
    start = _word_start(typed)
    return max(0, begin - start)


def _word_start(typed: str) -> int:
    """Return where the last word begins, quotes and escaped spaces included."""
    quote, start, inside, at = "", 0, False, 0
    while at < len(typed):
        char = typed[at]
        if not inside and not char.isspace():
            inside, start = True, at
        if char == "\\" and inside:
            at += 1
        elif quote:
            quote = "" if char == quote else quote
        elif char in {'"', "'"}:
            quote = char
        elif char.isspace():
            inside = False
        at += 1
    return start


def _quoted(path: str, quote: str) -> str:
    """Return a path as it is typed, within a quote or with backslashes."""
    if quote:
        return quote + "".join(f"\\{char}" if char in {quote, "\\"} else char for char in path)
    return "".join(f"\\{char}" if char in _QUOTED else char for char in path)
