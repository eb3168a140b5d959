from __future__ import annotations

import os
import socket
import struct

import pytest

from ssh_agent.aio import peer


class FakeSocket:
    """Answers `getsockopt` as a system would."""

    def __init__(self, answer: bytes | OSError) -> None:
        self.answer = answer

    def getsockopt(self, level: int, option: int, size: int) -> bytes:
        if isinstance(self.answer, OSError):
            raise self.answer
        return self.answer


def ask(answer: bytes | OSError) -> int | None:
    return peer.peer_uid(FakeSocket(answer))  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]


@pytest.mark.row("G08")
def test_peer_of_a_socket_is_the_user_of_the_process() -> None:
    first, second = socket.socketpair()
    with first, second:
        assert peer.peer_uid(first) == os.getuid()


@pytest.mark.row("G08")
def test_peer_that_the_system_does_not_know_is_no_user() -> None:
    assert ask(OSError("unknown")) is None
    assert ask(b"short") is None


def test_peer_is_read_as_bsd_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(socket, "SO_PEERCRED", raising=False)

    assert ask(struct.pack("=2Ih", 0, 501, 1) + bytes(66)) == 501
    assert ask(OSError("unknown")) is None


@pytest.mark.row("G08")
def test_own_user_and_root_are_allowed_and_no_other() -> None:
    assert peer.is_allowed(os.getuid())
    assert peer.is_allowed(0)
    assert not peer.is_allowed(os.getuid() + 1)
    assert not peer.is_allowed(None)
