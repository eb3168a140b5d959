"""Every state that a connection can be in, reached by a recorded conversation.

A recording is made once: a subject and a peer talk, with the same randomness each time, and
what the subject was fed up to a state is kept.  A state is then reached by feeding the same
bytes to a fresh subject, which must say the same bytes again, bit for bit.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import cache
from typing import TypeAlias

import attrs

from ssh_transport import TransportOptions
from ssh_wire import Message
from ssh_wire.messages.auth import (
    InfoRequest,
    InfoResponse,
    KeyboardInteractiveRequest,
    PasswordRequest,
    Prompt,
    UserauthSuccess,
)
from ssh_wire.messages.connection import ChannelOpenConfirmation, ChannelSuccess, SessionOpen
from ssh_wire.messages.transport import Disconnect
from tests.adversary.subject import GROUPS, OPTIONS, RIGHT, SLOW, Kind, Subject, host_key
from tests.adversary.wiretap import Packet, PacketReader, PacketWriter, Peer, Role

__all__ = ["STATES", "Stage", "stages"]

STATES: dict[Role, tuple[str, ...]] = {
    "client": (
        "identification", "kexinit-sent", "guess", "kex", "group", "group-kex", "deciding",
        "newkeys-sent", "newkeys-received", "service", "auth-idle", "auth-pending", "auth-prompts",
        "open", "channel", "rekey-sent", "rekey-kex", "rekey-newkeys", "closing", "closed",
    ),
    "server": (
        "identification", "kexinit-sent", "guess", "kex", "group", "group-kex", "newkeys-sent",
        "newkeys-received", "service", "auth-idle", "auth-pending", "auth-prompts",
        "open", "channel", "rekey-sent", "rekey-kex", "rekey-newkeys", "closing", "closed",
    ),
}  # fmt: skip


@attrs.frozen
class Stage:
    """A state, how to reach it, and how to speak and listen in it."""

    name: str
    kind: Kind
    script: tuple[bytes | str, ...]
    """What the subject is fed, and what its application does, in order."""
    sent: bytes
    """What it says meanwhile."""
    writer: PacketWriter
    reader: PacketReader
    options: TransportOptions
    """How the subject behaves."""
    follow: tuple[Packet | str, ...]
    """What would have come next: it shows whether the connection goes on."""

    def steps(self, *sent: bytes) -> list[bytes | str]:
        """Return what would have come next, after something else was sent."""
        spoken = list(sent)
        steps: list[bytes | str] = []
        guessed = self.name == "guess" and any(30 <= payload[0] < 50 for payload in sent)
        # the packet of a wrong guess comes once
        for step in self.follow[guessed:]:
            if isinstance(step, str):
                steps.append(step)
                continue
            before = len(self.writer.seal(*spoken))
            spoken.append(step.payload)
            steps.append(self.writer.seal(*spoken)[before:])
        return steps

    async def reach(self) -> Subject:
        """Bring a fresh subject into the state."""
        subject = Subject(self.kind, self.options)
        await subject.start()
        for step in self.script:
            await (subject.act(step) if isinstance(step, str) else subject.feed(step))
        assert subject.sent() == self.sent, "the replay differs from the recording"
        return subject


class _Recorder:
    """One conversation, and the states it goes through."""

    def __init__(self, kind: Kind, *, strict: bool, options: TransportOptions = OPTIONS) -> None:
        role: Role = "client" if kind == "server" else "server"
        self.guess = bool(options.guess)
        self.options = OPTIONS if self.guess else options  # a guess is the peer's alone
        self.peer = Peer(role, options, host_key(), strict=strict, guess=self.guess)
        self.kind: Kind = kind
        self.subject = Subject(kind, self.options)
        self.script: list[bytes | str] = []
        self.sent = b""
        self.open: list[tuple[str, int, PacketWriter, PacketReader, int, int]] = []
        self.packets: list[Packet | str] = []  # what has happened, in order
        self._lengths: list[int] = []

    async def start(self) -> None:
        await self.subject.start()
        self._receive()

    def _receive(self) -> None:
        sent = self.subject.sent()
        self.sent += sent
        if not self.peer.core.closed:
            self.peer.receive(sent)

    def stage(self, name: str) -> None:
        """Keep the present state under a name."""
        opener, sequence = self.peer.opener()
        reader = PacketReader(opener, (), sequence)
        at, since = len(self.script), self.peer.switches()
        self.open.append((name, at, self.peer.writer(), reader, since, len(self.sent)))
        self._lengths.append(len(self.packets))

    async def deliver(self, count: int = 1) -> None:
        """Let the peer say what it wants to say next."""
        for _ in range(count):
            await self._feed(self.peer.queue.popleft())

    async def _feed(self, packet: Packet) -> None:
        self.packets.append(packet)
        self.script.append(packet.sealed)
        await self.subject.feed(packet.sealed)
        self._receive()

    async def inject(self, message: Message) -> None:
        """Let the peer say something of the layers above."""
        payload = message.encode()
        self.peer.core._outbound.send((payload,))
        assert len(self.peer.queue) == 1
        await self.deliver()

    async def act(self, name: str) -> None:
        """Let the subject's application do something."""
        self.packets.append(name)
        self.script.append(name)
        await self.subject.act(name)
        self._receive()

    async def stages(self) -> list[Stage]:
        """Return the states that were kept."""
        made: list[Stage] = []
        for (name, at, writer, reader, since, length), first in zip(
            self.open, self._lengths, strict=True
        ):
            later = self.peer.later(since)
            made.append(
                Stage(
                    name=name,
                    kind=self.kind,
                    script=_merged(self.script[:at])
                    if self.kind == "server"
                    else tuple(self.script[:at]),
                    sent=self.sent[:length],
                    writer=writer,
                    reader=attrs.evolve(reader, later=later),
                    options=self.options,
                    follow=tuple(self.packets[first:][_FOLLOW.get(name, slice(1))]),
                )
            )
        await self.subject.close()
        return made


