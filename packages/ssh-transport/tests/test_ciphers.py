from __future__ import annotations

from struct import pack

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssh_transport.ciphers import CIPHERS
from ssh_transport.ciphers.base import Opener, Plaintext, Sealer, check_length
from ssh_transport.errors import MACFailed
from ssh_transport.macs import MACS, Mac
from ssh_wire import ProtocolError, UsageError

LIMIT = 262144
SUITES = [
    *[(cipher, None) for cipher, spec in CIPHERS.items() if spec.aead],
    *[(cipher, mac) for cipher, spec in CIPHERS.items() if not spec.aead for mac in MACS],
]
# these say nothing before a packet of the largest size has arrived: test_ciphers_cbc
QUIET = [(c, m) for c, m in SUITES if c.endswith("-cbc") and m and not MACS[m].etm]
every_suite = pytest.mark.parametrize(("cipher", "mac"), SUITES)

telling_suite = pytest.mark.parametrize(
    ("cipher", "mac"), [names for names in SUITES if names not in QUIET]
)


def suite(cipher: str, mac: str | None) -> tuple[Sealer, Opener]:
    spec = CIPHERS[cipher]
    key, iv = bytes(range(spec.key_size)), bytes(range(spec.iv_size))
    codes = [Mac(MACS[mac], bytes(MACS[mac].size)) if mac else None for _ in range(2)]
    built = spec.load()
    return built.sealer(key, iv, codes[0]), built.opener(key, iv, codes[1], LIMIT)


def packet(sealer: Sealer, payload: bytes) -> bytes:
    padding = -(len(payload) + 5 - sealer.clear) % sealer.block
    padding += sealer.block if padding < 4 else 0
    return pack(">IB", len(payload) + 1 + padding, padding) + payload + b"p" * padding


def sealed(sealer: Sealer, data: bytes, sequence: int) -> bytes:
    out = bytearray(len(data) + sealer.trailer)
    sealer.seal_run(data[:5], [(data[5:],)], b"", sequence, memoryview(out))
    return bytes(out)


@every_suite
def test_seal_and_seal_run_give_same_packet(cipher: str, mac: str | None) -> None:
    (one, _), (two, _) = suite(cipher, mac), suite(cipher, mac)
    for sequence, size in enumerate([1, 20, 4000, 33000, 5]):
        data = packet(one, bytes(size))
        assert one.seal(data, sequence) == sealed(two, data, sequence)


@every_suite
def test_sealed_run_equals_packets_sealed_one_by_one(cipher: str, mac: str | None) -> None:
    (one, _), (two, _) = suite(cipher, mac), suite(cipher, mac)
    packets = [packet(one, bytes([n]) * 5000) for n in range(4)]
    share = packets[0][4]
    payloads = [(data[5:9], memoryview(data)[9:-share]) for data in packets]
    out = bytearray(sum(map(len, packets)) + 4 * one.trailer)

    first = 2**32 - 2  # the sequence number wraps on the way
    two.seal_run(packets[0][:5], payloads, b"p" * 4 * share, first, memoryview(out))

    alone = [one.seal(data, (first + n) % 2**32) for n, data in enumerate(packets)]
    assert bytes(out) == b"".join(alone)


@every_suite
@pytest.mark.parametrize("size", [4984, 4999, 5001, 5016, 10_000])
def test_run_with_packet_of_other_size_raises_value_error(
    cipher: str, mac: str | None, size: int
) -> None:
    sealer, _ = suite(cipher, mac)
    data = packet(sealer, bytes(5000))
    out = bytearray(2 * (len(data) + sealer.trailer))
    with pytest.raises(ValueError):  # noqa: PT011 (the provider's words, or the view's)
        sealer.seal_run(
            data[:5], [(bytes(5000),), (bytes(size),)], bytes(2 * data[4]), 0, memoryview(out)
        )


@every_suite
def test_packets_are_opened_in_order_and_only_when_complete(cipher: str, mac: str | None) -> None:
    sealer, opener = suite(cipher, mac)
    packets = [packet(sealer, bytes([n]) * size) for n, size in enumerate([1, 50, 300])]
    stream = b"".join(sealer.seal(data, n) for n, data in enumerate(packets))
    view, start, opened = memoryview(stream), 0, list[bytes]()
    for end in range(len(stream) + 1):
        body = opener.open(view, start, end, len(opened))
        if body is not None:
            opened.append(bytes(body))
            start += opener.consumed
            assert start == end
    assert opened == [data[4:] for data in packets]


