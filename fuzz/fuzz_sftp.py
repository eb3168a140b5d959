"""What an SFTP server sends, replies and VERSION, and what a client sends to ours."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from fuzz.target import Target
from ssh_sftp import (
    Attributes,
    BytesFile,
    EntriesDirectory,
    OpenFlags,
    SFTPProtocolError,
    SFTPServerProtocol,
    VirtualFileSystem,
    file_attributes,
)
from ssh_sftp import messages as m
from ssh_sftp.client.replies import decode_reply, decode_version
from ssh_sftp.framing import PacketReader
from ssh_wire import Message

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
FILE, DIRECTORY = b"f" + bytes(7), b"d" + bytes(7)
OPENINGS = (m.Open(id=1, path="f", flags=1).encode(), m.OpenDir(id=2, path="d").encode())
SERVED: list[m.Request] = [
    m.Read(id=3, handle=FILE, offset=0, length=9),
    m.Write(id=3, handle=FILE, offset=0, data=b"data"),
    m.ReadDir(id=3, handle=DIRECTORY),
    m.Close(id=3, handle=FILE),
    m.FSetStat(id=3, handle=FILE, attributes=Attributes(size=5, atime=1, mtime=2)),
    m.SymLink(id=3, target="f", link="g"),
    m.RealPath(id=3, path="a/../b"),
    m.ExpandPath(id=3, path="~/f"),
    m.CopyData(id=3, source=FILE, target=FILE, length=9),
    m.CheckFileName(id=3, path="f", algorithms="md5,sha256", block_size=256),
    m.UsersGroupsByID(id=3, users=bytes(4), groups=bytes(8)),
    m.LimitsRequest(id=3),
]


def read_reply(data: bytes) -> None:
    """What was decoded is encoded again, and is the same reply then."""
    if data:
        reply = decode_reply(memoryview(data))
        assert decode_reply(memoryview(reply.encode())) == reply


def read_version(data: bytes) -> None:
    if data:
        version = decode_version(memoryview(data))
        assert decode_version(memoryview(version.encode())) == version


class _Files(VirtualFileSystem):
    """Every name is a file, and every directory has one."""

    def open(self, path: str, flags: OpenFlags, attributes: Attributes) -> BytesFile:
        del path, flags, attributes
        return BytesFile(b"content")

    def opendir(self, path: str) -> EntriesDirectory:
        return EntriesDirectory([(path, file_attributes(7))])


def _run(
    answer: Coroutine[Any, Any, Message], finished: Callable[[Message | BaseException], None]
) -> None:
    try:
        while True:
            answer.send(None)
    except StopIteration as end:
        finished(end.value)
    except Exception as error:  # noqa: BLE001 (the server takes what its code raises)
        finished(error)


def serve_request(data: bytes) -> None:
    """A request to a server with an open file and an open directory has one reply."""
    replies: list[bytes] = []
    reader = PacketReader(lambda payload: replies.append(bytes(payload)))
    server = SFTPServerProtocol(_Files(), lambda *parts: reader.feed(memoryview(b"".join(parts))))
    server.run_later = _run
    for payload in (m.Init(version=3).encode(), *OPENINGS, data):
        server.receive(memoryview(len(payload).to_bytes(4, "big") + payload))
    assert len(replies) == 2 + len(OPENINGS)
    if data[0] in {number for request in m.REQUESTS if (number := request.NUMBER)}:
        assert replies[-1][1:5] == data[1:5]
    server.close()


TARGETS = [
    Target(
        name="sftp-request",
        function=serve_request,
        seeds=[request.encode() for request in SERVED],
        allowed=(SFTPProtocolError,),
        tokens=[b"check-file-name", b"copy-data", b"sha256", FILE, DIRECTORY],
    ),
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
