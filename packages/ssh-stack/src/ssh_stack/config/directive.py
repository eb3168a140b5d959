"""What a keyword of ssh_config is: one row of the table in `directives`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, TypeAlias

from ssh_stack.config.builders import first
from ssh_wire import lazy_attrs

if TYPE_CHECKING:
    from ssh_stack.config.found_value import FoundValue
    from ssh_stack.config.resolve import ConfigResolver
    from ssh_stack.config.values import Reader

__all__ = [
    "ALL_TOKENS",
    "LITERAL",
    "AppliesTo",
    "Builder",
    "Directive",
    "Expansion",
    "Status",
    "Style",
]

AppliesTo: TypeAlias = Literal[
    "reading", "connection", "trust", "identity", "transport", "session", "forwards", "program"
]
"""What a keyword changes: how the configuration is read, a part of the connection, the program."""

Status: TypeAlias = Literal["honoured", "later", "refused", "never", "ignored"]
"""What becomes of a keyword.

honoured: it does what ssh_config(5) describes.
later: its value is checked and kept; a value that asks for more is reported by one line.
refused: it restricts or protects; no connection is made with a value that asks for it.
never: it has no effect here, for a reason; a value that asks for more is reported.
ignored: OpenSSH ignores it too.
"""

Style: TypeAlias = Literal[
    "",
    "agent",
    "algorithms",
    "cnames",
    "device",
    "each",
    "escape",
    "fdpass",
    "flag",
    "forwards",
    "hostname",
    "keys",
    "known hosts",
    "level",
    "line",
    "octal",
    "pairs",
    "persist",
    "proxy",
    "qos",
    "raw",
    "raw each",
    "raw line",
    "raw truth",
    "rekey",
    "text",
    "timeouts",
    "timing",
    "truth",
    "tunnel",
    "update",
    "upper",
    "user",
]
"""How `ssh -G` prints a value (`cli.print_config` has a function for each); "" for not at all.

"raw" is the value as it was read, without what is replaced in it.
"""

Builder: TypeAlias = Callable[["list[FoundValue]", "ConfigResolver", "Directive"], Any]
"""Makes the value of a field from the values that were found."""

ALL_TOKENS: Final = "CLdhijklnpru"
"""The %-tokens that most keywords take (ssh_config(5), TOKENS)."""


class Expansion(NamedTuple):
    """What is replaced in a value."""

    tokens: str = ""
    """The letters of the %-tokens."""
    variables: bool = False
    """Whether ${NAME} is replaced."""
    home: bool = False
    """Whether a `~` at the start is replaced."""
    late: bool = False
    """Whether all of it happens when the value is used: here it is only checked."""


LITERAL: Final = Expansion()
"""Nothing is replaced."""


@lazy_attrs.frozen
class Directive:
    """How a keyword is read, what it sets, and what becomes of it."""

    name: str
    """The keyword, as ssh_config(5) spells it."""
    read: Reader
    """Reads its value; a bad value is an error in every block."""
    field: str
    """The field of `HostConfig` that it sets; "" for none."""
    applies_to: AppliesTo
    """What it changes."""
    prints: Style = ""
    """How -G prints it."""
    default: str = ""
    """What -G prints where no line sets it; "" for nothing."""
    build: Builder = first
    """Makes the value of the field from what was read."""
    status: Status = "honoured"
    """What becomes of it."""
    neutral: tuple[object, ...] | None = None
    """The values that ask for what is done anyway; None for all of them."""
    accumulates: bool = False
    """Whether every line adds to the value; otherwise the first one counts."""
    expand: Expansion = LITERAL
    """What is replaced in its value."""
    needs: tuple[str, object] | None = None
    """The flag, and its value, without which the keyword does nothing."""
    competes_with: str = ""
    """The keyword of which, and of this one, the first line counts."""
    refuses: bool = False
    """Whether a line of it ends the connection before it is made."""
    reason: str = ""
    """Why it is not honoured, in a few words."""
    since: str = "0.1"
    """The version of ssh-stack that has known it as it is now."""

    def is_satisfied_by(self, value: object) -> bool:
        """Return whether a value needs no report."""
        if self.neutral is None:
            return True
        return (value.lower() if isinstance(value, str) else value) in self.neutral
