"""Clients in proxy mode and servers at the end of things, and messages that come too late."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from control_world import World, end_of, offered, write
from ssh_connection import ConnectionLimits
from ssh_connection.control.errors import ControlViolation
from ssh_connection.errors import ChannelOpenRefused, ChannelViolation
from ssh_connection.testing import Recorder
from ssh_wire.messages import connection as m

if TYPE_CHECKING:
    from ssh_connection.multiplexer import GlobalAnswer


def test_client_that_has_closed_a_channel_and_leaves_closes_it_once() -> None:
    world = World()
    client = world.join()
    _, theirs = world.open(client.side)
    client.send(m.ChannelClose(recipient=0))
    sent = len(world.master.wire.payloads)
    client.server.leave()
    assert len(world.master.wire.payloads) == sent
    world.run()
    assert theirs.events == ["closed"]
    assert not world.master.mux.passed


def test_what_arrives_of_a_client_that_has_left_is_dropped() -> None:
    world = World()
    client = world.join()
    world.open(client.side)
    client.server.leave()
    world.master.wire.payloads.clear()
    client.send(m.ChannelData(recipient=0, data=memoryview(b"x")))
    assert not world.master.wire.payloads


def test_channel_for_a_client_that_has_left_is_refused() -> None:
    world = World()
    client = world.join()
    client.server.leave()
    theirs = offered(world, client)
    world.run()
    assert isinstance(theirs.error, ChannelOpenRefused)
    assert not world.master.mux.passed


def test_listener_of_a_client_is_cancelled_where_it_asks_for_that() -> None:
    world = World()
    client = world.join()
    answers: list[GlobalAnswer | None] = []
    mux = client.side.mux
    mux.request(m.TCPIPForward(want_reply=True, address="a", port=1), answers.append)
    mux.request(m.CancelTCPIPForward(want_reply=True, address="a", port=1), answers.append)
    world.run()
    assert [type(each) for each in answers] == [m.RequestSuccess, m.RequestSuccess]
    assert world.listeners.clients == []


def test_request_whose_text_is_no_text_fails() -> None:
    world = World()
    client = world.join()
    request = m.TCPIPForward(want_reply=True, address="address", port=1).encode()
    client.transport.send_payload(request.replace(b"address", b"\xff\xfe\xfd\xfc\xfb\xfa\xf9"))
    client.server.receive(client.transport.take_outgoing() or b"")
    assert client.server.outgoing == b"\0\0\0\5\0\x52\0\0\0"
    assert world.listeners.clients == []


def test_confirmation_of_a_client_with_a_packet_size_of_zero_is_a_violation() -> None:
    world = World()
    client = world.join()
    offered(world, client)
    world.pair.run()
    (channel,) = client.server.channels
    with pytest.raises(ControlViolation, match="packet size 0"):
        client.send(
            m.ChannelOpenConfirmation(recipient=channel.number, sender=0, window=1, max_packet=0)
        )


def test_confirmation_of_a_server_with_a_packet_size_of_zero_is_a_violation() -> None:
    world = World()
    client = world.join()
    client.side.open()
    client.up()
    (channel,) = client.server.channels
    with pytest.raises(ChannelViolation, match="packet size is 0"):
        world.master.receive(
            m.ChannelOpenConfirmation(recipient=channel.number, sender=0, window=1, max_packet=0)
        )


def test_answer_to_no_request_before_the_confirmation_is_dropped() -> None:
    world = World()
    client = world.join()
    ours = Recorder()
    ours.channel = client.side.mux.open(m.SessionOpen(sender=0, window=1, max_packet=1), ours)
    client.up()
    (channel,) = client.server.channels
    world.master.receive(m.ChannelSuccess(recipient=channel.number))
    world.run()
    assert ours.events == ["opened"]


def test_window_of_a_server_is_passed_on() -> None:
    world = World()
    world.pair.right.mux.limits = ConnectionLimits(window=100, max_packet=100)
    client = world.join()
    ours, theirs = world.open(client.side)
    write(ours, bytes(1000))
    world.run()
    assert theirs.data == bytes(1000)


def test_credit_for_a_channel_that_is_closed_is_not_passed_on() -> None:
    world = World(ConnectionLimits(window=1000, max_packet=500))
    client = world.join(ConnectionLimits(window=10**6))
    _, theirs = world.open(client.side)
    write(theirs, bytes(900))
    world.pair.run()
    end_of(theirs)
    world.pair.run()  # the server has closed it, and the client has not read that
    world.master.wire.payloads.clear()
    client.server.sent(len(client.server.outgoing))
    client.send(m.WindowAdjust(recipient=0, increment=5000))
    assert not world.master.wire.payloads


def test_client_that_waits_for_nothing_is_not_woken_by_the_end_of_a_congestion() -> None:
    world = World()
    client = world.join()
    world.open(client.side)
    before = world.wakes.count
    client.server.uncongested()
    assert world.wakes.count == before
