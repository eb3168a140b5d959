from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssh_keys import SSHFP, KeyFormatError, PrivateKey, PublicKey, UnsupportedKey
from ssh_keys.trust.sshfp import SSHFPMatch, check_sshfp, sshfp_records

if TYPE_CHECKING:
    from pathlib import Path

Program = Callable[..., bytes]
NUMBERS = {
    "ssh-rsa": 1,
    "ecdsa-sha2-nistp256": 3,
    "ecdsa-sha2-nistp384": 3,
    "ecdsa-sha2-nistp521": 3,
    "ssh-ed25519": 4,
}


@pytest.fixture(scope="module")
def one(ed25519: PrivateKey) -> PublicKey:
    return ed25519.public_key


@pytest.fixture(scope="module")
def two() -> PublicKey:
    return PrivateKey.generate("ed25519").public_key


def test_records_are_those_of_ssh_keygen(key: PrivateKey, keygen: Program, tmp_path: Path) -> None:
    path = tmp_path / "key.pub"
    path.write_text(key.public_key.to_openssh())
    records = sshfp_records(key.public_key)
    plain = "".join(f"{record.to_text('host.example.')}\n" for record in records)
    assert keygen("-r", "host.example.", "-f", path).decode() == plain
    generic = "".join(f"{record.to_generic_text('host')}\n" for record in records)
    assert keygen("-r", "host", "-g", "-f", path).decode() == generic


def test_record_is_read_back(key: PrivateKey) -> None:
    for record in sshfp_records(key.public_key):
        assert record.algorithm == NUMBERS[key.public_key.kind]
        assert SSHFP.from_rdata(record.to_rdata()) == record
        assert SSHFP.from_text(record.to_text("h").partition("SSHFP ")[2]) == record
        assert SSHFP.from_text(record.to_generic_text("h").partition("TYPE44 ")[2]) == record
        assert record.matches(key.public_key) is True


def test_text_of_a_record_may_be_split_and_in_capitals(one: PublicKey) -> None:
    record = SSHFP.make(one)
    digits = record.fingerprint.hex().upper()
    assert SSHFP.from_text(f" 4\t2 {digits[:10]} {digits[10:]}\n") == record


def test_kind_without_a_number_has_no_record(one: PublicKey) -> None:
    class Tomorrow:
        kind = "ssh-tomorrow"

    key: Any = Tomorrow()
    with pytest.raises(UnsupportedKey, match="have no SSHFP records"):
        sshfp_records(key)
    with pytest.raises(KeyFormatError, match="no hash 3"):
        SSHFP.make(one, 3)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "4",
        "4 2",
        "4 2 00",
        "4 1 " + "00" * 32,
        "4 2 " + "0" * 63,
        "4 2 " + "zz" * 32,
        "256 2 " + "00" * 32,
        "4 256 00",
        "-4 2 " + "00" * 32,
        "٤ 2 " + "00" * 32,
        "RSA 2 " + "00" * 32,
        "9" * 5000 + " 2 00",
        "\\#",
        "\\# 4",
        "\\# 4 04 02 00",
        "\\# 4 04020000",
        "\\# x 0402",
        "\\# 1 04",
    ],
)
def test_malformed_record_is_refused(text: str) -> None:
    with pytest.raises(KeyFormatError, match="SSHFP"):
        SSHFP.from_text(text)


def test_truncated_record_is_refused() -> None:
    for size in range(34):
        with pytest.raises(KeyFormatError, match="SSHFP"):
            SSHFP.from_rdata(bytes([4, 2, *range(32)])[:size])


def test_unknown_algorithm_or_hash_matches_nothing(one: PublicKey) -> None:
    for data in (bytes([9, 2]) + bytes(32), bytes([4, 9]) + bytes(5), bytes([0, 0])):
        record = SSHFP.from_rdata(data)
        assert record.to_rdata() == data
        assert record.matches(one) is None
        assert check_sshfp([record], one) is SSHFPMatch.NONE


def test_records_are_compared_with_the_key(
    one: PublicKey, two: PublicKey, rsa: PrivateKey
) -> None:
    assert check_sshfp([], one) is SSHFPMatch.NONE
    assert check_sshfp(sshfp_records(rsa.public_key), one) is SSHFPMatch.NONE
    assert check_sshfp(sshfp_records(one), one) is SSHFPMatch.FOUND
    assert check_sshfp(sshfp_records(one), two) is SSHFPMatch.CHANGED
    both = [*sshfp_records(two), *sshfp_records(one), *sshfp_records(rsa.public_key)]
    assert check_sshfp(both, one) is SSHFPMatch.CHANGED
    assert check_sshfp(both, rsa.public_key) is SSHFPMatch.FOUND
    assert check_sshfp([SSHFP.make(one, 1)], one) is SSHFPMatch.FOUND
    assert check_sshfp([SSHFP.make(two, 1), SSHFP.make(one, 2)], one) is SSHFPMatch.FOUND
    assert check_sshfp([SSHFP.make(one, 1), SSHFP.make(two, 2)], one) is SSHFPMatch.CHANGED


@given(data=st.binary(max_size=60), text=st.text(max_size=80))
def test_any_bytes_are_a_record_or_a_format_error(data: bytes, text: str) -> None:
    with contextlib.suppress(KeyFormatError):
        assert SSHFP.from_rdata(data).to_rdata() == data
    for start in ("", "4 2 ", "\\# 4 "):
        with contextlib.suppress(KeyFormatError):
            SSHFP.from_text(start + text)
