"""What the package ships for tests does what it says."""

from __future__ import annotations

from ssh_connection.testing import Pair, Side
from ssh_wire.messages import connection as m


def test_requests_are_answered_as_the_recorder_is_told() -> None:
    pair = Pair()
    ours, theirs = pair.open()
    assert ours.channel is not None
    answers: list[bool | None] = []
    for answer in (True, False, None):
        theirs.answer = answer
        ours.channel.request(m.ShellRequest(recipient=0), answers.append)
        pair.run()
    assert answers == [True, False]
    assert len(theirs.requests) == 3


def test_payloads_move_only_when_they_are_told_to_and_can_be_watched() -> None:
    pair = Pair()
    ours, theirs = pair.open()
    assert ours.channel is not None
    ours.channel.write(b"hello")
    assert theirs.data == b""
    seen: list[tuple[Side, int]] = []
    pair.run(lambda side, payload: seen.append((side, payload[0])))
    assert theirs.data == b"hello"
    assert seen == [(pair.left, m.ChannelData.NUMBER)]


def test_side_alone_keeps_what_is_not_answered() -> None:
    side = Side(accept=False)
    side.receive(m.SessionOpen(sender=1, window=2, max_packet=3))
    side.receive(m.GlobalRequest(kind="x@y", want_reply=False))
    side.mux.receive(b"\x7f")
    side.handler_failed(OSError())
    assert (len(side.opens), len(side.requests), side.unknown) == (1, 1, [127])
    assert len(side.failures) == 1
