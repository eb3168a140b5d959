"""How each request is answered.

`TABLE` is the machine: which method answers which request, and whether the request changes
something, so that a read-only file system refuses it before anything else looks at it
(draft-ietf-secsh-filexfer-02 section 6; OpenSSH's PROTOCOL section 4).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeAlias

from ssh_sftp import messages as m
from ssh_sftp.filesystem import DirectoryHandle, FileHandle, FileSystem
from ssh_sftp.handles import Handles
from ssh_sftp.numbers import MAX_HANDLES, MAX_PACKET, MAX_READ, MAX_WRITE, OpenFlags, StatusCode
from ssh_sftp.statuses import status
from ssh_wire import Message

__all__ = ["TABLE", "Answers"]

_NAMES: Final = 128
_CHANGING: Final = OpenFlags.WRITE | OpenFlags.APPEND | OpenFlags.CREATE | OpenFlags.TRUNCATE


class Answers:
    """The open files of one session, and a method for each request.

    Args:
        filesystem: what is served.
        most: how many files and directories may be open.
    """

    def __init__(self, filesystem: FileSystem, most: int) -> None:
        self._filesystem = filesystem
        self._most = most
        self._files: Handles[FileHandle] = Handles(b"f")
        self._directories: Handles[DirectoryHandle] = Handles(b"d")

    @property
    def open_handles(self) -> int:
        """How many files and directories are open."""
        return len(self._files) + len(self._directories)

    def close_all(self) -> None:
        """Close everything that is open."""
        opened: list[FileHandle | DirectoryHandle] = [
            *self._files.take_all(),
            *self._directories.take_all(),
        ]
        for handle in opened:
            try:
                handle.close()
            except OSError:  # the client is gone, and nobody else to tell
                continue

    # ------------------------------------------------------------------ open files

    def open(self, request: m.Open) -> Message:
        """Open or create a file."""
        flags = OpenFlags(request.flags & 0x3F)
        if self._filesystem.read_only and flags & _CHANGING:
            return status(request.id, StatusCode.PERMISSION_DENIED)
        if self.open_handles >= self._most:
            return status(request.id, StatusCode.FAILURE, "Too many open files")
        opened = self._filesystem.open(request.path, flags, request.attributes)
        return m.Handle(id=request.id, handle=self._files.add(opened))

    def close(self, request: m.Close) -> Message:
        """Close a file or directory."""
        if request.handle in self._directories:
            self._directories.take(request.handle).close()
        else:
            self._files.take(request.handle).close()
        return status(request.id, StatusCode.OK)

    def read(self, request: m.Read) -> Message:
        """Read."""
        found = self._files.find(request.handle)
        if request.offset >> 63:  # behind the end of any file
            return status(request.id, StatusCode.EOF)
        data = found.read(min(request.length, MAX_READ), request.offset)
        return m.Data(id=request.id, data=data) if data else status(request.id, StatusCode.EOF)

    def write(self, request: m.Write) -> Message:
        """Write."""
        found = self._files.find(request.handle)
        if len(request.data) > MAX_WRITE:
            return status(request.id, StatusCode.FAILURE, "More than one write may carry")
        found.write(memoryview(request.data), request.offset)
        return status(request.id, StatusCode.OK)

    def fstat(self, request: m.FStat) -> Message:
        """Attributes of an open file."""
        return m.Attrs(id=request.id, attributes=self._files.find(request.handle).stat())

    def fsetstat(self, request: m.FSetStat) -> Message:
        """Change attributes of an open file."""
        self._files.find(request.handle).setstat(request.attributes)
        return status(request.id, StatusCode.OK)

    def fsync(self, request: m.FSync) -> Message:
        """Put an open file to stable storage."""
        self._files.find(request.handle).sync()
        return status(request.id, StatusCode.OK)

    def fstatvfs(self, request: m.FStatVFS) -> Message:
        """Facts of the file system of an open file."""
        facts = self._files.find(request.handle).statvfs()
        return m.ExtendedReply(id=request.id, details=facts.encode())

    # ------------------------------------------------------------------ directories

    def opendir(self, request: m.OpenDir) -> Message:
        """Open a directory."""
        if self.open_handles >= self._most:
            return status(request.id, StatusCode.FAILURE, "Too many open files")
        opened = self._filesystem.opendir(request.path)
        return m.Handle(id=request.id, handle=self._directories.add(opened))

    def readdir(self, request: m.ReadDir) -> Message:
        """The next names of a directory."""
        entries = self._directories.find(request.handle).read(_NAMES)
        if not entries:
            return status(request.id, StatusCode.EOF)
        return m.Name(id=request.id, entries=tuple(entries))

    # ------------------------------------------------------------------ paths

    def stat(self, request: m.Stat) -> Message:
        """Attributes, links followed."""
        return m.Attrs(id=request.id, attributes=self._filesystem.stat(request.path))

    def lstat(self, request: m.LStat) -> Message:
        """Attributes of a link itself."""
        return m.Attrs(id=request.id, attributes=self._filesystem.lstat(request.path))

    def realpath(self, request: m.RealPath) -> Message:
        """The canonical form of a path."""
        return _one_name(request.id, self._filesystem.realpath(request.path))

    def readlink(self, request: m.ReadLink) -> Message:
        """The target of a link."""
        return _one_name(request.id, self._filesystem.readlink(request.path))

    def expand_path(self, request: m.ExpandPath) -> Message:
        """The canonical form of a path that may begin with a tilde."""
        path = request.path
        if path.startswith("~"):
            user, slash, rest = path[1:].partition("/")
            path = self._filesystem.home(user) + slash + rest
        return _one_name(request.id, self._filesystem.realpath(path))

    def home(self, request: m.HomeDirectory) -> Message:
        """A home directory."""
        return _one_name(request.id, self._filesystem.home(request.user))

    def statvfs(self, request: m.StatVFS) -> Message:
        """Facts of a file system."""
        facts = self._filesystem.statvfs(request.path)
        return m.ExtendedReply(id=request.id, details=facts.encode())

    def setstat(self, request: m.SetStat) -> Message:
        """Change attributes."""
        self._filesystem.setstat(request.path, request.attributes)
        return status(request.id, StatusCode.OK)

    def lsetstat(self, request: m.LSetStat) -> Message:
        """Change attributes of a link itself."""
        self._filesystem.lsetstat(request.path, request.attributes)
        return status(request.id, StatusCode.OK)

    def mkdir(self, request: m.MkDir) -> Message:
        """Make a directory."""
        self._filesystem.mkdir(request.path, request.attributes)
        return status(request.id, StatusCode.OK)

    def rmdir(self, request: m.RmDir) -> Message:
        """Remove a directory."""
        self._filesystem.rmdir(request.path)
        return status(request.id, StatusCode.OK)

    def remove(self, request: m.Remove) -> Message:
        """Remove a file."""
        self._filesystem.remove(request.path)
        return status(request.id, StatusCode.OK)

    def rename(self, request: m.Rename) -> Message:
        """Rename; not over what is there."""
        self._filesystem.rename(request.old, request.new)
        return status(request.id, StatusCode.OK)

    def replace(self, request: m.PosixRename) -> Message:
        """Rename over what is there."""
        self._filesystem.replace(request.old, request.new)
        return status(request.id, StatusCode.OK)

    def symlink(self, request: m.SymLink) -> Message:
        """Make a symbolic link."""
        self._filesystem.symlink(request.target, request.link)
        return status(request.id, StatusCode.OK)

    def hardlink(self, request: m.HardLink) -> Message:
        """Make a hard link."""
        self._filesystem.hardlink(request.old, request.new)
        return status(request.id, StatusCode.OK)

    def limits(self, request: m.LimitsRequest) -> Message:
        """What this server takes."""
        limits = m.LimitsReply(
            max_packet=MAX_PACKET,
            max_read=MAX_READ,
            max_write=MAX_WRITE,
            max_handles=MAX_HANDLES,
        )
        return m.ExtendedReply(id=request.id, details=limits.encode())

    def unknown(self, request: m.Extended) -> Message:
        """An extension that is not known."""
        # 'the server MUST respond with ... SSH_FX_OP_UNSUPPORTED' (section 8)
        return status(request.id, StatusCode.OP_UNSUPPORTED)


def _one_name(number: int, name: str) -> m.Name:
    return m.Name(id=number, entries=(m.NameEntry(filename=name, longname=name),))


_Answer: TypeAlias = Callable[[Answers, Any], Message]

TABLE: Final[dict[type[m.Request], tuple[_Answer, bool]]] = {
    # request: (who answers, whether it changes something)
    m.Open: (Answers.open, False),  # depends on its flags, which `open` looks at
    m.Close: (Answers.close, False),
    m.Read: (Answers.read, False),
    m.Write: (Answers.write, True),
    m.FStat: (Answers.fstat, False),
    m.FSetStat: (Answers.fsetstat, True),
    m.FSync: (Answers.fsync, True),
    m.FStatVFS: (Answers.fstatvfs, False),
    m.OpenDir: (Answers.opendir, False),
    m.ReadDir: (Answers.readdir, False),
    m.Stat: (Answers.stat, False),
    m.LStat: (Answers.lstat, False),
    m.RealPath: (Answers.realpath, False),
    m.ReadLink: (Answers.readlink, False),
    m.ExpandPath: (Answers.expand_path, False),
    m.HomeDirectory: (Answers.home, False),
    m.StatVFS: (Answers.statvfs, False),
    m.LimitsRequest: (Answers.limits, False),
    m.SetStat: (Answers.setstat, True),
    m.LSetStat: (Answers.lsetstat, True),
    m.MkDir: (Answers.mkdir, True),
    m.RmDir: (Answers.rmdir, True),
    m.Remove: (Answers.remove, True),
    m.Rename: (Answers.rename, True),
    m.PosixRename: (Answers.replace, True),
    m.SymLink: (Answers.symlink, True),
    m.HardLink: (Answers.hardlink, True),
    m.Extended: (Answers.unknown, True),  # nobody knows what it would change
}
