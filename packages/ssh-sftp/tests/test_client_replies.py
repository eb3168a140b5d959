from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssh_sftp import Attributes, SFTPProtocolError
from ssh_sftp import messages as m
from ssh_sftp.client.replies import Reply, decode_reply, decode_version, names_of
from ssh_wire import Message
from ssh_wire.primitives import string

FILE = 0o100644
REPLIES: list[Message] = [
    m.Status(id=7, code=3, text="no", language="en"),
    m.Handle(id=7, handle=b"h"),
    m.Data(id=7, data=b"bytes"),
    m.Name(id=7, entries=(m.NameEntry(filename="a", attributes=Attributes(permissions=FILE)),)),
    m.Attrs(id=7, attributes=Attributes(size=5, permissions=FILE)),
]


def decode(data: bytes) -> Reply:
    return decode_reply(memoryview(data))


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ("65 00000007 00000003", ""),
        ("65 00000007 00000003 00000000", ""),
        ("65 00000007 00000003 00000002 6e6f", "no"),
        ("65 00000007 00000003 00000002 6e6f 00000002", "no"),
        ("65 00000007 00000003 00000009 6e6f", "no"),
        ("65 00000007 00000003 0000", ""),
        ("65 00000007 00000003 00000002 6e6f 00000000 00000001", "no"),
    ],
)
def test_status_without_text_or_language_is_read(data: str, text: str) -> None:
    reply = decode(bytes.fromhex(data))

    assert isinstance(reply, m.Status)
    assert (reply.id, reply.code, reply.text) == (7, 3, text)


@pytest.mark.row("F03")
@pytest.mark.parametrize("data", ["65", "65 00000007", "65 00000007 000000"])
def test_status_without_a_code_is_refused(data: str) -> None:
    with pytest.raises(SFTPProtocolError):
        decode(bytes.fromhex(data))


@pytest.mark.parametrize("behind", [b"\0", b"more than version 3 knows", bytes(300)])
@pytest.mark.parametrize("reply", REPLIES, ids=lambda reply: type(reply).__name__)
def test_bytes_after_a_reply_are_ignored(reply: Message, behind: bytes) -> None:
    assert decode(reply.encode() + behind) == reply


@pytest.mark.row("F03")
@pytest.mark.parametrize("reply", REPLIES[1:], ids=lambda reply: type(reply).__name__)
def test_reply_without_a_required_field_is_refused(reply: Message) -> None:
    data = reply.encode()
    for cut in range(1, len(data)):
        with pytest.raises(SFTPProtocolError):
            decode(data[:cut])


@pytest.mark.row("F12")
def test_unknown_attribute_bits_end_what_is_decoded_of_a_reply() -> None:
    known = Attributes(size=5, permissions=FILE)
    encoded = bytearray(m.Attrs(id=7, attributes=known).encode() + b"details of version 6")
    encoded[5:9] = (0x0000_0045).to_bytes(4, "big")

    assert decode(bytes(encoded)) == m.Attrs(id=7, attributes=known)


@pytest.mark.row("F14")
@pytest.mark.parametrize(
    "behind", [b"", b"\0", b"\0\0\0\3odd", b"\0\0\0\3odd\0\0\0\x09short", b"\xff" * 9]
)
def test_truncated_extension_is_left_out(behind: bytes) -> None:
    pair = m.ExtensionPair(name="fsync@openssh.com", data=b"1")
    data = m.Version(version=3, extensions=(pair,)).encode() + behind

    assert decode_version(memoryview(data)).extensions == (pair,)


@pytest.mark.row("F01")
@pytest.mark.parametrize("data", [b"\2", b"\2\0\0\0", b"\1\0\0\0\3", b"\x65\0\0\0\3"])
def test_packet_that_is_not_a_version_is_refused(data: bytes) -> None:
    with pytest.raises(SFTPProtocolError):
        decode_version(memoryview(data))


@pytest.mark.row("F03")
@given(st.binary(min_size=1, max_size=200))
def test_bytes_of_any_kind_are_decoded_or_refused(data: bytes) -> None:
    for decoder in (decode_reply, decode_version):
        with suppress(SFTPProtocolError):
            decoder(memoryview(data))


@given(st.lists(st.text(max_size=9), max_size=5), st.lists(st.text(max_size=9), max_size=5))
def test_names_of_owners_are_read_as_they_were_written(
    users: list[str], groups: list[str]
) -> None:
    reply = m.UsersGroupsReply(
        users=b"".join(string(each.encode()) for each in users),
        groups=b"".join(string(each.encode()) for each in groups),
    )
    assert names_of(reply.encode()) == (users, groups)


@given(st.binary(max_size=60))
def test_names_of_owners_that_are_damaged_are_an_error_or_names(data: bytes) -> None:
    with suppress(SFTPProtocolError):
        for names in names_of(data):
            assert all(isinstance(each, str) for each in names)
