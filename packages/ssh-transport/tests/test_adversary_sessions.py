"""Two ends and an adversary between them who drops, flips, repeats, reorders, injects, splits.

Whatever it does: no user is authenticated without proof, what is delivered is what was sent
and in its order, and each end ends at most once.  `HYPOTHESIS_PROFILE=adversary` plays more.
"""

from __future__ import annotations

import os
import random as seeded
from unittest import mock

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from adversary import KEY, SUITES, PacketOutbound, options
from hostile import Side, plain
from ssh_transport import (
    Disconnected,
    Event,
    PayloadReceived,
    Transport,
    TransportOptions,
    output,
)
from ssh_transport.testing import Pair
from ssh_wire import DisconnectReason

RUNS, STEPS = (20_000, 200) if os.environ.get("SSH_STACK_ADVERSARY") == "long" else (200, 100)
REASONS = set(DisconnectReason)
sides = st.sampled_from(["client", "server"])
BOTH_WAYS: list[tuple[Side, Side]] = [("client", "server"), ("server", "client")]
picks = st.integers(0, 7)


class Adversary(RuleBasedStateMachine):
    """Packets wait between the ends until the adversary lets them through, or something else."""

    @initialize(
        suite=st.sampled_from(SUITES),
        strict=st.booleans(),
        guess=st.booleans(),
        established=st.sampled_from([False, True, True, True]),
    )
    def connect(
        self, suite: tuple[str, str], strict: bool, guess: bool, established: bool
    ) -> None:
        """Begin; most adversaries let the handshake pass, or nothing would be left to attack."""
        self.strict = strict
        self.harmed: set[Side] = set()  # whose input was tampered with
        self.sent: dict[Side, list[bytes]] = {"client": [], "server": []}
        self.seen: list[bytes] = []  # every packet that ever went over
        self.wire: dict[Side, list[bytes]] = {"client": [], "server": []}
        own = options(*suite)
        if guess:
            own = TransportOptions(algorithms=own.algorithms, guess=True)
        names = {} if strict else {"STRICT_SERVER": "other@test"}
        with (
            mock.patch.object(output, "Outbound", PacketOutbound),
            mock.patch.dict("ssh_transport.keyexchange.base.__dict__", names),
        ):
            source = seeded.Random(7)  # noqa: S311 (to be replayed)
            self.pair = Pair(own, options(*suite), key=KEY, random=source.randbytes)
        self.pair.client.request_service("ssh-userauth")
        self.collect()
        if established:
            self.carry_all()
            self.authenticate()
            for side, size in (("client", 50), ("server", 500)):
                self.send(side, size)

    def end_of(self, side: Side) -> Transport:
        return self.pair.client if side == "client" else self.pair.server

    def events_of(self, side: Side) -> list[Event]:
        return self.pair.client_events if side == "client" else self.pair.server_events

    def collect(self) -> None:
        self.pair.answer()
        for side in ("client", "server"):
            while (packet := self.end_of(side).take_outgoing()) is not None:
                self.wire[side].append(bytes(packet))
                self.seen.append(bytes(packet))

    def deliver(self, side: Side, data: bytes) -> None:
        """Let bytes of `side`, or what passes for them, arrive."""
        target = self.end_of("server" if side == "client" else "client")
        if not target.closed:
            target.receive(data)
        self.collect()

    def harm(self, side: Side) -> None:
        self.harmed.add(side)

    # ------------------------------------------------------------- honest ends

    @rule(side=sides, count=st.integers(1, 8))
    def carry(self, side: Side, count: int) -> None:
        for _ in range(min(count, len(self.wire[side]))):
            self.deliver(side, self.wire[side].pop(0))

    @rule()
    def carry_all(self) -> None:
        while any(self.wire.values()):
            self.carry("client", 8)
            self.carry("server", 8)

    @rule()
    def authenticate(self) -> None:
        """The layer above both ends has seen a proof."""
        for end in (self.pair.client, self.pair.server):
            if not end.closed and not end.is_authenticated and end._machine.stage.name == "AUTH":
                end.authenticated()

    @rule(side=sides, size=st.integers(0, 3000))
    def send(self, side: Side, size: int) -> None:
        end = self.end_of(side)
        if end.is_authenticated and not end.closed and len(self.sent[side]) < 30:
            payload = b"\x5e" + len(self.sent[side]).to_bytes(4, "big") + bytes(size)
            end.send_payload(payload)
            self.sent[side].append(payload)
            self.collect()

    @rule(side=sides)
    def rekey(self, side: Side) -> None:
        if self.end_of(side).is_authenticated:
            self.end_of(side).start_rekey()
            self.collect()

    # ------------------------------------------------------------- the adversary

    @rule(side=sides, cut=st.integers(1, 60))
    def split(self, side: Side, cut: int) -> None:
        """Harmless: a stream has no packets."""
        if self.wire[side]:
            packet = self.wire[side].pop(0)
            self.deliver(side, packet[:cut])
            self.deliver(side, packet[cut:])

    @precondition(lambda self: any(self.wire.values()))
    @rule(side=sides, pick=picks)
    def drop(self, side: Side, pick: int) -> None:
        if self.wire[side]:
            self.wire[side].pop(pick % len(self.wire[side]))
            self.harm(side)

    @precondition(lambda self: any(self.wire.values()))
    @rule(side=sides, position=st.integers(0, 4000), bit=picks)
    def flip(self, side: Side, position: int, bit: int) -> None:
        if self.wire[side]:
            bad = bytearray(self.wire[side][0])
            bad[position % len(bad)] ^= 1 << bit
            self.wire[side][0] = bytes(bad)
            self.harm(side)

    @rule(side=sides, pick=st.integers(0, 200))
    def repeat(self, side: Side, pick: int) -> None:
        """Send anything again that either end has sent, to either end."""
        if self.seen:
            self.wire[side].insert(0, self.seen[pick % len(self.seen)])
            self.harm(side)

    @precondition(lambda self: any(len(wire) > 1 for wire in self.wire.values()))
    @rule(side=sides)
    def reorder(self, side: Side) -> None:
        if len(self.wire[side]) > 1:
            self.wire[side][0], self.wire[side][1] = self.wire[side][1], self.wire[side][0]
            self.harm(side)

    @rule(side=sides, number=st.integers(0, 255), tail=st.binary(max_size=20))
    def inject(self, side: Side, number: int, tail: bytes) -> None:
        self.wire[side].insert(0, plain(bytes([number]) + tail))
        self.harm(side)

    # ------------------------------------------------------------- what must hold

    @invariant()
    def each_ends_at_most_once(self) -> None:
        if not hasattr(self, "pair"):
            return
        for side in ("client", "server"):
            events = self.events_of(side)
            last = [event for event in events if isinstance(event, Disconnected)]
            assert len(last) == (1 if self.end_of(side).closed else 0)
            assert not last or events[-1] is last[0]
            assert not last or last[0].description.isprintable()
            if not self.harmed:
                assert last == []

    @invariant()
    def data_is_what_was_sent(self) -> None:
        if not hasattr(self, "pair"):
            return
        for side, peer in BOTH_WAYS:
            got = [e.payload for e in self.events_of(peer) if isinstance(e, PayloadReceived)]
            assert got == self.sent[side][: len(got)]

    @invariant()
    def no_user_is_authenticated_without_proof(self) -> None:
        if not hasattr(self, "pair"):
            return
        client, server = self.pair.client, self.pair.server
        if client.is_authenticated and server.is_authenticated:
            assert client.session_id == server.session_id
            assert client.agreement.client_to_server == server.agreement.client_to_server
            assert client.agreement.strict == server.agreement.strict == self.strict

    def teardown(self) -> None:
        """Without harm everything arrives."""
        if hasattr(self, "pair") and not self.harmed:
            self.carry_all()
            self.data_is_what_was_sent()
            for side, peer in BOTH_WAYS:
                got = [e for e in self.events_of(peer) if isinstance(e, PayloadReceived)]
                assert len(got) == len(self.sent[side])


