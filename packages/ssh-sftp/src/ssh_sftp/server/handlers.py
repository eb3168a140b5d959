"""The handler of each request.

The type of what the file system's code returns is checked, so that a wrong method is reported as a
fault, and never becomes a wrong reply.  A handler returns the reply, or a coroutine of it where
the file system answers later.

`TABLE` has the handler of each request, and whether the request changes something, so that a
read-only file system refuses it first (draft-ietf-secsh-filexfer-02 section 6; OpenSSH's PROTOCOL
section 4).
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeAlias, cast

from ssh_sftp import messages as m
from ssh_sftp.attributes import Attributes
from ssh_sftp.numbers import MAX_HANDLES, MAX_PACKET, MAX_READ, MAX_WRITE, OpenFlags, StatusCode
from ssh_sftp.server.answers import (
    Answer,
    data_of,
    done,
    entries_of,
    is_later,
    of_type,
    one_name,
    then,
    wrong,
)
from ssh_sftp.server.extension_handlers import EXTENSION_TABLE
from ssh_sftp.server.filesystem import DirectoryHandle, FileHandle, FileSystem, problem_with
from ssh_sftp.server.handles import Handles
from ssh_sftp.server.statuses import status
from ssh_sftp.symlinks import SymLinkOrder, paths_of
from ssh_wire import Message
from ssh_wire.guarded import guarded

__all__ = ["TABLE", "Handlers"]

_NAMES: Final = 128
_CHANGING: Final = OpenFlags.WRITE | OpenFlags.APPEND | OpenFlags.CREATE | OpenFlags.TRUNCATE


class Handlers:
    """Hold the open files of one session, with a handler for each request.

    Args:
        filesystem: the file system to serve.
        most: how many files and directories may be open.
        symlink_order: the order in which the client sends the paths of SYMLINK, if it is known.
    """

    def __init__(
        self, filesystem: FileSystem, most: int, symlink_order: SymLinkOrder | None = None
    ) -> None:
        self.filesystem = filesystem
        self._symlink_order = symlink_order
        self._most = most
        self.files: Handles[FileHandle] = Handles(b"f")
        self._directories: Handles[DirectoryHandle] = Handles(b"d")
        self._known: set[type] = set()
        self._later: set[type] = set()

    @property
    def open_handles(self) -> int:
        """How many files and directories are open."""
        return len(self.files) + len(self._directories)

    def close_all(self) -> tuple[list[Exception], list[Awaitable[object]]]:
        """Close everything that is open; return what was raised, and what is not closed yet."""
        opened: list[FileHandle | DirectoryHandle] = [
            *self.files.take_all(),
            *self._directories.take_all(),
        ]
        errors: list[Exception] = []
        waiting: list[Awaitable[object]] = []
        for handle in opened:
            with guarded(errors.append):
                value: object = handle.close()
                if is_later(value):
                    waiting.append(cast("Awaitable[object]", value))
        return errors, waiting

    # ------------------------------------------------------------------ open files

    def open(self, request: m.Open) -> Answer:
        """Open or create a file."""
        flags = OpenFlags(request.flags & 0x3F)
        read_only: object = getattr(self.filesystem, "read_only", False)
        if read_only and flags & _CHANGING:
            return status(request.id, StatusCode.PERMISSION_DENIED)
        if self.open_handles >= self._most:
            return status(request.id, StatusCode.FAILURE, "Too many open files")

        def add(opened: object) -> Message:
            self._check(opened, FileHandle)
            return m.Handle(id=request.id, handle=self.files.add(cast("FileHandle", opened)))

        return then(self.filesystem.open(request.path, flags, request.attributes), add)

    def close(self, request: m.Close) -> Answer:
        """Close a file or directory."""
        if request.handle in self._directories:
            return done(request.id, self._directories.take(request.handle).close())
        return done(request.id, self.files.take(request.handle).close())

    def read(self, request: m.Read) -> Answer:
        """Read."""
        found = self.files.find(request.handle)
        if request.offset >> 63:  # beyond the end of any file
            return status(request.id, StatusCode.EOF)
        length = min(request.length, MAX_READ)
        value: object = found.read(length, request.offset)
        if type(value) is bytes and 0 < len(value) <= length:  # the frequent case
            return m.Data(id=request.id, data=value)

        def make(value: object) -> Message:
            data = data_of(value, length)
            return m.Data(id=request.id, data=data) if data else status(request.id, StatusCode.EOF)

        return then(value, make)

    def write(self, request: m.Write) -> Answer:
        """Write."""
        found = self.files.find(request.handle)
        if len(request.data) > MAX_WRITE:
            return status(request.id, StatusCode.FAILURE, "More than one write may carry")
        data = memoryview(request.data)
        if type(found) in self._later:  # its body runs when the packet is gone
            data = memoryview(bytes(data))
        size = len(data)

        def make(written: object) -> Message:
            # the write methods of Python's files return the number of bytes
            if written is not None and written != size:
                raise wrong(written, "None, when all is written,", "write")
            return status(request.id, StatusCode.OK)

        write: Callable[[memoryview, int], object] = found.write
        return then(write(data, request.offset), make)

    def fstat(self, request: m.FStat) -> Answer:
        """Return the attributes of an open file."""
        found = self.files.find(request.handle).stat()
        return then(found, _attributes(request.id, "stat"))

    def fsetstat(self, request: m.FSetStat) -> Answer:
        """Change attributes of an open file."""
        return done(request.id, self.files.find(request.handle).setstat(request.attributes))

    def fsync(self, request: m.FSync) -> Answer:
        """Write an open file to stable storage."""
        return done(request.id, self.files.find(request.handle).sync())

    def fstatvfs(self, request: m.FStatVFS) -> Answer:
        """Return the statistics of the file system of an open file."""
        return then(self.files.find(request.handle).statvfs(), _facts(request.id))

    def _check(self, opened: object, protocol: type) -> None:
        """Check the type of an opened object, once for each type."""
        if type(opened) not in self._known:
            problem = problem_with(opened, protocol)
            if problem:
                raise TypeError(problem)
            self._known.add(type(opened))
            if inspect.iscoroutinefunction(getattr(opened, "write", None)):
                self._later.add(type(opened))

    # ------------------------------------------------------------------ directories

    def opendir(self, request: m.OpenDir) -> Answer:
        """Open a directory."""
        if self.open_handles >= self._most:
            return status(request.id, StatusCode.FAILURE, "Too many open files")

        def add(opened: object) -> Message:
            self._check(opened, DirectoryHandle)
            handle = self._directories.add(cast("DirectoryHandle", opened))
            return m.Handle(id=request.id, handle=handle)

        return then(self.filesystem.opendir(request.path), add)

    def readdir(self, request: m.ReadDir) -> Answer:
        """Return the next names of a directory."""

        def make(value: object) -> Message:
            entries = entries_of(value)
            if entries:
                return m.Name(id=request.id, entries=entries)
            return status(request.id, StatusCode.EOF)

        return then(self._directories.find(request.handle).read(_NAMES), make)

    # ------------------------------------------------------------------ paths

    def stat(self, request: m.Stat) -> Answer:
        """Return attributes, links followed."""
        found = self.filesystem.stat(request.path)
        return then(found, _attributes(request.id, "stat"))

    def lstat(self, request: m.LStat) -> Answer:
        """Return attributes of a link itself."""
        found = self.filesystem.lstat(request.path)
        return then(found, _attributes(request.id, "lstat"))

    def realpath(self, request: m.RealPath) -> Answer:
        """Return the canonical form of a path."""
        return then(self.filesystem.realpath(request.path), one_name(request.id, "realpath"))

    def readlink(self, request: m.ReadLink) -> Answer:
        """Return the target of a link."""
        return then(self.filesystem.readlink(request.path), one_name(request.id, "readlink"))

    def expand_path(self, request: m.ExpandPath) -> Answer:
        """Return the canonical form of a path that may begin with a tilde."""
        if not request.path.startswith("~"):
            found: object = self.filesystem.realpath(request.path)
            return then(found, one_name(request.id, "realpath"))
        user, slash, rest = request.path[1:].partition("/")
        home: object = self.filesystem.home(user)
        if is_later(home):
            return self._expand_later(request.id, cast("Awaitable[object]", home), slash + rest)
        return self._expand(request.id, home, slash + rest)

    def _expand(self, number: int, home: object, rest: str) -> Answer:
        path = of_type(str, home, "home") + rest
        return then(self.filesystem.realpath(path), one_name(number, "realpath"))

    async def _expand_later(self, number: int, home: Awaitable[object], rest: str) -> Message:
        answer = self._expand(number, await home, rest)
        return answer if isinstance(answer, Message) else await answer

    def home(self, request: m.HomeDirectory) -> Answer:
        """Return a home directory."""
        return then(self.filesystem.home(request.user), one_name(request.id, "home"))

    def statvfs(self, request: m.StatVFS) -> Answer:
        """Return the statistics of a file system."""
        return then(self.filesystem.statvfs(request.path), _facts(request.id))

    def setstat(self, request: m.SetStat) -> Answer:
        """Change attributes."""
        return done(request.id, self.filesystem.setstat(request.path, request.attributes))

    def lsetstat(self, request: m.LSetStat) -> Answer:
        """Change attributes of a link itself."""
        return done(request.id, self.filesystem.lsetstat(request.path, request.attributes))

    def mkdir(self, request: m.MkDir) -> Answer:
        """Make a directory."""
        return done(request.id, self.filesystem.mkdir(request.path, request.attributes))

    def rmdir(self, request: m.RmDir) -> Answer:
        """Remove a directory."""
        return done(request.id, self.filesystem.rmdir(request.path))

    def remove(self, request: m.Remove) -> Answer:
        """Remove a file."""
        return done(request.id, self.filesystem.remove(request.path))

    def rename(self, request: m.Rename) -> Answer:
        """Rename; fail if the new name exists."""
        return done(request.id, self.filesystem.rename(request.old, request.new))

    def replace(self, request: m.PosixRename) -> Answer:
        """Rename, and replace a file that has the new name."""
        return done(request.id, self.filesystem.replace(request.old, request.new))

    def symlink(self, request: m.SymLink) -> Answer:
        """Make a symbolic link."""
        target, link = paths_of(request, self._symlink_order)
        return done(request.id, self.filesystem.symlink(target, link))

    def hardlink(self, request: m.HardLink) -> Answer:
        """Make a hard link."""
        return done(request.id, self.filesystem.hardlink(request.old, request.new))

    def limits(self, request: m.LimitsRequest) -> Answer:
        """Return the limits of this server."""
        limits = m.LimitsReply(
            max_packet=MAX_PACKET,
            max_read=MAX_READ,
            max_write=MAX_WRITE,
            max_handles=MAX_HANDLES,
        )
        return m.ExtendedReply(id=request.id, details=limits.encode())

    def unknown(self, request: m.Extended) -> Answer:
        """Refuse an unknown extension."""
        # 'the server MUST respond with ... SSH_FX_OP_UNSUPPORTED' (section 8)
        return status(request.id, StatusCode.OP_UNSUPPORTED)


def _attributes(number: int, method: str) -> Callable[[object], Message]:
    def make(found: object) -> Message:
        return m.Attrs(id=number, attributes=of_type(Attributes, found, method))

    return make


def _facts(number: int) -> Callable[[object], Message]:
    def make(found: object) -> Message:
        facts = of_type(m.StatVFSReply, found, "statvfs")
        return m.ExtendedReply(id=number, details=facts.encode())

    return make


_Handler: TypeAlias = Callable[[Handlers, Any], Answer]

TABLE: Final[dict[type[m.Request], tuple[_Handler, bool]]] = {
    # request: (handler, whether it changes something)
    m.Open: (Handlers.open, False),  # depends on its flags, which `open` looks at
    m.Close: (Handlers.close, False),
    m.Read: (Handlers.read, False),
    m.Write: (Handlers.write, True),
    m.FStat: (Handlers.fstat, False),
    m.FSetStat: (Handlers.fsetstat, True),
    m.FSync: (Handlers.fsync, True),
    m.FStatVFS: (Handlers.fstatvfs, False),
    m.OpenDir: (Handlers.opendir, False),
    m.ReadDir: (Handlers.readdir, False),
    m.Stat: (Handlers.stat, False),
    m.LStat: (Handlers.lstat, False),
    m.RealPath: (Handlers.realpath, False),
    m.ReadLink: (Handlers.readlink, False),
    m.ExpandPath: (Handlers.expand_path, False),
    m.HomeDirectory: (Handlers.home, False),
    m.StatVFS: (Handlers.statvfs, False),
    m.LimitsRequest: (Handlers.limits, False),
    m.SetStat: (Handlers.setstat, True),
    m.LSetStat: (Handlers.lsetstat, True),
    m.MkDir: (Handlers.mkdir, True),
    m.RmDir: (Handlers.rmdir, True),
    m.Remove: (Handlers.remove, True),
    m.Rename: (Handlers.rename, True),
    m.PosixRename: (Handlers.replace, True),
    m.SymLink: (Handlers.symlink, True),
    m.HardLink: (Handlers.hardlink, True),
    **EXTENSION_TABLE,
    m.Extended: (Handlers.unknown, True),  # what it would change is not known
}
