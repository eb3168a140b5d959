"""Ctrl-C in the blocking API, wherever the event loop's thread is: it leaves nothing (X08).

The sweep of `test_cancellation` once more, from the thread that waits: KeyboardInterrupt is raised
in it at each await point of what it waits for.
"""

from __future__ import annotations

import asyncio
import itertools
import signal
import socket
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, TypeAlias

import attrs
import pytest

import ssh_stack.sync
from ssh_stack import AllowForwarding, AuthorizedKeys, LocalShell, Rooted
from ssh_stack.sync import _call
from ssh_stack.sync._portal import portal
from tests.adversary.cancelling import SECONDS, open_files, processes_with
from tests.adversary.places import CONTENT, HOST_KEY, USER_KEY

pytestmark = [pytest.mark.row("X08"), pytest.mark.row("R09")]

_MOST_POINTS: Final = 2000
_LONGEST_WAIT: Final = 1.0
"""Seconds at one await point, after which it is taken for the last that the operation has."""
_numbers = itertools.count()


@attrs.frozen
class Place:
    """A server, a connection to it, and directories on both sides."""

    server: ssh_stack.sync.Server
    connection: ssh_stack.sync.Connection
    here: Path
    there: Path
    marker: str

    def connect(self, **options: Any) -> ssh_stack.sync.Connect:
        return connecting(self.server, **options)


def connecting(server: ssh_stack.sync.Server, **options: Any) -> ssh_stack.sync.Connect:
    known = f"[127.0.0.1]:{server.port} {HOST_KEY.public_key.to_openssh()}".encode()
    given: dict[str, Any] = {"keys": [USER_KEY], "agent": None, "config": None, **options}
    return ssh_stack.sync.connect(
        "127.0.0.1", server.port, username="me", known_hosts=known, **given
    )


Operation: TypeAlias = Callable[[Place], object]


@pytest.fixture
def place(tmp_path: Path) -> Generator[Place]:
    here, there = tmp_path / "here", tmp_path / "there"
    for folder in (here, there, there / "tree"):
        folder.mkdir()
    for path in (here / "file", there / "file", there / "tree" / "a", there / "tree" / "b"):
        path.write_bytes(CONTENT)
    with (
        ssh_stack.sync.serve(
            "127.0.0.1",
            0,
            host_keys=[HOST_KEY],
            auth=AuthorizedKeys([USER_KEY.public_key], users=["me"]),
            session=LocalShell(shell="/bin/sh", grace=0.2),  # noqa: S604 (a path)
            sftp=Rooted(there),
            forwarding=AllowForwarding(unix_sockets=True),
        ) as server,
        connecting(server) as connection,
    ):
        connection.run("true")  # what is made with the first command is there
        yield Place(server, connection, here, there, f"sleep 7{next(_numbers)}399.5")


# ---------------------------------------------------------------- the sweep


class Interrupter:
    """Interrupts the main thread at one await point of all that it has the loop's thread do.

    Args:
        at: the number of the await point, from 0.
    """

    def __init__(self, at: int) -> None:
        self._at = at
        self._raised = threading.Event()
        self.points: int = 0
        self.done: bool = False

    def steps(self, work: Any) -> Generator[Any, Any, object]:
        awaiting = work.__await__()
        error: BaseException | None = None
        while True:
            try:
                awaited = awaiting.send(None) if error is None else awaiting.throw(error)
            except StopIteration as stop:
                return stop.value
            if self.points == self._at:
                self.interrupt()  # the call has not ended: the main thread waits for it
            self.points += 1
            error = None
            try:
                yield awaited
            except BaseException as raised:  # noqa: BLE001 (it is raised in the work)
                error = raised

    def interrupt(self) -> None:
        """Do what Ctrl-C does; go on when the main thread has noticed."""
        if not self.done:
            self.done = True
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
            assert self._raised.wait(SECONDS)

    def raise_it(self, *_: object) -> None:
        self._raised.set()
        raise KeyboardInterrupt


@contextmanager
def interrupting(at: int, patch: pytest.MonkeyPatch) -> Generator[Interrupter]:
    """Have the main thread interrupted at an await point, or where it waits for good."""
    interrupter = Interrupter(at)
    conduct: Callable[[_call.AsyncCall[Any]], Any] = _call.AsyncCall[Any]._conduct

    class Stepped:
        def __init__(self, call: _call.AsyncCall[Any]) -> None:
            self._call = call

        def __await__(self) -> Generator[Any, Any, object]:
            return interrupter.steps(conduct(self._call))

    async def stepped(call: _call.AsyncCall[Any]) -> object:
        return await Stepped(call)

    watching = threading.Thread(target=_watch, args=(interrupter,), daemon=True)
    previous = signal.signal(signal.SIGINT, interrupter.raise_it)
    with patch.context() as patched:
        patched.setattr(_call.AsyncCall, "_conduct", stepped)
        watching.start()
        try:
            yield interrupter
        finally:
            interrupter.done = True
            signal.signal(signal.SIGINT, previous)
    watching.join(SECONDS)


