"""Where the download of one file is: each state has what is known by then."""

from __future__ import annotations

from typing import Final, TypeAlias

from ssh_sftp.client.checking import Check
from ssh_sftp.client.extents import Extents
from ssh_wire import lazy_attrs

__all__ = [
    "CLOSING",
    "CLOSING_SMALL",
    "COMPARING",
    "COMPLETE_OR_OVER",
    "DONE",
    "FINISHING",
    "OPEN",
    "OPENING",
    "OPENING_SMALL",
    "OVER",
    "UNDOING",
    "Checking",
    "Closing",
    "Done",
    "Finishing",
    "Opening",
    "Reading",
    "State",
    "Undoing",
    "Verifying",
]


@lazy_attrs.frozen
class Opening:
    """The file is being opened, or waits for its turn.

    Attributes:
        small: whether one READ may fetch all of it.
    """

    small: bool


@lazy_attrs.frozen
class Checking:
    """What an earlier attempt has left is compared with the file on the server."""

    handle: bytes
    check: Check


@lazy_attrs.frozen
class Reading:
    """Blocks are requested and arrive."""

    handle: bytes
    extents: Extents
    small: bool


@lazy_attrs.frozen
class Verifying:
    """Everything has arrived, and is compared with the file on the server."""

    handle: bytes
    check: Check


@lazy_attrs.frozen
class Closing:
    """CLOSE is outstanding, and the block of a small file."""

    small: bool


class Finishing:
    """The local file gets its attributes and its name."""


class Undoing:
    """The download has failed; replies are outstanding."""


class Done:
    """Nothing is outstanding."""


State: TypeAlias = Opening | Checking | Reading | Verifying | Closing | Finishing | Undoing | Done
OPENING: Final = Opening(small=False)
OPENING_SMALL: Final = Opening(small=True)
CLOSING: Final = Closing(small=False)
CLOSING_SMALL: Final = Closing(small=True)
FINISHING: Final = Finishing()
UNDOING: Final = Undoing()
DONE: Final = Done()

# as tuples: a union would be made again for each question
COMPARING: Final = (Checking, Verifying)
OPEN: Final = (Checking, Reading, Verifying)
OVER: Final = (Undoing, Done)
COMPLETE_OR_OVER: Final = (Finishing, Undoing, Done)
