from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from agent_samples import KEYS
from ssh_agent import AgentMisbehaved, AgentRefused, AgentTimeout, AgentUnavailable
from ssh_agent.blocking import AgentClient
from ssh_agent.framing import frame
from ssh_agent.location import Location
from ssh_agent.messages import (
    AddSmartcardKey,
    AgentSuccess,
    ExtensionResponse,
    IdentitiesAnswer,
    Lock,
    QueryExtension,
    RemoveAllIdentities,
    RemoveIdentity,
    RemoveSmartcardKey,
    SessionBind,
    SignResponse,
    Unlock,
)
from ssh_keys import PrivateKey
from ssh_wire import Message
from ssh_wire.primitives import string

LISTING = frame(IdentitiesAnswer(identities=()).encode())


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


def test_request_is_written_and_reply_returned(
    ends: tuple[socket.socket, socket.socket], ed25519: PrivateKey
) -> None:
    ours, theirs = ends
    signature = ed25519.sign(b"data", "ssh-ed25519")
    theirs.sendall(LISTING)
    with AgentClient.from_socket(ours) as agent:
        assert agent.identities() == ()
        assert theirs.recv(100) == b"\0\0\0\x01\x0b"

        theirs.sendall(frame(SignResponse(signature=signature).encode()))
        assert agent.sign(ed25519.public_key, b"data", "ssh-ed25519") == signature

    assert ours.fileno() == -1