def _watch(interrupter: Interrupter) -> None:
    """Interrupt an operation that comes to no further await point."""
    before, since = -1, time.monotonic()
    while not interrupter.done:
        if interrupter.points != before:
            before, since = interrupter.points, time.monotonic()
        elif time.monotonic() > since + _LONGEST_WAIT:
            interrupter.interrupt()
        time.sleep(0.01)


def swept(operation: Operation, place: Place, patch: pytest.MonkeyPatch) -> int:
    """Interrupt an operation at each of its await points; return how many there were."""
    files, tasks = open_files(), portal().call(_tasks)

    def left() -> tuple[object, ...]:
        return (
            place.connection.channels,
            processes_with(place.marker),
            open_files().items() - files.items(),
            portal().call(_tasks) - tasks,
        )

    for at in range(_MOST_POINTS):
        ended = False
        with interrupting(at, patch) as interrupter:
            try:
                operation(place)
                ended = True
            except KeyboardInterrupt:
                pass
        last = interrupter.points <= at
        assert ended == (last and not interrupter._raised.is_set()), (at, "swallowed")
        end = time.monotonic() + SECONDS
        while any(left()):
            assert time.monotonic() < end, (at, left())
            time.sleep(0.002)
        assert place.connection.run("echo works", text=True).stdout == "works\n"
        if last:
            return at
    raise AssertionError(_MOST_POINTS)


def _tasks() -> set[object]:
    return {id(each) for each in asyncio.all_tasks() if not each.done()}


# ---------------------------------------------------------------- what is interrupted


def connect(place: Place) -> None:
    with place.connect():
        pass


def connect_through_a_jump_host(place: Place) -> None:
    with place.connect(jump=place.connection):
        pass


def run(place: Place) -> None:
    place.connection.run("echo x; cat", input=b"y" * 100_000, max_output=1_000_000)


def run_that_lasts(place: Place) -> None:
    place.connection.run(f"exec {place.marker}")


def start_and_talk(place: Place) -> None:
    with place.connection.start(f"read line; echo $line; exec {place.marker}") as process:
        process.stdin.write(b"hello\n")
        assert process.stdout.readline() == b"hello\n"


def lines(place: Place) -> None:
    with place.connection.start("echo a; echo b", text=True) as process:
        assert list(process.stdout) == ["a\n", "b\n"]


def local_forward(place: Place) -> None:
    target = f"127.0.0.1:{place.server.port}"
    with place.connection.forward_local("127.0.0.1:0", target) as forward:
        greet((forward.host, forward.port))


def remote_forward(place: Place) -> None:
    target = f"127.0.0.1:{place.server.port}"
    with place.connection.forward_remote("127.0.0.1:0", target) as forward:
        greet((forward.host, forward.port))


def dynamic_forward(place: Place) -> None:
    with place.connection.forward_dynamic("127.0.0.1:0"):
        pass


def greet(address: tuple[str, int]) -> None:
    with socket.create_connection(address, SECONDS) as connected:
        assert connected.recv(8)


def stream(place: Place) -> None:
    opened = place.connection.open_tcp("127.0.0.1", place.server.port)
    try:
        assert opened.read(8)
    finally:
        opened.close()


def get(place: Place) -> None:
    with place.connection.sftp() as sftp:
        sftp.get("/file", place.here / "got")


def put_a_tree(place: Place) -> None:
    with place.connection.sftp() as sftp:
        sftp.put(place.there / "tree", "/copy", recursive=True)


def file(place: Place) -> None:
    with place.connection.sftp() as sftp, sftp.open("/file", "rb") as opened:
        assert opened.read(10) == CONTENT[:10]


def listen_reverse(_place: Place) -> None:
    options: dict[str, Any] = {"keys": [USER_KEY], "agent": None, "config": None}
    with ssh_stack.sync.listen_reverse("box", "127.0.0.1", username="me", **options) as listener:
        listener.accept()


def serve(_place: Place) -> None:
    auth = AuthorizedKeys([USER_KEY.public_key], users=["me"])
    with (
        ssh_stack.sync.serve("127.0.0.1", 0, host_keys=[HOST_KEY], auth=auth) as server,
        connecting(server),
    ):
        pass


@pytest.mark.parametrize(
    "operation",
    [
        connect,
        connect_through_a_jump_host,
        run,
        run_that_lasts,
        start_and_talk,
        lines,
        local_forward,
        remote_forward,
        dynamic_forward,
        stream,
        get,
        put_a_tree,
        file,
        listen_reverse,
        serve,
    ],
)
def test_ctrl_c_anywhere_leaves_nothing_and_the_connection_usable(
    operation: Operation, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert swept(operation, place, monkeypatch) > 0
