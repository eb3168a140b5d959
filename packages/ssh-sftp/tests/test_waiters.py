"""Whoever waits is told, whatever raises on the way: every handler of a reply raises in turn."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from ssh_sftp import SFTPConnectionLost, SFTPError, SFTPOptions, SFTPProtocolError
from ssh_sftp import messages as m
from ssh_sftp.aio import Rooted, SFTPClient, SFTPServer
from ssh_sftp.client.protocol import OnReply, Outcome
from ssh_sftp.messages import Request
from ssh_sftp.testing import memory_pipes
from ssh_wire import Message

SECONDS = 20  # for what is to be over at once


class Fault:
    """Makes the handler of one reply raise, before or behind what it does."""

    def __init__(self, sftp: SFTPClient, number: int, error: Exception, *, behind: bool) -> None:
        self.seen = 0
        self._number = number
        self._error = error
        self._behind = behind
        self._expect = sftp._protocol._expect
        setattr(sftp._protocol, "_expect", self._faulty)  # noqa: B010 (what checkers refuse)

    @property
    def struck(self) -> bool:
        return self.seen >= self._number

    def _faulty(self, number: int, expected: type[Message], reply: OnReply, waiter: Any) -> bool:
        def faulty(outcome: Outcome) -> None:
            if not isinstance(outcome, Exception):
                self.seen += 1
                if self.seen == self._number:
                    if self._behind:
                        reply(outcome)
                    raise self._error
            reply(outcome)

        return self._expect(number, expected, faulty, waiter)


Scenario = Callable[[SFTPClient, Path], Awaitable[object]]


async def read_in_order(sftp: SFTPClient, here: Path) -> None:
    del here
    async with await sftp.open("/tree/large") as file:
        for _ in range(5):
            await file.read(30_000)


async def write(sftp: SFTPClient, _: Path) -> None:
    async with await sftp.open("/new", "wb") as file:
        await file.write(bytes(100_000))


async def glob(sftp: SFTPClient, _: Path) -> list[str]:
    return [str(path) async for path in sftp.path("/").glob("**/a*")]


SCENARIOS: dict[str, Scenario] = {
    "stat": lambda sftp, _: sftp.stat("/"),
    "realpath": lambda sftp, _: sftp.realpath("/"),
    "limits": lambda sftp, _: sftp.limits(),
    "listdir": lambda sftp, _: sftp.listdir("/tree"),
    "glob": glob,
    "read_bytes": lambda sftp, _: sftp.read_bytes("/tree/large"),
    "read": read_in_order,
    "write": write,
    "get": lambda sftp, here: sftp.get("/tree/large", here / "got"),
    "get a tree": lambda sftp, here: sftp.get("/tree", here / "got", recursive=True),
    "put": lambda sftp, here: sftp.put(here / "tree" / "large", "/put"),
    "put over": lambda sftp, here: sftp.put(here / "tree" / "large", "/tree/large"),
    "put a tree": lambda sftp, here: sftp.put(
        here / "tree", "/put", recursive=True, preserve=True
    ),
}


def make_tree(top: Path) -> None:
    (top / "below").mkdir(parents=True)
    (top / "large").write_bytes(bytes(300_000))
    for name in ("a", "ab", "below/a"):
        (top / name).write_bytes(b"small")


@pytest.mark.parametrize("behind", [False, True], ids=["before", "behind"])
@pytest.mark.parametrize("error", [RuntimeError("bug"), SFTPProtocolError("breach")], ids=repr)
@pytest.mark.parametrize("scenario", SCENARIOS)
async def test_handler_that_raises_fails_every_waiting_call(
    tmp_path: Path, scenario: str, error: Exception, behind: bool
) -> None:
    number = 0
    struck = True
    while struck:
        number += 1
        here, there = tmp_path / f"here{number}", tmp_path / f"there{number}"
        make_tree(here / "tree")
        make_tree(there / "tree")
        near, far = memory_pipes()
        serving = asyncio.ensure_future(SFTPServer(far, Rooted(there)).serve())
        raised: BaseException | None = None
        async with asyncio.timeout(SECONDS), SFTPClient.from_pipe(near) as sftp:
            fault = Fault(sftp, number, error, behind=behind)
            try:
                await SCENARIOS[scenario](sftp, here)
            except (SFTPError, SFTPProtocolError) as told:
                raised = told
            struck = fault.struck
            assert (raised is not None) or not struck or sftp._session.closed
            if struck:
                assert sftp._protocol.error is not None
                assert sftp._protocol.outstanding == 0
        await serving
        while raised is not None and raised is not error:
            raised = raised.__cause__
        assert not struck or raised in {error, None}
        assert not list(here.rglob("*.part-*"))


def silence(_: Request) -> list[Message]:
    return []


@pytest.mark.parametrize("step", ["eof_received", "pipe_closed", "resume_writing", "_tick"])
async def test_internal_failure_fails_every_waiting_call(
    scripted: Any, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    sftp: SFTPClient = scripted(silence)
    async with asyncio.timeout(SECONDS), sftp:
        session = sftp._session
        waiting = [asyncio.ensure_future(call) for call in (sftp.stat("/"), sftp.listdir("/"))]
        await asyncio.sleep(0)

        def broken(*_: object) -> None:
            raise RuntimeError(step)

        with monkeypatch.context() as patch:
            for name in ("eof", "settle", "tick"):
                patch.setattr(sftp._protocol, name, broken)
            getattr(session, step)(*([None] if step == "pipe_closed" else []))
        results = await asyncio.gather(*waiting, return_exceptions=True)

    assert all(isinstance(result, SFTPError) for result in results)


async def test_stream_that_cannot_be_written_fails_every_waiting_call(
    client: SFTPClient, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "big").write_bytes(bytes(1_000_000))

    def broken(*_: object) -> None:
        raise OSError(32, "Broken pipe")

    await client.limits()
    monkeypatch.setattr(client._protocol, "_transmit", broken)
    async with asyncio.timeout(SECONDS):
        with pytest.raises(OSError, match="Broken pipe"):
            await client.put(tmp_path / "big", "/big")
        with pytest.raises(OSError, match="Broken pipe"):
            await client.listdir("/")


async def test_transfer_that_may_not_write_ends_with_the_session(
    client: SFTPClient, tmp_path: Path
) -> None:
    (tmp_path / "f").write_bytes(b"x")
    await client.limits()
    async with asyncio.timeout(SECONDS):
        client._session.pause_writing()
        putting = asyncio.ensure_future(client.put(tmp_path / "f", "/f"))
        await client.stat("/")
        await asyncio.sleep(0)
        client._session.pipe_closed(OSError("cable"))
        with pytest.raises(SFTPConnectionLost):
            await putting
        with pytest.raises(SFTPConnectionLost):
            await client.put(tmp_path / "f", "/f")


async def test_two_readers_of_one_file_both_get_their_bytes(
    client: SFTPClient, root: Path
) -> None:
    content = bytes(range(256)) * 1000
    (root / "f").write_bytes(content)
    async with asyncio.timeout(SECONDS), await client.open("/f") as file:
        parts = await asyncio.gather(
            *(file.read_at(1000, offset) for offset in range(0, 200_000, 7_919))
        )

    assert parts == [content[at : at + 1000] for at in range(0, 200_000, 7_919)]


async def test_empty_listing_and_empty_read_end(scripted: Any) -> None:
    def reply(request: Request) -> list[Message]:
        match request:
            case m.OpenDir() | m.Open():
                return [m.Handle(id=request.id, handle=b"h")]
            case m.ReadDir():
                return [m.Name(id=request.id, entries=())]
            case m.Read():
                return [m.Data(id=request.id, data=b"")]
            case _:
                return [m.Status(id=request.id, code=0)]

    async with asyncio.timeout(SECONDS), scripted(reply, SFTPOptions(timeout=5)) as sftp:
        assert await sftp.listdir("/") == []
        assert [top async for top, _, _ in sftp.walk("/")] == ["/"]
        async with await sftp.open("/f") as file:
            assert await file.read() == b""
            assert await file.read(10) == b""
        assert await sftp.read_bytes("/f") == b""
