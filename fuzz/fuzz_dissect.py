"""The dissector: payloads, streams and capture files, to the last line of text."""

from __future__ import annotations

from fuzz.fuzz_messages import PHASES
from fuzz.samples import samples
from fuzz.target import Target, one_of
from ssh_wire import UsageError
from ssh_wire.binary_packet import pack_packet
from ssh_wire.dissect import CaptureError, Options, dissect, read_entries, render, report
from ssh_wire.messages.kex import KexECDHInit, KexECDHReply
from ssh_wire.messages.transport import KexInit, NewKeys
from ssh_wire.testing import Link, Recording

EVERYTHING = list(PHASES.values())
KEXINIT = samples(KexInit)[0].replace(kex_algorithms=("curve25519-sha256", "ext-info-c")).encode()
CLIENT = b"SSH-2.0-a\r\n" + b"".join(
    pack_packet(payload, bytes)
    for payload in (KEXINIT, KexECDHInit(public=b"q").encode(), NewKeys().encode())
)
SERVER = b"hello\r\nSSH-2.0-b\r\n" + b"".join(
    pack_packet(payload, bytes)
    for payload in (KEXINIT, samples(KexECDHReply)[1].encode(), NewKeys().encode())
)


def payload(data: bytes) -> None:
    """A payload never raises: what cannot be decoded is a tree that says so."""
    if not data:
        return
    tree = dissect(data[1:], EVERYTHING[data[0] % len(EVERYTHING)])
    text = render(tree, secrets=True, full=bool(data[0] & 1))
    assert all(line.isprintable() for line in text.split("\n"))


def any_input(data: bytes) -> None:
    for line in report(data, Options(secrets=True)):
        assert line.isprintable()


def stream(data: bytes) -> None:
    for line in report(data, Options(form="stream", full=True)):
        assert line.isprintable()


def capture(data: bytes) -> None:
    """Frames, segments, streams, packets and trees; the text is what the others are for."""
    for one in read_entries(data, Options(form="capture")):
        assert one.connection is not None


def recorded(link: Link, *, six: bool = False, old: bool = True) -> bytes:
    ends = (("::1", 50022), ("::1", 22)) if six else (("10.0.0.1", 50022), ("10.0.0.2", 22))
    recording = Recording(*ends, link=link)
    recording.open()
    for pos in range(0, len(CLIENT), 60):
        recording.send("client", CLIENT[pos : pos + 60])
    recording.send("server", SERVER[90:], at=90)
    recording.send("server", SERVER[:90], at=0)
    return recording.pcap() if old else recording.pcapng()


TARGETS = [
    Target(
        name="dissect-payload",
        function=payload,
        seeds=[
            bytes([index]) + sample.encode()
            for index, phase in enumerate(EVERYTHING)
            for cls in phase
            for sample in samples(cls)
        ],
        allowed=(),
        growth=1_000,
    ),
    one_of(
        "dissect-input",
        [
            Target(
                name="dissect-any",
                function=any_input,
                seeds=[CLIENT, SERVER, b"5e 00000000 00000002 6869", CLIENT.hex().encode()],
                allowed=(UsageError, CaptureError),
                growth=1_000,
                tokens=[b"SSH-2.0-", b"\r\n", b"0x"],
            ),
            Target(
                name="dissect-stream",
                function=stream,
                seeds=[CLIENT, SERVER],
                allowed=(),
                growth=1_000,
                tokens=[
                    b"SSH-2.0-",
                    b"\r\n",
                    pack_packet(KexECDHInit(public=b"q").encode(), bytes),
                ],
            ),
        ],
    ),
    Target(
        name="dissect-capture",
        function=capture,
        seeds=[
            recorded("ethernet"),
            recorded("null", six=True),
            recorded("vlan", old=False),
            recorded("linux"),
            recorded("linux2", old=False, six=True),
            recorded("raw", six=True),
        ],
        allowed=(CaptureError,),
        growth=1_000,
        tokens=[b"\x0a\x0d\x0d\x0a", b"\xd4\xc3\xb2\xa1", b"\x08\x00", b"\x86\xdd", b"\x81\x00"],
    ),
]
