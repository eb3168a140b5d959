"""What `ls` and `df` of sftp print."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from ssh_wire import lazy_attrs
from ssh_wire.text import printable

if TYPE_CHECKING:
    from ssh_sftp import Attributes, StatVFSReply

__all__ = ["Entry", "View", "columns", "free_space", "long_line", "scaled"]

_UNITS: Final = "BKMGTPE"
_HALF_A_YEAR: Final = 365 * 24 * 60 * 60 // 2
_TENTHS: Final = 10
_THREE_DIGITS: Final = 100
_ROUND_UP: Final = 5
_KIBI: Final = 1024
_LEAST_OWNER: Final = 8
_DEFAULT_WIDTH: Final = 80
_WITHOUT_TIME: Final = ""


@lazy_attrs.frozen
class Entry:
    """A line of a listing.

    Attributes:
        name: what is shown as its name.
        attributes: what the server reports.
        longname: the line that the server would display for it.
    """

    name: str
    attributes: Attributes
    longname: str = ""


@lazy_attrs.frozen(kw_only=True)
class View:
    """How a listing looks, from the letters of `ls`; of two that exclude each other the last."""

    long: bool = False
    single: bool = False
    numeric: bool = False
    scaled: bool = False
    hidden: bool = False
    order: str = "name"
    reverse: bool = False

    @classmethod
    def of(cls, flags: Sequence[str]) -> View:
        """Return the view that letters ask for."""
        view = cls()
        for flag in flags:
            view = _CHANGES[flag](view)
        return view

    def arranged(self, entries: Sequence[Entry]) -> list[Entry]:
        """Return entries in their order."""
        found = list(entries)
        if self.order == "name":
            found.sort(key=lambda each: os.fsencode(each.name))
        elif self.order == "time":
            found.sort(key=lambda each: -(each.attributes.mtime or 0))
        elif self.order == "size":
            found.sort(key=lambda each: -(each.attributes.size or 0))
        if self.reverse and self.order:
            found.reverse()
        return found


_CHANGES: Final[dict[str, Callable[[View], View]]] = {
    "1": lambda view: lazy_attrs.evolve(
        view, long=False, numeric=False, scaled=False, single=True
    ),
    "S": lambda view: lazy_attrs.evolve(view, order="size"),
    "a": lambda view: lazy_attrs.evolve(view, hidden=True),
    "f": lambda view: lazy_attrs.evolve(view, order=""),
    "h": lambda view: lazy_attrs.evolve(view, scaled=True),
    "l": lambda view: lazy_attrs.evolve(view, long=True, single=False),
    "n": lambda view: lazy_attrs.evolve(view, long=True, numeric=True, single=False),
    "r": lambda view: lazy_attrs.evolve(view, reverse=True),
    "t": lambda view: lazy_attrs.evolve(view, order="time"),
}


def long_line(
    entry: Entry,
    now: float,
    *,
    users: Mapping[int, str] | None = None,
    groups: Mapping[int, str] | None = None,
    scale: bool = False,
) -> str:
    """Return the line of `ls -l`; the server tells no number of links.

    Args:
        entry: the file.
        now: seconds since 1970: a time that is half a year off is displayed with its year.
        users: the names of users by number.
        groups: the names of groups by number.
        scale: whether the size has a unit, as with -h.
    """
    found = entry.attributes
    user = printable((users or {}).get(found.uid or 0, "") or str(found.uid or 0))
    group = printable((groups or {}).get(found.gid or 0, "") or str(found.gid or 0))
    size = scaled(found.size or 0) if scale else str(found.size or 0)
    mode = _mode_text(found.permissions or 0)
    owners = f"{user:<{_LEAST_OWNER}} {group:<{_LEAST_OWNER}}"
    written = _time_text(found.mtime or 0, now)
    return f"{mode}    ? {owners} {size:>8} {written} {printable(entry.name)}"


def _mode_text(permissions: int) -> str:
    """Return what strmode(3) returns: a type that it does not know is a question mark."""
    if stat.S_IFMT(permissions) == 0:
        return "?" + stat.filemode(permissions)[1:]
    return stat.filemode(permissions)


def _time_text(seconds: int, now: float) -> str:
    try:
        local = time.localtime(seconds)
    except (OverflowError, OSError, ValueError):
        return _WITHOUT_TIME
    recent = now - _HALF_A_YEAR < seconds <= now
    return time.strftime("%b %e %H:%M" if recent else "%b %e  %Y", local)


def columns(names: Sequence[str], longest: int, width: int | None) -> str:
    """Return names in columns, down to the end of the last line.

    Args:
        names: the names.
        longest: the bytes of the longest name.
        width: the columns of the terminal; None for 80.
    """
    width = _DEFAULT_WIDTH if width is None else width
    across = max(1, width // (longest + 2))
    space = width // across
    made: list[str] = []
    for index, name in enumerate(names):
        made.append(printable(name) + " " * max(0, space - len(os.fsencode(name))))
        if (index + 1) % across == 0 or index + 1 == len(names):
            made.append("\n")
    return "".join(made)


def scaled(size: int) -> str:
    """Return a number with its unit, as fmt_scaled(3) does: `12`, `3.4K`, `150M`."""
    unit, whole, below = 0, size, 0
    while whole >= _KIBI and unit < len(_UNITS) - 1:
        whole, below = divmod(whole, _KIBI)
        unit += 1
    tenths = (_TENTHS * below + _KIBI // 2) // _KIBI
    if tenths >= _TENTHS:
        whole, tenths = whole + 1, 0
    if whole == 0:
        return "0B"
    if unit == 0 or whole >= _THREE_DIGITS:
        return f"{whole + (tenths >= _ROUND_UP)}{_UNITS[unit]}"
    return f"{whole}.{tenths}{_UNITS[unit]}"


def free_space(facts: StatVFSReply, *, inodes: bool, scale: bool) -> str:
    """Return what `df` prints of a file system."""
    if inodes:
        used = facts.files - facts.free_files
        numbers = (facts.files, used, facts.available_files, facts.free_files)
        row = " ".join(f"{each:11}" for each in numbers)
        head = "     Inodes        Used       Avail      (root)    %Capacity"
        return f"{head}\n{row}         {_percent(used, facts.files)}\n"
    used = facts.blocks - facts.free_blocks
    sizes = [
        each * facts.fragment_size
        for each in (facts.blocks, used, facts.available_blocks, facts.free_blocks)
    ]
    if scale:
        head = "    Size     Used    Avail   (root)    %Capacity"
        row = " ".join(f"{scaled(each):>7}B" for each in sizes)
    else:
        head = "        Size         Used        Avail       (root)    %Capacity"
        row = " ".join(f"{each // 1024:12}" for each in sizes)
    return f"{head}\n{row}         {_percent(used, facts.blocks)}\n"


def _percent(used: int, total: int) -> str:
    return f"{100 * used // total:3}%" if total else "ERR"
