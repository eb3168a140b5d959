"""What is typed at a terminal leaves at intervals, and the pauses are filled."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from programs import pair, replace, settle
from ssh_connection import ChannelClosed
from ssh_connection.aio import ByteWriter, Pty, Session
from ssh_connection.aio.process.typing import TypedWriter
from ssh_connection.aio.testing import EndpointPair

pytestmark = pytest.mark.usefixtures("clock")
SLOW = {"keystroke_interval": 1000}


class Typed:
    """A session that notes what arrives together, and a count of the chaff between."""

    def __init__(self) -> None:
        self.arrived: list[bytes] = []

    async def __call__(self, session: Session) -> int:
        while data := await session.stdin.read(1000):
            self.arrived.append(data)
        return 7


def count_chaff(ends: EndpointPair) -> list[bytes]:
    sent: list[bytes] = []
    send = ends.client._core.send_ping

    def note(data: bytes) -> None:
        sent.append(data)
        send(data)

    replace(ends.client._core, "send_ping", note)
    return sent


async def test_keys_leave_at_intervals_and_chaff_between_them() -> None:
    typed = Typed()
    async with pair(typed, client=SLOW) as ends:
        replace(ends.client, "_random", b"\xff".__mul__)  # the longest time after the last key
        process = await ends.client.start("x", pty=Pty()).open()
        assert isinstance(process.stdin, TypedWriter)
        chaff = count_chaff(ends)
        process.stdin.put(b"l")
        await settle()
        for key in (b"s", b" ", b"-"):
            process.stdin.put(key)
        await settle(2)
        assert typed.arrived == [b"l"]
        await asyncio.sleep(1.5)
        assert typed.arrived == [b"l", b"s -"]
        await asyncio.sleep(10)
        assert set(chaff) == {b"PING!"}
        assert 1 <= len(chaff) <= 5  # it ends with the last key's time
        process.stdin.put(b"x")
        process.stdin.put(b"y")
        process.stdin.write_eof()  # what waits is before it
        assert await process.wait() == 7
        assert b"".join(typed.arrived) == b"ls -xy"
        await process.close()


async def test_key_exchange_and_what_is_pasted_hold_nothing_back() -> None:
    typed = Typed()
    async with pair(typed, client=SLOW) as ends, ends.client.start("x", pty=Pty()) as process:
        process.stdin.put(b"a")
        process.stdin.put(b"b" * 300)
        await settle()
        assert b"".join(typed.arrived) == b"a" + b"b" * 300
        process.stdin.put(b"c")
        process.stdin.put(b"d")
        ends.client.rekey()
        process.stdin.put(b"e")
        await ends.client.ping()
        await settle()
        assert b"".join(typed.arrived)[301:] == b"cde"


async def test_lost_session_ends_the_chaff() -> None:
    async with pair(Typed(), client=SLOW) as ends:
        process = await ends.client.start("x", pty=Pty()).open()
        process.stdin.put(b"a")
        process.stdin.put(b"b")
        await process.close()
        chaff = count_chaff(ends)
        await asyncio.sleep(30)
        assert chaff == []
        with pytest.raises(ChannelClosed):
            process.stdin.put(b"c")


@pytest.mark.parametrize("why", ["no terminal", "not wanted", "not known to the server"])
async def test_keys_leave_as_they_are_typed(why: str) -> None:
    given: dict[str, Any] = {} if why == "not wanted" else SLOW
    async with pair(Typed(), client=given) as ends:
        if why == "not known to the server":
            ends.client._core._machine.extensions.names.pop("ping@openssh.com")
        pty = None if why == "no terminal" else Pty()
        async with ends.client.start("x", pty=pty) as process:
            assert type(process.stdin) is ByteWriter


async def test_terminal_may_ask_for_another_interval_than_the_connection() -> None:
    at_once, slowly = Pty(keystroke_interval=0), Pty(keystroke_interval=20)
    async with (
        pair(Typed(), client=SLOW) as ends,
        ends.client.start("x", pty=at_once) as process,
    ):
        assert type(process.stdin) is ByteWriter
    async with pair(Typed()) as ends, ends.client.start("x", pty=slowly) as process:
        assert isinstance(process.stdin, TypedWriter)
