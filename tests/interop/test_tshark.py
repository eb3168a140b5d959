"""The dissector beside Wireshark's, field by field, up to the encryption."""

from __future__ import annotations

import subprocess
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeAlias

import attrs
import pytest

from ssh_wire.dissect import Options, Tree, read_entries
from ssh_wire.numbers import MessageNumber
from tests.interop.handshakes import METHODS, ours, recordings

Value: TypeAlias = object
Read: TypeAlias = Callable[["Packet", str], Value]


@attrs.frozen
class Packet:
    """What tshark says of one packet: its fields by name, as fields and as bytes."""

    sender: str
    code: int
    fields: dict[str, str]
    raw: dict[str, bytes]


@attrs.frozen
class Theirs:
    """What tshark says of a capture."""

    identifications: list[tuple[str, str]]
    packets: list[Packet]


def raw(packet: Packet, name: str) -> bytes:
    return packet.raw[name]


def number(packet: Packet, name: str) -> int:
    return int.from_bytes(packet.raw[name], "big")


def names(packet: Packet, name: str) -> tuple[str, ...]:
    return tuple(packet.fields[name].split(",")) if packet.fields[name] else ()


def blob(packet: Packet, name: str) -> bytes:
    """A structure that tshark shows in parts: its node has the length and all of it."""
    return packet.raw[name][4:]


_LISTS: Final = {
    "kex_algorithms": "ssh.kex_algorithms",
    "server_host_key_algorithms": "ssh.server_host_key_algorithms",
    "encryption_client_to_server": "ssh.encryption_algorithms_client_to_server",
    "encryption_server_to_client": "ssh.encryption_algorithms_server_to_client",
    "mac_client_to_server": "ssh.mac_algorithms_client_to_server",
    "mac_server_to_client": "ssh.mac_algorithms_server_to_client",
    "compression_client_to_server": "ssh.compression_algorithms_client_to_server",
    "compression_server_to_client": "ssh.compression_algorithms_server_to_client",
    "languages_client_to_server": "ssh.languages_client_to_server",
    "languages_server_to_client": "ssh.languages_server_to_client",
}
_SIGNED: Final[dict[str, tuple[Read, str]]] = {
    "host_key": (blob, "KEX host key"),
    "signature": (blob, "KEX host signature"),
}
FIELDS: Final[dict[str, dict[str, tuple[Read, str]]]] = {
    "KexInit": {
        "cookie": (raw, "ssh.cookie"),
        **{ours: (names, theirs) for ours, theirs in _LISTS.items()},
        "first_kex_packet_follows": (number, "ssh.first_kex_packet_follows"),
        "reserved": (number, "ssh.kex.reserved"),
    },
    "KexECDHInit": {"public": (raw, "ssh.ecdh.q_c")},
    "KexECDHReply": {**_SIGNED, "public": (raw, "ssh.ecdh.q_s")},
    # tshark 4.0 takes the strings of a hybrid for the numbers of Diffie-Hellman
    "KexHybridInit": {"public": (raw, "ssh.dh.e")},
    "KexHybridReply": {**_SIGNED, "public": (raw, "ssh.dh.f")},
    "KexDHGexRequest": {
        "minimum": (number, "ssh.dh_gex.min"),
        "preferred": (number, "ssh.dh_gex.nbits"),
        "maximum": (number, "ssh.dh_gex.max"),
    },
    "KexDHGexGroup": {"p": (number, "ssh.dh_gex.p"), "g": (number, "ssh.dh_gex.g")},
    "KexDHGexInit": {"e": (number, "ssh.dh.e")},
    "KexDHGexReply": {**_SIGNED, "f": (number, "ssh.dh.f")},
    "NewKeys": {},
}
"""Every field of ours, and where tshark has it."""


def ask(tshark: str, path: Path, port: int) -> Theirs:
    """Have tshark dissect a capture.

    It may go on behind NEWKEYS and read what is encrypted as if it were not; that is left out.
    """
    encrypted = set[str]()
    command = [tshark, "-r", str(path), "-d", f"tcp.port=={port},ssh", "-Y", "ssh", "-T", "pdml"]
    done = subprocess.run(command, capture_output=True, timeout=60, check=True)
    found = Theirs([], [])
    for frame in ET.fromstring(done.stdout):  # noqa: S314 (tshark's own output)
        sender = "server" if _field(frame, "tcp.srcport") == str(port) else "client"
        for part in frame.iterfind("proto[@name='ssh']/field"):
            if part.get("name") == "ssh.protocol":
                found.identifications.append((sender, str(part.get("show"))))
            elif part.find(".//field[@name='ssh.message_code']") is None or sender in encrypted:
                continue
            else:
                found.packets.append(_packet(sender, part))
                encrypted |= {sender} if found.packets[-1].code == MessageNumber.NEWKEYS else set()
    return found


def _packet(sender: str, part: ET.Element) -> Packet:
    fields, raw = dict[str, str](), dict[str, bytes]()
    for field in part.iter("field"):
        name = field.get("name") or str(field.get("show")).partition(" (")[0]
        fields[name] = str(field.get("show"))
        raw[name] = bytes.fromhex(field.get("value") or "")
    return Packet(sender, int(fields["ssh.message_code"]), fields, raw)


def _field(element: ET.Element, name: str) -> str:
    field = element.find(f".//field[@name='{name}']")
    assert field is not None, name
    return str(field.get("show"))


def compare(tshark: str, path: Path) -> list[str]:
    """Compare all that both say of a capture; return the names of the messages."""
    lines = list(read_entries(path.read_bytes(), Options()))
    assert lines[0].connection is not None
    theirs = ask(tshark, path, lines[0].connection.server.port)
    entries = [one.entry for one in lines]

    identifications = [(e.sender, e.text) for e in entries if e.what == "identification"]
    assert identifications == theirs.identifications
    trees = [(e.sender, e.tree) for e in entries if e.tree is not None]
    assert [(sender, tree.number) for sender, tree in trees] == [
        (packet.sender, packet.code) for packet in theirs.packets
    ]
    for (_, tree), packet in zip(trees, theirs.packets, strict=True):
        assert values(tree) == {
            name: read(packet, theirs) for name, (read, theirs) in FIELDS[tree.name].items()
        }
    assert [e.what for e in entries if e.what in {"broken", "line"}] == []
    assert sorted(e.sender for e in entries if e.what == "encrypted") == ["client", "server"]
    return [tree.name for _, tree in trees]


def values(tree: Tree) -> dict[str, Value]:
    return {field.name: field.value for field in tree.fields}


@pytest.mark.parametrize("path", recordings(), ids=lambda path: path.stem)
def test_openssh_with_itself(tshark: str, path: Path) -> None:
    names = compare(tshark, path)

    assert names.count("KexInit") == names.count("NewKeys") == 2


def test_every_recording_is_there() -> None:
    found = {path.stem.split("-", 1)[1] for path in recordings()}

    assert found == {f"{version}-{method}" for version in ("9.2", "10.6") for method in METHODS}


@pytest.mark.parametrize("method", ["curve25519-sha256", "ecdh-sha2-nistp384"])
@pytest.mark.parametrize("form", ["pcap", "pcapng"])
def test_our_own_transports(tshark: str, tmp_path: Path, method: str, form: str) -> None:
    recording = ours(method)
    path = tmp_path / f"ours.{form}"
    path.write_bytes(recording.pcap() if form == "pcap" else recording.pcapng())

    assert sorted(compare(tshark, path)) == [
        "KexECDHInit",
        "KexECDHReply",
        "KexInit",
        "KexInit",
        "NewKeys",
        "NewKeys",
    ]