def _merged(script: list[bytes | str]) -> tuple[bytes | str, ...]:
    """Join what arrives without anything in between."""
    merged: list[bytes | str] = []
    for step in script:
        last = merged[-1] if merged else ""
        if isinstance(step, bytes) and isinstance(last, bytes):
            merged[-1] = last + step
        else:
            merged.append(step)
    return tuple(merged)


_Play: TypeAlias = Callable[[_Recorder], Awaitable[None]]
# which of the packets that came next show that a connection goes on: one, but for these
_FOLLOW = {
    "identification": slice(0),
    "guess": slice(2),
    "channel": slice(0),
    "rekey-sent": slice(3),
    "rekey-newkeys": slice(0),
}
# a client that guesses wrong, because the server has the second method alone
_GUESSING = attrs.evolve(
    OPTIONS,
    algorithms=attrs.evolve(OPTIONS.algorithms, kex=("ecdh-sha2-nistp256", "curve25519-sha256")),
    guess=True,
)


def _password(password: str) -> PasswordRequest:
    return PasswordRequest(user="tester", service="ssh-connection", password=password)


async def _up_to(rec: _Recorder, *names: str) -> None:
    """Go through states that one packet of the peer each leads to the next of."""
    for name in names:
        rec.stage(name)
        await rec.deliver()


async def _rekey(rec: _Recorder) -> None:
    await rec.act("rekey")
    await _up_to(rec, "rekey-sent", "rekey-kex", "rekey-newkeys")


# ---------------------------------------------------------------- the server


async def _server_pending(rec: _Recorder) -> None:
    await _up_to(
        rec, "identification", "kexinit-sent", "kex", "newkeys-sent", "newkeys-received", "service"
    )
    rec.stage("auth-idle")
    await rec.inject(_password(SLOW))
    rec.stage("auth-pending")
    await rec.act("reject")


async def _server_prompts(rec: _Recorder) -> None:
    await rec.deliver(6)
    await rec.inject(KeyboardInteractiveRequest(user="tester", service="ssh-connection"))
    rec.stage("auth-prompts")
    await rec.inject(InfoResponse(responses=("wrong",)))


