from __future__ import annotations

import contextlib
import time
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssh_keys import KeyFormatError
from ssh_keys.trust.dates import parse_date


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("20200102Z", 1577923200),
        ("20200102UTC", 1577923200),
        ("20200102utc", 1577923200),
        ("20200102z", 1577923200),
        ("202001020304Z", 1577934240),
        ("20200102030405Z", 1577934245),
        ("20161231235960Z", 1483228800),
        ("19700101000001Z", 1),
        ("99991231235959Z", 253402300799),
    ],
)
def test_date_is_seconds_since_the_epoch(text: str, seconds: int) -> None:
    assert parse_date(text) == seconds
    assert parse_date(text, timezone(timedelta(hours=5))) == seconds


def test_date_without_a_zone_is_in_the_given_zone() -> None:
    east = timezone(timedelta(hours=5, minutes=30))
    assert parse_date("20200102", east) == 1577923200 - 19800
    assert parse_date("20200102", UTC) == 1577923200


def test_date_without_a_zone_is_in_the_zone_of_the_machine(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TZ", "EST5")
    time.tzset()
    try:
        assert parse_date("20200102") == 1577923200 + 5 * 3600
        assert parse_date("20200102Z") == 1577923200
    finally:
        monkeypatch.undo()
        time.tzset()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Z",
        "UTC",
        "2020010",
        "202001020",
        "20201301Z",
        "20200230Z",
        "20200100Z",
        "2020010224Z",
        "202001022400Z",
        "202001022360Z",
        "20200102030461Z",
        "19700101Z",
        "19691231Z",
        "00010101",
        "00000101Z",
        "2020-1-1Z",
        "\u0662\u0660\u0662\u0660\u0660\u0661\u0660\u0662Z",
        "20200102 Z",
        "20200102ZZ",
        "+0200102Z",
        "tomorrow",
    ],
)
def test_malformed_date_is_refused(text: str) -> None:
    with pytest.raises(KeyFormatError, match="is not a date"):
        parse_date(text, UTC)


@given(st.datetimes(datetime(1970, 1, 2), datetime(9999, 1, 1)))  # noqa: DTZ001 (of any zone)
def test_any_date_is_that_of_datetime(moment: datetime) -> None:
    exact = moment.replace(microsecond=0, tzinfo=UTC)
    assert parse_date(f"{exact:%Y%m%d%H%M%S}".zfill(14) + "Z") == exact.timestamp()


@given(st.text(max_size=16))
def test_any_text_is_a_date_or_a_format_error(text: str) -> None:
    with contextlib.suppress(KeyFormatError):
        assert parse_date(text, UTC) > 0
