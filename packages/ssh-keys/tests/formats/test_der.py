from __future__ import annotations

import contextlib

import pytest
from cryptography.hazmat.primitives import serialization
from hypothesis import given, settings
from hypothesis import strategies as st

from ssh_keys import KeyFormatError, PrivateKey
from ssh_keys.formats.armor import open_armor
from ssh_keys.formats.der import MAX_ITERATIONS, check_cost

PBKDF2 = bytes.fromhex("2a864886f70d01050c")
SCRYPT = bytes.fromhex("2b06010401da47040b")


def tlv(tag: int, *parts: bytes) -> bytes:
    content = b"".join(parts)
    if len(content) < 128:
        return bytes([tag, len(content)]) + content
    size = (len(content).bit_length() + 7) // 8
    return bytes([tag, 0x80 + size]) + len(content).to_bytes(size) + content


def number(value: int) -> bytes:
    return tlv(2, value.to_bytes(value.bit_length() // 8 + 1))


def file_with(name: bytes, *numbers: int) -> bytes:
    parameters = tlv(0x30, tlv(4, b"salt"), *map(number, numbers))
    return tlv(0x30, tlv(0x30, tlv(6, name), parameters), tlv(4, b"sealed"))


def test_our_own_file_is_cheap_enough(ed25519: PrivateKey) -> None:
    check_cost(open_armor(ed25519.to_pem("pass")).body)


@pytest.mark.row("K08")
@pytest.mark.parametrize("iterations", [MAX_ITERATIONS + 1, 2**31 - 1, 2**64])
def test_too_many_iterations(iterations: int) -> None:
    with pytest.raises(KeyFormatError, match="too much work"):
        check_cost(file_with(PBKDF2, iterations))


@pytest.mark.row("K08")
@pytest.mark.parametrize("numbers", [(1 << 20, 8, 1000), (1 << 40, 8, 1), (16384, 1 << 20, 1)])
def test_too_much_scrypt(numbers: tuple[int, int, int]) -> None:
    with pytest.raises(KeyFormatError, match="too much work"):
        check_cost(file_with(SCRYPT, *numbers, 32))


@pytest.mark.parametrize(
    "der",
    [
        file_with(PBKDF2, 2048),
        file_with(PBKDF2, MAX_ITERATIONS),
        file_with(SCRYPT, 16384, 8, 1),
        file_with(SCRYPT, 131072, 8, 1, 32),
        tlv(0x30, tlv(0x30), tlv(4)),
    ],
)
def test_cheap_file_is_accepted(der: bytes) -> None:
    check_cost(der)


@pytest.mark.row("W09")
def test_nesting_is_bounded() -> None:
    der = b""
    for _ in range(1000):
        der = tlv(0x30, der)
    with pytest.raises(KeyFormatError):
        check_cost(der)
    with pytest.raises(KeyFormatError):
        check_cost(tlv(0x30, tlv(0x30, *[tlv(5)] * 1000)))


@pytest.mark.parametrize(
    "der",
    [
        b"",
        b"\x30",
        b"\x30\x80",
        b"\x30\x80\0\0",
        b"\x30\x85\0\0\0\0\1\0",
        b"\x30\x82\1",
        b"\x30\x05\x30\x01",
        b"\x31\x02\x30\0",
        b"\x30\x02\x31\0",
        b"\x30\x02\x30\0\0",
        b"\x30\x04\x30\x02\x1f\0",
        b"\x30\x04\x30\x02\x02\1",
    ],
)
def test_malformed_der_is_refused(der: bytes) -> None:
    with pytest.raises(KeyFormatError, match="not an encrypted"):
        check_cost(der)


@given(junk=st.binary(max_size=80))
@settings(deadline=None)
def test_any_bytes_are_accepted_or_refused(junk: bytes) -> None:
    for der in (junk, tlv(0x30, tlv(0x30, junk)), tlv(0x30, tlv(0x30), junk)):
        with contextlib.suppress(KeyFormatError):
            check_cost(der)


def test_every_prefix_is_refused() -> None:
    der = file_with(PBKDF2, 2048)
    for size in range(len(der)):
        with pytest.raises(KeyFormatError):
            check_cost(der[:size])


def test_accepted_structure_is_read_by_cryptography() -> None:
    sealed = file_with(PBKDF2, 2048)
    with pytest.raises(ValueError, match=r".*"):
        serialization.load_der_private_key(sealed, b"pass")