def test_client_without_timeout_waits_for_reply(ends: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = ends
    theirs.sendall(LISTING)

    with AgentClient.from_socket(ours, timeout=None) as agent:
        assert agent.identities() == ()


@pytest.mark.row("G03")
@pytest.mark.parametrize("timeout", [0.001, 1e-9])
def test_agent_that_never_replies_is_closed_after_timeout(
    ends: tuple[socket.socket, socket.socket], timeout: float
) -> None:
    agent = AgentClient.from_socket(ends[0], timeout=timeout)

    for _ in range(2):
        with pytest.raises(AgentTimeout):
            agent.identities()
    assert ends[0].fileno() == -1


@pytest.mark.row("G03")
def test_malformed_reply_closes_connection(
    ends: tuple[socket.socket, socket.socket],
) -> None:
    ours, theirs = ends
    theirs.sendall(b"\0\0\0\0")

    with pytest.raises(AgentMisbehaved):
        AgentClient.from_socket(ours).identities()
    assert ours.fileno() == -1


def test_agent_that_closes_connection_raises_connection_error(
    ends: tuple[socket.socket, socket.socket],
) -> None:
    ours, theirs = ends
    theirs.shutdown(socket.SHUT_WR)

    with pytest.raises(ConnectionError, match="closed the connection"):
        AgentClient.from_socket(ours).identities()


def test_interrupted_request_closes_connection(
    ends: tuple[socket.socket, socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    agent = AgentClient.from_socket(ends[0])

    def interrupt(*_waiting: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(agent, "_wait", interrupt)

    with pytest.raises(KeyboardInterrupt):
        agent.identities()
    with pytest.raises(AgentUnavailable, match="interrupted"):
        agent.identities()


def test_request_on_closed_client_raises_agent_unavailable(
    ends: tuple[socket.socket, socket.socket],
) -> None:
    agent = AgentClient.from_socket(ends[0])
    agent.close()

    with pytest.raises(AgentUnavailable, match="was closed"):
        agent.identities()


def test_missing_socket_raises_agent_unavailable(tmp_path: Path) -> None:
    with pytest.raises(AgentUnavailable, match="No such file"):
        AgentClient.connect(str(tmp_path / "nobody"))


def test_agent_that_accepts_no_connection_raises_agent_unavailable(tmp_path: Path) -> None:
    path = str(tmp_path / "busy")
    with socket.socket(socket.AF_UNIX) as listener, socket.socket(socket.AF_UNIX) as waiting:
        listener.bind(path)
        listener.listen(0)
        waiting.connect(path)

        with pytest.raises(AgentUnavailable, match="no agent at"):
            AgentClient.connect(path, timeout=0.001)


def test_agent_of_openssh_lists_and_signs(
    openssh_agent: str, monkeypatch: pytest.MonkeyPatch, rsa: PrivateKey, other: PrivateKey
) -> None:
    monkeypatch.setenv("SSH_AUTH_SOCK", openssh_agent)
    with AgentClient.connect() as agent:
        listed = agent.identities()
        for each in listed:
            for name in each.key.algorithms:
                assert each.key.verify(b"data", agent.sign(each.key, b"data", name), name)
        with pytest.raises(AgentRefused):
            agent.sign(other.public_key, b"data", "ssh-ed25519")

    assert listed.skipped == ()
    assert [each.comment for each in listed if each.key == rsa.public_key] == ["rsa@test"]


def test_requests_of_several_threads_share_connection(
    ends: tuple[socket.socket, socket.socket],
) -> None:
    ours, theirs = ends
    with AgentClient.from_socket(ours, timeout=30) as agent, ThreadPoolExecutor(3) as threads:
        asked = [threads.submit(agent.identities) for _ in range(3)]
        received = b""
        while len(received) < 15:  # all three are sent before the first reply
            received += theirs.recv(100)
        theirs.sendall(LISTING * 3)

        assert [each.result() for each in asked] == [(), (), ()]
    assert received == b"\0\0\0\x01\x0b" * 3


def test_closing_client_tells_thread_that_waits(
    ends: tuple[socket.socket, socket.socket],
) -> None:
    ours, theirs = ends
    agent = AgentClient.from_socket(ours, timeout=None)
    with ThreadPoolExecutor(1) as threads:
        asked = threads.submit(agent.identities)
        theirs.recv(100)

        agent.close()

        with pytest.raises(AgentUnavailable):
            asked.result()


class Quick:
    """A stream that has the reply before the request is sent."""

    def __init__(self, replies: bytes) -> None:
        self.replies = replies
        self.sent = b""
        self.closed = False

    def send(self, data: bytes, timeout: float | None) -> None:
        del timeout
        self.sent += data

    def receive(self, size: int, timeout: float | None) -> bytes:
        del timeout
        taken, self.replies = self.replies[:size], self.replies[size:]
        return taken

    def close(self) -> None:
        self.closed = True


def test_any_stream_carries_requests() -> None:
    stream = Quick(frame(ExtensionResponse(name="query", contents=string("a@b")).encode()))
    with AgentClient.from_stream(stream) as agent:
        assert agent.extensions() == ("a@b",)

    assert stream.sent == frame(QueryExtension().encode())
    assert stream.closed


def test_error_of_stream_itself_is_raised() -> None:
    class Refusing(Quick):
        def send(self, data: bytes, timeout: float | None) -> None:
            del data, timeout
            problem = "no agent: Pageant does not run"
            raise AgentUnavailable(problem)

    agent = AgentClient.from_stream(Refusing(b""))

    for _ in range(2):
        with pytest.raises(AgentUnavailable, match="Pageant does not run"):
            agent.remove_all()


def test_answer_of_extension_is_its_contents() -> None:
    agent = AgentClient.from_stream(Quick(frame(AgentSuccess(contents=b"out").encode())))

    assert agent.extension("a@example.com", b"in") == b"out"


SUCCESS = frame(AgentSuccess().encode())
CALLS: dict[str, tuple[Callable[[AgentClient], object], Message]] = {
    "remove": (
        lambda agent: agent.remove(KEYS["rsa"].public_key),
        RemoveIdentity(key=KEYS["rsa"].public_key.blob),
    ),
    "remove_all": (lambda agent: agent.remove_all(), RemoveAllIdentities()),
    "lock": (lambda agent: agent.lock("pass"), Lock(passphrase=b"pass")),
    "unlock": (lambda agent: agent.unlock(b"pass"), Unlock(passphrase=b"pass")),
    "add_smartcard": (
        lambda agent: agent.add_smartcard("/lib.so", "1234"),
        AddSmartcardKey(token="/lib.so", pin=b"1234"),
    ),
    "remove_smartcard": (
        lambda agent: agent.remove_smartcard("/lib.so"),
        RemoveSmartcardKey(token="/lib.so", pin=b""),
    ),
    "bind": (
        lambda agent: agent.bind(KEYS["rsa"].public_key, b"i", b"s", forwarding=True),
        SessionBind(
            host_key=KEYS["rsa"].public_key.blob,
            session_id=b"i",
            signature=b"s",
            is_forwarding=True,
        ),
    ),
}


@pytest.mark.parametrize("name", CALLS)
def test_request_of_each_method_is_sent(name: str) -> None:
    call, message = CALLS[name]
    stream = Quick(SUCCESS)
    agent = AgentClient.from_stream(stream)

    assert call(agent) is None
    assert stream.sent == frame(message.encode())


def test_openssh_agent_keeps_added_key(empty_agent: str, ed25519: PrivateKey) -> None:
    with AgentClient.connect(empty_agent) as agent:
        agent.add(ed25519)

        (found,) = agent.identities()

    assert (found.key, found.comment) == (ed25519.public_key, "ed@test")


def test_first_place_that_has_agent_is_taken(
    openssh_agent: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    places = [Location(str(tmp_path / "nobody")), Location(openssh_agent)]

    def two_places(*_asked: object) -> tuple[Location, ...]:
        return tuple(places)

    monkeypatch.setattr("ssh_agent.blocking.client.locate", two_places)

    for _ in range(2):
        with AgentClient.connect() as agent:
            assert len(agent.identities()) == 3
        places.reverse()  # then the first has one, and the second is not tried
