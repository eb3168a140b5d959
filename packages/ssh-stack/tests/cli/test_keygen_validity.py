"""When a certificate is good: what -V may say."""

from __future__ import annotations

import pytest

from ssh_keys.certificates import FOREVER
from ssh_stack.cli.keygen.validity import parse_validity, tell_validity
from ssh_wire import UsageError

NOW = 1_700_000_000
DAY = 86_400


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (None, (0, FOREVER)),
        ("always:forever", (0, FOREVER)),
        ("-1d:+2w", (NOW - DAY, NOW + 14 * DAY)),
        ("-1h30m:+90", (NOW - 5400, NOW + 90)),
        ("+52w1d", ((NOW - 59) // 60 * 60, NOW + 365 * DAY)),
        ("20300101Z:20310101000000Z", (1_893_456_000, 1_924_992_000)),
        ("0x10:0x20", (16, 32)),
    ],
)
def test_validity_interval_is_parsed_into_first_and_last_second(
    text: str | None, expected: tuple[int, int]
) -> None:
    assert parse_validity(text, NOW) == expected


@pytest.mark.parametrize(
    "text", ["", "x", "+", "+1y", "+1d:", "+2d:+1d", "0xzz:forever", "2030:2031", "-1d1:+w"]
)
def test_invalid_validity_interval_raises_usage_error(text: str) -> None:
    with pytest.raises(UsageError):
        parse_validity(text, NOW)


def test_validity_is_printed_as_by_ssh_keygen(monkeypatch: pytest.MonkeyPatch) -> None:
    assert tell_validity(0, FOREVER) == "forever"
    assert tell_validity(0, NOW).startswith("before 2023-11-1")
    assert tell_validity(NOW, FOREVER).startswith("after 2023-11-1")
    assert tell_validity(NOW, NOW + 1).startswith("from 2023-11-1")
    assert tell_validity(NOW, FOREVER - 1).endswith(f"to second {FOREVER - 1}")