async def _server_open(rec: _Recorder) -> None:
    await rec.deliver(6)
    await rec.inject(_password(RIGHT))
    rec.stage("open")
    await rec.inject(SessionOpen(sender=0, window=0, max_packet=32768))
    rec.stage("channel")
    await _rekey(rec)


async def _server_closing(rec: _Recorder) -> None:
    await rec.deliver(6)
    await rec.act("close")
    rec.stage("closing")


async def _server_closed(rec: _Recorder) -> None:
    await rec.deliver(6)
    await rec.inject(Disconnect(code=11))
    rec.stage("closed")


async def _groups(rec: _Recorder) -> None:
    await rec.deliver(2)
    await _up_to(rec, "group", "group-kex")


async def _server_guess(rec: _Recorder) -> None:
    await rec.deliver(2)
    rec.stage("guess")
    await rec.deliver(2)


# ---------------------------------------------------------------- the client


async def _client_pending(rec: _Recorder) -> None:
    await _up_to(
        rec, "identification", "kexinit-sent", "kex", "newkeys-sent", "newkeys-received", "service"
    )
    rec.stage("auth-pending")
    await rec.inject(UserauthSuccess())


async def _client_idle(rec: _Recorder) -> None:
    await rec.deliver(6)
    rec.stage("auth-idle")
    await rec.act("type")


async def _client_prompts(rec: _Recorder) -> None:
    await rec.deliver(6)
    rec.stage("auth-prompts")
    await rec.inject(InfoRequest(prompts=(Prompt(text="Word: ", echo=False),)))


async def _client_deciding(rec: _Recorder) -> None:
    await rec.deliver(3)
    rec.stage("deciding")
    await rec.act("accept")


async def _client_open(rec: _Recorder) -> None:
    await rec.deliver(6)
    await rec.inject(UserauthSuccess())
    rec.peer.core.authenticated()
    rec.stage("open")
    await rec.act("open")
    await rec.inject(ChannelOpenConfirmation(recipient=0, sender=0, window=100, max_packet=32768))
    await rec.inject(ChannelSuccess(recipient=0))
    rec.stage("channel")
    await _rekey(rec)


async def _client_guess(rec: _Recorder) -> None:
    await rec.deliver(2)
    rec.stage("guess")
    # the packet that was sent on the guess, which must not be read
    junk = b"\x1f\0"
    packet = Packet(junk, rec.peer.writer().seal(junk), rec.peer.writer())
    await rec._feed(packet)
    await rec.deliver()


_PLAYS: dict[Role, tuple[tuple[Kind, TransportOptions, _Play], ...]] = {
    "server": (
        ("server", OPTIONS, _server_pending),
        ("server", OPTIONS, _server_prompts),
        ("server", OPTIONS, _server_open),
        ("server", OPTIONS, _server_closing),
        ("server", OPTIONS, _server_closed),
        ("server", _GUESSING, _server_guess),
        ("server", GROUPS, _groups),
    ),
    "client": (
        ("password", OPTIONS, _client_pending),
        ("asked", OPTIONS, _client_idle),
        ("dialogue", OPTIONS, _client_prompts),
        ("deciding", OPTIONS, _client_deciding),
        ("password", OPTIONS, _client_open),
        ("password", OPTIONS, _server_closing),
        ("password", OPTIONS, _server_closed),
        ("password", _GUESSING, _client_guess),
        ("password", GROUPS, _groups),
    ),
}


@cache
def stages(role: Role, *, strict: bool) -> dict[str, Stage]:
    """Return every state of a role, recorded when first asked for."""

    async def record() -> dict[str, Stage]:
        found: dict[str, Stage] = {}
        for kind, options, play in _PLAYS[role]:
            rec = _Recorder(kind, strict=strict, options=options)
            await rec.start()
            await play(rec)
            for stage in await rec.stages():
                found.setdefault(stage.name, stage)
        return found

    return asyncio.run(record())
