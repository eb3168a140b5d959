"""A line of sftp cut into words, with its quotes and patterns (sftp(1), INTERACTIVE COMMANDS).

"Quoting and escaping rules of sh(1)", with a twist: what is quoted keeps a backslash before a
character of a pattern, for the pattern is matched later.
"""

from __future__ import annotations

from typing import Final

from ssh_wire import UsageError, lazy_attrs

__all__ = ["Words", "escape_pattern", "literal", "split_words"]

_MOST_WORDS: Final = 128
_MOST_BYTES: Final = 8192
_MAGIC: Final = frozenset("?[*")
_ESCAPABLE: Final = _MAGIC | {"\\"}
_SPACES: Final = frozenset(" \t\n\r\v\f")


@lazy_attrs.frozen
class Words:
    """The words of a line.

    Attributes:
        items: the words, without their quotes.
        quote: the quote that the last word began with; "" for none.
        complete: False where the last quote has no end.
    """

    items: tuple[str, ...]
    quote: str = ""
    complete: bool = True


def split_words(line: str, *, sloppy: bool = False) -> Words:
    """Cut a line into words, up to a comment.

    Args:
        line: the line.
        sloppy: accept a quote without an end, as in a line that is being typed.

    Raises:
        UsageError: a quote has no end, or the line is too long.
    """
    if len(line.encode("utf-8", "surrogateescape")) >= _MOST_BYTES:
        problem = "string too long"
        raise UsageError(problem)
    reader = _Reader(line)
    complete = reader.read()
    if not complete and not sloppy:
        problem = "Unterminated quoted argument"
        raise UsageError(problem)
    if len(reader.words) > _MOST_WORDS:
        problem = "Too many arguments."
        raise UsageError(problem)
    return Words(tuple(reader.words), reader.first_quote, complete)


class _Reader:
    """Reads one line, a character at a time, as makeargv of sftp.c does."""

    def __init__(self, line: str) -> None:
        self._line = line
        self._at = 0
        self._word: list[str] | None = None  # None between two words
        self._quote = ""
        self.words: list[str] = []
        self.first_quote = ""

    def read(self) -> bool:
        """Read all of it; return whether every quote has its end."""
        complete = True
        while self._at < len(self._line):
            char = self._line[self._at]
            if char == "#" and not self._quote:
                break
            if not self._take(char):
                complete = False
            self._at += 1
        if self._word is not None:
            self._end_word()
        return complete and not self._quote

    def _take(self, char: str) -> bool:
        """Take a character; return False if a backslash has nothing behind it."""
        if char == "\\":
            return self._backslash()
        if char in _SPACES and not self._quote:
            if self._word is not None:
                self._end_word()
        elif char in {'"', "'"} and self._quote in {"", char}:
            if self._word is None:
                self._begin_word(char)
            self._quote = "" if self._quote else char
        else:
            if self._quote and char in _MAGIC:
                self._add("\\")
            self._add(char)
        return True

    def _backslash(self) -> bool:
        following = self._line[self._at + 1 : self._at + 2]
        if self._quote:
            if following == self._quote:
                self._add(following)
            elif following in _MAGIC and following:
                self._add("\\\\\\" + following)
            else:
                self._add("\\" + following)
        elif not following:
            if self._word is None:
                self._begin_word("")
            return False
        else:
            self._add("\\" + following if following in _ESCAPABLE else following)
        self._at += 1
        return True

    def _begin_word(self, quote: str) -> None:
        self._word = []
        self.first_quote = quote

    def _add(self, text: str) -> None:
        if self._word is None:
            self._begin_word("")
        if self._word is not None:
            self._word.append(text)

    def _end_word(self) -> None:
        self.words.append("".join(self._word or ()))
        self._word = None


def literal(word: str) -> str:
    """Return a word that is not a pattern, without the backslashes of one."""
    made: list[str] = []
    at = 0
    while at < len(word):
        if word[at] == "\\" and word[at + 1 : at + 2] in _ESCAPABLE and at + 1 < len(word):
            at += 1
        made.append(word[at])
        at += 1
    return "".join(made)


def escape_pattern(path: str) -> str:
    """Return a pattern that matches a path alone."""
    return "".join(f"\\{char}" if char in "[]?*\\" else char for char in path)
