"""A channel that has no handler has one that listens to nothing."""

from __future__ import annotations

from ssh_connection import ChannelHandler
from ssh_connection.handler import NullHandler
from ssh_connection.replies import ReplyQueue
from ssh_wire.messages import connection as m


def test_null_handler_takes_every_call_and_does_nothing() -> None:
    sent: list[bytes] = []
    handler: ChannelHandler = NullHandler()
    handler.opened()
    handler.open_failed(OSError())
    handler.data_received(memoryview(b"x"))
    handler.stderr_received(memoryview(b"x"))
    handler.eof_received()
    request = m.ShellRequest(recipient=0)
    handler.request_received(request, ReplyQueue(sent.append, 1).expect(wanted=True))
    handler.pause_writing()
    handler.resume_writing()
    handler.closed(None)
    assert sent == []
