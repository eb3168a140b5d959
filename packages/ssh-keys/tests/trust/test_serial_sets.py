from __future__ import annotations

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ssh_keys import KeyFormatError
from ssh_keys.trust import serial_sets
from ssh_keys.trust.serial_sets import MAX_SERIAL, SerialSection, SerialSet, read_section
from ssh_wire import WireError
from ssh_wire.primitives import string


def made(*runs: tuple[int, int]) -> SerialSet:
    serials = SerialSet()
    for first, last in runs:
        serials.add(first, last)
    return serials


def kinds(serials: SerialSet) -> list[SerialSection]:
    return [kind for kind, _ in serials.sections()]


def again(serials: SerialSet) -> SerialSet:
    read = SerialSet()
    for kind, data in serials.sections():
        read_section(kind, data, read)
    return read


def test_runs_are_merged() -> None:
    serials = made((5, 5), (7, 9), (1, 3), (9, 12), (4, 4), (20, 30), (22, 25), (7, 7))
    assert list(serials.ranges) == [(1, 5), (7, 12), (20, 30)]
    serials.add(6, 6)
    assert list(serials.ranges) == [(1, 12), (20, 30)]
    assert SerialSet(((3, 4), (1, 2))).ranges == ((1, 4),)


def test_set_contains_its_runs() -> None:
    serials = made((5, 7), (MAX_SERIAL, MAX_SERIAL))
    held = [0, 4, 5, 6, 7, 8, MAX_SERIAL - 1, MAX_SERIAL]
    assert [serial in serials for serial in held] == [False] * 2 + [True] * 3 + [False] * 2 + [
        True
    ]
    assert "5" not in serials
    assert serials
    assert not SerialSet()
    assert 1 not in SerialSet()


@pytest.mark.parametrize(("first", "last"), [(0, 0), (0, 5), (5, 4), (-1, 1), (1, MAX_SERIAL + 1)])
def test_run_out_of_range_or_order_is_refused(first: int, last: int) -> None:
    with pytest.raises(KeyFormatError, match="not a range of serial numbers"):
        SerialSet().add(first, last)


def test_number_of_runs_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serial_sets, "MAX_RUNS", 100)
    kept = SerialSet()
    for _ in range(5):
        for serial in range(1, 201, 2):
            kept.add(serial, serial)
    assert len(kept.ranges) == 100
    data = b"".join(serial.to_bytes(8, "big") for serial in range(1, 1000, 2))
    with pytest.raises(KeyFormatError, match="more than 100 runs"):
        read_section(SerialSection.LIST, data, kept)


# ------------------------------------------------------------- how they are written


@pytest.mark.parametrize(
    ("runs", "expected"),
    [
        ([], []),
        ([(1, 1)], [SerialSection.LIST]),
        ([(1, 2)], [SerialSection.LIST]),
        ([(1, 3)], [SerialSection.BITMAP]),
        ([(1, MAX_SERIAL)], [SerialSection.RANGE]),
        ([(1, 1), (1000, 1000), (2000, 2000)], [SerialSection.LIST]),
        ([(n, n) for n in range(1, 1000, 3)], [SerialSection.BITMAP]),
        ([(1, 40_000)], [SerialSection.RANGE]),
        (
            [(1, 1), (200, 90_000), (90_100, 90_100)],
            [SerialSection.LIST, SerialSection.RANGE, SerialSection.LIST],
        ),
        ([(n, n) for n in range(1, 40_000, 9)], [SerialSection.BITMAP] * 3),
    ],
)
def test_shortest_sections_are_chosen(
    runs: list[tuple[int, int]], expected: list[SerialSection]
) -> None:
    serials = made(*runs)
    assert kinds(serials) == expected
    assert again(serials).ranges == serials.ranges


def test_sections_are_those_of_the_protocol() -> None:
    assert list(made((5, 5), (300, 301)).sections()) == [
        (SerialSection.LIST, b"".join(n.to_bytes(8, "big") for n in (5, 300, 301)))
    ]
    assert list(made((5, 100_000)).sections()) == [
        (SerialSection.RANGE, (5).to_bytes(8, "big") + (100_000).to_bytes(8, "big"))
    ]
    assert list(made((5, 7), (9, 9), (12, 12)).sections()) == [
        (SerialSection.BITMAP, (5).to_bytes(8, "big") + string(b"\0\x97"))
    ]


def test_bitmap_beyond_the_last_number_is_refused() -> None:
    runs = [(MAX_SERIAL - 8, MAX_SERIAL - 4), (MAX_SERIAL - 1, MAX_SERIAL)]
    assert again(made(*runs)).ranges == tuple(runs)
    beyond = (MAX_SERIAL).to_bytes(8, "big") + string(b"\2")
    with pytest.raises(KeyFormatError, match="not a range"):
        read_section(SerialSection.BITMAP, beyond, SerialSet())


@pytest.mark.parametrize(
    ("section", "data"),
    [
        (SerialSection.LIST, bytes(7)),
        (SerialSection.LIST, bytes(8)),
        (SerialSection.RANGE, bytes(15)),
        (SerialSection.RANGE, bytes(16)),
        (SerialSection.RANGE, b"\0" * 7 + b"\2" + b"\0" * 7 + b"\1"),
        (SerialSection.RANGE, b"\0" * 7 + b"\1" + b"\0" * 7 + b"\2\0"),
        (SerialSection.BITMAP, bytes(8)),
        (SerialSection.BITMAP, bytes(8) + string(b"\1")),
        (SerialSection.BITMAP, bytes(8) + string(b"\xff")),
        (SerialSection.BITMAP, b"\0" * 7 + b"\1" + string(b"\1" + bytes(2049))),
    ],
)
def test_malformed_section_is_refused(section: SerialSection, data: bytes) -> None:
    with pytest.raises((WireError, KeyFormatError)):
        read_section(section, data, SerialSet())


def test_empty_bitmap_has_no_serial_numbers() -> None:
    serials = SerialSet()
    read_section(SerialSection.BITMAP, bytes(8) + string(b""), serials)
    read_section(SerialSection.LIST, b"", serials)
    assert serials.ranges == ()


RUNS = st.lists(
    st.tuples(st.integers(1, 100_000), st.integers(0, 300) | st.integers(0, 50_000)).map(
        lambda pair: (pair[0], pair[0] + pair[1])
    ),
    max_size=40,
)


@given(runs=RUNS)
@settings(deadline=None)
def test_any_serial_numbers_are_read_back(runs: list[tuple[int, int]]) -> None:
    serials = made(*runs)
    assert again(serials).ranges == serials.ranges
    for first, last in runs:
        assert first in serials
        assert last in serials
    numbers = {n for first, last in runs[:5] for n in (first - 1, last + 1)}
    for number in numbers:
        assert (number in serials) is any(first <= number <= last for first, last in runs)


@given(section=st.sampled_from(SerialSection), data=st.binary(max_size=60))
def test_any_bytes_are_a_section_or_refused(section: SerialSection, data: bytes) -> None:
    with contextlib.suppress(WireError, KeyFormatError):
        serials = SerialSet()
        read_section(section, data, serials)
        assert 0 not in serials
