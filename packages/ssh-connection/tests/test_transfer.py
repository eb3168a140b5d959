"""Two multiplexers, any interleaving: data is complete, in order, and never beyond a window."""

from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from ssh_connection import ConnectionLimits
from ssh_connection.channel import ChannelProtocol
from ssh_connection.testing import Pair, Recorder, Side
from ssh_wire.messages import connection as m

LIMITS = ConnectionLimits(window=64, max_packet=20, max_data=16, write_buffer=40)
ENDS = st.integers(0, 3)


class End:
    """One end of a channel, and what it has written and consumed."""

    def __init__(self, recorder: Recorder) -> None:
        assert recorder.channel is not None
        self.recorder = recorder
        self.channel: ChannelProtocol = recorder.channel
        self.channel.auto_adjust = False
        self.written = b""
        self.errors = b""
        self.consumed = 0
        self.eof = False

    @property
    def arrived(self) -> int:
        return len(self.recorder.data) + len(self.recorder.stderr)


class Transfers(RuleBasedStateMachine):
    """Writes, adjusts, pauses, congestion and EOF on two channels, in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.pair = Pair(LIMITS, LIMITS)
        self.ends: list[End] = []
        for _ in range(2):
            ours, theirs = self.pair.open()
            self.ends += [End(ours), End(theirs)]

    def other(self, index: int) -> End:
        return self.ends[index ^ 1]

    def side(self, index: int) -> Side:
        return (self.pair.left, self.pair.right)[index % 2]

    @rule(index=ENDS, data=st.binary(max_size=100), stderr=st.booleans())
    def write(self, index: int, data: bytes, *, stderr: bool) -> None:
        end = self.ends[index]
        if end.eof:
            return
        if stderr:
            end.channel.write_stderr(data)
            end.errors += data
        else:
            end.channel.write(data[:10], bytearray(data[10:]))
            end.written += data

    @rule(index=ENDS, part=st.integers(1, 4))
    def consume(self, index: int, part: int) -> None:
        end = self.ends[index]
        count = (end.arrived - end.consumed) // part
        end.consumed += count
        end.channel.consumed(count)

    @rule(index=ENDS)
    def finish(self, index: int) -> None:
        self.ends[index].eof = True
        self.ends[index].channel.write_eof()

    @rule(index=ENDS, paused=st.booleans())
    def pause(self, index: int, *, paused: bool) -> None:
        channel = self.ends[index].channel
        (channel.pause_reading if paused else channel.resume_reading)()

    @rule(index=ENDS, congested=st.booleans())
    def congest(self, index: int, *, congested: bool) -> None:
        side = self.side(index)
        side.wire.congested = congested
        side.mux.pump()

    @rule()
    def run_wire(self) -> None:
        self.pair.run()

    @precondition(lambda self: self.pair.left.wire.payloads)
    @rule()
    def move_one(self) -> None:
        self.pair.right.mux.receive(self.pair.left.wire.payloads.popleft())

    @invariant()
    def nothing_is_lost_or_disordered(self) -> None:
        for index, end in enumerate(self.ends):
            got = self.other(index).recorder
            assert end.written.startswith(got.data)
            assert end.errors.startswith(got.stderr)
            assert end.arrived <= LIMITS.window + end.consumed
            assert self.other(index).channel.held >= 0
            if "eof_received" in got.events:
                assert end.eof
                assert (bytes(got.data), bytes(got.stderr)) == (end.written, end.errors)

    def teardown(self) -> None:
        for side in (self.pair.left, self.pair.right):
            side.wire.congested = False
        for end in self.ends:
            end.channel.resume_reading()
        for _ in range(1 + sum(len(end.written) + len(end.errors) for end in self.ends) // 8):
            for side in (self.pair.left, self.pair.right):
                side.mux.pump()
            self.pair.run()
            for end in self.ends:
                end.channel.consumed(end.arrived - end.consumed)
                end.consumed = end.arrived
        for index, end in enumerate(self.ends):
            got = self.other(index).recorder
            assert (bytes(got.data), bytes(got.stderr)) == (end.written, end.errors)
            assert ("eof_received" in got.events) is end.eof


TestTransfers = pytest.mark.row("C02")(Transfers.TestCase)
TestTransfers.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)


def test_both_sides_with_full_windows_finish_their_writes() -> None:
    pair = Pair(LIMITS, LIMITS)
    ours, theirs = pair.open()
    assert ours.channel is not None
    assert theirs.channel is not None
    ours.channel.write(bytes(10_000))
    theirs.channel.write(bytes(10_000))
    pair.run()
    assert (len(ours.data), len(theirs.data)) == (10_000, 10_000)


@pytest.mark.row("R04")
def test_reader_that_never_reads_stops_its_own_channel_alone() -> None:
    pair = Pair(LIMITS, LIMITS)
    slow, slow_end = pair.open()
    fast, fast_end = pair.open()
    assert slow.channel is not None
    assert fast.channel is not None
    assert slow_end.channel is not None
    slow_end.channel.auto_adjust = False
    slow.channel.write(bytes(1000))
    fast.channel.write(bytes(1000))
    pair.run()
    assert (len(slow_end.data), len(fast_end.data)) == (64, 1000)
    slow_end.channel.auto_adjust = True
    slow_end.channel.consumed(64)
    pair.run()
    assert len(slow_end.data) == 1000


def test_handlers_of_both_ends_are_closed_when_one_end_closes() -> None:
    pair = Pair()
    ours, theirs = pair.open()
    assert ours.channel is not None
    ours.channel.request(m.SignalRequest(recipient=0, name="TERM"))
    ours.channel.close()
    pair.run()
    assert ours.events == ["opened", "closed"]
    assert theirs.events == ["closed"]
    assert isinstance(theirs.requests[0][0], m.SignalRequest)
