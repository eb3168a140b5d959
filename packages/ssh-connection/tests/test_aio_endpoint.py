"""What both roles share: liveness, rekey, ownership, one certain end."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import attrs
import pytest

from programs import Remote, ignore, inject, pair, replace, settle, silence
from ssh_connection import ChannelClosed
from ssh_connection.aio import (
    ClientConnection,
    KeepaliveOptions,
    ServerConnection,
    Session,
    Timeouts,
)
from ssh_connection.aio.testing import client_settings, server_settings
from ssh_transport import ConnectionLost, PeerDisconnected, TransportOptions, events, profiles
from ssh_transport.algorithms import Profile
from ssh_transport.handlers import HANDLERS
from ssh_transport.states import Action
from ssh_wire import DisconnectReason, UsageError
from ssh_wire.messages import connection as m
from ssh_wire.messages.transport import Unimplemented

pytestmark = pytest.mark.usefixtures("reports")


def rekeying(role: str, **options: Any) -> TransportOptions:
    algorithms = profiles("default", "client" if role == "client" else "server")
    return TransportOptions(algorithms=algorithms, **options)


async def test_connection_has_one_session_id_and_agreement_on_both_sides() -> None:
    async with pair() as ends:
        assert ends.client.session_id == ends.server.session_id
        assert ends.client.agreement.kex == ends.server.agreement.kex
        assert not ends.client.is_closed
        assert await ends.client.ping() >= 0
        assert await ends.server.ping() >= 0
        assert ends.server.user is not None
        assert ends.server.user.name == "tester"


@pytest.mark.row("R12")
@pytest.mark.parametrize("side", ["client", "server"])
@pytest.mark.usefixtures("clock")
async def test_silent_peer_is_given_up_after_count_max_keepalives(side: str) -> None:
    keepalive = KeepaliveOptions(interval=10, count_max=3)
    options: dict[str, Any] = {
        "keepalive": keepalive if side == "server" else None,
        "client": {"keepalive": keepalive if side == "client" else None},
    }
    async with pair(**options) as ends:
        loop = asyncio.get_running_loop()
        await asyncio.sleep(100)
        assert not ends.client.is_closed
        assert ends.link is not None
        ends.link.freeze()
        started = loop.time()
        endpoint = ends.client if side == "client" else ends.server
        await endpoint.wait_closed()
        assert 30 <= loop.time() - started <= 51
        with pytest.raises(ConnectionLost, match="silent for 40 s"):
            await endpoint.ping()


@pytest.mark.row("R12")
@pytest.mark.parametrize("answer", ["success", "failure", "unimplemented"])
@pytest.mark.usefixtures("clock")
async def test_peer_that_answers_anything_is_alive(answer: str) -> None:
    class Odd(ServerConnection):
        asked = 0

        def request_not_served(self, name: str, reply: Any) -> None:
            del name
            self.asked += 1
            if answer == "success":
                self._mux.grant(reply)
            elif answer == "failure":
                self._mux.deny(reply)
            else:
                self._core.send(Unimplemented(sequence=self._core.received_sequence))

    ends = pair(client={"keepalive": KeepaliveOptions(interval=1, count_max=2)}, keepalive=None)
    ends.server = Odd(ends.server._settings, bytes)
    async with ends:
        await asyncio.sleep(20.5)
        assert not ends.client.is_closed
        assert isinstance(ends.server, Odd)
        assert ends.server.asked == 20


@pytest.mark.row("R12")
@pytest.mark.usefixtures("clock")
async def test_busy_peer_is_sent_no_keepalive() -> None:
    asked: list[str] = []

    class Counting(ServerConnection):
        def request_not_served(self, name: str, reply: Any) -> None:
            asked.append(name)
            super().request_not_served(name, reply)

    ends = pair(client={"keepalive": KeepaliveOptions(interval=10)}, keepalive=None)
    ends.server = Counting(ends.server._settings, bytes)
    async with ends:
        for _ in range(20):
            inject(ends.server, m.GlobalRequest(kind="x@y", want_reply=False))
            await asyncio.sleep(6)
        assert asked == []


async def test_unknown_messages_are_answered_in_their_order(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with pair() as ends:
        answers: list[int] = []

        def unimplemented(_: object, payload: bytes) -> None:
            answers.append(Unimplemented.decode(payload).sequence)

        monkeypatch.setitem(HANDLERS["client"], Action.NOT_KNOWN, unimplemented)
        first = ends.client._core._outbound.sequence
        for number in range(101, 111):
            inject(ends.client, bytes([number]) + b"what")
        await ends.client.ping()
        assert answers == list(range(first, first + 10))
        assert not ends.client.is_closed


@pytest.mark.row("C10")
async def test_unknown_requests_are_refused_or_left_alone() -> None:
    async with pair() as ends:
        for end in (ends.client, ends.server):
            answer = await end._global_request(m.GlobalRequest(kind="x@y", want_reply=True))
            assert answer == m.RequestFailure()
            inject(end, m.GlobalRequest(kind="x@y", want_reply=False))
        await settle()
        assert not ends.client.is_closed


@pytest.mark.row("C11")
async def test_late_answer_is_not_taken_for_that_of_the_next_request() -> None:
    async with pair() as ends:
        given_up = asyncio.create_task(ends.client.ping())
        await asyncio.sleep(0)
        given_up.cancel()
        unknown = m.GlobalRequest(kind="x@y", want_reply=True)
        granted = m.GlobalRequest(kind="no-more-sessions@openssh.com", want_reply=True)
        answers = await asyncio.gather(
            *(ends.client._global_request(each) for each in (granted, unknown))
        )
        assert answers == [m.RequestSuccess(), m.RequestFailure()]
        assert given_up.cancelled()


async def test_pending_ping_fails_when_the_connection_is_lost() -> None:
    async with pair() as ends:
        asking = asyncio.create_task(ends.client.ping())
        await asyncio.sleep(0)
        assert ends.link is not None
        ends.link.cut()
        with pytest.raises(ConnectionLost):
            await asking


async def test_closing_tells_the_peer_and_cleans_up() -> None:
    remote = Remote()
    async with pair(remote) as ends:
        process = await ends.client.start("x").open()
        await ends.client.close()
        await ends.client.close()
        assert isinstance(await process.wait_closed(), ConnectionLost)
        await ends.server.wait_closed()
        await remote.ended.wait()
        assert remote.cancelled
        cause = ends.server._lost.result().__cause__
        assert isinstance(ends.server._lost.result(), PeerDisconnected) or cause is None
        for end in (ends.client, ends.server):
            with pytest.raises((ConnectionLost, PeerDisconnected)):
                await end.ping()


async def test_unconnected_endpoint_closes_at_once() -> None:
    client = ClientConnection(client_settings(), bytes)
    server = ServerConnection(server_settings(), bytes)
    await client.close()
    await server.close()
    assert client.is_closed
    assert server.is_closed


@pytest.mark.usefixtures("clock")
async def test_closing_is_bounded_when_the_stream_does_not_close() -> None:
    async with pair(client={"timeouts": Timeouts(close=1)}) as ends:
        assert ends.link is not None
        stream = ends.link._ends[0]
        replace(stream, "close", ignore)
        replace(stream, "abort", ignore)
        started = asyncio.get_running_loop().time()
        await ends.client.close()
        assert asyncio.get_running_loop().time() - started < 3
        ends.link.cut()
        await settle()


@pytest.mark.usefixtures("clock")
async def test_connection_closes_although_a_handler_does_not_end() -> None:
    release = asyncio.Event()
    started = asyncio.Event()

    async def stubborn(session: Session) -> None:
        started.set()
        while not release.is_set():
            try:
                await release.wait()
            except asyncio.CancelledError:
                continue
        session.exit(0)

    async with pair(stubborn, close_timeout=1.0) as ends:
        await ends.client.start("x").open()
        await started.wait()
        before = asyncio.get_running_loop().time()
        await ends.server.close()
        assert asyncio.get_running_loop().time() - before < 3
        release.set()
        await settle()


async def test_failed_task_is_reported_and_the_connection_goes_on(
    reports: list[dict[str, Any]],
) -> None:
    async def fail() -> None:
        problem = "mine"
        raise ValueError(problem)

    async with pair() as ends:
        ends.server._children.spawn(fail())
        await settle()
        assert [str(each["exception"]) for each in reports] == ["mine"]
        reports.clear()
        assert await ends.client.ping() >= 0


async def test_peer_that_requests_too_much_during_a_rekey_is_disconnected() -> None:
    async with pair() as ends:
        core = ends.server._core
        held = core._machine.output.held
        held._packets = held._bytes = 1
        ends.server.rekey()
        for _ in range(3):
            inject(ends.client, m.GlobalRequest(kind="x@y", want_reply=True))
        await ends.client.wait_closed()
        lost = ends.client._lost.result()
        assert isinstance(lost, PeerDisconnected) or isinstance(lost.__cause__, PeerDisconnected)


@pytest.mark.row("C01")
async def test_peer_that_breaks_a_rule_is_disconnected_with_the_reason() -> None:
    async with pair() as ends:
        inject(ends.client, m.ChannelData(recipient=5, data=b"x"))
        await ends.client.wait_closed()
        await ends.server.wait_closed()
        lost = ends.client._lost.result()
        error = lost if isinstance(lost, PeerDisconnected) else lost.__cause__
        assert isinstance(error, PeerDisconnected)
        assert error.code == DisconnectReason.PROTOCOL_ERROR


@pytest.mark.row("T12")
@pytest.mark.parametrize(
    ("cipher", "strict", "warned"),
    [
        ("chacha20-poly1305@openssh.com", False, True),
        ("chacha20-poly1305@openssh.com", True, False),
        ("aes256-gcm@openssh.com", False, False),
    ],
)
async def test_truncation_warning_is_logged_where_strict_kex_is_missing(
    cipher: str, strict: bool, warned: bool, caplog: pytest.LogCaptureFixture
) -> None:
    async with pair() as ends:
        agreed = ends.client.agreement
        way = attrs.evolve(agreed.client_to_server, cipher=cipher, mac=None)
        agreement = attrs.evolve(agreed, client_to_server=way, server_to_client=way, strict=strict)

        ends.client.transport_event(events.KexCompleted(agreement, initial=True))

    assert ("CVE-2023-48795" in caplog.text) is warned


@pytest.mark.parametrize(("profile", "warned"), [("legacy", 1), ("default", 0)])
async def test_legacy_algorithms_are_warned_of_once(
    profile: Profile, warned: int, caplog: pytest.LogCaptureFixture
) -> None:
    transport = TransportOptions(algorithms=profiles(profile, "client"))
    async with pair(client={"transport": transport}) as ends:
        ends.client.rekey()
        await ends.client.ping()
    found = [record.getMessage() for record in caplog.records if "not safe" in record.getMessage()]
    assert len(found) == warned
    assert all("it uses mlkem768x25519-sha256, ssh-ed25519, " in text for text in found)


async def test_connection_in_a_fork_is_not_used_and_not_closed() -> None:
    async with pair() as ends:
        ends.client._driver._inherited = True
        with pytest.raises(UsageError, match="fork"):
            await ends.client.ping()
        await ends.client.close()
        assert not ends.client.is_closed
        ends.client._driver._inherited = False
        assert await ends.client.ping() >= 0


def run_elsewhere(work: Coroutine[Any, Any, object]) -> None:
    """Run a coroutine in an event loop of its own."""
    asyncio.run(work)


async def test_connection_is_not_used_from_another_event_loop() -> None:
    async with pair() as ends:
        for use in (ends.client.ping(), ends.client.close()):
            with pytest.raises(UsageError, match="belongs to another event loop"):
                await asyncio.to_thread(run_elsewhere, use)
        assert not ends.client.is_closed


async def test_request_that_is_not_answered_fails_when_the_connection_is_lost() -> None:
    async with pair() as ends:
        silence(ends.server)
        request = m.GlobalRequest(kind="x@y", want_reply=True)
        asking = asyncio.create_task(ends.client._global_request(request))
        await settle()
        assert not asking.done()
        assert ends.link is not None
        ends.link.cut()
        with pytest.raises(ConnectionLost):
            await asking


async def test_work_that_writes_is_done_at_once_and_sent_in_the_same_turn() -> None:
    async with pair() as ends:
        core = ends.client._core
        done: list[int] = []

        def work() -> None:
            core.send_payload(m.GlobalRequest(kind="x@y", want_reply=False).encode())
            done.append(core.outgoing_size)

        ends.client.flush_after(work)
        assert len(done) == 1
        assert core.outgoing_size == 0


async def test_services_registered_on_a_closed_connection_get_the_end_of_it() -> None:
    client = ClientConnection(client_settings(), bytes)
    await client.close()
    client.register()
    with pytest.raises(ChannelClosed) as caught:
        client._mux.request(m.GlobalRequest(kind="x@y", want_reply=True), ignore)
    assert isinstance(caught.value.__cause__, ConnectionLost)


async def test_stream_that_ends_by_itself_is_the_cause_of_the_loss() -> None:
    client = ClientConnection(client_settings(), bytes)
    cause = OSError("the cable")
    client.connection_lost(cause)
    with pytest.raises(ConnectionLost, match="the connection was lost") as caught:
        await client.ping()
    assert caught.value.__cause__ is cause
    await client.close()
