"""Transfers over lines that delay, throttle and cut what they carry (R15)."""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

import ssh_stack
from ssh_keys import PrivateKey
from ssh_stack import AuthorizedKeys, Rooted, SFTPClient, SFTPOptions

HOST_KEY = PrivateKey.generate("ed25519")
USER_KEY = PrivateKey.generate("ed25519")
MIB = 1024 * 1024
ROUND_TRIP = 0.2
WINDOW = 2 * MIB

pytestmark = pytest.mark.row("R15")


class Line:
    """Carries connections to a port of loopback, slowly.

    Args:
        target: the port.
        delay: seconds that each byte is on its way, in each direction.
        rate: the most bytes in a second, in each direction; None for no bound.
        piece: the most bytes that are passed on at a time.
    """

    def __init__(
        self, target: int, *, delay: float = 0, rate: float | None = None, piece: int = 65_536
    ) -> None:
        self._target = target
        self._delay = delay
        self._rate = rate
        self._piece = piece
        self.ended = asyncio.Event()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry one connection until both sides end it."""
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._target)
        both = (self._carry(reader, far_writer), self._carry(far_reader, writer))
        await asyncio.gather(*both)
        for each in (writer, far_writer):
            each.close()
            with suppress(OSError):
                await each.wait_closed()
        self.ended.set()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        loop = asyncio.get_running_loop()
        on_the_way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()
        arriving = loop.create_task(self._arrive(on_the_way, writer))
        with suppress(OSError):
            while data := await reader.read(self._piece):
                on_the_way.put_nowait((loop.time() + self._delay, data))
        on_the_way.put_nowait((loop.time() + self._delay, b""))
        await arriving

    async def _arrive(
        self, on_the_way: asyncio.Queue[tuple[float, bytes]], writer: asyncio.StreamWriter
    ) -> None:
        loop = asyncio.get_running_loop()
        with suppress(OSError):
            while True:
                due, data = await on_the_way.get()
                await asyncio.sleep(due - loop.time())
                if not data:
                    writer.write_eof()
                    return
                writer.write(data)
                await writer.drain()
                if self._rate is not None:
                    await asyncio.sleep(len(data) / self._rate)


@asynccontextmanager
async def session(
    folder: Path,
    *,
    delay: float = 0,
    rate: float | None = None,
    piece: int = 65_536,
    options: SFTPOptions | None = None,
) -> AsyncGenerator[SFTPClient]:
    """A session over such a line with a server that has a folder."""
    async with ssh_stack.serve(
        "127.0.0.1",
        0,
        host_keys=[HOST_KEY],
        auth=AuthorizedKeys([USER_KEY.public_key], users=["me"]),
        sftp=Rooted(folder),
    ) as server:
        line = Line(server.port, delay=delay, rate=rate, piece=piece)
        async with await asyncio.start_server(line.serve, "127.0.0.1", 0) as listener:
            port = listener.sockets[0].getsockname()[1]
            known = f"[127.0.0.1]:{port} {HOST_KEY.public_key.to_openssh()}".encode()
            async with (
                ssh_stack.connect(
                    "127.0.0.1",
                    port,
                    username="me",
                    keys=[USER_KEY],
                    agent=None,
                    config=None,
                    known_hosts=known,
                ) as connection,
                connection.sftp(options=options or SFTPOptions(timeout=60)) as sftp,
            ):
                yield sftp
            await line.ended.wait()


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def there(tmp_path: Path) -> Path:
    folder = tmp_path / "there"
    folder.mkdir()
    return folder


async def test_long_line_is_filled(there: Path, tmp_path: Path) -> None:
    """Both ways, most of what a window of 2 MiB allows in a round trip of 200 ms.

    A download has a larger window; an upload has the server's, of which an eighth may not be
    granted yet.
    """
    size = 32 * MIB
    (there / "f").write_bytes(os.urandom(size))
    loop = asyncio.get_running_loop()
    async with session(there, delay=ROUND_TRIP / 2) as sftp:
        begun = loop.time()
        await sftp.get("f", tmp_path / "f")
        fetched = loop.time() - begun
        begun = loop.time()
        await sftp.put(tmp_path / "f", "g")
        sent = loop.time() - begun

    start = 8 * ROUND_TRIP  # what is asked before, and the first blocks
    assert fetched < start + size / (0.8 * WINDOW / ROUND_TRIP)
    assert sent < start + size / (0.7 * WINDOW / ROUND_TRIP)
    assert digest(there / "f") == digest(tmp_path / "f") == digest(there / "g")


async def test_many_small_files_share_the_round_trips_of_a_long_line(
    there: Path, tmp_path: Path
) -> None:
    count = 100
    (there / "tree").mkdir()
    for number in range(count):
        (there / "tree" / str(number)).write_bytes(os.urandom(1000))
    loop = asyncio.get_running_loop()
    async with session(there, delay=ROUND_TRIP / 2) as sftp:
        begun = loop.time()
        await sftp.get("tree", tmp_path / "tree", recursive=True)
        fetched = loop.time() - begun
        begun = loop.time()
        await sftp.put(tmp_path / "tree", "again", recursive=True)
        sent = loop.time() - begun

    assert max(fetched, sent) < count * ROUND_TRIP / 5
    for number in range(count):
        content = (there / "tree" / str(number)).read_bytes()
        assert (there / "again" / str(number)).read_bytes() == content


@pytest.mark.parametrize(
    ("rate", "piece", "size"), [(10_000, 1_000, 20_000), (None, 1, 20_000), (None, 65_536, MIB)]
)
async def test_slow_and_cut_lines_carry_a_file_both_ways(
    there: Path, tmp_path: Path, rate: float | None, piece: int, size: int
) -> None:
    (there / "f").write_bytes(os.urandom(size))
    async with session(there, rate=rate, piece=piece) as sftp:
        await sftp.get("f", tmp_path / "f")
        await sftp.put(tmp_path / "f", "g", verify=True)

    assert digest(there / "f") == digest(tmp_path / "f") == digest(there / "g")


async def test_large_upload_over_a_long_line_is_quicker_over_several_channels(
    there: Path, tmp_path: Path
) -> None:
    (tmp_path / "f").write_bytes(os.urandom(64 * MIB))
    loop = asyncio.get_running_loop()
    took: list[float] = []
    for stripes in (1, 6):
        options = SFTPOptions(timeout=60, stripes=stripes)
        async with session(there, delay=ROUND_TRIP / 2, options=options) as sftp:
            begun = loop.time()
            await sftp.put(tmp_path / "f", "f")
            took.append(loop.time() - begun)
            assert digest(there / "f") == digest(tmp_path / "f")

    assert took[1] < 0.8 * took[0]
