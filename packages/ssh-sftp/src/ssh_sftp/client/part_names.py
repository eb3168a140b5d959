"""The temporary names of files that are being transferred, on either side.

A transfer that does not resume gets a random name: no other transfer writes to the same file.  One
that may resume needs a name that it finds again.  It is derived from the size and the time of the
source, so a part of another version of the source is not found, and never continued.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Final

from ssh_sftp.attributes import Attributes
from ssh_sftp.names import MAX_NAME_BYTES, basename

__all__ = ["PartNames", "is_lasting", "part_name", "version_of"]

_PART_NAME_BYTES: Final = 100
_VERSION_DIGITS: Final = 12
_HEXADECIMAL: Final = frozenset("0123456789abcdef")
_LASTING: Final = "r"  # no token begins with it: they are hexadecimal


def part_name(name: str, suffix: str) -> str:
    """Return the temporary name for a name.

    A long name is cut between two characters, so that the result is not longer: some file
    systems take 143 bytes only, some take UTF-8 only.
    """
    ending = f".part-{suffix}"
    if len(name) < _PART_NAME_BYTES // 4 - len(ending):  # four bytes a character at the most
        return name + ending
    most = min(max(_size(name), _PART_NAME_BYTES), MAX_NAME_BYTES)
    kept = name
    while _size(kept) + len(ending) > most:
        kept = kept[:-1]
    return kept + ending


def is_lasting(path: str) -> bool:
    """Return whether a path may be the part that a resumed transfer left: `PartNames.lasting`."""
    _, found, digits = path.rpartition(f".part-{_LASTING}")
    return bool(found) and len(digits) == _VERSION_DIGITS and set(digits) <= _HEXADECIMAL


def version_of(attributes: Attributes) -> str:
    """Return a text that tells one version of a file from another: its size and time."""
    return f"{attributes.size} {attributes.mtime}"


class PartNames:
    """The temporary names of one transfer.

    Args:
        token: random letters and digits, as of `secrets.token_hex`.
    """

    __slots__ = ("_count", "_token")

    def __init__(self, token: str) -> None:
        self._token = token
        self._count = 0

    def unique(self, path: str) -> str:
        """Return a name beside `path` that no other file has."""
        self._count += 1
        return _beside(path, f"{self._token}{self._count:x}")

    def lasting(self, path: str, version: str) -> str:
        """Return the name beside `path` that every transfer of this version of the source has.

        Args:
            path: the file, or its plain name.
            version: what tells one version of the source from another, as `version_of` does.
        """
        # the name too: two long names may be cut to the same beginning
        text = f"{basename(path)}\0{version}"
        digest = sha256(text.encode("utf-8", "surrogateescape")).hexdigest()
        return _beside(path, f"{_LASTING}{digest[:_VERSION_DIGITS]}")


def _beside(path: str, suffix: str) -> str:
    name = basename(path)
    return path[: len(path) - len(name)] + part_name(name, suffix)


def _size(name: str) -> int:
    return len(name.encode("utf-8", "surrogateescape"))
