"""Answers leave, and are taken, in the order of the requests."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssh_connection.errors import ChannelViolation
from ssh_connection.replies import PendingReplies, ReplyQueue


def queue(limit: int = 1000) -> tuple[ReplyQueue, list[bytes]]:
    sent: list[bytes] = []
    return ReplyQueue(sent.append, limit), sent


@pytest.mark.row("C11")
@given(st.permutations(range(20)))
def test_answers_leave_in_the_order_of_the_requests(order: list[int]) -> None:
    replies, sent = queue()
    places = [replies.expect(wanted=True) for _ in order]
    for index in order:
        places[index].answer(bytes([index]))
    assert sent == [bytes([index]) for index in range(20)]


def test_request_that_wants_no_reply_gets_none() -> None:
    replies, sent = queue()
    place = replies.expect(wanted=False)
    assert not place.wanted
    place.answer(b"x")
    assert sent == []


def test_reply_is_sent_once() -> None:
    replies, sent = queue()
    place = replies.expect(wanted=True)
    assert place.wanted
    place.answer(b"first")
    place.answer(b"second")
    assert sent == [b"first"]
    assert not place.wanted


@pytest.mark.row("C11")
def test_requests_that_wait_beyond_the_limit_are_a_violation() -> None:
    replies, sent = queue(limit=2)
    first = replies.expect(wanted=True)
    replies.expect(wanted=True)
    with pytest.raises(ChannelViolation, match="more than 2 requests"):
        replies.expect(wanted=True)
    replies.expect(wanted=False)
    first.answer(b"x")
    replies.expect(wanted=True)
    assert sent == [b"x"]


def test_nothing_is_sent_after_the_end() -> None:
    replies, sent = queue()
    place = replies.expect(wanted=True)
    replies.clear()
    place.answer(b"late")
    assert sent == []


@pytest.mark.row("C11")
def test_answer_resolves_the_oldest_request_and_a_stray_one_nothing() -> None:
    pending = PendingReplies[str]()
    got: list[tuple[int, str | None]] = []
    pending.resolve("stray")
    pending.add(lambda answer: got.append((1, answer)))
    pending.add(lambda answer: got.append((2, answer)))
    pending.resolve("a")
    assert len(pending) == 1
    pending.fail()
    pending.fail()
    assert got == [(1, "a"), (2, None)]
