"""What is waited for in a stream, as expect(1) does: texts and regular expressions.

Nothing is read here: a search is given what has arrived, and says whether it is enough.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import AnyStr, Final, Generic, cast

from ssh_connection.errors import SSHTimeout
from ssh_wire import SSHError, UsageError, lazy_attrs
from ssh_wire.text import printable

__all__ = ["EXPECT_LIMIT", "ExpectTimeout", "Expected", "PatternNotFound", "Search"]

EXPECT_LIMIT: Final = 1024 * 1024
"""How much may arrive without a match, in bytes or characters."""

_TOLD: Final = 200  # of what came instead, in a message


@lazy_attrs.frozen
class Expected(Generic[AnyStr]):
    """What was waited for, and what came before it; both are read.

    Attributes:
        index: Which of the patterns it is, from 0.
        before: What came before it.
        text: What matched.
        match: The match of a regular expression; None for a text.
    """

    index: int
    before: AnyStr
    text: AnyStr
    match: re.Match[AnyStr] | None = None


class ExpectTimeout(SSHTimeout):
    """What was waited for did not come in time.

    Attributes:
        unread: what came instead; it is still there to be read.
    """

    def __init__(self, what: str, seconds: float, unread: bytes | str) -> None:
        self.unread = unread
        super().__init__("expect", seconds, doing=f"waiting for {what}{_instead(unread)}")


class PatternNotFound(SSHError, EOFError):
    """The stream ended before what was waited for came.

    Attributes:
        unread: what came instead; it is still there to be read.
    """

    def __init__(self, what: str, unread: bytes | str) -> None:
        self.unread = unread
        super().__init__(f"the stream ended without {what}{_instead(unread)}")


class Search(Generic[AnyStr]):
    """Looks for the first of some patterns.

    Args:
        patterns: texts, which stand for themselves, and compiled regular expressions.
        kind: the type of the stream's data.

    Raises:
        UsageError: there is no pattern, or one is empty or of another type.
    """

    def __init__(
        self, patterns: Sequence[AnyStr | re.Pattern[AnyStr]], kind: type[AnyStr]
    ) -> None:
        for each in cast("Sequence[object]", patterns):
            text = cast("re.Pattern[str]", each).pattern if isinstance(each, re.Pattern) else each
            if not isinstance(text, kind) or not text:
                expected = f"{kind.__name__} and regular expressions of it"
                problem = f"expect takes {expected}, not {each!r}"
                raise UsageError(problem)
        if not patterns:
            problem = "expect needs something to wait for"
            raise UsageError(problem)
        self._patterns: tuple[AnyStr | re.Pattern[AnyStr], ...] = tuple(patterns)
        self._searched = 0

    @property
    def what(self) -> str:
        """What is looked for, for messages."""
        texts = (p.pattern if isinstance(p, re.Pattern) else p for p in self._patterns)
        return printable(" or ".join(repr(text) for text in texts), 1024)

    def find(self, data: AnyStr) -> Expected[AnyStr] | None:
        """Return the match that begins first; of several, that of the first pattern.

        Args:
            data: everything that has arrived and is not read, from the same beginning each time.
        """
        best: Expected[AnyStr] | None = None
        for index, pattern in enumerate(self._patterns):
            match = None
            if isinstance(pattern, re.Pattern):
                match = pattern.search(data)
                start, end = match.span() if match else (-1, -1)
            else:
                start, end = self._find_text(data, pattern)
            if start >= 0 and (best is None or start < len(best.before)):
                best = Expected(index, data[:start], data[start:end], match)
        self._searched = len(data)
        return best

    def _find_text(self, data: AnyStr, text: AnyStr) -> tuple[int, int]:
        start = data.find(text, max(0, self._searched - len(text) + 1))
        return start, start + len(text)


def _instead(unread: bytes | str) -> str:
    if not unread:
        return "; nothing came"
    end = printable(unread[-_TOLD:], _TOLD * 4)
    return f"; what came ends with {end!r}" if len(unread) > _TOLD else f"; what came is {end!r}"
