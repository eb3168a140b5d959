from __future__ import annotations

import ctypes
import io
from typing import Any, cast

import pytest

from ssh_agent import AgentUnavailable
from ssh_agent.blocking.windows import CopyData, Window, load_window


class Memory(io.BytesIO):
    """What `mmap.mmap` returns on Windows."""


class User32:
    """The functions of user32, as ctypes calls them."""

    def __init__(self, *, handle: int | None = 7, sent: int = 1, answer: int = 1) -> None:
        self.handle = handle
        self.sent = sent
        self.answer = answer
        self.calls: list[tuple[object, ...]] = []

    def FindWindowW(self, name: str, title: str) -> int | None:  # noqa: N802 (Windows')
        assert (name, title) == ("Pageant", "Pageant")
        return self.handle

    def SendMessageTimeoutW(self, *arguments: Any) -> int:  # noqa: N802 (Windows')
        handle, message, sender, copied, flags, time, answer = arguments
        data = copied._obj
        assert isinstance(data, CopyData)
        assert data.size == len(data.data) + 1  # with its NUL
        self.calls.append((handle, message, sender, data.id, data.data, flags, time))
        answer._obj.value = self.answer
        return self.sent


def window(user32: User32) -> Window:
    return Window(cast("ctypes.CDLL", user32), lambda size, _name: Memory(bytes(size)))


@pytest.mark.parametrize(
    ("timeout", "milliseconds"), [(60.0, 60_000), (None, 2**31 - 1), (1e9, 2**31 - 1)]
)
def test_name_of_memory_is_sent_to_window(timeout: float | None, milliseconds: int) -> None:
    user32 = User32()

    assert window(user32).send("PageantRequest01", timeout)
    assert user32.calls == [(7, 0x4A, None, 0x804E50BA, b"PageantRequest01", 2, milliseconds)]


def test_answer_of_zero_means_that_request_is_not_taken() -> None:
    assert not window(User32(answer=0)).send("name", 1)


def test_window_that_does_not_answer_in_time_raises_timeout() -> None:
    with pytest.raises(TimeoutError):
        window(User32(sent=0)).send("name", 1)


def test_missing_window_raises_agent_unavailable() -> None:
    found = window(User32(handle=None))

    assert found.handle == 0
    with pytest.raises(AgentUnavailable, match="Pageant does not run"):
        found.send("name", 1)


def test_shared_memory_is_read_and_written_from_its_start() -> None:
    memory = window(User32()).share(16)
    memory.write(b"abcd")
    memory.write(b"xy")

    assert memory.read(4) == memory.read(4) == b"xycd"
    assert memory.name.startswith("PageantRequest")
    memory.close()


def test_pageant_is_not_looked_for_elsewhere_than_on_windows() -> None:
    with pytest.raises(AgentUnavailable, match="a program of Windows"):
        load_window()
