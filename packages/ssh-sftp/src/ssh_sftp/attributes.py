"""File attributes: the compound type ATTRS (draft-ietf-secsh-filexfer-02 section 5).

`Attributes` is a wire type of its own, because which of its fields are present depends on
its first one.
"""

from __future__ import annotations

import stat
from struct import Struct
from struct import error as struct_error

from ssh_sftp.numbers import AttributeFlags
from ssh_wire import BadValue, EncodeError, Truncated, lazy_attrs
from ssh_wire.primitives import Buffer, read_string, string

__all__ = ["Attributes"]

_FLAGS = Struct(">I")
_SIZE = Struct(">Q")
_PAIR = Struct(">II")
_USUAL = Struct(">IQIIIII")

_KNOWN = 0x8000_000F
_ALL_BUT_EXTENDED = 0x0F
_SMALLEST_EXTENSION = 8


@lazy_attrs.frozen
class Attributes:
    """The attributes of a file that are known or to be set; None is a field that is not present.

    Attributes:
        size: length in bytes.
        uid: number of the owner; present together with `gid`.
        gid: number of the group.
        permissions: type and permission bits, as POSIX has them.
        atime: when it was last read, seconds since 1970.
        mtime: when it was last written; present together with `atime`.
        extended: vendor-specific pairs of a name and data.
    """

    size: int | None = None
    uid: int | None = None
    gid: int | None = None
    permissions: int | None = None
    atime: int | None = None
    mtime: int | None = None
    extended: tuple[tuple[bytes, bytes], ...] = ()

    @property
    def has_type(self) -> bool:
        """Return whether `permissions` has the file type; some servers send the mode only."""
        return self.permissions is not None and stat.S_IFMT(self.permissions) != 0

    @property
    def is_dir(self) -> bool:
        """Return whether it is a directory; False if the type is not known (`has_type`)."""
        return stat.S_ISDIR(self.permissions or 0)

    @property
    def is_file(self) -> bool:
        """Return whether it is a regular file; False if the type is not known (`has_type`)."""
        return stat.S_ISREG(self.permissions or 0)

    @property
    def is_symlink(self) -> bool:
        """Return whether it is a symbolic link; False if the type is not known (`has_type`)."""
        return stat.S_ISLNK(self.permissions or 0)

    @property
    def mode(self) -> int | None:
        """The permission bits without the type of file."""
        return None if self.permissions is None else stat.S_IMODE(self.permissions)

    def encode(self) -> bytes:
        """Return the encoded bytes.

        Raises:
            EncodeError: a number does not fit, or only one field of a pair is given.
        """
        if (self.uid is None) != (self.gid is None) or (self.atime is None) != (
            self.mtime is None
        ):
            raise EncodeError("ATTRS", "uid and gid, atime and mtime go together")
        flags = 0
        parts: list[bytes] = []
        try:
            if self.size is not None:
                flags |= AttributeFlags.SIZE.value
                parts.append(_SIZE.pack(self.size))
            if self.uid is not None:
                flags |= AttributeFlags.UIDGID.value
                parts.append(_PAIR.pack(self.uid, self.gid))
            if self.permissions is not None:
                flags |= AttributeFlags.PERMISSIONS.value
                parts.append(_FLAGS.pack(self.permissions))
            if self.atime is not None:
                flags |= AttributeFlags.ACMODTIME.value
                parts.append(_PAIR.pack(self.atime, self.mtime))
        except struct_error as error:
            raise EncodeError("ATTRS", str(error)) from None
        if self.extended:
            flags |= AttributeFlags.EXTENDED.value
            parts.append(_FLAGS.pack(len(self.extended)))
            parts += [string(name) + string(data) for name, data in self.extended]
        return _FLAGS.pack(flags) + b"".join(parts)

    @classmethod
    def read(cls, data: Buffer, pos: int) -> tuple[Attributes, int]:
        """Decode at `pos`; return the attributes and the position behind them.

        Raises:
            Truncated: the input ends inside them.
            BadValue: "It is a protocol error if a packet with unsupported protocol bits is
                received."
        """
        end = pos + _USUAL.size
        if end <= len(data):
            flags, size, uid, gid, permissions, atime, mtime = _USUAL.unpack_from(data, pos)
            if flags == _ALL_BUT_EXTENDED:
                return cls(size, uid, gid, permissions, atime, mtime), end
        return cls._read_some(data, pos)

    @classmethod
    def read_known(cls, data: Buffer, pos: int) -> Attributes:
        """Decode the known attributes at `pos`; fields of unknown bits follow them.

        Raises:
            Truncated: the input ends inside them.
        """
        reader = _Reader(data, pos)
        (flags,) = reader.take(_FLAGS, "flags")
        return cls._read_fields(reader, flags & _KNOWN)

    @classmethod
    def _read_some(cls, data: Buffer, pos: int) -> tuple[Attributes, int]:
        reader = _Reader(data, pos)
        (flags,) = reader.take(_FLAGS, "flags")
        if flags & ~_KNOWN:
            raise BadValue("ATTRS", "flags", f"has unknown bits {flags & ~_KNOWN:#x}")
        return cls._read_fields(reader, flags), reader.pos

    @classmethod
    def _read_fields(cls, reader: _Reader, flags: int) -> Attributes:
        size = uid = gid = permissions = atime = mtime = None
        extended: tuple[tuple[bytes, bytes], ...] = ()
        if flags & AttributeFlags.SIZE:
            (size,) = reader.take(_SIZE, "size")
        if flags & AttributeFlags.UIDGID:
            uid, gid = reader.take(_PAIR, "uid")
        if flags & AttributeFlags.PERMISSIONS:
            (permissions,) = reader.take(_FLAGS, "permissions")
        if flags & AttributeFlags.ACMODTIME:
            atime, mtime = reader.take(_PAIR, "atime")
        if flags & AttributeFlags.EXTENDED:
            extended = reader.extensions()
        return cls(size, uid, gid, permissions, atime, mtime, extended)


class _Reader:
    """Reads optional fields one after the other."""

    def __init__(self, data: Buffer, pos: int) -> None:
        self.data = data
        self.pos = pos

    def take(self, struct: Struct, field: str) -> tuple[int, ...]:
        end = self.pos + struct.size
        if end > len(self.data):
            raise Truncated("ATTRS", field)
        values: tuple[int, ...] = struct.unpack_from(self.data, self.pos)
        self.pos = end
        return values

    def extensions(self) -> tuple[tuple[bytes, bytes], ...]:
        (count,) = self.take(_FLAGS, "extended_count")
        if count * _SMALLEST_EXTENSION > len(self.data) - self.pos:
            raise Truncated("ATTRS", "the extended attributes")
        pairs: list[tuple[bytes, bytes]] = []
        for _ in range(count):
            name, self.pos = read_string(self.data, self.pos)
            value, self.pos = read_string(self.data, self.pos)
            pairs.append((name, value))
        return tuple(pairs)
