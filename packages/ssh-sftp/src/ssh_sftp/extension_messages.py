"""The requests of extensions, each declared with the name and version that are announced.

They are OpenSSH's (its PROTOCOL, section 4), and check-file of
draft-ietf-secsh-filexfer-extensions-00.  `extensions.EXTENSIONS` is derived from them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar, Literal, TypeVar, dataclass_transform

from ssh_sftp.attributes import Attributes
from ssh_sftp.base_messages import Request
from ssh_wire import Record, Rest, Text, UInt32, UInt64, message, record
from ssh_wire.lazy_attrs import field

__all__ = [
    "CheckFile",
    "CheckFileHandle",
    "CheckFileName",
    "CheckFileReply",
    "CopyData",
    "ExpandPath",
    "ExtensionRequest",
    "FStatVFS",
    "FSync",
    "HardLink",
    "HomeDirectory",
    "LSetStat",
    "LimitsReply",
    "LimitsRequest",
    "PosixRename",
    "StatVFS",
    "StatVFSReply",
    "UsersGroupsByID",
    "UsersGroupsReply",
    "extension",
]

_EXTENDED = 200

E = TypeVar("E", bound="ExtensionRequest")


@message(_EXTENDED)
class ExtensionRequest(Request):
    """What every request of an extension begins with (section 8).

    Attributes:
        EXTENSION: the name that VERSION announces.
        VERSION: the version that it announces.
    """

    EXTENSION: ClassVar[str] = ""
    VERSION: ClassVar[bytes] = b""

    name: Text = field(default="", init=False)


@dataclass_transform(
    frozen_default=True, kw_only_default=True, field_specifiers=(field,), eq_default=True
)
def extension(
    name: str, version: bytes, *, announced: str | None = None
) -> Callable[[type[E]], type[E]]:
    """Declare a class as the request of this name.

    Args:
        name: the name in the request.
        version: the version, as VERSION announces it.
        announced: the name of the extension, where its requests have others.
    """

    def declare(cls: type[E]) -> type[E]:
        # the codec takes it for a constant, by which requests are told apart
        cls.__annotations__["name"] = Literal[name]
        cls.name = field(default=name, init=False)
        made = message(_EXTENDED)(cls)
        made.EXTENSION = name if announced is None else announced
        made.VERSION = version
        return made

    return declare


@extension("posix-rename@openssh.com", b"1")
class PosixRename(ExtensionRequest):
    """Rename over what is there (PROTOCOL section 4.3)."""

    old: Text
    new: Text


@extension("statvfs@openssh.com", b"2")
class StatVFS(ExtensionRequest):
    """Facts of the file system that holds a path (PROTOCOL section 4.4)."""

    path: Text


@extension("fstatvfs@openssh.com", b"2")
class FStatVFS(ExtensionRequest):
    """Facts of the file system that holds an open file (PROTOCOL section 4.4)."""

    handle: bytes


@extension("hardlink@openssh.com", b"1")
class HardLink(ExtensionRequest):
    """Make a hard link (PROTOCOL section 4.5)."""

    old: Text
    new: Text


@extension("fsync@openssh.com", b"1")
class FSync(ExtensionRequest):
    """Put what was written to stable storage (PROTOCOL section 4.6)."""

    handle: bytes


@extension("lsetstat@openssh.com", b"1")
class LSetStat(ExtensionRequest):
    """Change attributes of a link itself (PROTOCOL section 4.7)."""

    path: Text
    attributes: Attributes


@extension("limits@openssh.com", b"1")
class LimitsRequest(ExtensionRequest):
    """Ask what the server takes (PROTOCOL section 4.8)."""


@extension("expand-path@openssh.com", b"1")
class ExpandPath(ExtensionRequest):
    """Canonicalise a path that may begin with a tilde (PROTOCOL section 4.9)."""

    path: Text


@extension("home-directory", b"1")
class HomeDirectory(ExtensionRequest):
    """The home directory of a user, empty for one's own (PROTOCOL section 4.11)."""

    user: Text = ""


@extension("copy-data", b"1")
class CopyData(ExtensionRequest):
    """Copy bytes from one open file to another on the server (PROTOCOL section 4.10)."""

    source: bytes
    offset: UInt64 = 0
    length: UInt64 = 0
    """How many bytes; zero is up to the end of the file."""
    target: bytes
    target_offset: UInt64 = 0


@extension("users-groups-by-id@openssh.com", b"1")
class UsersGroupsByID(ExtensionRequest):
    """The names of users and groups by their numbers (PROTOCOL section 4.12)."""

    users: bytes
    """The numbers of users, four bytes each."""
    groups: bytes


@extension("check-file-handle", b"", announced="check-file")
class CheckFileHandle(ExtensionRequest):
    """Hash an open file, whole or in blocks (filexfer-extensions-00 section 3)."""

    handle: bytes
    algorithms: Text
    """The hashes that the client takes, with commas between them, the preferred one first."""
    offset: UInt64 = 0
    length: UInt64 = 0
    """How many bytes; zero is up to the end of the file."""
    block_size: UInt32 = 0
    """The bytes that one hash is of; zero is one hash of all."""


@extension("check-file", b"", announced="check-file")
class CheckFile(CheckFileHandle):
    """`CheckFileHandle`, in the name that Paramiko's client sends."""


@extension("check-file-name", b"", announced="check-file")
class CheckFileName(ExtensionRequest):
    """Hash a file (filexfer-extensions-00 section 3)."""

    path: Text
    algorithms: Text
    offset: UInt64 = 0
    length: UInt64 = 0
    block_size: UInt32 = 0


@record
class CheckFileReply(Record):
    """The details of the reply to `CheckFileHandle` and `CheckFileName`."""

    name: Text
    """"check-file"."""
    algorithm: Text
    hashes: Rest
    """One for each block."""


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
