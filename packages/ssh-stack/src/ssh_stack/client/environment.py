"""Environment variables that go along with every command: SendEnv and SetEnv."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ssh_keys.patterns import matches

if TYPE_CHECKING:
    from ssh_stack.client.plan.session import SessionPlan

__all__ = ["environment"]


def environment(plan: SessionPlan, local: Mapping[str, str]) -> dict[str, str]:
    """Return what to ask for in each session.

    Args:
        plan: its SendEnv has patterns of names, and "-pattern" takes names back.
        local: the variables of this process.
    """
    patterns: list[str] = []
    for pattern in plan.send_env:
        if pattern.startswith("-"):
            patterns = [each for each in patterns if not _matches(each, pattern[1:])]
        else:
            patterns.append(pattern)
    sent = {
        name: value
        for name, value in local.items()
        if any(_matches(name, pattern) for pattern in patterns) and _is_text(name + value)
    }
    return {**sent, **dict(reversed(plan.set_env))}  # the first SetEnv of a name counts


def _matches(name: str, pattern: str) -> bool:
    """Match as `ssh` does: only `*` and `?` are special."""
    return matches(
        pattern.encode("utf-8", "surrogateescape"), name.encode("utf-8", "surrogateescape")
    )


def _is_text(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True
