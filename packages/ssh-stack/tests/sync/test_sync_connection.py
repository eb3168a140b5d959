from __future__ import annotations

import asyncio
import signal
import socket
import threading
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

import ssh_stack
from ssh_connection import CommandFailed, RequestRefused
from ssh_stack import sync
from ssh_wire import UsageError

MB = 1_000_000


@pytest.fixture
def conn(served: Any) -> Generator[sync.Connection]:
    with sync.connect(**served.options) as conn:
        yield conn


def interrupt_when(semaphore: threading.Semaphore) -> None:
    """Do what Ctrl-C does as soon as the other side has begun."""

    def interrupt() -> None:
        semaphore.acquire()
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)

    threading.Thread(target=interrupt).start()


def test_sync_is_attribute_of_package() -> None:
    assert ssh_stack.sync is sync


# ------------------------------------------------------------- connecting


def test_connection_opens_and_closes_with_its_block(served: Any) -> None:
    with sync.connect(**served.options) as conn:
        assert (conn.username, conn.port) == ("user", served.options["port"])
        assert not conn.is_closed
        assert conn.ping() > 0
    assert conn.is_closed


def test_open_leaves_closing_to_caller(served: Any) -> None:
    conn = sync.connect(**served.options).open()
    conn.close()
    conn.wait_closed()

    assert conn.is_closed


def test_invalid_option_fails_before_connecting() -> None:
    with pytest.raises(UsageError, match="host_key_policy"):
        sync.connect("web1", host_key_policy="maybe")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def test_refused_connection_is_raised_with_its_host(served: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    options: dict[str, Any] = {**served.options, "port": port}
    connect = sync.connect(**options)

    with pytest.raises(ConnectionRefusedError):
        connect.open()


def test_jump_goes_through_blocking_connection(conn: sync.Connection, served: Any) -> None:
    with sync.connect(**served.options, jump=conn) as further:
        assert further.run("say hello").stdout == b"hello"
    assert not conn.is_closed


# ------------------------------------------------------------- commands


def test_run_gives_bytes_or_text(conn: sync.Connection) -> None:
    assert conn.run("say hello").stdout == b"hello"
    assert conn.run("say hello", text=True).stdout == "hello"


def test_run_with_check_raises_command_failed(conn: sync.Connection) -> None:
    with pytest.raises(CommandFailed) as caught:
        conn.run("exit 3", check=True)
    assert caught.value.completed.exit_status == 3


def test_run_drains_both_streams(conn: sync.Connection) -> None:
    completed = conn.run(f"both {5 * MB}")

    assert completed.stdout == b"o" * 5 * MB
    assert completed.stderr == b"e" * 5 * MB


def test_two_threads_read_two_streams_of_process(conn: sync.Connection) -> None:
    with conn.start(f"both {5 * MB}") as process, ThreadPoolExecutor(2) as threads:
        out, err = threads.submit(process.stdout.read), threads.submit(process.stderr.read)
        assert process.wait() == 0
    assert (out.result(), err.result()) == (b"o" * 5 * MB, b"e" * 5 * MB)


def test_many_threads_share_connection(conn: sync.Connection) -> None:
    def say(text: str) -> str:
        return conn.run(f"say {text}", text=True).stdout

    with ThreadPoolExecutor(8) as threads:
        texts = [str(number) for number in range(40)]
        assert list(threads.map(say, texts)) == texts


def _finish(process: sync.Process) -> None:
    process.stdin.write_eof()
    process.wait()


def test_process_reads_written_data(conn: sync.Connection) -> None:
    with conn.start("cat") as process:
        assert process.running
        assert process.launch.command == "cat"
        assert process.stdin is process.stdin
        process.stdin.write(b"one\ntwo\nthree")
        assert process.stdout.readline() == b"one\n"
        process.stdin.write_eof()
        assert list(process.stdout.lines()) == [b"two\n", b"three"]
        assert process.wait() == 0
        assert process.exit_status == 0


def test_iteration_over_lines_that_ends_early_loses_no_data(conn: sync.Connection) -> None:
    with conn.start("cat") as process:
        process.stdin.write(b"one\ntwo\nthree\n")
        for line in process.stdout.lines():
            assert line == b"one\n"
            break
        for line in process.stdout:
            assert line == b"two\n"
            break
        assert process.stdout.readexactly(6) == b"three\n"
        _finish(process)


def test_end_of_block_ends_remote_process(conn: sync.Connection, served: Any) -> None:
    with conn.start("hang") as process:
        served.hanging.acquire()
    assert served.signals.get(timeout=10) == "TERM"
    assert process.exit_status == 143


def test_refused_request_is_raised_on_entry(conn: sync.Connection) -> None:
    scope = conn.subsystem("none")

    with pytest.raises(RequestRefused, match="subsystem none"):
        scope.open()


# ------------------------------------------------------------- Ctrl-C


def test_ctrl_c_ends_command_and_leaves_connection(conn: sync.Connection, served: Any) -> None:
    interrupt_when(served.hanging)

    with pytest.raises(KeyboardInterrupt):
        conn.run("hang")
    assert served.signals.get(timeout=10) == "TERM"
    assert conn.run("say hello").stdout == b"hello"


def test_ctrl_c_while_reading_loses_nothing(conn: sync.Connection) -> None:
    with conn.start("cat") as process:
        process.stdin.write(b"half ")
        semaphore = threading.Semaphore(0)
        interrupt_when(semaphore)

        def read() -> bytes:
            semaphore.release()
            return process.stdout.readline()

        with pytest.raises(KeyboardInterrupt):
            read()
        process.stdin.write(b"a line\n")
        assert process.stdout.readline() == b"half a line\n"
        _finish(process)


# ------------------------------------------------------------- forwards


def _echo_once(listener: socket.socket) -> None:
    peer, _ = listener.accept()
    with peer:
        peer.sendall(peer.recv(100))


@pytest.fixture
def echo() -> Generator[int]:
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        ThreadPoolExecutor(1) as threads,
    ):
        done = threads.submit(_echo_once, listener)
        yield listener.getsockname()[1]
        done.result(10)


