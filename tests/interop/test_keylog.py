"""A captured connection and our key log, as Wireshark decrypts them.

tshark 4.4 does so for Curve25519 with AES-GCM, up to the next key exchange; for what else it
reads it finds no key.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING, Final

import attrs
import pytest

from ssh_stack.keylog import key_log
from ssh_transport import Algorithms, TransportOptions
from ssh_transport.testing import Pair
from ssh_wire.messages import connection as m
from ssh_wire.testing import Recording
from tests.interop.handshakes import move
from tests.interop.workshop import open_workshop

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from tests.interop.peers import Peer
    from tests.interop.workshop import Workshop

_ASK: Final = (
    "tshark -r capture.pcap {key} -d tcp.port==22,ssh -Y ssh -T pdml 2>/dev/null || exit 1"
)
_KEYS: Final = "-o ssh.keylog_file:$PWD/keys"


@pytest.fixture
def wireshark(peers: dict[str, Peer]) -> Generator[Workshop]:
    """The peer that has a tshark of 4.4 or later."""
    with open_workshop(peers["trixie"]) as opened:
        yield opened


def captured(kex: str, cipher: str, keys: Path) -> Recording:
    """A connection with messages that only who has the keys can read."""
    log = key_log({"SSHKEYLOGFILE": str(keys)})
    algorithms = Algorithms((kex,), ("ssh-ed25519",), (cipher,), ("hmac-sha2-256",))
    options = TransportOptions(algorithms=algorithms)
    pair, recording = Pair(attrs.evolve(options, on_secret=log), options), Recording()
    recording.open()
    move(pair, recording)
    pair.client.request_service("ssh-userauth")
    move(pair, recording)
    pair.client.authenticated()
    pair.server.authenticated()
    pair.client.send(m.GlobalRequest(kind="hidden@example.com", want_reply=True))
    move(pair, recording)
    pair.server.send(m.RequestSuccess(details=b""))
    move(pair, recording)
    return recording


def codes(pdml: bytes) -> list[int]:
    """The numbers of all messages that tshark could read."""
    fields = ET.fromstring(pdml).iterfind(".//field[@name='ssh.message_code']")  # noqa: S314 (its own output)
    return [int(str(field.get("show"))) for field in fields]


@pytest.mark.parametrize("kex", ["curve25519-sha256", "curve25519-sha256@libssh.org"])
@pytest.mark.parametrize("cipher", ["aes128-gcm@openssh.com", "aes256-gcm@openssh.com"])
def test_wireshark_decrypts_with_our_key_log(wireshark: Workshop, kex: str, cipher: str) -> None:
    keys = wireshark.folder / "keys"
    recording = captured(kex, cipher, keys)
    keys.chmod(0o644)  # the program in the container is somebody else
    wireshark.write("capture.pcap", recording.pcap())

    without = wireshark.run(_ASK.format(key=""))
    read = wireshark.run(_ASK.format(key=_KEYS))

    assert {5, 6, 80, 81}.isdisjoint(codes(without))
    assert b"hidden@example.com" not in without
    assert sorted(codes(read)) == sorted([20, 20, 30, 31, 21, 21, 7, 7, 5, 6, 80, 81])
    assert b"hidden@example.com" in read
