"""The one rule where an option and the configuration meet."""

from __future__ import annotations

from typing import TypeVar

from ssh_stack.sources import Default

__all__ = ["choose"]

_T = TypeVar("_T")


def choose(option: _T | Default, configured: _T | None, usual: _T) -> _T:
    """Return an option that is given, else what the configuration says, else the default.

    Args:
        option: the option; `DEFAULT` where it is not given.
        configured: the value of the configuration; None where it says nothing.
        usual: the default.
    """
    if not isinstance(option, Default):
        return option
    return usual if configured is None else configured
