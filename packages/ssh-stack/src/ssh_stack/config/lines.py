"""One line of a configuration file: a keyword and its arguments, read as OpenSSH reads it."""

from __future__ import annotations

from typing import Final

from ssh_stack.usage_errors import ConfigError
from ssh_wire import UsageError, lazy_attrs

__all__ = ["Line", "parse_line", "quoted", "split_arguments"]

_BLANK: Final = " \t\r\n"
_LINE_END: Final = _BLANK + "\f"  # "allow \f (form feed) at EOL only"


@lazy_attrs.frozen
class Line:
    """A keyword with its arguments, and where it is written."""

    keyword: str
    """The keyword in lower case."""
    spelling: str
    """The keyword as it was written."""
    arguments: tuple[str, ...]
    """Its arguments, quotes removed."""
    rest: str
    """Everything behind the keyword, as it was written."""
    source: str
    """The file, or "option"."""
    number: int
    """The line in the file, from 1; 0 for an option."""

    @property
    def place(self) -> str:
        """Where the line is written, for messages."""
        return f"{self.source}, line {self.number}" if self.number else self.source

    def error(self, problem: str) -> ConfigError:
        """Return the error that names this line."""
        return ConfigError(f"{_visible(self.spelling)} {problem}", self.source, self.number)


def parse_line(text: str, source: str, number: int) -> Line | None:
    """Parse one line; return None for a blank line or a comment.

    OpenSSH ignores a line whose keyword has a quote that is not closed, or that begins with
    two signs of equality: such a line is an error here, since the block that it could begin
    would otherwise be for other hosts.

    Raises:
        ConfigError: a keyword without arguments, or a quote that is not closed.
    """
    text = text.rstrip(_LINE_END).lstrip(_BLANK)
    if text.startswith("="):  # OpenSSH takes one before the keyword
        text = text[1:].lstrip(_BLANK)
    if not text or text.startswith("#"):
        return None
    if "\0" in text:
        problem = "the line has a NUL byte: it is not text, or not in UTF-8"
        raise ConfigError(problem, source, number)
    spelling, rest = _keyword(text, source, number)
    if not rest:
        problem = f"{_visible(spelling)} has no argument"
        raise ConfigError(problem, source, number)
    arguments = split_arguments(rest, source, number)
    # other characters have a lower case in ASCII too: the Kelvin sign is no "k"
    keyword = spelling.lower() if spelling.isascii() else spelling
    return Line(keyword, spelling, tuple(arguments), rest, source, number)


def _keyword(text: str, source: str, number: int) -> tuple[str, str]:
    """Cut the keyword off: at a blank, one "=", or the end of a quoted part."""
    size = next((i for i, char in enumerate(text) if char in _BLANK + '="'), len(text))
    spelling, rest = text[:size], text[size:]
    if rest.startswith('"'):
        quoted, closing, rest = rest[1:].partition('"')
        if not closing:
            problem = "the keyword has a quote that is not closed"
            raise ConfigError(problem, source, number)
        return spelling + quoted, rest.lstrip(_BLANK)
    if not spelling:
        problem = "the line begins with two signs of equality"
        raise ConfigError(problem, source, number)
    rest = rest.lstrip(_BLANK)
    if rest.startswith("="):  # "configuration options may be separated by ... one '='"
        rest = rest[1:].lstrip(_BLANK)
    return spelling, rest


def _visible(spelling: str) -> str:
    """Return a keyword for a message; what cannot be seen in it is written as an escape."""
    return spelling if spelling.isascii() and spelling.isprintable() else ascii(spelling)


def split_arguments(
    text: str, source: str, number: int = 0, *, comments: bool = True
) -> list[str]:
    """Split into arguments at blanks; quotes keep blanks.

    Args:
        text: the text.
        source: where it is written, for messages.
        number: its line there.
        comments: whether a bare # begins a comment.

    Raises:
        ConfigError: a quote is not closed.
    """
    arguments: list[str] = []
    pos = 0
    while pos < len(text):
        if text[pos] in " \t":
            pos += 1
        elif comments and text[pos] == "#":
            break
        else:
            argument, pos = _argument(text, pos, source, number)
            arguments.append(argument)
    return arguments


def _argument(text: str, pos: int, source: str, number: int) -> tuple[str, int]:
    chars: list[str] = []
    quote = ""
    while pos < len(text):
        char = text[pos]
        if char == "\\" and text[pos + 1 : pos + 2] in {'"', "'", "\\", " " if not quote else '"'}:
            chars.append(text[pos + 1])
            pos += 2
            continue
        if quote:
            if char == quote:
                quote = ""
            else:
                chars.append(char)
        elif char in "\"'":
            quote = char
        elif char in " \t":
            break
        else:
            chars.append(char)
        pos += 1
    if quote:
        problem = f"a quote is not closed: {text}"
        raise ConfigError(problem, source, number)
    return "".join(chars), pos


def quoted(value: str) -> str:
    """Return an argument for a configuration line, whatever is in it.

    Raises:
        UsageError: it has a line end.
    """
    if "\n" in value or "\0" in value:
        problem = f"{value!r} cannot be an argument"
        raise UsageError(problem)
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
