"""Decode the server's packets: strict about required fields, lenient about the others.

Some servers leave out what section 7 calls "readable" text, and append fields that version 3 does
not have.  OpenSSH's client ignores both, and so does this one.  The required fields (the number of
the request, a code, a handle, data, names) have to be complete.
"""

from __future__ import annotations

from struct import Struct
from typing import Final, TypeAlias

from ssh_sftp.attributes import Attributes
from ssh_sftp.errors import SFTPProtocolError
from ssh_sftp.messages import (
    REPLIES,
    Attrs,
    Data,
    ExtendedReply,
    ExtensionPair,
    Handle,
    Name,
    Status,
    StatVFSReply,
    UsersGroupsReply,
    Version,
)
from ssh_wire import BadValue, ProtocolError, TrailingData, Truncated, UnknownMessage
from ssh_wire.primitives import read_string

__all__ = ["Reply", "decode_reply", "decode_version", "facts_of", "names_of"]

Reply: TypeAlias = Status | Handle | Data | Name | Attrs | ExtendedReply

_DECLARATIONS: Final = {declaration.NUMBER: declaration for declaration in REPLIES}
_STATUS: Final = Struct(">BII")
_HEAD: Final = Struct(">BI")


def decode_reply(payload: memoryview) -> Reply:
    """Decode a reply.

    Raises:
        SFTPProtocolError: a required field is missing, or it is not a reply.
    """
    declaration = _DECLARATIONS.get(payload[0])
    try:
        if declaration is None:
            raise UnknownMessage(payload[0])
        reply: Reply = declaration.decode(payload)
    except ProtocolError as error:
        return _lenient(payload, error)
    return reply


def decode_version(payload: memoryview) -> Version:
    """Decode the server's VERSION; what follows the last complete extension is ignored.

    Raises:
        SFTPProtocolError: it is not a VERSION.
    """
    if len(payload) < _HEAD.size or payload[0] != Version.NUMBER:
        problem = f"message {payload[0]} of {len(payload)} bytes, where VERSION is due"
        raise SFTPProtocolError(problem)
    _, number = _HEAD.unpack_from(payload)
    pairs: list[ExtensionPair] = []
    pos = _HEAD.size
    try:
        while pos < len(payload):
            pair, pos = ExtensionPair.read(payload, pos)
            pairs.append(pair)
    except ProtocolError:
        pass  # an incomplete extension is ignored
    return Version(version=number, extensions=tuple(pairs))


def facts_of(details: bytes) -> StatVFSReply:
    """Decode the details of a reply to statvfs@openssh.com; further fields are ignored.

    Raises:
        SFTPProtocolError: they are incomplete.
    """
    try:
        return StatVFSReply.read(details, 0)[0]
    except ProtocolError as error:
        raise SFTPProtocolError(str(error)) from error


def names_of(details: bytes) -> tuple[list[str], list[str]]:
    """Decode the details of a reply to users-groups-by-id@openssh.com: users, and groups.

    Raises:
        SFTPProtocolError: they are incomplete.
    """
    try:
        reply = UsersGroupsReply.read(details, 0)[0]
        return _strings(reply.users), _strings(reply.groups)
    except ProtocolError as error:
        raise SFTPProtocolError(str(error)) from error


def _strings(data: bytes) -> list[str]:
    found: list[str] = []
    pos = 0
    while pos < len(data):
        text, pos = read_string(data, pos)
        found.append(text.decode("utf-8", "surrogateescape"))
    return found


def _lenient(payload: memoryview, error: ProtocolError) -> Reply:
    """Decode a reply that the strict decoder refused, if all required fields are there."""
    kind = payload[0]
    try:
        if isinstance(error, TrailingData):
            reply: Reply = _DECLARATIONS[kind].read(payload, 0)[0]
            return reply
        if kind == Status.NUMBER and len(payload) >= _STATUS.size:
            return _bare_status(payload)
        if kind == Attrs.NUMBER and isinstance(error, BadValue):
            _, number = _HEAD.unpack_from(payload)
            known = Attributes.read_known(payload, _HEAD.size)
            return Attrs(id=number, attributes=known)
    except ProtocolError as another:
        error = another
    raise SFTPProtocolError(str(error)) from error


def _bare_status(payload: memoryview) -> Status:
    """Decode a STATUS whose text or language is missing or incomplete."""
    _, number, code = _STATUS.unpack_from(payload)
    try:
        text, _ = read_string(payload, _STATUS.size)
    except Truncated:
        text = bytes(payload[_STATUS.size + 4 :])
    return Status(id=number, code=code, text=text.decode("utf-8", "surrogateescape"))
