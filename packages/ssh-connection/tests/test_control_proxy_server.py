"""Clients in proxy mode, without sockets: a server, a master's multiplexer, and its clients."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from control_world import World, end_of, offered, write
from ssh_connection import ConnectionLimits
from ssh_connection.control.errors import ControlViolation
from ssh_connection.errors import ChannelOpenRefused, ChannelViolation
from ssh_connection.testing import Recorder, Side
from ssh_wire import OpenFailureReason, ProtocolError
from ssh_wire.messages import connection as m

if TYPE_CHECKING:
    from ssh_connection.multiplexer import GlobalAnswer
    from ssh_wire import Message


def test_session_of_a_client_reaches_the_server_and_back() -> None:
    world = World()
    ours, theirs = world.open(world.join().side)
    theirs.answer = True
    answers: list[bool | None] = []
    assert ours.channel is not None
    assert theirs.channel is not None
    ours.channel.request(m.ExecRequest(recipient=0, want_reply=True, command=b"c"), answers.append)
    write(ours, b"there")
    write(theirs, b"back")
    theirs.channel.write_stderr(b"error")
    world.run()
    assert (theirs.data, ours.data, ours.stderr) == (b"there", b"back", b"error")
    assert answers == [True]
    assert len(theirs.requests) == 1
    end_of(ours)
    world.run()
    assert (ours.events, theirs.events) == (["opened", "closed"], ["closed"])
    assert not world.master.mux.passed


@settings(deadline=None, max_examples=60)
@given(st.data())
def test_clients_and_the_master_do_not_mix_and_all_numbers_are_freed(data: st.DataObject) -> None:
    world = World()
    sides = [world.join().side, world.join().side, world.master]
    ends: list[tuple[Recorder, Recorder, bytearray, bytearray]] = []
    for step in range(data.draw(st.integers(1, 25))):
        if not ends or data.draw(st.booleans()):
            ends.append(
                (*world.open(sides[data.draw(st.integers(0, 2))]), bytearray(), bytearray())
            )
            continue
        ours, theirs, up, down = ends[data.draw(st.integers(0, len(ends) - 1))]
        word = b"%d," % step
        match data.draw(st.integers(0, 3)):
            case 0 if "closed" not in ours.events and "closed" not in theirs.events:
                write(ours, word)
                up += word
            case 1 if "closed" not in ours.events and "closed" not in theirs.events:
                write(theirs, word)
                down += word
            case 2:
                end_of(data.draw(st.sampled_from([ours, theirs])))
            case _:
                pass
        world.run()
    for ours, theirs, up, down in ends:
        assert theirs.data == up
        assert ours.data == down
        for each in data.draw(st.permutations([ours, theirs])):
            end_of(each)
    world.run()
    assert not world.master.mux.passed
    assert not world.master.mux.channels
    assert not world.pair.right.mux.channels
    assert all(client.server.channels == () for client in world.clients)


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(78, 102), st.integers(0, 4), st.binary(max_size=40)), max_size=20
    )
)
def test_any_messages_of_a_client_leave_the_other_channels_alone(
    messages: list[tuple[int, int, bytes]],
) -> None:
    world = World(ConnectionLimits(channels=6))
    wild, calm = world.join(), world.join()
    mine, its = world.open(world.master)
    ours, theirs = world.open(calm.side)
    wild.side.open()
    world.run()
    for kind, number, rest in messages:
        wild.transport.send_payload(bytes([kind, 0, 0, 0, number]) + rest)
    with suppress(ProtocolError):
        wild.server.receive(wild.transport.take_outgoing() or b"")
    wild.server.leave()
    write(ours, b"calm")
    write(its, b"master")
    world.run()  # the server finds no fault
    assert (theirs.data, mine.data) == (b"calm", b"master")
    assert len(world.master.mux.passed) == 1  # what the client had is closed
    assert wild.server.channels == ()


def test_client_that_leaves_closes_its_channels_in_every_state() -> None:
    world = World()
    client, other = world.join(), world.join()
    _, opened = world.open(client.side)
    _, stays = world.open(other.side)
    client.side.open()
    client.up()  # asked for, not answered
    client.server.leave()
    client.server.leave()
    world.run()
    assert opened.events == ["closed"]
    assert stays.events == []
    assert len(world.master.mux.passed) == 1
    assert len(world.pair.right.mux.channels) == 1


@pytest.mark.row("C24")
def test_channel_of_another_client_cannot_be_reached() -> None:
    world = World()
    first, second = world.join(), world.join()
    _, theirs = world.open(first.side)
    number = first.server.channels[0].number
    with pytest.raises(ControlViolation, match="channel 0, which is closed"):
        second.send(m.ChannelData(recipient=number, data=memoryview(b"x")))
    world.run()
    assert theirs.data == b""


@pytest.mark.parametrize(
    "message",
    [
        m.ChannelData(recipient=0, data=memoryview(bytes(11))),
        m.ChannelExtendedData(recipient=0, data_type=1, data=bytes(11)),
        m.WindowAdjust(recipient=0, increment=2**32 - 1),
        m.ChannelOpenFailure(recipient=0, reason=1),
        m.ChannelOpenConfirmation(recipient=0, sender=1, window=1, max_packet=1),
        m.SessionOpen(sender=0, window=1, max_packet=0),
        m.RequestSuccess(),
    ],
)
def test_what_the_server_would_end_the_connection_for_ends_the_client(message: Message) -> None:
    world = World()
    world.pair.right = Side(ConnectionLimits(window=10))
    client = world.join()
    world.open(client.side)
    with pytest.raises(ProtocolError):
        client.send(message)
    assert not world.master.wire.payloads


def test_messages_behind_the_close_of_a_client_are_dropped() -> None:
    world = World()
    client = world.join()
    _, theirs = world.open(client.side)
    client.send(m.ChannelClose(recipient=0), m.ChannelClose(recipient=0))
    client.send(m.WindowAdjust(recipient=0, increment=5))
    world.pair.run()
    client.send(m.WindowAdjust(recipient=0, increment=5))
    assert theirs.events == ["closed"]
    assert not world.master.mux.passed


def test_refused_channels_are_told_and_free_their_numbers() -> None:
    world = World(ConnectionLimits(channels=1))
    world.refusals["direct-tcpip"] = "nothing is forwarded"
    client = world.join()
    direct = m.DirectTCPIPOpen(
        sender=0, window=1, max_packet=1, host="h", port=1, origin_host="", origin_port=0
    )
    forbidden, unknown = Recorder(), Recorder()
    client.side.mux.open(direct, forbidden)
    client.side.mux.open(m.ChannelOpen(kind="x@y", sender=0, window=1, max_packet=1), unknown)
    world.run()
    assert isinstance(forbidden.error, ChannelOpenRefused)
    assert forbidden.error.reason == OpenFailureReason.ADMINISTRATIVELY_PROHIBITED
    assert isinstance(unknown.error, ChannelOpenRefused)
    assert unknown.error.reason == OpenFailureReason.UNKNOWN_CHANNEL_TYPE
    world.open(client.side)
    _, full = client.side.open()
    world.run()
    assert isinstance(full.error, ChannelOpenRefused)
    assert full.error.reason == OpenFailureReason.RESOURCE_SHORTAGE


def test_request_that_concerns_the_connection_fails_and_answers_keep_their_order() -> None:
    world = World()
    client = world.join()
    answers: list[GlobalAnswer | None] = []
    mux = client.side.mux
    mux.request(m.GlobalRequest(kind="no-more-sessions@openssh.com", want_reply=False))
    mux.request(m.GlobalRequest(kind="keepalive@openssh.com", want_reply=True), answers.append)
    listen = m.TCPIPForward(want_reply=True, address="", port=0)
    mux.request(listen, answers.append)
    world.refusals["tcpip-forward"] = "nothing is forwarded"
    world.run()
    assert answers == [m.RequestFailure(), m.RequestFailure()]
    world.refusals.clear()
    mux.request(listen, answers.append)
    world.run()
    assert answers[2:] == [m.RequestSuccess(details=b"\0\0\x1f\x90")]
    client.send(m.GlobalRequest(kind="x@y", want_reply=True))
    assert client.server.outgoing == b"\0\0\0\5\0\x52\0\0\0"  # no shorter, for OpenSSH
    assert not world.pair.right.requests
    client.server.leave()
    assert world.listeners.clients == []


def test_channel_that_the_server_opens_is_answered_by_the_client() -> None:
    world = World()
    client = world.join()
    row = next(r for r in client.side._services() if r.message is m.ForwardedTCPIPOpen)
    client.side.mux.services.register(row)
    client.side.accept = False
    theirs = offered(world, client)
    world.run()
    ((message, channel),) = client.side.opens
    assert isinstance(message, m.ForwardedTCPIPOpen)
    assert (message.address, message.origin_host, message.origin_port) == ("a", "o", 2)
    ours = Recorder()
    channel.confirm(ours)
    channel.write(b"data")
    world.run()
    assert theirs.events == ["opened"]
    assert theirs.data == b"data"
    client.server.leave()
    world.run()
    assert theirs.events == ["opened", "closed"]
    assert not world.master.mux.passed


@pytest.mark.parametrize("leaves", [True, False])
def test_channel_that_the_server_opens_is_refused(leaves: bool) -> None:
    world = World()
    client = world.join()
    theirs = offered(world, client)
    world.pair.run()
    if leaves:
        client.server.leave()
    world.run()
    assert isinstance(theirs.error, ChannelOpenRefused)
    assert not world.master.mux.passed


def test_slow_client_is_sent_no_more_than_its_capped_windows(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("ssh_connection.control.proxy_server._SLOW", 500)
    world = World(ConnectionLimits(window=1000, max_packet=500))
    client = world.join(ConnectionLimits(window=10**6))
    ours, theirs = world.open(client.side)
    write(theirs, bytes(5000))
    world.pair.run()
    assert 1000 <= len(client.server.outgoing) < 1100
    for _ in range(3):
        client.send(m.WindowAdjust(recipient=0, increment=10**6))
        world.pair.run()
    assert len(client.server.outgoing) < 1100  # until it reads
    world.run()
    assert ours.data == bytes(5000)


def test_client_that_has_much_to_read_is_granted_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ssh_connection.control.proxy_server._SLOW", 50)
    world = World()
    client = world.join(ConnectionLimits(window=100))
    ours, theirs = world.open(client.side)
    write(theirs, bytes(300))
    world.pair.run()
    client.send(m.WindowAdjust(recipient=0, increment=200))
    world.pair.run()
    assert len(client.server.outgoing) == 114
    client.side.mux.channels[0]._receive_window.window += 200  # as it has granted
    world.run()
    assert ours.data == bytes(300)


def test_client_that_reads_nothing_at_all_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ssh_connection.control.proxy_server._MOST", 1000)
    world = World()
    client = world.join()
    _, theirs = world.open(client.side)
    assert theirs.channel is not None
    for _ in range(100):
        theirs.channel.request(m.ChannelRequest(recipient=0, kind="x@y", want_reply=False))
    world.pair.run()
    assert isinstance(client.server.end, ControlViolation)
    assert len(client.server.outgoing) == 0


def test_messages_of_a_client_wait_for_the_congestion_to_end() -> None:
    world = World()
    client = world.join()
    _, theirs = world.open(client.side)
    world.master.wire.congested = True
    client.send(*[m.ChannelData(recipient=0, data=memoryview(b"x"))] * 3)
    assert len(world.master.wire.payloads) == 1  # it was under way
    assert not client.server.wants_input
    client.server.advance()
    world.master.mux.pump()
    assert len(world.master.wire.payloads) == 1
    world.master.wire.congested = False
    before = world.wakes.count
    world.master.mux.pump()
    assert world.wakes.count == before + 1
    client.server.advance()
    assert client.server.wants_input
    world.run()
    assert theirs.data == b"xxx"


@pytest.mark.parametrize(
    "message",
    [
        m.ChannelData(recipient=0, data=memoryview(bytes(101))),
        m.WindowAdjust(recipient=0, increment=2**32 - 1),
        m.ChannelOpenFailure(recipient=0, reason=1),
    ],
)
def test_server_that_breaks_a_rule_ends_the_connection(message: Message) -> None:
    world = World()
    client = world.join(ConnectionLimits(window=100))
    world.open(client.side)
    with pytest.raises(ChannelViolation):
        world.master.receive(message)


def test_end_of_the_connection_ends_the_clients() -> None:
    world = World()
    client = world.join()
    world.open(client.side)
    error = OSError()
    world.master.mux.connection_lost(error)
    assert client.server.end is error
    assert client.server.channels == ()
    client.server.leave()
    assert not world.master.wire.payloads


@pytest.mark.parametrize("packet", [b"\0\0\0\0", b"\0\0\0\1\0", b"\0\0\0\2\1\x5e", b"\xff" * 4])
def test_other_packet_is_a_violation(packet: bytes) -> None:
    with pytest.raises(ProtocolError):
        World().join().server.receive(packet)
