from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from ssh_agent import AgentMisbehaved, AgentRefused, AgentTimeout, AgentUnavailable
from ssh_agent.blocking import AgentClient
from ssh_agent.framing import frame
from ssh_agent.messages import IdentitiesAnswer, SignResponse
from ssh_keys import PrivateKey

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

    assert AgentClient.from_socket(ours, timeout=None).identities() == ()


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

    def interrupt(_exchange: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(agent, "_converse", interrupt)

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


def test_openssh_agent_keeps_added_key(empty_agent: str, ed25519: PrivateKey) -> None:
    with AgentClient.connect(empty_agent) as agent:
        agent.add(ed25519)

        (found,) = agent.identities()

    assert (found.key, found.comment) == (ed25519.public_key, "ed@test")
