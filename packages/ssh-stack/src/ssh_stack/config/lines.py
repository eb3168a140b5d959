"""One line of a configuration file: a keyword and its arguments."""

from __future__ import annotations

import attrs

from ssh_stack.errors import ConfigError

__all__ = ["Line", "parse_line"]


@attrs.frozen
class Line:
    """A keyword with its arguments, and where it stands."""

    keyword: str
    """The keyword in lower case."""
    spelling: str
    """The keyword as it was written."""
    arguments: tuple[str, ...]
    """Its arguments, quotes removed."""
    rest: str
    """Everything behind the keyword, as it was written."""
    source: str
    """The file, or where the line came from."""
    number: int
    """The line in the file, from 1."""

    def error(self, problem: str) -> ConfigError:
        """Return the error that names this line."""
        return ConfigError(f"{self.spelling} {problem}", self.source, self.number)


def parse_line(text: str, source: str, number: int) -> Line | None:
    """Parse one line; return None for a blank line or a comment.

    Raises:
        ConfigError: a keyword without arguments, or a quote that is not closed.
    """
    text = text.strip(" \t\r\n\f")
    if not text or text.startswith("#"):
        return None
    size = next((i for i, char in enumerate(text) if char in " \t="), len(text))
    spelling, rest = text[:size], text[size:].lstrip(" \t")
    if rest.startswith("="):  # "configuration options may be separated by ... one '='"
        rest = rest[1:].lstrip(" \t")
    arguments = _split(rest, source, number)
    if not arguments:
        problem = f"{spelling} has no argument"
        raise ConfigError(problem, source, number)
    return Line(spelling.lower(), spelling, tuple(arguments), rest, source, number)


def _split(text: str, source: str, number: int) -> list[str]:
    """Split into arguments at blanks; quotes keep blanks, a bare # begins a comment."""
    arguments: list[str] = []
    pos = 0
    while pos < len(text):
        if text[pos] in " \t":
            pos += 1
        elif text[pos] == "#":
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
