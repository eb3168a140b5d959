"""`~`, %-tokens and ${VARIABLES} in values (ssh_config(5), TOKENS)."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from ssh_wire import UsageError

__all__ = ["expand_path", "expand_tokens"]


def expand_tokens(text: str, tokens: Mapping[str, str]) -> str:
    """Replace %-tokens, and %% by a percent sign.

    Raises:
        UsageError: a token is not known.
    """
    result: list[str] = []
    chars = iter(text)
    for char in chars:
        if char != "%":
            result.append(char)
            continue
        name = next(chars, "")
        value = "%" if name == "%" else tokens.get(name)
        if value is None:
            problem = f"unknown token %{name} in {text!r}"
            raise UsageError(problem)
        result.append(value)
    return "".join(result)


def expand_path(text: str, tokens: Mapping[str, str]) -> Path:
    """Return a path with `~`, tokens and variables replaced.

    Raises:
        UsageError: a token or a variable is not known.
    """
    return Path(expand_tokens(_variables(text), tokens)).expanduser()


def _variables(text: str) -> str:
    head, opening, rest = text.partition("${")
    if not opening:
        return text
    name, closing, tail = rest.partition("}")
    if not closing or name not in os.environ:
        problem = f"unknown variable ${{{name}}} in {text!r}"
        raise UsageError(problem)
    return head + os.environ[name] + _variables(tail)
