r"""Decode the text of a file as it arrives, find lines, translate line ends.

The rules are those of the built-in `open`: `newline=None` accepts every line end and returns "\n",
"" accepts every line end and keeps it, and any other value is the only line end.  Text is written
with "\n" if `newline` is None: the server's own line end is not known.
"""

from __future__ import annotations

import codecs
import io
from typing import Final, Protocol, TypeAlias

from ssh_wire import UsageError

__all__ = ["Newline", "TextReading", "TextWriting", "check_text", "is_text"]

Newline: TypeAlias = str | None
"""None, "", "\\n", "\\r" or "\\r\\n"."""

_NEWLINES: Final = (None, "", "\n", "\r", "\r\n")
_OFFSET_BITS: Final = 64
_OFFSETS: Final = (1 << _OFFSET_BITS) - 1
_Position: TypeAlias = tuple[bytes, int]


def check_text(encoding: str, errors: str, newline: Newline) -> None:
    """Check the arguments of a text file.

    Raises:
        UsageError: the encoding, error handler or line end does not exist.
    """
    try:
        codecs.lookup(encoding)
        codecs.lookup_error(errors)
    except LookupError as error:
        raise UsageError(str(error)) from None
    if newline not in _NEWLINES:
        problem = rf'newline is None, "", "\n", "\r" or "\r\n", and not {newline!r}'
        raise UsageError(problem)


def is_text(value: object) -> bool:
    """Return whether a value is text; callers without a type checker pass anything."""
    return isinstance(value, str)


class _Decoder(Protocol):
    def decode(self, data: bytes, /, final: bool = ...) -> str: ...  # noqa: FBT001 (codecs has it)
    def reset(self) -> None: ...
    def getstate(self) -> _Position: ...
    def setstate(self, state: _Position, /) -> None: ...


class TextReading:
    """Hold text that has been decoded and not been returned yet.

    Attributes:
        ended: whether the end of the file has been fed.
    """

    def __init__(self, encoding: str, errors: str, newline: Newline) -> None:
        made: codecs.IncrementalDecoder = codecs.getincrementaldecoder(encoding)(errors)
        self._decoder: _Decoder = made
        self._universal = not newline
        if self._universal:
            self._decoder = io.IncrementalNewlineDecoder(made, translate=newline is None)
        self._end = "\n" if newline is None else newline
        self.start(0)

    def start(self, position: int) -> int:
        """Discard decoded text; return the offset from which to feed bytes next.

        Args:
            position: 0, or what `position` returned.
        """
        if position:
            self._decoder.setstate((b"", position >> _OFFSET_BITS))
        else:
            self._decoder.reset()
        self.ended: bool = False
        self._text = ""
        self._at = 0
        # the last bytes that were fed, their offset, and the decoder's state before them
        self._fed = b""
        self._offset = position & _OFFSETS
        self._state = self._decoder.getstate()
        self._base = 0  # the index of their text in `_text`
        return self._offset

    def feed(self, data: bytes) -> None:
        """Feed the next bytes; b"" at the end of the file.

        Raises:
            UnicodeDecodeError: they are not valid in the encoding, and the handler is "strict".
        """
        left = self._text[self._at :]
        self._offset += len(self._fed)
        self._fed = data
        self._state = self._decoder.getstate()
        self._text = left + self._decoder.decode(data, final=not data)
        self._base = len(left)
        self._at = 0
        self.ended = not data

    def take(self, size: int) -> str | None:
        """Return `size` characters, fewer at the end; None if more bytes are needed."""
        if len(self._text) - self._at < size and not self.ended:
            return None
        return self._taken(min(self._at + size, len(self._text)))

    def take_all(self) -> str:
        """Return all decoded text."""
        return self._taken(len(self._text))

    def line(self, limit: int = -1) -> str | None:
        """Return the next line with its end, or `limit` characters of it; None as in `take`."""
        stop = self._line_end()
        if limit >= 0 and (stop is None or stop > self._at + limit):
            return self.take(limit)
        if stop is None:
            return self.take_all() if self.ended else None
        return self._taken(stop)

    def position(self) -> int:
        """Return a number for the position of the next character.

        It is the offset in the file, and for some encodings the decoder's state besides.

        Raises:
            UsageError: the position is not known, as after a cancelled read.
        """
        if self._at < self._base:
            problem = "a read was cancelled here: seek before asking for the position"
            raise UsageError(problem)
        (pending, flags), offset = self._state_after(self._at - self._base)
        offset -= len(pending)
        return offset | flags << _OFFSET_BITS if offset else 0

    # ------------------------------------------------------------------ inside

    def _taken(self, stop: int) -> str:
        text = self._text[self._at : stop]
        self._at = stop
        return text

    def _line_end(self) -> int | None:
        if self._end:
            found = self._text.find(self._end, self._at)
            return None if found < 0 else found + len(self._end)
        feed, back = self._text.find("\n", self._at), self._text.find("\r", self._at)
        if back >= 0 and (feed < 0 or back < feed):
            return back + 2 if self._text.startswith("\r\n", back) else back + 1
        return None if feed < 0 else feed + 1

    def _state_after(self, count: int) -> tuple[_Position, int]:
        """Decode again from a known state, up to so many characters."""
        kept = self._decoder.getstate()
        try:
            self._decoder.setstate(self._state)
            state, offset = self._state, self._offset
            for byte in self._fed:
                if count == 0:
                    break
                found = len(self._decoder.decode(bytes((byte,))))
                if found > count:
                    return self._between(state, found - count), offset
                state = self._decoder.getstate()
                count -= found
                offset += 1
            if count and self._at == len(self._text):  # the rest came from the end of the file
                return kept, offset
            return (state, offset) if count == 0 else (self._between(state, count), offset)
        finally:
            self._decoder.setstate(kept)

    def _between(self, state: _Position, too_many: int) -> _Position:
        """Return the state after a lone carriage return, whose byte also ends a line."""
        pending, flags = state
        if self._universal and flags & 1 and too_many == 1:
            return pending, flags & ~1
        problem = "the position is inside of what can only be decoded as a whole"
        raise UsageError(problem)


class TextWriting:
    """Encode text."""

    def __init__(self, encoding: str, errors: str, newline: Newline) -> None:
        self._encoder = codecs.getincrementalencoder(encoding)(errors)
        self._end = newline if newline in {"\r", "\r\n"} else None

    @property
    def marks_start(self) -> bool:
        """Return whether a byte-order mark is written with the next text."""
        return self._encoder.getstate() != 0

    def continues(self) -> None:
        """Write no byte-order mark: text precedes."""
        self._encoder.setstate(0)

    def encode(self, text: str) -> bytes:
        """Return the bytes of the text.

        Raises:
            UnicodeEncodeError: the encoding lacks a character, and the handler is "strict".
        """
        return self._encoder.encode(text.replace("\n", self._end) if self._end else text)
