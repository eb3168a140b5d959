"""The packets of SFTP version 3, as the draft prints them, and OpenSSH's extensions.

File names are bytes on the wire: as `Text` they keep bytes that are not UTF-8 as lone surrogates,
as Python's own file names do (draft-ietf-secsh-filexfer-02 sections 4 to 8; OpenSSH's
PROTOCOL section 4).
"""

from __future__ import annotations

from typing import Literal

from ssh_sftp.attributes import Attributes
from ssh_wire import (
    Counted,
    Message,
    MessageSet,
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
from ssh_wire.lazy_attrs import field

__all__ = [
    "REPLIES",
    "REQUESTS",
    "Attrs",
    "Close",
    "Data",
    "ExpandPath",
    "Extended",
    "ExtendedReply",
    "ExtensionPair",
    "FSetStat",
    "FStat",
    "FStatVFS",
    "FSync",
    "Handle",
    "HardLink",
    "HomeDirectory",
    "Init",
    "LSetStat",
    "LStat",
    "LimitsReply",
    "LimitsRequest",
    "MkDir",
    "Name",
    "NameEntry",
    "Open",
    "OpenDir",
    "PosixRename",
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
    "StatVFS",
    "StatVFSReply",
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


@message(200)
class PosixRename(Request):
    """Rename over what is there (PROTOCOL section 4.3)."""

    name: Literal["posix-rename@openssh.com"] = field(
        default="posix-rename@openssh.com", init=False
    )
    old: Text
    new: Text


@message(200)
class StatVFS(Request):
    """Facts of the file system that holds a path (PROTOCOL section 4.4)."""

    name: Literal["statvfs@openssh.com"] = field(default="statvfs@openssh.com", init=False)
    path: Text


@message(200)
class FStatVFS(Request):
    """Facts of the file system that holds an open file (PROTOCOL section 4.4)."""

    name: Literal["fstatvfs@openssh.com"] = field(default="fstatvfs@openssh.com", init=False)
    handle: bytes


@message(200)
class HardLink(Request):
    """Make a hard link (PROTOCOL section 4.5)."""

    name: Literal["hardlink@openssh.com"] = field(default="hardlink@openssh.com", init=False)
    old: Text
    new: Text


@message(200)
class FSync(Request):
    """Put what was written to stable storage (PROTOCOL section 4.6)."""

    name: Literal["fsync@openssh.com"] = field(default="fsync@openssh.com", init=False)
    handle: bytes


@message(200)
class LSetStat(Request):
    """Change attributes of a link itself (PROTOCOL section 4.7)."""

    name: Literal["lsetstat@openssh.com"] = field(default="lsetstat@openssh.com", init=False)
    path: Text
    attributes: Attributes


@message(200)
class LimitsRequest(Request):
    """Ask what the server takes (PROTOCOL section 4.8)."""

    name: Literal["limits@openssh.com"] = field(default="limits@openssh.com", init=False)


@message(200)
class ExpandPath(Request):
    """Canonicalise a path that may begin with a tilde (PROTOCOL section 4.9)."""

    name: Literal["expand-path@openssh.com"] = field(default="expand-path@openssh.com", init=False)
    path: Text


@message(200)
class HomeDirectory(Request):
    """The home directory of a user, empty for one's own (PROTOCOL section 4.11)."""

    name: Literal["home-directory"] = field(default="home-directory", init=False)
    user: Text = ""


@message(200)
class CopyData(Request):
    """Copy bytes from one open file to another on the server (PROTOCOL section 4.10)."""

    name: Literal["copy-data"] = field(default="copy-data", init=False)
    source: bytes
    offset: UInt64 = 0
    length: UInt64 = 0
    """How many bytes; zero is up to the end of the file."""
    target: bytes
    target_offset: UInt64 = 0


@message(200)
class UsersGroupsByID(Request):
    """The names of users and groups by their numbers (PROTOCOL section 4.12)."""

    name: Literal["users-groups-by-id@openssh.com"] = field(
        default="users-groups-by-id@openssh.com", init=False
    )
    users: bytes
    """The numbers of users, four bytes each."""
    groups: bytes


@record
class LimitsReply(Record):
    """The details of the reply to `LimitsRequest`; zero means that a limit is not reported."""

    max_packet: UInt64
    max_read: UInt64
    max_write: UInt64
    max_handles: UInt64


@record
class UsersGroupsReply(Record):
    """The details of the reply to `UsersGroupsByID`."""

    users: bytes
    """A string for each user, empty for one that the server does not know."""
    groups: bytes


@record
class StatVFSReply(Record):
    """The details of the reply to `StatVFS`: the fields of statvfs(3)."""

    block_size: UInt64
    fragment_size: UInt64
    blocks: UInt64
    free_blocks: UInt64
    available_blocks: UInt64
    files: UInt64
    free_files: UInt64
    available_files: UInt64
    filesystem_id: UInt64
    flags: UInt64
    max_name: UInt64


REPLIES: MessageSet[Status | Handle | Data | Name | Attrs | ExtendedReply] = MessageSet(
    Status, Handle, Data, Name, Attrs, ExtendedReply
)

REQUESTS: MessageSet[Request] = MessageSet(
    Open,
    Close,
    Read,
    Write,
    LStat,
    FStat,
    SetStat,
    FSetStat,
    OpenDir,
    ReadDir,
    Remove,
    MkDir,
    RmDir,
    RealPath,
    Stat,
    Rename,
    ReadLink,
    SymLink,
    PosixRename,
    StatVFS,
    FStatVFS,
    HardLink,
    FSync,
    LSetStat,
    LimitsRequest,
    ExpandPath,
    HomeDirectory,
    Extended,
)
"""The requests that the server knows; it takes `CopyData` and `UsersGroupsByID` for `Extended`."""