def attempt(
    opener: Opener, stream: bytes | bytearray, sequence: int = 0
) -> tuple[bool, ProtocolError | None]:
    start = opener.consumed if sequence else 0
    try:
        body = opener.open(memoryview(stream), start, len(stream), sequence)
    except ProtocolError as error:
        return False, error
    return body is not None, None


@pytest.mark.row("T09")
@telling_suite
def test_t09_no_flipped_byte_gets_through(cipher: str, mac: str | None) -> None:
    sealer, _ = suite(cipher, mac)
    data = packet(sealer, b"payload that must stay secret")
    stream = sealer.seal(data, 0)
    delivered = 0
    for position in range(len(stream)):
        for bit in (0, 7):
            bad = bytearray(stream)
            bad[position] ^= 1 << bit
            body, error = attempt(suite(cipher, mac)[1], bad)
            delivered += body
            if isinstance(error, MACFailed):
                assert str(error) == "a packet is corrupt"
            elif error is not None:
                assert position < 16 or cipher.endswith("-cbc")
            else:  # a length that is too large waits for bytes that never come
                assert position < 4
    assert delivered == 0


@pytest.mark.row("T11")
@telling_suite
def test_t11_no_packet_opens_out_of_its_place(cipher: str, mac: str | None) -> None:
    sealer, _ = suite(cipher, mac)
    first, second = (sealer.seal(packet(sealer, bytes([n]) * 20), n) for n in range(2))
    for stream in (first + first, second + first):
        _, opener = suite(cipher, mac)
        _, error = attempt(opener, stream)
        if error is None:
            _, error = attempt(opener, stream, 1)
        assert error is not None


@pytest.mark.row("T05")
@telling_suite
@pytest.mark.parametrize("length", [0, 1, 4, LIMIT + 1, 2**31 - 1, 2**32 - 1])
def test_t05_invalid_length_is_refused_as_soon_as_decrypted(
    cipher: str, mac: str | None, length: int
) -> None:
    sealer, opener = suite(cipher, mac)
    head = sealer.seal(pack(">I", length) + bytes(28), 0)[:16]
    with pytest.raises(ProtocolError):
        opener.open(memoryview(head), 0, 16, 0)


@pytest.mark.row("T06")
@telling_suite
@pytest.mark.parametrize("excess", range(1, 8))
def test_t06_length_that_is_not_multiple_of_block_is_refused(
    cipher: str, mac: str | None, excess: int
) -> None:
    sealer, opener = suite(cipher, mac)
    length = 64 - 4 + sealer.clear
    good = sealer.seal(pack(">I", length) + bytes(28), 0)[:16]
    assert opener.open(memoryview(good), 0, 16, 0) is None
    sealer, opener = suite(cipher, mac)
    head = sealer.seal(pack(">I", length + excess) + bytes(28), 0)[:16]
    with pytest.raises(ProtocolError):
        opener.open(memoryview(head), 0, 16, 0)


@every_suite
def test_packet_of_largest_length_is_opened(cipher: str, mac: str | None) -> None:
    sealer, opener = suite(cipher, mac)
    length = LIMIT if sealer.clear else LIMIT - 4
    data = pack(">IB", length, 4) + bytes(length - 1)
    stream = sealed(sealer, data, 0)
    body = opener.open(memoryview(stream), 0, len(stream), 0)
    assert body is not None
    assert bytes(body) == data[4:]


def test_aes_gcm_matches_reference_for_first_packets() -> None:
    # AES-128-GCM, key and nonce zero, AAD 00000010, one zero block
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes  # noqa: PLC0415

    sealer = CIPHERS["aes128-gcm@openssh.com"].load().sealer(bytes(16), bytes(12), None)
    data = pack(">I", 16) + bytes(16)
    for counter in range(3):
        nonce = bytes(4) + counter.to_bytes(8, "big")
        reference = Cipher(algorithms.AES(bytes(16)), modes.GCM(nonce)).encryptor()
        reference.authenticate_additional_data(data[:4])
        expected = data[:4] + reference.update(data[4:]) + reference.finalize()
        assert sealer.seal(data, 99) == expected + reference.tag
    # "Test Case 2" of the GCM specification: the ciphertext of a zero block
    assert CIPHERS["aes128-gcm@openssh.com"].load().sealer(bytes(16), bytes(12), None).seal(
        data, 0
    )[4:20] == bytes.fromhex("0388dace60b6a392f328c2b971b2fe78")