TestAdversary = pytest.mark.timeout(3600)(Adversary.TestCase)
TestAdversary.settings = settings(
    max_examples=RUNS,
    stateful_step_count=STEPS,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)


# ---------------------------------------------------------------- any cut of the input


def play(suite: tuple[str, str], sizes: list[int]) -> tuple[list[str], list[bytes], list[bytes]]:
    """A whole session with foretold randomness; return all events, data and output."""
    source = seeded.Random(7)  # noqa: S311 (to be replayed)
    own = options(*suite)
    pair = Pair(own, own, key=KEY, random=source.randbytes)
    pair.client.request_service("ssh-userauth")
    sent: dict[Side, bytes] = {"client": b"", "server": b""}
    turn = 0

    def carry(side: Side, source: Transport, target: Transport) -> int:
        nonlocal turn
        data = b"".join(iter(lambda: bytes(source.take_outgoing() or b""), b""))
        sent[side] += data
        for at in _cuts(data, sizes, turn):
            target.receive(at)
            pair.answer()
            turn += 1
        return len(data)

    def settle() -> None:
        pair.answer()
        while carry("client", pair.client, pair.server) + carry(
            "server", pair.server, pair.client
        ):
            pass

    settle()
    pair.client.authenticated()
    pair.server.authenticated()
    for number in range(4):
        for end in (pair.client, pair.server):
            end.send_payload(b"\x5e" + bytes([number]) * (number * 300))
        if number == 2:
            pair.server.start_rekey()
        settle()
    events = list(map(repr, pair.client_events + pair.server_events))
    return events, [sent["client"]], [sent["server"]]


def _cuts(data: bytes, sizes: list[int], turn: int) -> list[bytes]:
    pieces: list[bytes] = []
    while data:
        size = sizes[(turn + len(pieces)) % len(sizes)]
        pieces.append(data[:size])
        data = data[size:]
    return pieces


@settings(max_examples=30, deadline=None)
@given(st.sampled_from(SUITES), st.lists(st.integers(1, 500), min_size=1, max_size=30))
def test_any_fragmentation_gives_same_events_and_output(
    suite: tuple[str, str], sizes: list[int]
) -> None:
    assert play(suite, sizes) == play(suite, [10**9])


@pytest.mark.parametrize("size", [1, 3])
def test_single_bytes_give_same_events_and_output(size: int) -> None:
    for suite in SUITES[:: max(1, len(SUITES) // 4)]:
        assert play(suite, [size]) == play(suite, [10**9])
