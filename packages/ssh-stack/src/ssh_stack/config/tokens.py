"""`~`, %-tokens and ${VARIABLES} in values (ssh_config(5), TOKENS and ENVIRONMENT VARIABLES)."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, TypeAlias

from ssh_stack.local.user import expand_home_text
from ssh_wire import UsageError, lazy

if TYPE_CHECKING:
    import pathlib
    from pathlib import Path
else:
    pathlib = lazy.module("pathlib")  # with what it imports, 3 ms

__all__ = [
    "Tokens",
    "UnknownVariable",
    "expand",
    "expand_file",
    "expand_path",
    "expand_variables",
]

Tokens: TypeAlias = Mapping[str, str]
"""What each letter behind a "%" stands for."""


class UnknownVariable(UsageError):
    """A variable of the environment that is not set."""


def expand(text: str, tokens: Tokens, *, variables: bool = False) -> str:
    """Replace %-tokens, and %% by a percent sign; what is put in is not looked at again.

    Args:
        text: the text.
        tokens: the tokens that may be in it.
        variables: whether ${NAME} is replaced too.

    Raises:
        UsageError: a token or a variable is not known.
    """
    if "%" not in text and "${" not in text:
        return text
    result: list[str] = []
    pos = 0
    while pos < len(text):
        if text[pos] == "%":
            result.append(_token(text, pos, tokens))
            pos += 2
        elif variables and text.startswith("${", pos):
            value, pos = _variable(text, pos)
            result.append(value)
        else:
            result.append(text[pos])
            pos += 1
    return "".join(result)


def expand_variables(text: str) -> str:
    """Replace ${VARIABLES} alone.

    Raises:
        UsageError: a variable is not set.
    """
    head, *rest = text.split("${")
    result = [head]
    for part in rest:
        value, pos = _variable(f"${{{part}", 0)
        result += [value, f"${{{part}"[pos:]]
    return "".join(result)


def expand_path(text: str, tokens: Tokens) -> Path:
    """Return a path with `~`, tokens and variables replaced.

    Raises:
        UsageError: a token, a variable or a home directory is not known.
    """
    return pathlib.Path(expand_file(text, tokens))


def expand_file(text: str, tokens: Tokens) -> str:
    """Return the same as `expand_path`, as it is written.

    Raises:
        UsageError: a token, a variable or a home directory is not known.
    """
    if not text.startswith("~"):
        return expand(text, tokens, variables=True)
    # a "~" that a token or a variable brings in is an ordinary character, and so is a "%" of
    # the home directory
    head, _, rest = text.partition("/")
    rest = expand(rest.lstrip("/"), tokens, variables=True)
    return f"{expand_home_text(head).rstrip('/')}/{rest}"


def _token(text: str, pos: int, tokens: Tokens) -> str:
    letter = text[pos + 1 : pos + 2]
    if letter == "%":
        return "%"
    value = tokens.get(letter)
    if value is None:
        problem = f"has an unknown token %{letter} in {text!r}"
        raise UsageError(problem)
    return value


def _variable(text: str, pos: int) -> tuple[str, int]:
    name, closing, _ = text[pos + 2 :].partition("}")
    if not closing or name not in os.environ:
        problem = f"names an unknown variable ${{{name}}} in {text!r}"
        raise UnknownVariable(problem)
    return os.environ[name], pos + len(name) + 3
