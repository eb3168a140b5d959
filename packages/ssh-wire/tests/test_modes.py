"""Encoded terminal modes (RFC 4254 section 8)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssh_wire import EncodeError, Truncated, WireError
from ssh_wire.modes import TerminalMode, decode_modes, encode_modes


@given(st.dictionaries(st.integers(1, 159), st.integers(0, 2**32 - 1)))
def test_encoded_modes_are_decoded(modes: dict[int, int]) -> None:
    assert decode_modes(encode_modes(modes)) == modes


@given(st.binary())
def test_any_bytes_decode_or_are_refused(data: bytes) -> None:
    try:
        modes = decode_modes(data)
    except WireError:
        return
    assert all(0 < opcode < 160 for opcode in modes)


@pytest.mark.row("C14")
@pytest.mark.parametrize("data", [b"\x35", b"\x35\x00\x00\x00", b"\x35\0\0\0\x01\x36\0"])
def test_opcode_without_its_argument_is_truncated(data: bytes) -> None:
    with pytest.raises(Truncated):
        decode_modes(data)


@pytest.mark.row("C14")
@pytest.mark.parametrize("opcode", [160, 255])
def test_undefined_opcode_stops_the_decoding(opcode: int) -> None:
    """Opcodes 160 to 255 are not yet defined, and cause parsing to stop."""
    echo = encode_modes({TerminalMode.ECHO: 1})[:-1]

    assert decode_modes(echo + bytes([opcode]) + b"rest") == {TerminalMode.ECHO: 1}


@pytest.mark.row("C14")
def test_ten_thousand_entries_are_no_more_than_there_are_opcodes() -> None:
    assert decode_modes(encode_modes({1: 1})[:-1] * 10_000) == {1: 1}


def test_tty_op_end_may_be_missing() -> None:
    assert decode_modes(b"\0\xff\xff") == {}
    assert decode_modes(b"") == {}


@pytest.mark.parametrize(("opcode", "argument"), [(0, 1), (160, 1), (-1, 1), (1, -1), (1, 2**32)])
def test_invalid_mode_is_not_encoded(opcode: int, argument: int) -> None:
    with pytest.raises(EncodeError, match=f"opcode {opcode}"):
        encode_modes({opcode: argument})


def test_opcodes_have_names() -> None:
    assert TerminalMode(53) is TerminalMode.ECHO
    assert [mode for mode in TerminalMode if not 0 < mode < 160] == []
