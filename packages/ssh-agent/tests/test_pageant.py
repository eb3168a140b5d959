from __future__ import annotations

import pytest

from ssh_agent import AgentMisbehaved, AgentUnavailable
from ssh_agent.blocking import AgentClient
from ssh_agent.framing import frame
from ssh_agent.messages import IdentitiesAnswer, RequestIdentities
from ssh_agent.pageant import MEMORY_SIZE, PageantConversation

LIST = frame(RequestIdentities().encode())
LISTING = frame(IdentitiesAnswer(identities=()).encode())


class Memory:
    def __init__(self, size: int) -> None:
        self.name = "PageantRequest"
        self.data = bytearray(size)
        self.closed = False

    def write(self, data: bytes, /) -> None:
        self.data[: len(data)] = data

    def read(self, size: int, /) -> bytes:
        return bytes(self.data[:size])

    def close(self) -> None:
        self.closed = True


class Window:
    """A Pageant that answers every request with the same reply."""

    def __init__(self, reply: bytes = LISTING, *, answers: bool = True) -> None:
        self.reply = reply
        self.answers = answers
        self.requests: list[bytes] = []
        self.made: list[Memory] = []

    def share(self, size: int, /) -> Memory:
        self.made.append(Memory(size))
        return self.made[-1]

    def send(self, name: str, timeout: float | None, /) -> bool:
        assert name == "PageantRequest"
        assert timeout == 5
        data = bytes(self.made[-1].data)
        self.requests.append(data[: 4 + int.from_bytes(data[:4])])
        self.made[-1].write(self.reply)
        return self.answers


def test_request_and_reply_share_memory() -> None:
    window = Window()
    with AgentClient.from_stream(PageantConversation(window), timeout=5) as agent:
        assert agent.identities() == ()
        assert agent.identities() == ()

    assert window.requests == [LIST, LIST]
    assert all(memory.closed and len(memory.data) == MEMORY_SIZE for memory in window.made)


def test_request_is_exchanged_when_it_is_complete() -> None:
    window = Window()
    stream = PageantConversation(window)
    for byte in LIST[:-1]:
        stream.send(bytes([byte]), 5)
        assert window.requests == []

    stream.send(LIST[-1:] + LIST + LIST[:2], 5)

    assert window.requests == [LIST, LIST]
    assert stream.receive(3, 5) + stream.receive(100, 5) == LISTING * 2
    assert stream.receive(100, 5) == b""


def test_request_that_pageant_does_not_take_raises_agent_unavailable() -> None:
    agent = AgentClient.from_stream(PageantConversation(Window(answers=False)), timeout=5)

    with pytest.raises(AgentUnavailable, match="does not take the request"):
        agent.identities()


@pytest.mark.row("G03")
def test_reply_longer_than_memory_is_refused() -> None:
    window = Window(b"\xff\xff\xff\xff")
    agent = AgentClient.from_stream(PageantConversation(window), timeout=5)

    with pytest.raises(AgentMisbehaved, match="longer than 262144"):
        agent.identities()
    assert window.made[0].closed


def test_request_longer_than_memory_is_not_sent() -> None:
    window = Window()
    stream = PageantConversation(window)

    with pytest.raises(AgentUnavailable, match="takes no request of 262148 bytes"):
        stream.send((MEMORY_SIZE).to_bytes(4) + bytes(MEMORY_SIZE), 5)
    assert window.made == []


def test_closed_conversation_has_no_replies() -> None:
    stream = PageantConversation(Window())
    stream.send(LIST, 5)
    stream.close()

    assert stream.receive(100, 5) == b""
