"""Record a connection as a capture file, for tests of programs that read such files.

    recording = Recording()
    recording.open()
    recording.send("client", b"SSH-2.0-x")
    data = recording.pcap()

Segments are numbered as TCP numbers them; `at` places one elsewhere in the stream: a second time,
out of order, or after a gap.
"""

from __future__ import annotations

from ipaddress import ip_address
from struct import pack
from typing import Literal, TypeAlias

from ssh_wire.primitives import Buffer

__all__ = ["Link", "Recording", "Sender"]

Sender: TypeAlias = Literal["client", "server"]
"""The sender of a segment."""

Link: TypeAlias = Literal["ethernet", "vlan", "null", "raw", "linux", "linux2"]
"""The link layer of a recording."""

_LINK_TYPES: dict[Link, int] = {
    "ethernet": 1,
    "vlan": 1,
    "null": 0,
    "raw": 101,
    "linux": 113,
    "linux2": 276,
}
_SYN, _ACK, _PUSH = 2, 16, 8
_WINDOW = 65_535
_TTL = 64
_TCP = 6
_IPV4 = 4
_IPV4_ADDRESS = 4


class Recording:
    """The frames of one TCP connection.

    Args:
        client: the address and the port of the side that opens it.
        server: those of the other side, of the same IP version.
        link: the link layer of the frames.
        start: the sequence number with which both sides begin.

    Attributes:
        frames: the frames, in the order in which they were captured.
    """

    def __init__(
        self,
        client: tuple[str, int] = ("127.0.0.1", 50022),
        server: tuple[str, int] = ("127.0.0.1", 22),
        link: Link = "ethernet",
        start: int = 1_000,
    ) -> None:
        self.frames: list[bytes] = []
        self._ends = {"client": client, "server": server}
        self._link: Link = link
        self._start = start
        self._sent: dict[Sender, int] = {"client": 0, "server": 0}

    def open(self) -> None:
        """Record the three segments that open a connection."""
        self.segment("client", b"", -1, _SYN)
        self.segment("server", b"", -1, _SYN | _ACK)
        self.segment("client", b"", 0, _ACK)

    def send(self, sender: Sender, data: Buffer, at: int | None = None) -> None:
        """Record a segment: at the end of what its sender has sent, or `at` a place in it."""
        if at is None:
            at = self._sent[sender]
            self._sent[sender] += len(data)
        self.segment(sender, bytes(data), at, _ACK | _PUSH)

    def segment(self, sender: Sender, data: bytes, at: int, flags: int) -> None:
        """Record a segment with these flags, its data at a place in its sender's stream."""
        receiver: Sender = "server" if sender == "client" else "client"
        (source, from_port), (target, to_port) = self._ends[sender], self._ends[receiver]
        sequence = (self._start + 1 + at) % 2**32
        answer = (self._start + 1 + self._sent[receiver]) % 2**32
        ports = pack(">HHII", from_port, to_port, sequence, answer)
        tcp = ports + pack(">BBHHH", 5 << 4, flags, _WINDOW, 0, 0) + data
        self.frames.append(self._framed(_packet(source, target, tcp)))

    def pcap(self, order: Literal["<", ">"] = "<") -> bytes:
        """Return the file as tcpdump writes it."""
        head = pack(order + "IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262_144, _LINK_TYPES[self._link])
        records = [
            pack(order + "IIII", 1_700_000_000, number, len(frame), len(frame)) + frame
            for number, frame in enumerate(self.frames)
        ]
        return b"".join([head, *records])

    def pcapng(self, order: Literal["<", ">"] = "<") -> bytes:
        """Return the file as Wireshark writes it."""
        section = pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1)
        interface = pack(order + "HHI", _LINK_TYPES[self._link], 0, 262_144)
        blocks = [_block(order, 0x0A0D0D0A, section), _block(order, 1, interface)]
        for number, frame in enumerate(self.frames):
            head = pack(order + "IIIII", 0, 0, number, len(frame), len(frame))
            blocks.append(_block(order, 6, head + frame))
        return b"".join(blocks)

    def _framed(self, packet: bytes) -> bytes:
        version = packet[0] >> 4
        kind = b"\x08\x00" if version == _IPV4 else b"\x86\xdd"
        heads: dict[Link, bytes] = {
            "ethernet": bytes(12) + kind,
            "vlan": bytes(12) + b"\x81\x00\x00\x07" + kind,
            "null": pack("<I", 2 if version == _IPV4 else 24),
            "raw": b"",
            "linux": pack(">HHHQ", 0, 772, 6, 0) + kind,
            "linux2": kind + pack(">HIHBBQ", 0, 1, 772, 0, 6, 0),
        }
        return heads[self._link] + packet


def _packet(source: str, target: str, tcp: bytes) -> bytes:
    ends = ip_address(source).packed + ip_address(target).packed
    if len(ends) == 2 * _IPV4_ADDRESS:
        return pack(">BBHHHBBH", 0x45, 0, 20 + len(tcp), 1, 0, _TTL, _TCP, 0) + ends + tcp
    return pack(">IHBB", 6 << 28, len(tcp), _TCP, _TTL) + ends + tcp


def _block(order: str, kind: int, body: bytes) -> bytes:
    body += bytes(-len(body) % 4)
    size = pack(order + "I", 12 + len(body))
    return pack(order + "I", kind) + size + body + size
