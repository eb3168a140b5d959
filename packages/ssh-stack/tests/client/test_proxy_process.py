"""Programs that reach the server: their streams, their end, and who reaps them."""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest

from ssh_stack.client.proxy_process import connect_proxy
from ssh_stack.errors import ProxyFailed

if TYPE_CHECKING:
    from conftest import Cli, Sshd
    from ssh_transport.aio import Driver

_SSHD = "/usr/sbin/sshd"
_RUNS = 12


class _Driver:
    """Stands for a driver; keeps what it is told."""

    def __init__(self) -> None:
        self.stream: asyncio.Transport | None = None
        self.received = bytearray()
        self.stuck = 0
        self.lost: asyncio.Future[Exception | None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.Transport) -> None:
        self.stream = transport

    def feed(self, data: bytes) -> None:
        self.received += data

    def pause_writing(self) -> None:
        self.stuck += 1

    def resume_writing(self) -> None:
        self.stuck -= 1

    def connection_lost(self, error: Exception | None) -> None:
        self.lost.set_result(error)


async def _started(script: str) -> tuple[_Driver, asyncio.Transport, int]:
    """Return a driver, its stream, and the number of the process."""
    before = _children()
    driver, stream = await _through(script)
    (child,) = _children() - before
    return driver, stream, child


async def _through(script: str) -> tuple[_Driver, asyncio.Transport]:
    driver = _Driver()
    await connect_proxy(cast("Driver", driver), ["/bin/sh", "-c", script], script)
    assert driver.stream is not None
    return driver, driver.stream


def _children() -> set[int]:
    return set(map(int, Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()))


def _block_until_ended(child: int) -> None:
    os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)


def _is_reaped(child: int) -> bool:
    try:
        os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return True
    return False


@pytest.fixture(autouse=True)
def _watcher_of_newer_pythons(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have asyncio watch its own children as from Python 3.12 on: without a thread that races."""
    if sys.version_info < (3, 12):
        watcher = asyncio.PidfdChildWatcher()
        policy = asyncio.get_event_loop_policy()  # pyright: ignore[reportDeprecated] (3.14)
        monkeypatch.setattr(policy, "_watcher", watcher)


async def test_program_that_has_ended_when_it_is_closed_is_reaped_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    driver, stream, child = await _started("read line; exit 7")
    stream.write(b"\n")
    # the loop has no turn between the end of the program and the close
    _block_until_ended(child)

    stream.close()
    error = await driver.lost

    assert isinstance(error, ProxyFailed)
    assert not [each for each in caplog.records if each.levelno >= logging.WARNING]
    assert _is_reaped(child)


async def test_standard_error_of_program_is_passed_on_as_it_arrives_and_kept() -> None:
    driver = _Driver()
    arrived = bytearray()
    spoken = asyncio.Event()

    def take(data: bytes) -> None:
        arrived.extend(data)
        spoken.set()

    script = "echo one >&2; read line; echo two >&2"
    words = ["/bin/sh", "-c", script]
    await connect_proxy(cast("Driver", driver), words, script, take)
    await asyncio.wait_for(spoken.wait(), 20)
    assert bytes(arrived) == b"one\n"

    assert driver.stream is not None
    driver.stream.write(b"\n")
    error = await driver.lost

    assert bytes(arrived) == b"one\ntwo\n"
    assert str(error).endswith("ended with status 0: one\\x0atwo")


@pytest.mark.parametrize("close", [asyncio.Transport.close, asyncio.Transport.abort])
async def test_program_that_runs_when_it_is_closed_is_killed_and_reaped(
    caplog: pytest.LogCaptureFixture, close: object
) -> None:
    driver, stream, child = await _started("exec sleep 300")

    getattr(stream, getattr(close, "__name__", ""))()
    assert stream.is_closing()
    await driver.lost

    assert not caplog.records
    assert _is_reaped(child)


async def test_program_that_reads_nothing_is_aborted_with_pending_data() -> None:
    driver, stream = await _through("exec sleep 300 <&0")
    stream.set_write_buffer_limits(high=1024)
    stream.write(bytes(1 << 20))
    assert driver.stuck == 1
    assert stream.get_write_buffer_size()

    stream.abort()

    assert isinstance(await driver.lost, ProxyFailed)


async def test_output_of_program_is_fed_and_its_standard_error_is_in_error() -> None:
    driver, stream = await _through("read line; echo got $line; echo out of luck >&2; exit 1")
    stream.pause_reading()
    stream.resume_reading()
    stream.write(b"hello\n")

    error = await driver.lost

    assert bytes(driver.received) == b"got hello\n"
    assert isinstance(error, ProxyFailed)
    assert error.stderr == "out of luck"
    assert str(error).endswith(" ended with status 1: out of luck")
    stream.write(b"this is never read")


async def test_signal_that_ends_the_program_is_in_error() -> None:
    driver, _ = await _through("kill -TERM $$")

    assert str(await driver.lost).endswith("was ended by signal TERM")


async def test_program_whose_output_ends_is_ended_with_its_children() -> None:
    driver, _ = await _through("exec >&-; sleep 300 & wait")

    assert isinstance(await driver.lost, ProxyFailed)


async def test_program_that_cannot_be_started_raises_proxy_failed() -> None:
    with pytest.raises(ProxyFailed, match="'x' cannot be started: No such file"):
        await connect_proxy(cast("Driver", _Driver()), ["/nonexistent"], "x")
    with pytest.raises(ProxyFailed, match="cannot be started: embedded null"):
        await connect_proxy(cast("Driver", _Driver()), ["/bin/sh", "\0"], "x")


async def test_program_is_killed_where_connecting_its_pipes_fails(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def fail(*_: object) -> None:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    monkeypatch.setattr(asyncio.get_running_loop(), "connect_read_pipe", fail)
    driver = _Driver()
    with pytest.raises(OSError, match="Too many open files"):
        await connect_proxy(cast("Driver", driver), ["/bin/sleep", "300"], "sleep")

    assert isinstance(await driver.lost, ProxyFailed)


@pytest.mark.skipif(shutil.which(_SSHD) is None, reason="no sshd on this machine")
def test_command_through_proxy_command_leaves_standard_error_empty(
    cli: Cli, sshd: Sshd, tmp_path: Path
) -> None:
    config = sshd.key.with_name("sshd_config")
    proxy = f"ProxyCommand={_SSHD} -i -f {config} -E {tmp_path / 'log'}"
    for _ in range(_RUNS):
        done = cli.run("ssh", "-o", proxy, *sshd.login, sshd.host, "echo through")

        assert (done.returncode, done.stdout, done.stderr) == (0, b"through\n", b"")
