"""What the caller or the configuration has wrong: it costs little to import.

`ssh_stack.errors` has these, and what fails before a connection is open.
"""

from __future__ import annotations

from ssh_wire import UsageError

__all__ = ["ConfigError", "UnknownOption"]


class UnknownOption(UsageError, TypeError):
    """A function was given an option that it does not have."""


class ConfigError(UsageError):
    """A configuration file, or an option, that cannot be used.

    Attributes:
        source: the file, or where the option came from.
        line: the line in it, from 1; 0 when it has none.
    """

    def __init__(self, problem: str, source: str = "", line: int = 0) -> None:
        self.source = source
        self.line = line
        where = f"{source}, line {line}: " if line else f"{source}: " if source else ""
        super().__init__(f"{where}{problem}")
