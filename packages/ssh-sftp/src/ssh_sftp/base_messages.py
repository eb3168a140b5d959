"""The packets of SFTP version 3, as the draft prints them.

File names are bytes on the wire: as `Text` they keep bytes that are not UTF-8 as lone surrogates,
as Python's own file names do (draft-ietf-secsh-filexfer-02 sections 4 to 8).
"""

from __future__ import annotations

from ssh_sftp.attributes import Attributes
from ssh_wire import (
    Counted,
    Message,
    Record,
    Repeated,
    Rest,
    Text,
    UInt32,
    UInt64,
    View,
    message,
    record,
)

__all__ = [
    "Attrs",
    "Close",
    "Data",
    "Extended",
    "ExtendedReply",
    "ExtensionPair",
    "FSetStat",
    "FStat",
    "Handle",
    "Init",
    "LStat",
    "MkDir",
    "Name",
    "NameEntry",
    "Open",
    "OpenDir",
    "Read",
    "ReadDir",
    "ReadLink",
    "RealPath",
    "Remove",
    "Rename",
    "Reply",
    "Request",
    "RmDir",
    "SetStat",
    "Stat",
    "Status",
    "SymLink",
    "Version",
    "Write",
]


# ------------------------------------------------------------------ start (section 4)


@record
class ExtensionPair(Record):
    """An extension that a side knows: its name, and mostly its version."""

    name: Text
    data: bytes


@message(1)
class Init(Message):
    """The client's first packet (section 4)."""

    version: UInt32
    extensions: Repeated[ExtensionPair] = ()


@message(2)
class Version(Message):
    """The server's answer to it (section 4)."""

    version: UInt32
    extensions: Repeated[ExtensionPair] = ()


# ------------------------------------------------------------------ requests (section 6)


@record
class Request(Message):
    """What every request begins with: the number that its response repeats (section 6)."""

    id: UInt32


@message(3)
class Open(Request):
    """Open or create a file (section 6.3)."""

    path: Text
    flags: UInt32
    attributes: Attributes = Attributes()


@message(4)
class Close(Request):
    """Close a file or directory (section 6.3)."""

    handle: bytes


@message(5)
class Read(Request):
    """Read up to `length` bytes at `offset` (section 6.4)."""

    handle: bytes
    offset: UInt64
    length: UInt32


@message(6)
class Write(Request):
    """Write at `offset` (section 6.4)."""

    handle: bytes
    offset: UInt64
    data: View


@message(7)
class LStat(Request):
    """Attributes of a path, of the link itself where it is one (section 6.8)."""

    path: Text


@message(8)
class FStat(Request):
    """Attributes of an open file (section 6.8)."""

    handle: bytes


@message(9)
class SetStat(Request):
    """Change attributes of a path (section 6.9)."""

    path: Text
    attributes: Attributes


@message(10)
class FSetStat(Request):
    """Change attributes of an open file (section 6.9)."""

    handle: bytes
    attributes: Attributes


@message(11)
class OpenDir(Request):
    """Open a directory for listing (section 6.7)."""

    path: Text


@message(12)
class ReadDir(Request):
    """The next names of an open directory (section 6.7)."""

    handle: bytes


@message(13)
class Remove(Request):
    """Remove a file (section 6.5)."""

    path: Text


@message(14)
class MkDir(Request):
    """Make a directory (section 6.6)."""

    path: Text
    attributes: Attributes = Attributes()


@message(15)
class RmDir(Request):
    """Remove an empty directory (section 6.6)."""

    path: Text


@message(16)
class RealPath(Request):
    """The canonical absolute form of a path (section 6.11)."""

    path: Text


@message(17)
class Stat(Request):
    """Attributes of a path, links followed (section 6.8)."""

    path: Text


@message(18)
class Rename(Request):
    """Rename; "it is an error if there already exists a file" (section 6.5)."""

    old: Text
    new: Text


@message(19)
class ReadLink(Request):
    """The target of a symbolic link (section 6.10)."""

    path: Text


@message(20)
class SymLink(Request):
    """Make a symbolic link; target first, as OpenSSH sends it (PROTOCOL section 4.1).

    Others send the link first: see `ssh_sftp.symlinks`.
    """

    target: Text
    link: Text


# ------------------------------------------------------------------ responses (section 7)


@record
class Reply(Message):
    """What every response begins with: the number of its request (section 7)."""

    id: UInt32


@message(101)
class Status(Reply):
    """How a request ended (section 7)."""

    code: UInt32
    text: Text = ""
    language: Text = ""


@message(102)
class Handle(Reply):
    """The handle of an opened file or directory (section 7)."""

    handle: bytes


@message(103)
class Data(Reply):
    """What was read (section 7)."""

    data: View


@record
class NameEntry(Record):
    """One file in a list; `longname` is for display (section 7)."""

    filename: Text
    longname: Text = ""
    attributes: Attributes = Attributes()


@message(104)
class Name(Reply):
    """Names of files (section 7)."""

    entries: Counted[NameEntry]


@message(105)
class Attrs(Reply):
    """Attributes of a file (section 7)."""

    attributes: Attributes


# ------------------------------------------------------------------ extensions (section 8)


@message(200)
class Extended(Request):
    """Any vendor-specific request, its details unread (section 8)."""

    name: Text
    details: Rest = b""


@message(201)
class ExtendedReply(Reply):
    """What a vendor-specific request gives (section 8)."""

    details: Rest = b""
