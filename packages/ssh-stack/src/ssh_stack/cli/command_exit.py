"""A command that ends early, and the status of what is not the remote command's own."""

from __future__ import annotations

from typing import Final

__all__ = ["FAILED", "CommandExit"]

FAILED: Final = 255
"""The exit status of everything that is not the remote command's own."""


class CommandExit(Exception):
    """The program ends early with a status, and an error line if there is one to say.

    Attributes:
        status: the exit status.
    """

    def __init__(self, text: str = "", status: int = FAILED) -> None:
        super().__init__(text)
        self.status = status
