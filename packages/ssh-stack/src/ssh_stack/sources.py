"""Types of values that both `connect` and `serve` take."""

from __future__ import annotations

import os
from enum import Enum
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from ssh_keys import RevocationList

__all__ = ["DEFAULT", "Default", "Path", "RevokedSource"]

Path: TypeAlias = str | os.PathLike[str]
"""The path of a file."""


class Default(Enum):
    """The value of an option that was not given: do as `ssh` does."""

    DEFAULT = "as ssh does"


DEFAULT: Final = Default.DEFAULT
"""Do as `ssh` does."""

RevokedSource: TypeAlias = "Path | bytes | RevocationList"
"""A list of revoked keys: a file, its content, or the list."""
