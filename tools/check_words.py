"""Keep to the words of the field: refuse names and phrases that a reader would have to translate.

    python tools/check_words.py [PATH...]

Names are looked at in Python sources alone; phrases in comments, docstrings, string literals
and pages.  The name of a test has a subject and begins with it, not with an article.
CHANGELOG.md may name what a thing was called before.
"""

from __future__ import annotations

import ast
import io
import re
import subprocess
import sys
import tokenize
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT: Final = Path(__file__).parents[1]
EXEMPT: Final = re.compile(
    r"CHANGELOG\.md$|tools/check_words\.py$|tests/lint/|/samples/|/recordings/|LICENSE"
)

NAMES: Final = {
    "anew": "again",
    "arithmetic": "computation",
    "hear": "receive",
    "heard": "received",
    "hears": "receives",
    "inflow": "receive_window",
    "invalidity": "validation_error",
    "landing": "target",
    "maced": "encrypt_and_mac or etm",
    "nobody": "what is meant: no handler, no user",
    "outflow": "send_window",
    "person": "user or prompter",
    "said": "sent, received or printed",
    "stands": "is",
    "tally": "counter",
    "who": "user",
    "window_opened": "window_opened",
}
"""Parts of identifiers, and what the field says instead."""

WHOLE_NAMES: Final = {
    "art": "randomart",
    "half": "the name of the part",
    "shown": "escaped, printed or presented",
}
"""Identifiers, without underscores around them."""

PHRASES: Final = {
    r"(?<!there )\bis none\b": "is not a ...",
    r"(?<!here )(?<!here\n)\bis no (?!longer\b|more\b|less\b|other\b|one\b)\w+": "is not a ...",
    r"\banew\b": "again",
    r"\bsafe to show\b": "escaped",
    r"\b(?:is|are|be|was|were|been) let in\b": "is authenticated",
    r"\blets? (?:\w+ ){0,3}in\b": "authenticates",
    r"\b[Nn]obody\b(?![\"'`:@])": "no user, no client, nothing",
    r"\bsaid\b": "sent, reported",
    r"\b(?:hears?|heard)\b": "receives",
    r"(?<![\w*/])stands?\b(?! for\b| in for\b| out\b|alone\b)": "is",
    r"\bstrangers?\b": "unauthenticated clients",
    r"\bat the door\b": "before authentication",
    r"\bwish(?:es)? for\b": "request",
}
"""Phrases of prose, as regular expressions, and what plain technical English has instead."""

_PHRASE: Final = re.compile("|".join(f"(?P<p{n}>{each})" for n, each in enumerate(PHRASES)))
_INSTEAD: Final = list(PHRASES.values())
_ARTICLE: Final = re.compile(r"test_(?:[a-z]\d+_)?(?:an?|the)_")
"""The beginning of a test's name, where a row's identifier may come first."""
_PART: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_USER: Final = re.compile(r"[\"'`]?nobody[\"'`@:]")  # the account of that name


class Finding(NamedTuple):
    """A refused word and where it is."""

    path: Path
    line: int
    word: str
    instead: str


def main(arguments: list[str]) -> int:
    """Print what is refused; return 1 if anything is."""
    findings = [finding for path in _files(arguments) for finding in check(path)]
    for path, line, word, instead in findings:
        print(f"{path}:{line}: {' '.join(word.split())!r}: write {instead}")
    return int(bool(findings))


def check(path: Path) -> list[Finding]:
    """Return what is refused in one file, by line."""
    text = (ROOT / path).read_text(encoding="utf-8")
    source = path.suffix == ".py"
    parts = _python(text) if source else [(1, text)]
    found = [Finding(path, line, *each) for line, each in _names(text)] if source else []
    found += [
        Finding(path, first + part.count("\n", 0, match.start()), match[0], _instead(match))
        for first, part in parts
        for match in _PHRASE.finditer(part)
        if not _USER.match(part, max(match.start() - 1, 0))
    ]
    return sorted(found, key=lambda finding: finding.line)


def _instead(match: re.Match[str]) -> str:
    return _INSTEAD[int((match.lastgroup or "p0")[1:])]


def _names(text: str) -> Iterator[tuple[int, tuple[str, str]]]:
    """Each name that the file gives to something, where a part of it is refused."""
    for node in ast.walk(ast.parse(text)):
        for name in _given(node):
            line = getattr(node, "lineno", 1)
            if instead := WHOLE_NAMES.get(name.strip("_").lower()):
                yield line, (name, instead)
            if _ARTICLE.match(name):
                yield line, (name, "subject, situation, expectation, without the article")
            for part in _PART.findall(name):
                if instead := NAMES.get(part.lower()):
                    yield line, (name, instead)


def _given(node: ast.AST) -> Iterator[str]:
    match node:
        case (
            ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name)
        ):
            yield name
        case ast.arg(arg=name):
            yield name
        case ast.Name(id=name, ctx=ast.Store()):
            yield name
        case ast.Attribute(attr=name, ctx=ast.Store()):
            yield name
        case _:
            pass


def _python(text: str) -> Iterator[tuple[int, str]]:
    """Comments and literals, each with its first line; comment lines in a row are one text."""
    comment: list[str] = []
    first = 0
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        line = token.start[0]
        if token.type == tokenize.COMMENT:
            if comment and line != first + len(comment):
                yield first, "\n".join(comment)
                comment = []
            if not comment:
                first = line
            comment.append(token.string)
        elif token.type == tokenize.STRING:
            yield line, token.string
    if comment:
        yield first, "\n".join(comment)


def _files(arguments: list[str]) -> Iterator[Path]:
    command = ["git", "ls-files", "-z", "--", *(arguments or ["*.py", "*.md"])]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    for name in filter(None, listed.split("\0")):
        path = Path(name)
        if path.suffix in {".py", ".md"} and not EXEMPT.search(name) and (ROOT / path).is_file():
            yield path


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
