"""What an SFTP server sends: replies and VERSION, forgiven what is not needed of them."""

from __future__ import annotations

from fuzz.target import Target
from ssh_sftp import Attributes, SFTPProtocolError
from ssh_sftp import messages as m
from ssh_sftp.client.replies import decode_reply, decode_version

ENTRY = m.NameEntry(
    filename="a.txt",
    longname="-rw-r--r-- 1 u g 5 Jan 1 1970 a.txt",
    attributes=Attributes(size=5, permissions=0o644),
)
REPLIES = [
    m.Status(id=1, code=4, text="Failure", language="en"),
    m.Handle(id=1, handle=b"handle"),
    m.Data(id=1, data=b"bytes"),
    m.Name(id=1, entries=(ENTRY, ENTRY)),
    m.Attrs(id=1, attributes=Attributes(size=5, uid=1, gid=2, permissions=0o644)),
    m.ExtendedReply(id=1, details=b"details"),
]
VERSION = m.Version(version=3, extensions=(m.ExtensionPair(name="fsync@openssh.com", data=b"1"),))


def read_reply(data: bytes) -> None:
    """What was decoded is encoded again, and is the same reply then."""
    if data:
        reply = decode_reply(memoryview(data))
        assert decode_reply(memoryview(reply.encode())) == reply


def read_version(data: bytes) -> None:
    if data:
        version = decode_version(memoryview(data))
        assert decode_version(memoryview(version.encode())) == version


TARGETS = [
    Target(
        name="sftp-reply",
        function=read_reply,
        seeds=[reply.encode() for reply in REPLIES],
        allowed=(SFTPProtocolError,),
    ),
    Target(
        name="sftp-version",
        function=read_version,
        seeds=[VERSION.encode()],
        allowed=(SFTPProtocolError,),
        tokens=[b"\0\0\0\1", b"fsync@openssh.com"],
    ),
]
