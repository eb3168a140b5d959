"""What every driver shares: the timeout, and closing at the end of a block."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Generator

import pytest

from ssh_wire.aio import Timeout, accept, close_after, timeout


async def cancelled_then(work: asyncio.Future[str], *, seconds: float) -> str:
    """Be cancelled, and go on to wait for `work` with a timeout, as a clean-up does."""
    try:
        await asyncio.get_running_loop().create_future()
    except asyncio.CancelledError:
        try:
            async with timeout(seconds):
                return await work
        except TimeoutError:
            return "timed out"
    return "not cancelled"


async def cancelled(coroutine: asyncio.Task[str]) -> str:
    await asyncio.sleep(0)
    coroutine.cancel()
    return await coroutine


async def test_block_that_takes_too_long_raises_timeout_error() -> None:
    clock = timeout(0)
    with pytest.raises(TimeoutError):
        async with clock:
            await asyncio.get_running_loop().create_future()
    assert clock.expired()


async def test_block_that_ends_in_time_raises_nothing() -> None:
    async with timeout(60) as clock:
        await asyncio.sleep(0)
    assert not clock.expired()


async def test_timeout_in_a_cancelled_task_raises_timeout_error() -> None:
    never: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    task = asyncio.ensure_future(cancelled_then(never, seconds=0))
    assert await cancelled(task) == "timed out"


async def test_block_in_a_cancelled_task_ends_in_time() -> None:
    done: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    done.set_result("done")
    task = asyncio.ensure_future(cancelled_then(done, seconds=60))
    assert await cancelled(task) == "done"


async def test_cancellation_within_the_block_is_not_taken_for_the_timeout() -> None:
    async def work() -> None:
        async with timeout(60):
            await asyncio.get_running_loop().create_future()

    task = asyncio.ensure_future(work())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_cancellation_beside_the_expiry_continues() -> None:
    entered = asyncio.Event()

    async def work() -> None:
        async with timeout(0):
            entered.set()
            await asyncio.get_running_loop().create_future()

    task = asyncio.ensure_future(work())
    await entered.wait()
    asyncio.get_running_loop().call_soon(task.cancel)
    with pytest.raises((asyncio.CancelledError, TimeoutError)) as caught:
        await task
    assert caught.type is asyncio.CancelledError or task.cancelling() > 0


async def test_other_error_of_the_block_is_raised_as_it_is() -> None:
    async def work() -> None:
        async with timeout(60):
            raise LookupError

    with pytest.raises(LookupError):
        await work()


async def test_deadline_can_be_removed_and_set_again() -> None:
    loop = asyncio.get_running_loop()
    clock = timeout(None)
    assert clock.when() is None
    clock.reschedule(loop.time())  # before the block it is only noted

    async def work() -> None:
        async with clock:
            clock.reschedule(None)
            await asyncio.sleep(0)
            assert not clock.expired()
            clock.reschedule(loop.time())
            assert clock.when() is not None
            await loop.create_future()

    with pytest.raises(TimeoutError):
        await work()


async def test_deadline_after_the_expiry_changes_nothing() -> None:
    loop = asyncio.get_running_loop()
    clock = Timeout(loop.time())

    async def work() -> None:
        async with clock:
            try:
                await loop.create_future()
            finally:
                clock.reschedule(loop.time() + 60)

    with pytest.raises(TimeoutError):
        await work()


def test_timeout_outside_a_task_is_refused() -> None:
    async def enter(clock: Timeout) -> None:
        await clock.__aenter__()

    coroutine = enter(Timeout(None))
    with pytest.raises(RuntimeError, match="no running event loop"):
        coroutine.send(None)


async def test_timeout_in_a_callback_of_the_loop_is_refused() -> None:
    loop = asyncio.get_running_loop()
    raised: asyncio.Future[BaseException] = loop.create_future()

    def enter() -> None:
        try:
            Timeout(None).__aenter__().send(None)
        except RuntimeError as error:
            raised.set_result(error)

    loop.call_soon(enter)

    assert str(await raised) == "a timeout needs a task"


async def test_expiry_behind_the_block_cancels_nothing() -> None:
    clock = Timeout(None)
    async with clock:
        pass

    clock._expire()  # the loop may have called it already when the block ended

    assert not clock.expired()
    await asyncio.sleep(0)


async def failing() -> None:
    problem = "no space left"
    raise OSError(problem)


async def test_closing_that_fails_after_a_good_block_is_an_error() -> None:
    with pytest.raises(OSError, match="no space left"):
        await close_after(None, failing)


@pytest.mark.parametrize("error", [ValueError("mine"), asyncio.CancelledError()])
async def test_closing_that_fails_after_an_error_is_a_note_of_that_error(
    error: BaseException,
) -> None:
    await close_after(error, failing)
    assert error.__notes__ == ["closing failed too: no space left"]


async def test_closing_that_is_cancelled_is_cancelled() -> None:
    async def cancelled_here() -> None:
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await close_after(ValueError("mine"), cancelled_here)


# ---------------------------------------------------------------- accept


@pytest.fixture
def listening() -> Generator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as found:
        found.setblocking(False)
        yield found


async def test_connection_is_taken_when_it_arrives(listening: socket.socket) -> None:
    taking = asyncio.ensure_future(accept(listening))
    await asyncio.sleep(0)
    with socket.create_connection(listening.getsockname()) as client:
        taken, address = await taking
        with taken:
            assert address == client.getsockname()
            assert not taken.getblocking()


async def test_connection_that_waits_already_is_taken_at_once(listening: socket.socket) -> None:
    with socket.create_connection(listening.getsockname()):
        taken, _ = await accept(listening)
        taken.close()


async def test_connection_that_arrives_as_its_taker_is_cancelled_waits_for_the_next(
    listening: socket.socket,
) -> None:
    taking = asyncio.ensure_future(accept(listening))
    await asyncio.sleep(0)
    with socket.create_connection(listening.getsockname()):
        asyncio.get_running_loop().call_soon(taking.cancel)
        with pytest.raises(asyncio.CancelledError):
            await taking
        taken, _ = await accept(listening)
        taken.close()


async def test_loop_that_watches_no_descriptors_takes_connections_itself(
    listening: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The loop of Windows."""
    loop = asyncio.get_running_loop()
    taken = object()

    def watch(*_: object) -> None:
        raise NotImplementedError

    async def take(_: socket.socket) -> tuple[object, object]:
        await asyncio.sleep(0)
        return taken, None

    monkeypatch.setattr(loop, "add_reader", watch)
    monkeypatch.setattr(loop, "sock_accept", take)
    assert await accept(listening) == (taken, None)
