"""What kind of file an entry of a listing is, where its mode does not tell.

Some servers send permissions without the type bits, or none at all.  The long name of an
entry looks like a line of `ls -l` then (section 7), and its first letter tells the type.
"The client SHOULD NOT attempt to parse the longname field": so it is asked last, and only
text that is unmistakably a mode counts.
"""

from __future__ import annotations

import re
import stat
from typing import Final

import attrs

from ssh_sftp.attributes import Attributes
from ssh_sftp.messages import NameEntry

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
    """Return an entry's attributes with the type that its long name tells, or None."""
    found = _MODE.match(entry.longname)
    if found is None or entry.longname == entry.filename:
        return None
    letter, bits = found.groups()
    mode = entry.attributes.mode
    if mode is None:
        mode = int("".join("1" if bit in _SET else "0" for bit in bits), 2)
    return attrs.evolve(entry.attributes, permissions=_TYPES[letter] | mode)
