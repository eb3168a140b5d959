from __future__ import annotations

import asyncio
import os
import socket
from pathlib import Path

import pytest

from ssh_sftp import SFTPConnectionLost
from ssh_sftp.aio import Rooted, SFTPClient, SFTPServer
from ssh_sftp.aio.descriptors import DescriptorPipe


@pytest.mark.parametrize("kind", ["pipes", "socket"])
async def test_session_over_descriptors_works(root: Path, tmp_path: Path, kind: str) -> None:
    if kind == "pipes":
        (read, far_write), (far_read, write) = os.pipe(), os.pipe()
    else:
        near, far = socket.socketpair()
        read = write = near.detach()
        far_read = far_write = far.detach()
    server = SFTPServer(DescriptorPipe(far_read, far_write), Rooted(root))
    serving = asyncio.ensure_future(server.serve())
    content = os.urandom(5_000_000)
    (tmp_path / "f").write_bytes(content)
    async with SFTPClient.from_pipe(DescriptorPipe(read, write)) as sftp:
        await sftp.put(tmp_path / "f", "f")
        await sftp.get("f", tmp_path / "g")
    await serving

    assert (tmp_path / "g").read_bytes() == content


async def test_read_after_the_peer_has_gone_ends_the_session() -> None:
    near, far = socket.socketpair()
    far.close()
    descriptor = near.detach()
    with pytest.raises(SFTPConnectionLost):
        async with SFTPClient.from_pipe(DescriptorPipe(descriptor, descriptor)):
            pass


async def test_write_after_the_reader_has_gone_ends_the_session() -> None:
    (read, far_write), (far_read, write) = os.pipe(), os.pipe()
    os.close(far_read)
    with pytest.raises(SFTPConnectionLost, match="pipe"):
        async with SFTPClient.from_pipe(DescriptorPipe(read, write)):
            pass
    os.close(far_write)


async def test_buffered_data_is_sent_before_close() -> None:
    near, far = socket.socketpair()
    descriptor = near.detach()
    pipe = DescriptorPipe(descriptor, descriptor)
    pipe.write(bytes(3_000_000))
    pipe.write(b"more", b"end")
    pipe.write_eof()
    pipe.write(b"too late")
    got = bytearray()
    far.setblocking(False)
    loop = asyncio.get_running_loop()
    while data := await loop.sock_recv(far, 1_000_000):
        got += data
    await pipe.wait_closed()
    far.close()

    assert len(got) == 3_000_007
    assert got.endswith(b"moreend")


class Kept:
    """A receiver that keeps what it is told."""

    def __init__(self) -> None:
        self.data = b""
        self.over = asyncio.Event()

    def data_received(self, data: memoryview) -> None:
        self.data += data

    def eof_received(self) -> None:
        self.over.set()

    def pipe_closed(self, error: Exception | None) -> None: ...

    def pause_writing(self) -> None: ...

    def resume_writing(self) -> None: ...


async def test_data_before_a_receiver_is_connected_is_kept() -> None:
    near, far = socket.socketpair()
    descriptor = near.detach()
    pipe = DescriptorPipe(descriptor, descriptor)
    pipe.resume_reading()  # too early
    far.send(b"early")
    for _ in range(5):
        await asyncio.sleep(0)
    receiver = Kept()
    pipe.connect(receiver)
    far.send(b" and late")
    far.close()
    await receiver.over.wait()
    pipe.close()
    await pipe.wait_closed()

    assert receiver.data == b"early and late"
