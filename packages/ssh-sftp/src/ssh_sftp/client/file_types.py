"""The type of an entry of a listing whose permissions do not have it.

Some servers send permissions without the type bits, or no permissions.  The long name of an entry
usually looks like a line of `ls -l` (section 7), and its first letter is the type.  "The client
SHOULD NOT attempt to parse the longname field": so it is used last, and only if it begins with a
complete mode.
"""

from __future__ import annotations

import re
import stat
from typing import Final

from ssh_sftp.attributes import Attributes
from ssh_sftp.messages import NameEntry
from ssh_wire import lazy_attrs

__all__ = ["attributes_from_long_name"]

_MODE: Final = re.compile(r"([-dlbcps])((?:[-r][-w][-xsS]){2}[-r][-w][-xtT])[+.@]?\s")
_TYPES: Final = {
    "-": stat.S_IFREG,
    "d": stat.S_IFDIR,
    "l": stat.S_IFLNK,
    "b": stat.S_IFBLK,
    "c": stat.S_IFCHR,
    "p": stat.S_IFIFO,
    "s": stat.S_IFSOCK,
}
_SET: Final = frozenset("rwxst")


def attributes_from_long_name(entry: NameEntry) -> Attributes | None:
    """Return an entry's attributes with the type from its long name, or None."""
    found = _MODE.match(entry.longname)
    if found is None or entry.longname == entry.filename:
        return None
    letter, bits = found.groups()
    mode = entry.attributes.mode
    if mode is None:
        mode = int("".join("1" if bit in _SET else "0" for bit in bits), 2)
    return lazy_attrs.evolve(entry.attributes, permissions=_TYPES[letter] | mode)
