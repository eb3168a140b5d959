from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hostile import drain, ended, taken
from ssh_keys import PrivateKey
from ssh_transport import (
    BannerLineReceived,
    ClientTransport,
    Disconnected,
    IdentificationError,
    IdentificationReceived,
    Limits,
    Transport,
    TransportOptions,
    profiles,
)
from ssh_transport.testing import Pair
from ssh_transport.version import Identification, IdentificationReader
from ssh_wire import DisconnectReason

VERSION = DisconnectReason.PROTOCOL_VERSION_NOT_SUPPORTED


def dropped(transport: Transport) -> Disconnected:
    """No DISCONNECT: the peer may not even speak SSH."""
    sent = taken(transport)
    last = ended(transport, VERSION)
    assert taken(transport) == b""
    assert sent.count(b"SSH-2.0-") == 1
    return last


@pytest.mark.row("T01")
@pytest.mark.parametrize(
    "line", [b"hello\r\n", b"\r\n", b"SS\n", b"GET / HTTP/1.0\r\n", b"ssh-2.0-x\r\n"]
)
def test_t01_server_refuses_lines_before_identification(line: bytes, key: PrivateKey) -> None:
    server = Pair(key=key).server
    server.receive(line)
    assert "identification" in dropped(server).description


@pytest.mark.row("T01")
def test_t01_server_refuses_wrong_line_before_its_end(key: PrivateKey) -> None:
    server = Pair(key=key).server
    server.receive(b"\x16\x03\x01")
    dropped(server)


@pytest.mark.row("T02")
@pytest.mark.parametrize(
    "flood",
    [
        b"x\r\n" * 1025,
        b"x" * 8193,
        b"x" * 8192 + b"\n",
    ],
)
def test_t02_client_refuses_lines_before_identification_beyond_bounds(
    flood: bytes, key: PrivateKey
) -> None:
    client = Pair(key=key).client
    client.receive(flood)
    dropped(client)


@pytest.mark.row("T02")
def test_t02_client_accepts_lines_before_identification_up_to_bounds(key: PrivateKey) -> None:
    client = Pair(key=key).client
    client.receive(b"x\n" * 1023 + b"y" * 8191 + b"\nSSH-2.0-x\r\n")
    events = drain(client)
    assert len(events) == 1025
    assert events[0] == BannerLineReceived("x")
    assert events[-1] == IdentificationReceived("SSH-2.0-x")


def test_lines_before_identification_are_truncated_and_rest_is_skipped() -> None:
    reader = IdentificationReader(Limits(banner_bytes=10), banner=True)
    data = memoryview(b"1234\n123456789\nmore\n\nSSH-2.0-x\r\nrest")
    assert reader.read(data, 0, len(data)) == ("1234", 5)
    assert reader.read(data, 5, len(data)) == ("12345… [cut after 10 bytes]", 15)
    found, behind = reader.read(data, 15, len(data))
    assert isinstance(found, Identification)
    assert (found.software, behind) == ("x", len(data) - 4)


def test_skipped_lines_are_counted_and_may_come_in_pieces() -> None:
    reader = IdentificationReader(Limits(banner_bytes=1, banner_lines=3), banner=True)
    data = memoryview(b"a\nb\nc\nd\n")
    assert reader.read(data, 0, 1) == (None, 0)
    assert reader.read(data, 0, 3) == ("a… [cut after 1 bytes]", 2)
    assert reader.read(data, 2, 5) == (None, 4)
    assert reader.read(data, 4, 5) == (None, 4)
    with pytest.raises(IdentificationError, match="too many lines"):
        reader.read(data, 4, len(data))


@pytest.mark.row("T02")
def test_t02_text_beyond_reported_bytes_is_skipped_as_by_openssh(key: PrivateKey) -> None:
    client = Pair(key=key).client
    client.receive((b"x" * 8000 + b"\n") * 100)
    client.receive(b"SSH-2.0-x\r\n")
    events = drain(client)
    assert events[-1] == IdentificationReceived("SSH-2.0-x")
    texts = [event.line for event in events if isinstance(event, BannerLineReceived)]
    assert len("".join(texts)) < 70_000
    assert texts[-1].endswith("… [cut after 65536 bytes]")


@pytest.mark.row("T03")
@pytest.mark.parametrize(
    "line",
    [
        b"SSH-2.0-a\0b\r\n",
        b"SSH-2.0-a\rb\r\n",
        b"SSH-2.0\r\n",
        b"SSH-2.0-\r\n",
        b"SSH-2.0- comment\r\n",
        b"SSH-1.5-x\r\n",
        b"SSH-3.0-x\r\n",
        b"SSH-2.0-" + b"x" * 246 + b"\r\n",
        b"SSH-2.0-" + b"x" * 247,
    ],
)
@pytest.mark.parametrize("side", ["client", "server"])
def test_t03_malformed_identification_ends_connection(
    line: bytes, side: str, key: PrivateKey
) -> None:
    pair = Pair(key=key)
    transport = pair.client if side == "client" else pair.server
    transport.receive(line)
    dropped(transport)


@pytest.mark.row("T03")
@pytest.mark.parametrize(
    ("line", "software"),
    [
        (b"SSH-1.99-old\r\n", "old"),
        (b"SSH-2.0-lf_only\n", "lf_only"),
        (b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n", "OpenSSH_9.2p1"),
        (b"SSH-2.0-a-b\r\n", "a-b"),
        (b"SSH-2.0-" + b"x" * 245 + b"\r\n", "x" * 245),
        (b"SSH-2.0-\x1b[1m\xff\r\n", "\\x1b[1m\\xff"),
    ],
)
def test_t03_unusual_identification_is_accepted(
    line: bytes, software: str, key: PrivateKey
) -> None:
    server = Pair(key=key).server
    server.receive(line)
    assert isinstance(server.next_event(), IdentificationReceived)
    assert server.peer_software == software


def test_identification_line_is_kept_as_received() -> None:
    reader = IdentificationReader(Limits(), banner=False)
    data = memoryview(b"SSH-2.0-\xff x \r\nrest")
    assert reader.read(data, 0, len(data)) == (Identification(b"SSH-2.0-\xff x "), 14)


@given(st.binary(max_size=400), st.booleans())
def test_any_bytes_are_identification_or_refused(data: bytes, banner: bool) -> None:
    reader = IdentificationReader(Limits(), banner=banner)
    try:
        _, end = reader.read(memoryview(data), 0, len(data))
    except IdentificationError:
        return
    assert 0 <= end <= len(data)


@pytest.mark.parametrize("sent", [b"Not allowed at this time", b"SSH-2.0-half", b"one\r\ntwo\x07"])
def test_line_without_end_is_reported_when_connection_is_lost(sent: bytes) -> None:
    options = TransportOptions(algorithms=profiles("default", "client"))
    client = ClientTransport(options, random=bytes, now=0.0)
    client.receive(sent)
    client.connection_lost()
    events: list[object] = []
    while (event := client.next_event()) is not None:
        events.append(event)
    last = sent.decode().rpartition("\n")[2].replace("\x07", "\\x07")
    assert events[-2] == BannerLineReceived(last)
    assert isinstance(events[-1], Disconnected)
