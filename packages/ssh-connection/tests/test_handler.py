"""A channel that has no handler has one that listens to nothing."""

from __future__ import annotations

from ssh_connection import ChannelHandler
from ssh_connection.handler import Nobody
from ssh_connection.replies import ReplyQueue
from ssh_wire.messages import connection as m


def test_nobody_hears_everything_and_does_nothing() -> None:
    sent: list[bytes] = []
    nobody: ChannelHandler = Nobody()
    nobody.opened()
    nobody.open_failed(OSError())
    nobody.data_received(memoryview(b"x"))
    nobody.stderr_received(memoryview(b"x"))
    nobody.eof_received()
    request = m.ShellRequest(recipient=0)
    nobody.request_received(request, ReplyQueue(sent.append, 1).expect(wanted=True))
    nobody.pause_writing()
    nobody.resume_writing()
    nobody.closed(None)
    assert sent == []