def test_stream_carries_data_both_ways(conn: sync.Connection, echo: int) -> None:
    stream = conn.open_tcp("127.0.0.1", echo)
    stream.write(b"there and back")
    stream.write_eof()

    assert stream.reader is stream.reader
    assert stream.read() == b"there and back"
    stream.close()


@pytest.mark.parametrize("kind", ["forward_local", "forward_remote"])
def test_forward_carries_data(conn: sync.Connection, echo: int, kind: str) -> None:
    make: Callable[..., sync.Scope[sync.LocalForward]] = getattr(conn, kind)
    with make("127.0.0.1:0", f"127.0.0.1:{echo}") as forward:
        assert forward.host == "127.0.0.1"
        with socket.create_connection(("127.0.0.1", forward.port)) as client:
            client.sendall(b"there and back")
            assert client.recv(100) == b"there and back"


# ------------------------------------------------------------- the loop's thread


def test_callback_that_blocks_its_thread_raises_usage_error(
    conn: sync.Connection, served: Any
) -> None:
    async def ask() -> str | None:
        conn.ping()
        return None

    options: dict[str, Any] = {
        **served.options,
        "keys": None,
        "password": ask,
        "ask_methods_first": False,  # the server does not list passwords
    }
    connect = sync.connect(**options)
    with pytest.raises(Exception) as caught:  # noqa: PT011 (its cause is looked for)
        connect.open()
    assert "cannot wait for that same thread" in _whole_story(caught.value)


def _whole_story(error: BaseException | None) -> str:
    told: list[str] = []
    while error is not None:
        told.append(str(error))
        error = error.__cause__ or error.__context__
    return "\n".join(told)


def test_blocking_call_works_inside_other_event_loop(conn: sync.Connection) -> None:
    async def main() -> bytes:
        return conn.run("say hello").stdout

    assert asyncio.run(main()) == b"hello"


def test_blocking_object_has_repr_and_equality_of_wrapped_one(conn: sync.Connection) -> None:
    process = conn.start("cat").open()
    process.stdin.write_eof()

    assert repr(process).startswith("<blocking <ssh_connection.aio.process.process.Process")
    assert process == process  # noqa: PLR0124 (equality is the async object's)
    assert process != conn
    assert process != "cat"
    assert len({process, process}) == 1
    process.close()
