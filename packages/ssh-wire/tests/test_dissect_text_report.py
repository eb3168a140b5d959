from __future__ import annotations

import pytest

from handshake import CIPHERTEXT, CLIENT, KEXINIT, SERVER, packets
from ssh_wire import UsageError
from ssh_wire.dissect import CaptureError, Options, read_entries, report
from ssh_wire.dissect.text_report import form_of, phase_of
from ssh_wire.messages import auth, kex, transport
from ssh_wire.testing import Link, Recording


def lines(data: bytes, options: Options | None = None) -> list[str]:
    return list(report(data, options or Options()))


def heads(data: bytes, options: Options | None = None) -> list[str]:
    return [line for line in lines(data, options) if not line.startswith("    ")]


CLIENT_HEADS = [
    "→ identification: SSH-2.0-client",
    "→ KexInit (20)  Begin a key exchange with what the sender supports (RFC 4253 section 7.1)",
    f"→ KexECDHInit (30)  {str(kex.KexECDHInit.__doc__).rstrip('.')}",
    "→ NewKeys (21)  From here on the new keys are in use (RFC 4253 section 7.3)",
    "→ encrypted from here",
]
ASSUMED = "  (assuming curve25519-sha256)"


def test_payload_in_hex_is_reported() -> None:
    payload = transport.Ping(data=b"x").encode().hex(":").encode()

    assert lines(payload)[1] == '    data  "x"'
    assert lines(b"0x" + payload) == lines(payload)


def test_packet_in_hex_is_unpacked() -> None:
    assert heads(packets(KEXINIT.encode()).hex().encode()) == [CLIENT_HEADS[1][2:]]


def test_stream_in_hex_is_reported() -> None:
    assert heads(CLIENT.hex("\n").encode())[0] == CLIENT_HEADS[0]


def test_stream_of_one_direction_is_reported() -> None:
    found = heads(CLIENT + CIPHERTEXT)

    assert found[2] == CLIENT_HEADS[2] + ASSUMED
    assert [*found[:2], *found[3:]] == [*CLIENT_HEADS[:2], *CLIENT_HEADS[3:]]
    given = Options(method="curve25519-sha256", sender="server")
    assert heads(SERVER, given)[2].startswith("← KexECDHReply (31)")
    assert "assuming" not in heads(SERVER, given)[2]


def test_lines_and_damage_of_a_stream_are_reported() -> None:
    assert lines(b"hi\x07\r\nSSH-2.0-x\r\n\xff\xff\xff\xff") == [
        '→ line before the identification: "hi\\x07"',
        "→ identification: SSH-2.0-x",
        "→ cannot be read further: packet: packet_length 4294967295 is out of bounds",
    ]


@pytest.mark.parametrize("link", ["ethernet", "null", "linux"])
def test_capture_with_repeated_and_unordered_segments_is_reported(link: Link) -> None:
    recording = Recording(link=link)
    recording.open()
    recording.open()
    recording.send("client", CLIENT[200:], at=200)
    recording.send("client", CLIENT[:210], at=0)
    recording.send("client", CLIENT[50:150], at=50)
    recording.send("server", SERVER + CIPHERTEXT)
    recording.send("server", CIPHERTEXT)
    recording.send("client", CIPHERTEXT, at=len(CLIENT))

    for data in (recording.pcap(), recording.pcapng()):
        found = heads(data)
        assert found[0] == "127.0.0.1:50022 → 127.0.0.1:22"
        assert found[1:4] == [*CLIENT_HEADS[:2], CLIENT_HEADS[2] + ASSUMED]
        assert found[8].startswith("← KexECDHReply (31)")
        assert found[-1] == "← encrypted from here"


