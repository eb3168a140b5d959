from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssh_wire import BadValue, EncodeError, Truncated, primitives

# the five vectors of RFC 4251 section 5
VECTORS = [
    (0, ""),
    (0x9A378F9B2E332A7, "09a378f9b2e332a7"),
    (0x80, "0080"),
    (-0x1234, "edcc"),
    (-0xDEADBEEF, "ff21524111"),
]


@pytest.mark.parametrize(("value", "content"), VECTORS)
def test_mpint_vectors_of_the_rfc(value: int, content: str) -> None:
    assert primitives.encode_mpint(value).hex() == content
    assert primitives.decode_mpint(bytes.fromhex(content), signed=True) == value


@given(st.integers(-(2**2000), 2**2000))
def test_mpint_round_trip_in_the_fewest_bytes(value: int) -> None:
    encoded = primitives.encode_mpint(value)

    assert primitives.decode_mpint(encoded, signed=True) == value
    with pytest.raises(OverflowError):
        value.to_bytes(max(len(encoded) - 1, 0), "big", signed=True) if value else _overflow()


def _overflow() -> None:
    raise OverflowError


@pytest.mark.row("W03")
@pytest.mark.parametrize("content", ["00", "0001", "007f", "ffff", "ff80"])
def test_mpint_must_be_in_its_shortest_form(content: str) -> None:
    with pytest.raises(BadValue, match="shortest form"):
        primitives.decode_mpint(bytes.fromhex(content), signed=True)


@pytest.mark.row("W03")
@pytest.mark.parametrize("content", ["80", "ff", "ff7f", "edcc"])
def test_negative_mpint_of_a_message_is_refused(content: str) -> None:
    with pytest.raises(BadValue, match="negative"):
        primitives.decode_mpint(bytes.fromhex(content))


@pytest.mark.row("W03")
def test_mpint_of_16384_bits_is_the_largest() -> None:
    largest = 2**16384 - 1

    assert primitives.decode_mpint(primitives.encode_mpint(largest)) == largest
    with pytest.raises(BadValue, match="longer than 2048 bytes"):
        primitives.decode_mpint(b"\x01" + bytes(2048))
    with pytest.raises(BadValue, match="longer than 2048 bytes"):
        primitives.decode_mpint(bytes(2050))
    with pytest.raises(EncodeError):
        primitives.encode_mpint(2**16400)


@given(st.lists(st.from_regex(r"[!-+\--~]{1,20}", fullmatch=True), max_size=9).map(tuple))
def test_name_list_round_trip(names: tuple[str, ...]) -> None:
    assert primitives.decode_names(primitives.encode_names(names)) == names


@pytest.mark.row("W04")
@pytest.mark.parametrize("content", [b",a", b"a,", b"a,,b", b","])
def test_empty_name_is_refused(content: bytes) -> None:
    with pytest.raises(BadValue, match="empty name"):
        primitives.decode_names(content)


@pytest.mark.row("W04")
@pytest.mark.parametrize("content", [b"a\0b", b"a\x7f", b"a\x80", b"\xff", b"a\nb"])
def test_name_outside_printable_ascii_is_refused(content: bytes) -> None:
    with pytest.raises(BadValue, match="printable ASCII"):
        primitives.decode_names(content)


@pytest.mark.row("W04")
@pytest.mark.parametrize("content", [b"a b", b" a", b"a,b "])
def test_name_with_a_space_is_refused(content: bytes) -> None:
    with pytest.raises(BadValue, match="holds a space"):
        primitives.decode_names(content)


@given(st.binary(max_size=30))
def test_names_that_decode_can_be_encoded(content: bytes) -> None:
    try:
        names = primitives.decode_names(content)
    except BadValue:
        return
    assert primitives.encode_names(names) == content


@pytest.mark.row("W04")
def test_many_long_and_duplicate_names_are_harmless() -> None:
    names = ("x" * 65, *("same",) * 3000)

    assert primitives.decode_names(primitives.encode_names(names)) == names


@pytest.mark.parametrize("name", ["", "a,b", "a b", "ä", "a\n"])
def test_invalid_name_is_not_encoded(name: str) -> None:
    with pytest.raises(EncodeError, match="not a name"):
        primitives.encode_names((name,))


@given(st.binary(max_size=50), st.binary(max_size=5))
def test_string_round_trip_anywhere(content: bytes, before: bytes) -> None:
    data = before + primitives.string(content)

    assert primitives.read_string(data, len(before)) == (content, len(data))


def test_string_of_text_is_utf8() -> None:
    data = primitives.string("grün")

    assert primitives.read_text(data, 0) == ("grün", 9)
    with pytest.raises(BadValue, match="not UTF-8"):
        primitives.read_text(b"\0\0\0\1\xff", 0)
    assert primitives.read_human_text(b"\0\0\0\1\xff", 0) == ("\udcff", 5)


@pytest.mark.row("W01")
@pytest.mark.parametrize("length", [5, 2**16, 2**31 - 1, 2**32 - 1])
def test_string_longer_than_the_input_is_refused(length: int) -> None:
    with pytest.raises(Truncated):
        primitives.read_string(length.to_bytes(4, "big") + b"abcd", 0)
    with pytest.raises(Truncated):
        primitives.read_string(b"\0\0", 0)
