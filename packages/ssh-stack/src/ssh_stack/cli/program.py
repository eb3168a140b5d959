"""The name that the program was called by: of usage texts and of messages."""

from __future__ import annotations

from typing import Final

__all__ = ["command_name", "program_name", "use_name"]

_PRODUCT: Final = "ssh-stack"
_name: list[str] = [_PRODUCT]


def use_name(name: str) -> None:
    """Take another name from now on, such as `scp`."""
    _name[0] = name


def program_name() -> str:
    """Return the name that messages begin with."""
    return _name[0]


def command_name(command: str) -> str:
    """Return what the user typed for a command: `ssh-stack cp`, or `scp`."""
    return f"{_PRODUCT} {command}" if _name[0] == _PRODUCT else _name[0]
