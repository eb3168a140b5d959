"""The handler of each request.

The type of what the file system's code returns is checked, so that a wrong method is reported as a
fault, and never becomes a wrong reply.

`TABLE` has the handler of each request, and whether the request changes something, so that a
read-only file system refuses it first (draft-ietf-secsh-filexfer-02 section 6; OpenSSH's PROTOCOL
section 4).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final, TypeAlias, TypeVar, cast

from ssh_sftp import messages as m
from ssh_sftp.attributes import Attributes
from ssh_sftp.numbers import MAX_HANDLES, MAX_PACKET, MAX_READ, MAX_WRITE, OpenFlags, StatusCode
from ssh_sftp.pipe import Buffer
from ssh_sftp.server.filesystem import DirectoryHandle, FileHandle, FileSystem, problem_with
from ssh_sftp.server.handles import Handles
from ssh_sftp.server.statuses import status
from ssh_sftp.symlinks import SymLinkOrder, paths_of
from ssh_wire import Message
from ssh_wire.guarded import guarded

__all__ = ["TABLE", "Handlers"]

T = TypeVar("T")

_NAMES: Final = 128
_EOF: Final = StatusCode.EOF
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
        self._filesystem = filesystem
        self._symlink_order = symlink_order
        self._most = most
        self._files: Handles[FileHandle] = Handles(b"f")
        self._directories: Handles[DirectoryHandle] = Handles(b"d")
        self._known: set[type] = set()

    @property
    def open_handles(self) -> int:
        """How many files and directories are open."""
        return len(self._files) + len(self._directories)

    def close_all(self) -> list[Exception]:
        """Close everything that is open; return what was raised."""
        opened: list[FileHandle | DirectoryHandle] = [
            *self._files.take_all(),
            *self._directories.take_all(),
        ]
        errors: list[Exception] = []
        for handle in opened:
            with guarded(errors.append):
                handle.close()
        return errors

    # ------------------------------------------------------------------ open files

    def open(self, request: m.Open) -> Message:
        """Open or create a file."""
        flags = OpenFlags(request.flags & 0x3F)
        read_only: object = getattr(self._filesystem, "read_only", False)
        if read_only and flags & _CHANGING:
            return status(request.id, StatusCode.PERMISSION_DENIED)
        if self.open_handles >= self._most:
            return status(request.id, StatusCode.FAILURE, "Too many open files")
        opened = self._filesystem.open(request.path, flags, request.attributes)
        self._check(opened, FileHandle, "open")
        return m.Handle(id=request.id, handle=self._files.add(opened))

    def close(self, request: m.Close) -> Message:
        """Close a file or directory."""
        if request.handle in self._directories:
            _do(self._directories.take(request.handle).close)
        else:
            _do(self._files.take(request.handle).close)
        return status(request.id, StatusCode.OK)

    def read(self, request: m.Read) -> Message:
        """Read."""
        found = self._files.find(request.handle)
        if request.offset >> 63:  # beyond the end of any file
            return status(request.id, StatusCode.EOF)
        length = min(request.length, MAX_READ)
        data = _bytes(found.read(length, request.offset), length)
        return m.Data(id=request.id, data=data) if data else status(request.id, StatusCode.EOF)

    def write(self, request: m.Write) -> Message:
        """Write."""
        found = self._files.find(request.handle)
        if len(request.data) > MAX_WRITE:
            return status(request.id, StatusCode.FAILURE, "More than one write may carry")
        write: Callable[[memoryview, int], object] = found.write
        written = write(memoryview(request.data), request.offset)
        # the write methods of Python's files return the number of bytes
        if written is not None and written != len(request.data):
            raise _wrong(written, "None, when all is written,", "write")
        return status(request.id, StatusCode.OK)

    def fstat(self, request: m.FStat) -> Message:
        """Return the attributes of an open file."""
        found = self._files.find(request.handle).stat()
        return m.Attrs(id=request.id, attributes=_of(Attributes, found, "stat"))

    def fsetstat(self, request: m.FSetStat) -> Message:
        """Change attributes of an open file."""
        _do(self._files.find(request.handle).setstat, request.attributes)
        return status(request.id, StatusCode.OK)

    def fsync(self, request: m.FSync) -> Message:
        """Write an open file to stable storage."""
        _do(self._files.find(request.handle).sync)
        return status(request.id, StatusCode.OK)

    def fstatvfs(self, request: m.FStatVFS) -> Message:
        """Return the statistics of the file system of an open file."""
        facts = _of(m.StatVFSReply, self._files.find(request.handle).statvfs(), "statvfs")
        return m.ExtendedReply(id=request.id, details=facts.encode())

    def _check(self, opened: object, protocol: type, method: str) -> None:
        """Check the type of an opened object, once for each type."""
        if type(opened) not in self._known:
            if hasattr(opened, "__await__"):
                raise _wrong(opened, protocol.__name__, method)
            problem = problem_with(opened, protocol)
            if problem:
                raise TypeError(problem)
            self._known.add(type(opened))

    # ------------------------------------------------------------------ directories

    def opendir(self, request: m.OpenDir) -> Message:
        """Open a directory."""
        if self.open_handles >= self._most:
            return status(request.id, StatusCode.FAILURE, "Too many open files")
        opened = self._filesystem.opendir(request.path)
        self._check(opened, DirectoryHandle, "opendir")
        return m.Handle(id=request.id, handle=self._directories.add(opened))

    def readdir(self, request: m.ReadDir) -> Message:
        """Return the next names of a directory."""
        entries = _entries(self._directories.find(request.handle).read(_NAMES))
        return m.Name(id=request.id, entries=entries) if entries else status(request.id, _EOF)

    # ------------------------------------------------------------------ paths

    def stat(self, request: m.Stat) -> Message:
        """Return attributes, links followed."""
        found = self._filesystem.stat(request.path)
        return m.Attrs(id=request.id, attributes=_of(Attributes, found, "stat"))

    def lstat(self, request: m.LStat) -> Message:
        """Return attributes of a link itself."""
        found = self._filesystem.lstat(request.path)
        return m.Attrs(id=request.id, attributes=_of(Attributes, found, "lstat"))

    def realpath(self, request: m.RealPath) -> Message:
        """Return the canonical form of a path."""
        return _one_name(request.id, self._filesystem.realpath(request.path), "realpath")

    def readlink(self, request: m.ReadLink) -> Message:
        """Return the target of a link."""
        return _one_name(request.id, self._filesystem.readlink(request.path), "readlink")

    def expand_path(self, request: m.ExpandPath) -> Message:
        """Return the canonical form of a path that may begin with a tilde."""
        path = request.path
        if path.startswith("~"):
            user, slash, rest = path[1:].partition("/")
            path = _of(str, self._filesystem.home(user), "home") + slash + rest
        return _one_name(request.id, self._filesystem.realpath(path), "realpath")

    def home(self, request: m.HomeDirectory) -> Message:
        """Return a home directory."""
        return _one_name(request.id, self._filesystem.home(request.user), "home")

    def statvfs(self, request: m.StatVFS) -> Message:
        """Return the statistics of a file system."""
        facts = _of(m.StatVFSReply, self._filesystem.statvfs(request.path), "statvfs")
        return m.ExtendedReply(id=request.id, details=facts.encode())

    def setstat(self, request: m.SetStat) -> Message:
        """Change attributes."""
        _do(self._filesystem.setstat, request.path, request.attributes)
        return status(request.id, StatusCode.OK)

    def lsetstat(self, request: m.LSetStat) -> Message:
        """Change attributes of a link itself."""
        _do(self._filesystem.lsetstat, request.path, request.attributes)
        return status(request.id, StatusCode.OK)

    def mkdir(self, request: m.MkDir) -> Message:
        """Make a directory."""
        _do(self._filesystem.mkdir, request.path, request.attributes)
        return status(request.id, StatusCode.OK)

    def rmdir(self, request: m.RmDir) -> Message:
        """Remove a directory."""
        _do(self._filesystem.rmdir, request.path)
        return status(request.id, StatusCode.OK)

    def remove(self, request: m.Remove) -> Message:
        """Remove a file."""
        _do(self._filesystem.remove, request.path)
        return status(request.id, StatusCode.OK)

    def rename(self, request: m.Rename) -> Message:
        """Rename; fail if the new name exists."""
        _do(self._filesystem.rename, request.old, request.new)
        return status(request.id, StatusCode.OK)

    def replace(self, request: m.PosixRename) -> Message:
        """Rename, and replace a file that has the new name."""
        _do(self._filesystem.replace, request.old, request.new)
        return status(request.id, StatusCode.OK)

    def symlink(self, request: m.SymLink) -> Message:
        """Make a symbolic link."""
        target, link = paths_of(request, self._symlink_order)
        _do(self._filesystem.symlink, target, link)
        return status(request.id, StatusCode.OK)

    def hardlink(self, request: m.HardLink) -> Message:
        """Make a hard link."""
        _do(self._filesystem.hardlink, request.old, request.new)
        return status(request.id, StatusCode.OK)

    def limits(self, request: m.LimitsRequest) -> Message:
        """Return the limits of this server."""
        limits = m.LimitsReply(
            max_packet=MAX_PACKET,
            max_read=MAX_READ,
            max_write=MAX_WRITE,
            max_handles=MAX_HANDLES,
        )
        return m.ExtendedReply(id=request.id, details=limits.encode())

    def unknown(self, request: m.Extended) -> Message:
        """Refuse an unknown extension."""
        # 'the server MUST respond with ... SSH_FX_OP_UNSUPPORTED' (section 8)
        return status(request.id, StatusCode.OP_UNSUPPORTED)


def _one_name(number: int, name: object, method: str) -> m.Name:
    text = _of(str, name, method)
    return m.Name(id=number, entries=(m.NameEntry(filename=text, longname=text),))


def _of(kind: type[T], value: object, method: str) -> T:
    """Return a value, checked to be of this type.

    Raises:
        TypeError: it is of another type.
    """
    if isinstance(value, kind):
        return value
    raise _wrong(value, kind.__name__, method)


def _bytes(value: object, most: int) -> Buffer:
    if isinstance(value, bytes | bytearray | memoryview):
        data = cast("Buffer", value)
        if len(data) <= most:
            return data
        problem = f"read() returned {len(data)} bytes, and at most {most} were asked for"
        raise TypeError(problem)
    raise _wrong(value, "bytes", "read")


def _entries(value: object) -> tuple[m.NameEntry, ...]:
    if not isinstance(value, Iterable):
        raise _wrong(value, "a sequence of NameEntry", "read")
    found = cast("Iterable[object]", value)
    return tuple(_of(m.NameEntry, entry, "read") for entry in found)


def _do(method: Callable[..., object], *args: object) -> None:
    """Call a method that returns None; a coroutine would not have been run."""
    value = method(*args)
    if hasattr(value, "__await__"):
        raise _wrong(value, "None, when it is done,", getattr(method, "__name__", "a method"))


def _wrong(value: object, wanted: str, method: str) -> TypeError:
    close = getattr(value, "close", None)
    if hasattr(value, "__await__") and callable(close):
        close()  # else Python warns later that it was never awaited
    told = value if isinstance(value, int) else type(value).__name__
    problem = f"{method}() returned {told}, where {wanted} is expected"
    return TypeError(problem)


_Handler: TypeAlias = Callable[[Handlers, Any], Message]

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
    m.Extended: (Handlers.unknown, True),  # what it would change is not known
}
