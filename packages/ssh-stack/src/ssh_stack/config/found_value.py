"""A value of the configuration, and the line that gave it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ssh_stack.usage_errors import ConfigError
from ssh_wire import lazy_attrs

if TYPE_CHECKING:
    from ssh_stack.config.lines import Line

__all__ = ["FoundValue"]


@lazy_attrs.frozen
class FoundValue:
    """A value, and the line that gave it."""

    value: Any
    """The value, as its reader returned it."""
    line: Line | None
    """The line; None for what was filled in without one."""

    @property
    def words(self) -> str:
        """The arguments of the line, with a blank between them; "" for "none"."""
        words = () if self.line is None else self.line.arguments
        return "" if [word.lower() for word in words] == ["none"] else " ".join(words)

    def error(self, problem: str) -> ConfigError:
        """Return the error that names the line."""
        return ConfigError(problem) if self.line is None else self.line.error(problem)
