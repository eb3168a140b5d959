from __future__ import annotations

import io
import os
import threading
from pathlib import Path

import pytest

from ssh_agent import AgentUnavailable
from ssh_agent.blocking.streams import PipeStream, open_stream
from ssh_agent.location import Location
from ssh_agent.pageant import PageantConversation
from test_blocking_windows import User32, window


class Pipe:
    """A file whose reads wait until something is written to its other end."""

    def __init__(self) -> None:
        self.there, theirs = os.pipe()
        self.ours, self.here = os.pipe()
        self.writes: list[bytes] = []
        self.closed = threading.Event()
        os.close(theirs)
        os.close(self.there)

    def read(self, size: int, /) -> bytes | None:
        return os.read(self.ours, size)

    def write(self, data: memoryview, /) -> int | None:
        self.writes.append(bytes(data[:3]))
        return len(data[:3])

    def close(self) -> None:
        self.closed.set()


def test_pipe_sends_all_and_receives_some() -> None:
    pipe = Pipe()
    stream = PipeStream(pipe)
    os.write(pipe.here, b"reply")

    stream.send(b"requests", 30)

    assert b"".join(pipe.writes) == b"requests"
    assert stream.receive(3, 30) + stream.receive(100, None) == b"reply"
    os.close(pipe.here)
    assert stream.receive(100, 30) == b""
    stream.close()
    assert pipe.closed.wait(30)


@pytest.mark.row("G03")
def test_pipe_that_has_no_reply_raises_timeout() -> None:
    pipe = Pipe()

    with pytest.raises(TimeoutError):
        PipeStream(pipe).receive(100, 0.001)
    os.close(pipe.here)  # the thread ends


def test_error_of_file_is_raised_where_it_is_waited_for() -> None:
    class Broken(io.BytesIO):
        def read(self, _size: int | None = -1, /) -> bytes:
            raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        PipeStream(Broken()).receive(100, 30)


def test_named_pipe_is_opened_as_file(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    path.write_bytes(b"reply")

    stream = open_stream(Location(str(path), "pipe"), 30)

    assert stream.receive(100, 30) == b"reply"
    stream.close()


def test_missing_pipe_raises_agent_unavailable(tmp_path: Path) -> None:
    with pytest.raises(AgentUnavailable, match="No such file"):
        open_stream(Location(str(tmp_path / "pipe"), "pipe"), 30)


def test_pageant_is_found_by_its_window(monkeypatch: pytest.MonkeyPatch) -> None:
    users = [User32(), User32(handle=None)]
    monkeypatch.setattr("ssh_agent.blocking.windows.load_window", lambda: window(users.pop(0)))

    assert isinstance(open_stream(Location("pageant", "pageant"), 30), PageantConversation)
    with pytest.raises(AgentUnavailable, match="Pageant does not run"):
        open_stream(Location("pageant", "pageant"), 30)
