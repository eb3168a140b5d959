"""Cipher block chaining: known answers, and failures that all look alike."""

from __future__ import annotations

from struct import pack

import attrs
import pytest

from hostile import FAST, drain, ended, refused
from ssh_keys import PrivateKey
from ssh_transport.ciphers import CIPHERS
from ssh_transport.ciphers.base import Opener, Sealer
from ssh_transport.errors import MACFailed
from ssh_transport.macs import MACS, Mac
from ssh_transport.testing import Pair, pump
from ssh_wire import DisconnectReason

LIMIT = 262144
CBC = [name for name in CIPHERS if name.endswith("-cbc")]
PLAIN_MACS = [name for name, spec in MACS.items() if not spec.etm]
quiet = pytest.mark.parametrize(
    ("cipher", "mac"), [(cipher, mac) for cipher in CBC for mac in PLAIN_MACS]
)


def suite(cipher: str, mac: str) -> tuple[Sealer, Opener]:
    spec = CIPHERS[cipher]
    key, iv = bytes(range(spec.key_size)), bytes(range(spec.iv_size))
    codes = [Mac(MACS[mac], bytes(MACS[mac].key_size)) for _ in range(2)]
    built = spec.load()
    return built.sealer(key, iv, codes[0]), built.opener(key, iv, codes[1], LIMIT)


def packet(payload: bytes) -> bytes:
    padding = -(len(payload) + 5) % 16 + 16
    return pack(">IB", len(payload) + 1 + padding, padding) + payload + b"p" * padding


def test_aes_cbc_matches_test_vector_of_nist() -> None:
    # NIST SP 800-38A section F.2.1
    key = bytes.fromhex("2b7e151628aed2a6abf7158809cf4f3c")
    mac = Mac(MACS["hmac-sha1"], bytes(20))
    sealer = CIPHERS["aes128-cbc"].load().sealer(key, bytes(range(16)), mac)
    data = bytes.fromhex("6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51")
    assert sealer.seal(data[:16], 0)[:16].hex() == "7649abac8119b246cee98e9b12e9197d"
    assert sealer.seal(data[16:], 1)[:16].hex() == "5086cb9b507219ee95db113a917678b2"


def test_triple_des_cbc_matches_test_vector() -> None:
    # NIST SP 800-67 appendix B.1: the first block, with a vector of zeros
    key = bytes.fromhex("0123456789abcdef23456789abcdef01456789abcdef0123")
    mac = Mac(MACS["hmac-sha1"], bytes(20))
    sealer = CIPHERS["3des-cbc"].load().sealer(key, bytes(8), mac)
    assert sealer.block == 8
    assert sealer.seal(b"The qufc", 0)[:8].hex() == "a826fd8ce53b855f"


def outcome(opener: Opener, stream: bytes) -> tuple[int, str]:
    """Feed a stream; say after how many bytes it fails, and with what."""
    view = memoryview(stream + bytes(LIMIT + 100 - len(stream)))
    for end in (*range(0, 600, 4), LIMIT, *range(LIMIT + 1, LIMIT + 100)):
        try:
            body = opener.open(view, 0, end, 0)
        except MACFailed as error:
            return end, str(error)
        assert body is None
    pytest.fail("nothing was refused")


@pytest.mark.row("T10")
@quiet
def test_t10_every_failure_looks_alike(cipher: str, mac: str) -> None:
    found = set[tuple[int, str]]()
    good = packet(b"payload that must stay secret")
    bad_lengths = [0, 1, 4, 13, LIMIT + 1, LIMIT + 4, 2**31 - 1, 2**32 - 1]
    for length in bad_lengths:
        sealer, opener = suite(cipher, mac)
        found.add(outcome(opener, sealer.seal(pack(">I", length) + good[4:], 0)))
    for position in range(4, len(good) + MACS[mac].size, 5):
        sealer, opener = suite(cipher, mac)
        stream = bytearray(sealer.seal(good, 0))
        stream[position] ^= 1
        found.add(outcome(opener, bytes(stream)))
    assert found == {(4 + LIMIT + MACS[mac].size, "a packet is corrupt")}


@pytest.mark.row("T10")
@pytest.mark.parametrize("fault", [0, 40, -1])
def test_t10_corrupt_cbc_packet_ends_connection_after_largest_length(
    fault: int, key: PrivateKey
) -> None:
    algorithms = attrs.evolve(FAST, ciphers=("aes256-cbc",), macs=("hmac-sha1",))
    pair = Pair.connected(algorithms, key=key)
    pair.client.send_payload(b"\x5e", bytes(100))
    data = bytearray(pair.client.take_outgoing() or b"")
    data[fault] ^= 0x80
    pair.server.receive(data)
    assert drain(pair.server) == []
    pair.server.receive(bytes(LIMIT - len(data)))
    assert drain(pair.server) == []
    pair.server.receive(bytes(24))
    last = refused(pair.server, pair.client, DisconnectReason.MAC_ERROR)
    assert last.description == "a packet is corrupt"


@pytest.mark.row("T10")
@pytest.mark.parametrize("cipher", CBC)
def test_t10_corrupt_packet_with_encrypt_then_mac_is_not_decrypted(
    cipher: str, key: PrivateKey
) -> None:
    macs = ("hmac-sha1-etm@openssh.com",)
    pair = Pair.connected(attrs.evolve(FAST, ciphers=(cipher,), macs=macs), key=key)
    pair.client.send_payload(b"\x5e data")
    data = bytearray(pair.client.take_outgoing() or b"")
    data[8] ^= 1
    pair.server.receive(data)
    ended(pair.server, DisconnectReason.MAC_ERROR)
    pump(pair.server, pair.client)
