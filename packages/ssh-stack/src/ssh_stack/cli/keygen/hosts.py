"""known_hosts: find a host, hash the names, remove a host."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from ssh_keys import KeyFormatError, KnownHostsFile, plain_key
from ssh_keys.files import change_known_hosts
from ssh_keys.randomart import bubblebabble, randomart
from ssh_keys.trust import Marker
from ssh_stack.cli.keygen.host_lines import (
    AnyLine,
    KeyLine,
    UnreadableLine,
    is_wild,
    key_of,
    lines_of,
    names,
    with_hashed_names,
)
from ssh_stack.cli.keygen.keys import read
from ssh_stack.cli.keygen.options import Options
from ssh_stack.cli.keygen.output import write_line
from ssh_stack.cli.keygen.show import hash_of, title
from ssh_stack.cli.report import Report
from ssh_stack.local.user import expand_home
from ssh_wire import lazy_attrs
from ssh_wire.text import printable

__all__ = ["find", "hash_names", "remove"]

_DEFAULT_FILE: Final = "~/.ssh/known_hosts"
_MARKS: Final = {Marker.AUTHORITY: "CA", Marker.REVOKED: "REVOKED"}
_INVALID: Final = 1


def find(options: Options, report: Report) -> int:
    """Print the lines about a host; exit status 1 if there is none."""
    wanted = options.values["F"]
    found = False
    for line in lines_of(read(_path(options)), decode=options.has("l")):
        if not (isinstance(line, KeyLine) and _is_about(line, wanted)):
            continue
        found = True
        if not report.quiet:
            write_line(f"# Host {wanted} found: line {line.number} {_MARKS.get(line.marker, '')}")
        for text in _found(line, wanted, options):
            write_line(text)
    return 0 if found else 1


def _is_about(line: KeyLine, wanted: str) -> bool:
    try:
        return names(line, wanted)
    except KeyFormatError:
        return False


def _found(line: KeyLine, wanted: str, options: Options) -> tuple[str | bytes, ...]:
    """Return a line as -F prints it: as it is, hashed with -H, as a fingerprint with -l."""
    if options.has("H"):
        return with_hashed_names(line)
    if not options.has("l"):
        return (line.text,)
    key, comment = key_of(line)
    plain = plain_key(key)
    name = hash_of(options)
    fingerprint = bubblebabble(key) if options.has("B") else plain.fingerprint(name)
    words = [wanted, title(key), fingerprint]
    if comment:
        words.append(printable(comment, len(comment)))
    text = " ".join(words)
    return (text, randomart(key, name)) if options.has("v") else (text,)


@lazy_attrs.define
class _Change:
    """One pass through a file, which may be made again if another program writes to it.

    Attributes:
        edit: returns what takes the place of a line.
        unreadable: the numbers of the lines that could not be read.
        edited: the lines that were replaced.
    """

    edit: Callable[[KeyLine], tuple[bytes, ...]]
    decode: bool
    always: bool
    unreadable: list[int] = lazy_attrs.field(factory=list[int])
    edited: list[KeyLine] = lazy_attrs.field(factory=list[KeyLine])

    def __call__(self, file: KnownHostsFile) -> KnownHostsFile:
        """Return the changed file; the same object where it is to stay as it is."""
        self.unreadable, self.edited = [], []
        after = [
            text + b"\n"
            for line in lines_of(file.to_bytes(), decode=self.decode)
            for text in self._texts(line)
        ]
        changed = not self.unreadable and (self.edited or self.always)
        return KnownHostsFile.parse(b"".join(after), file.source) if changed else file

    def _texts(self, line: AnyLine) -> tuple[bytes, ...]:
        if isinstance(line, KeyLine):
            try:
                texts = self.edit(line)
            except KeyFormatError:
                self.unreadable.append(line.number)
            else:
                if texts != (line.text,):
                    self.edited.append(line)
                return texts
        elif isinstance(line, UnreadableLine):
            self.unreadable.append(line.number)
        return (line.text,)


def _changed(change: _Change, options: Options, report: Report) -> int:
    """Change the file; tell which lines kept it from being changed.  Return the exit status."""
    change_known_hosts(_path(options), change)
    name = options.get("f") or _path(options)
    if "R" in options.values and not report.quiet:
        for line in change.edited:
            write_line(f"# Host {options.values['R']} found: line {line.number}")
    for number in change.unreadable:
        report.warn(f"{name}:{number}: invalid line")
    if change.unreadable:
        report.error(f"{name} is not a valid known_hosts file: it was not changed")
        return _INVALID
    if change.always or change.edited:
        write_line(f"{name} updated.\nOriginal contents retained as {name}.old")
    return 0


def hash_names(options: Options, report: Report) -> int:
    """Hash the names of the hosts in known_hosts; exit status 1 if a line cannot be read."""
    name = options.get("f") or _path(options)
    wild: list[int] = []

    def edit(line: KeyLine) -> tuple[bytes, ...]:
        if is_wild(line):
            wild.append(line.number)
        return with_hashed_names(line)

    change = _Change(edit, options.has("l"), always=True)
    status = _changed(change, options, report)
    for number in sorted(set(wild)):
        report.warn(f"{name}:{number}: a pattern cannot be hashed")
    if not status and change.edited:
        report.warn(f"{name}.old still has the names: remove it to hide them")
    return status


def remove(options: Options, report: Report) -> int:
    """Remove a host's keys from known_hosts; exit status 1 if a line cannot be read."""
    wanted = options.values["R"]

    def edit(line: KeyLine) -> tuple[bytes, ...]:
        gone = names(line, wanted) and line.marker is Marker.TRUST
        return () if gone else (line.text,)

    change = _Change(edit, options.has("l"), always=False)
    status = _changed(change, options, report)
    if not (status or change.edited):
        report.warn(f"host {wanted} not found in {options.get('f') or _path(options)}")
    return status


def _path(options: Options) -> Path:
    return options.file or expand_home(_DEFAULT_FILE)
