"""What must hold after every hostile input, whatever it was: U1 to U9 of the table.

U1  no user is authenticated who was not before
U2  no function of the application was called
U3  nothing but a declared error came out
U4  memory is bounded                     U5  time is bounded: both in `measured`
U6  nothing follows the one DISCONNECT; what is fed afterwards has no effect
U7  descriptions and logs are printable, and hold no planted secret
U8  no task is left: `Subject.close`
U9  any cut of the input does the same: `CUTS`
"""

from __future__ import annotations

import contextlib
import gc
import logging
import tracemalloc
from collections.abc import Callable, Generator
from time import process_time
from typing import Final

import attrs
import pytest

from ssh_transport import ConnectionClosed
from ssh_wire import SSHError
from ssh_wire.messages.transport import Disconnect
from ssh_wire.numbers import MAX_PACKET_LENGTH
from tests.adversary.subject import Planted, Subject

__all__ = ["CUTS", "Before", "check_end", "measured", "planted"]

_MEMORY: Final = 2 * MAX_PACKET_LENGTH + 2**20
_SECONDS: Final = 0.25  # U5's bound where a key exchange has to be computed

CUTS: Final[dict[str, Callable[[bytes], list[bytes]]]] = {
    "whole": lambda data: [data],
    "1 byte": lambda data: [data[at : at + 1] for at in range(len(data))],
    "3 bytes": lambda data: [data[at : at + 3] for at in range(0, len(data), 3)],
}
"""How input arrives."""


@attrs.frozen
class Before:
    """What was true of a subject before the hostile input."""

    user: object
    calls: dict[str, int]
    events: int
    closed: bool
    waiting: bool

    @classmethod
    def of(cls, subject: Subject) -> Before:
        """Look at a subject."""
        core = subject.core
        return cls(
            subject.user,
            dict(subject.calls),
            len(subject.events),
            core.closed,
            subject.waiting > 0,
        )


async def check_end(subject: Subject, before: Before, received: list[bytes]) -> None:
    """Check a connection that hostile input has ended.

    Args:
        subject: the side under test.
        before: what was true of it.
        received: what it has sent since.
    """
    core = subject.core
    assert subject.user == before.user, "U1"
    assert dict(subject.calls) == before.calls, "U2"
    check_errors(subject)
    assert len(subject.ends) == 1, "U6: one terminal event"
    end = subject.ends[0]
    assert subject.events[-1] is end, "U6: nothing follows it"
    assert end.description.isprintable(), "U7"
    assert isinstance(end.error, SSHError | None), "U3"
    sent = [payload for payload in received if payload[0] == 1]
    if end.by_peer:
        assert received == [], "U6: nothing is sent to a peer that has left"
    elif sent:
        assert received[-1] == sent[0], "U6: DISCONNECT comes last"
        assert len(sent) == 1, "U6: DISCONNECT comes once"
        assert Disconnect.decode(sent[0]).code == end.reason
    assert subject.stream.is_closing()
    await _check_nothing_follows(subject)
    assert core.next_deadline() is None


async def _check_nothing_follows(subject: Subject) -> None:
    core = subject.core
    events = len(subject.events)
    calls = dict(subject.calls)
    await subject.feed(b"\0\0\0\x0c\x0a\x14" + bytes(10), b"SSH-2.0-again\r\n")
    for call in (
        lambda: core.receive(b"x"),
        core.get_buffer,
        lambda: core.buffer_updated(1),
        lambda: core.send_payload(b"\x50"),
        core.authenticated,
    ):
        with pytest.raises(ConnectionClosed):
            call()
    core.tick(1e12)
    core.start_rekey()
    assert core.next_event() is None, "U6"
    assert subject.sent() == b"", "U6"
    assert core.take_outgoing() is None, "U6"
    assert (len(subject.events), dict(subject.calls)) == (events, calls), "U6"
    assert subject.waiting == 0


def check_errors(subject: Subject) -> None:
    """Check that nothing undeclared went wrong (U3)."""
    assert subject.loop_errors == [], "U3"
    assert subject.connection.faults == [], "U3"


@contextlib.contextmanager
def measured() -> Generator[None]:
    """Check how much memory and time hostile input takes (U4, U5).

    Without the collector, whose runs take as long as the whole test process has objects.
    """
    gc.disable()
    tracemalloc.start()
    started = process_time()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] <= _MEMORY, "U4"
        taken = process_time() - started
    finally:
        tracemalloc.stop()
        gc.enable()
    assert taken <= _SECONDS, "U5"


@contextlib.contextmanager
def planted() -> Generator[None]:
    """Check what is logged (U7)."""
    handler = Planted()
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        yield
    finally:
        root.removeHandler(handler)
        root.setLevel(level)
    assert handler.found == [], "U7"
