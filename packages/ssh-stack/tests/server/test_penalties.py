"""Penalties of sources whose clients do not log in."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from loopback_server import serving
from ssh_stack import Penalties
from ssh_stack.server.penalties import Offence, PenaltyBook
from ssh_wire import UsageError

FAILURE = Offence.AUTH_FAILURE


def test_source_is_refused_when_penalties_add_up_and_released_later() -> None:
    book = PenaltyBook(Penalties())

    assert not book.penalise("192.0.2.7", FAILURE, 100.0)
    assert not book.penalise("192.0.2.7", FAILURE, 100.0)
    assert not book.refuses("192.0.2.7", 100.0)
    assert book.penalise("192.0.2.7", FAILURE, 100.0)
    assert not book.penalise("192.0.2.7", FAILURE, 101.0)  # it is refused already

    assert book.refuses("192.0.2.7", 119.9)
    assert not book.refuses("192.0.2.8", 119.9)
    assert not book.refuses("192.0.2.7", 120.0)
    assert not book.penalise("192.0.2.7", FAILURE, 121.0)


def test_penalties_of_one_source_have_a_maximum() -> None:
    book = PenaltyBook(Penalties(auth_failure=400, maximum=500))
    for _ in range(3):
        book.penalise("a", FAILURE, 0.0)
    assert book.refuses("a", 499.0)
    assert not book.refuses("a", 500.0)


@pytest.mark.parametrize(
    ("offence", "count"), [(Offence.NO_AUTH, 15), (Offence.GRACE_EXCEEDED, 2)]
)
def test_offences_have_penalties_of_their_own(offence: Offence, count: int) -> None:
    book = PenaltyBook(Penalties())
    assert [book.penalise("a", offence, 0.0) for _ in range(count)] == [False] * (count - 1) + [
        True
    ]


def test_offence_without_a_penalty_does_not_count() -> None:
    book = PenaltyBook(Penalties(no_auth=0, minimum=0))
    assert not book.penalise("a", Offence.NO_AUTH, 0.0)
    assert not book.refuses("a", 0.0)


def test_sources_that_are_kept_are_bounded() -> None:
    book = PenaltyBook(Penalties(sources=3, minimum=5))
    for number in range(10):
        book.penalise(str(number), FAILURE, float(number) / 10)
    assert [book.refuses(str(number), 2.0) for number in range(10)] == [False] * 7 + [True] * 3
    book.penalise("late", FAILURE, 100.0)
    assert not any(book.refuses(str(number), 100.0) for number in range(10))


@pytest.mark.parametrize(
    ("host", "exempt"),
    [
        ("127.0.0.9", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("a socket", True),
        ("192.0.2.7", False),
        ("fe80::1%eth0", False),
    ],
)
def test_loopback_addresses_are_exempt(host: str, *, exempt: bool) -> None:
    assert Penalties().exempts(host) is exempt
    assert not Penalties(exempt=()).exempts("127.0.0.1")


@pytest.mark.parametrize(
    "options",
    [
        {"auth_failure": -1},
        {"minimum": 700.0},
        {"sources": 0},
        {"exempt": ["everywhere"]},
        {"exempt": ["192.0.2.1/24"]},
    ],
)
def test_penalties_that_cannot_be_meant_are_a_usage_error(options: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        Penalties(**options)


@pytest.mark.row("A12")
@pytest.mark.parametrize(
    ("penalties", "told"),
    [(Penalties(exempt=(), no_auth=60.0), b"Not allowed at this time\r\n"), (Penalties(), b"")],
)
async def test_source_that_never_logs_in_is_refused_by_the_server(
    penalties: Penalties, told: bytes
) -> None:
    async with serving(penalties=penalties) as here:
        for expected in (b"", told):
            reader, writer = await asyncio.open_connection("127.0.0.1", here.server.port)
            line = await reader.readline()
            assert line == expected or (not expected and line.startswith(b"SSH-2.0-"))
            writer.close()
            await writer.wait_closed()
            while here.server.connections:  # noqa: ASYNC110 (there is no event for it)
                await asyncio.sleep(0)