def test_connections_are_separated_and_other_protocols_left_out() -> None:
    first, second = Recording(), Recording(("127.0.0.1", 50023), ("127.0.0.1", 22))
    web = Recording(("127.0.0.1", 50024), ("127.0.0.1", 80))
    junk = Recording(("127.0.0.1", 50025), ("127.0.0.1", 81))
    for recording in (first, second):
        recording.open()
        recording.send("client", b"SSH-2.0-x\r\n")
    web.send("client", b"GET / HTTP/1.1\r\n" * 300)
    web.send("client", b"GET / HTTP/1.1\r\n")
    junk.send("client", b"x" * 9000)
    first.frames += [b"not ip", *second.frames, *web.frames, *junk.frames]

    assert lines(first.pcap()) == [
        "127.0.0.1:50022 → 127.0.0.1:22",
        "→ identification: SSH-2.0-x",
        "",
        "127.0.0.1:50023 → 127.0.0.1:22",
        "→ identification: SSH-2.0-x",
    ]


def test_gap_is_reported() -> None:
    recording = Recording()
    recording.open()
    recording.send("client", CLIENT[:100])
    for number in range(40):
        recording.send("client", bytes(30_000), at=107 + number * 30_000)

    assert lines(recording.pcap())[-1] == "→ cannot be read further: 7 bytes were not captured"


def test_damaged_capture_is_reported_up_to_the_damage() -> None:
    recording = Recording()
    recording.send("client", b"SSH-2.0-x\r\n")
    found = report(recording.pcap() + b"\0", Options())

    assert next(found) == "127.0.0.1:50022 → 127.0.0.1:22"
    assert next(found) == "→ identification: SSH-2.0-x"
    with pytest.raises(CaptureError, match="inside frame 2"):
        next(found)


def test_entries_are_objects() -> None:
    entries = [one.entry for one in read_entries(SERVER, Options(sender="server"))]

    assert entries[0].text == "SSH-2.0-server"
    assert entries[1].tree is not None
    assert entries[1].tree["kex_algorithms"].value == KEXINIT.kex_algorithms


@pytest.mark.parametrize(
    ("phase", "payload", "name"),
    [
        (None, transport.NewKeys(), "NewKeys"),
        ("transport", transport.NewKeys(), "NewKeys"),
        ("kex:ecdh-sha2-nistp256", kex.KexECDHInit(public=b"q"), "KexECDHInit"),
        ("auth", auth.UserauthSuccess(), "UserauthSuccess"),
        ("auth:password", auth.PasswdChangeReq(prompt="new?"), "PasswdChangeReq"),
        ("connection", transport.NewKeys(), "NewKeys"),
    ],
)
def test_phase_is_selected_by_name(
    phase: str | None, payload: transport.NewKeys, name: str
) -> None:
    assert type(phase_of(phase).decode(payload.encode())).__name__ == name
    assert lines(payload.encode().hex().encode(), Options(phase=phase))[0].startswith(name)


@pytest.mark.parametrize("phase", ["x", "kex", "transport:x", "connection:y", ":z"])
def test_unknown_phase_is_refused(phase: str) -> None:
    with pytest.raises(UsageError, match="unknown phase"):
        phase_of(phase)


@pytest.mark.parametrize(
    ("data", "options", "problem"),
    [
        (b"", Options(), "neither hex, nor a stream"),
        (b"hello world", Options(), "neither hex, nor a stream"),
        (b"abc", Options(), "the input is not hex"),
        (b"zz", Options(form="hex"), "the input is not hex"),
        (CLIENT, Options(method="x"), "unknown key exchange method 'x'"),
        (b"15", Options(phase="kex:x"), "unknown key exchange method 'x'"),
    ],
)
def test_unknown_input_or_option_is_refused(data: bytes, options: Options, problem: str) -> None:
    with pytest.raises(UsageError, match=problem):
        lines(data, options)


def test_form_can_be_given() -> None:
    assert lines(b"zz", Options(form="stream")) == []
    with pytest.raises(CaptureError):
        lines(b"15", Options(form="capture"))
    assert form_of(b"hi\nSSH-2.0-x\n") == "stream"