def test_gcm_invocation_counter_wraps_at_64_bits() -> None:
    iv = b"\1\2\3\4" + b"\xff" * 8
    spec = CIPHERS["aes256-gcm@openssh.com"]
    wrapping = spec.load().sealer(bytes(32), iv, None)
    data = pack(">I", 16) + bytes(16)
    wrapping.seal(data, 0)
    fresh = spec.load().sealer(bytes(32), b"\1\2\3\4" + bytes(8), None)
    assert wrapping.seal(data, 1) == fresh.seal(data, 0)


def test_chacha20_poly1305_matches_test_vector() -> None:
    # draft-agl-tls-chacha20poly1305-02 (the keystream of ChaCha20 for a zero key and nonce)
    # and Poly1305 as a reference implementation over it
    from cryptography.hazmat.primitives.poly1305 import Poly1305  # noqa: PLC0415

    block0 = bytes.fromhex(
        "76b8e0ada0f13d90405d6ae55386bd28bdd219b8a08ded1aa836efcc8b770dc7"
        "da41597c5157488d7724e03fb8d84a376a43b8f41518a11cc387b669b2ee6586"
    )
    block1 = bytes.fromhex("9f07e7be5551387a98ba977c732d080d")
    sealer = CIPHERS["chacha20-poly1305@openssh.com"].load().sealer(bytes(64), b"", None)
    data = pack(">I", 16) + bytes(16)
    out = sealer.seal(data, 0)
    length = bytes(a ^ b for a, b in zip(data[:4], block0, strict=False))
    assert out[:20] == length + block1
    assert out[20:] == Poly1305.generate_tag(block0[:32], out[:20])


def test_aes_ctr_matches_test_vector_of_nist() -> None:
    # NIST SP 800-38A section F.5.1
    key = bytes.fromhex("2b7e151628aed2a6abf7158809cf4f3c")
    counter = bytes.fromhex("f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff")
    mac = Mac(MACS["hmac-sha2-256"], bytes(32))
    sealer = CIPHERS["aes128-ctr"].load().sealer(key, counter, mac)
    data = bytes.fromhex("6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51")
    assert sealer.seal(data, 0)[:32].hex() == (
        "874d6191b620e3261bef6864990db6ce9806f66b7970fdff8617187bb9fffdff"
    )


def test_counter_mode_without_mac_raises_usage_error() -> None:
    spec = CIPHERS["aes128-ctr"]
    with pytest.raises(UsageError):
        spec.load().sealer(bytes(16), bytes(16), None)
    with pytest.raises(UsageError):
        spec.load().opener(bytes(16), bytes(16), None, LIMIT)


@given(st.integers(0, 2**32 - 1), st.sampled_from([8, 16]), st.sampled_from([0, 4]))
def test_any_length_is_accepted_only_in_bounds_and_block_aligned(
    length: int, block: int, clear: int
) -> None:
    good = 5 <= length <= LIMIT and (length + 4 - clear) % block == 0
    try:
        check_length(length, LIMIT, block, clear)
    except ProtocolError:
        assert not good
    else:
        assert good


def test_plaintext_buffer_grows_and_is_reused() -> None:
    plain = Plaintext()
    small = plain.first(10)
    assert len(small) == 10
    assert plain.first(20).obj is small.obj
    large = plain.first(5000)
    assert len(large) == 5000
    assert large.obj is not small.obj


@pytest.mark.parametrize("cipher", [name for name, spec in CIPHERS.items() if spec.aead])
def test_ciphertext_and_plaintext_never_share_buffer(cipher: str) -> None:
    sealer, opener = suite(cipher, None)
    stream = bytearray(sealer.seal(packet(sealer, b"x" * 50), 0))
    body = opener.open(memoryview(stream), 0, len(stream), 0)
    assert body is not None
    assert body.obj is not stream
