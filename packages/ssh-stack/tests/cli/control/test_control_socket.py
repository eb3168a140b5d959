from __future__ import annotations

import socket
import threading
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from ssh_connection.control import messages as m
from ssh_connection.control.errors import ControlViolation, MasterLost
from ssh_connection.control.framing import frame
from ssh_connection.control.server import ControlServer
from ssh_stack.cli.control import control_socket
from ssh_stack.cli.control.control_socket import ControlSocket
from ssh_wire import SSHError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def serve(path: Path, talk: Callable[[socket.socket], None]) -> threading.Thread:
    """Let a thread take one connection."""
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(str(path))
    listening.listen()

    def work() -> None:
        with closing(listening), closing(listening.accept()[0]) as taken:
            talk(taken)

    thread = threading.Thread(target=work)
    thread.start()
    return thread


def _other_user(_connected: socket.socket) -> int:
    return 12345


def receive(taken: socket.socket) -> tuple[m.Request, tuple[int, ...]]:
    """Greet a client and return its first request."""
    taken.sendall(ControlServer.hello)
    server = ControlServer()
    while (request := server.next_request()) is None:
        data, descriptors, _, _ = socket.recv_fds(taken, 1000, 3)
        server.receive(data, descriptors)
    return request


def test_request_is_answered(tmp_path: Path) -> None:
    def talk(taken: socket.socket) -> None:
        assert receive(taken) == (m.AliveCheck(), ())
        taken.sendall(frame(m.Alive(pid=5)))

    thread = serve(tmp_path / "m", talk)
    with ControlSocket.connect(str(tmp_path / "m"), 10) as control:
        assert control.offers(m.INFO)
        assert control.ask(m.AliveCheck()) == m.Alive(pid=5)
        assert control.next() is None
    thread.join()


def test_descriptors_follow_the_request(tmp_path: Path) -> None:
    read, write = socket.socketpair()
    found: list[int] = []

    def talk(taken: socket.socket) -> None:
        found.extend(receive(taken)[1])
        taken.sendall(frame(m.SessionOpened(session=1)))

    thread = serve(tmp_path / "m", talk)
    with ControlSocket.connect(str(tmp_path / "m"), 10) as control:
        number = write.fileno()
        answer = control.ask(m.NewSession(), [number, number, number])
        assert answer == m.SessionOpened(session=1)
    thread.join()
    assert len(found) == 3
    for each in found:
        socket.socket(fileno=each).close()
    read.close()
    write.close()


@pytest.mark.parametrize("sent", [b"", b"\0\0\0\0", frame(m.Ok())])
def test_other_program_is_not_a_master(tmp_path: Path, sent: bytes) -> None:
    thread = serve(tmp_path / "m", lambda taken: taken.sendall(sent))

    with pytest.raises(ControlViolation):
        ControlSocket.connect(str(tmp_path / "m"), 10)
    thread.join()


def test_master_that_ends_before_it_answers_is_lost(tmp_path: Path) -> None:
    thread = serve(tmp_path / "m", lambda taken: taken.sendall(ControlServer.hello))

    with (
        ControlSocket.connect(str(tmp_path / "m"), 10) as control,
        pytest.raises(MasterLost),
    ):
        control.ask(m.AliveCheck())
    thread.join()


@pytest.mark.row("C24")
def test_master_of_another_user_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[bytes] = []
    monkeypatch.setattr(control_socket, "peer_uid", _other_user)
    thread = serve(
        tmp_path / "m", lambda taken: sent.append(taken.recv(1))
    )  # nothing is sent to it

    with pytest.raises(SSHError, match="belongs to another user"):
        ControlSocket.connect(str(tmp_path / "m"), 10)
    thread.join()
    assert sent == [b""]
