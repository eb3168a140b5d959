"""From a coroutine to an exit status: signals end it, failures are told in one line."""

from __future__ import annotations

import asyncio
import signal
import traceback
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Final

from ssh_stack.cli.command_exit import FAILED, CommandExit
from ssh_stack.cli.errors import explain, root_cause
from ssh_stack.cli.host_key_warnings import host_key_warning
from ssh_transport import ConnectionLost

if TYPE_CHECKING:
    from ssh_stack.cli.report import Report

__all__ = ["run"]

_ENDING_SIGNALS: Final = (signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGHUP)
_SIGNAL_STATUS_BASE: Final = 128  # "128+n" is how shells spell "ended by signal n"


def run(
    work: Callable[[], Awaitable[int]], report: Report, address: Callable[[], tuple[str, int]]
) -> int:
    """Run `work` to its exit status; tell its failure.

    A signal that is not ignored cancels `work`, which cleans up; a second one hurries it.

    Args:
        work: returns the exit status.
        report: where failures are told.
        address: the host and port that a failure to connect is told with.
    """
    caught: list[int] = []
    try:
        return asyncio.run(_main(work, caught, report))
    except asyncio.CancelledError:
        return _SIGNAL_STATUS_BASE + caught[0] if caught else FAILED
    except KeyboardInterrupt:
        return _SIGNAL_STATUS_BASE + signal.SIGINT
    except CommandExit as stop:
        if str(stop):
            report.error(str(stop))
        return stop.status
    except Exception as error:  # noqa: BLE001 (whatever it is, the user gets one line)
        if warning := host_key_warning(root_cause(error)):
            report.alarm(warning)
        report.error(_line(error, address))
        if report.verbose > 1:
            report.show("".join(traceback.format_exception(error)))
        return FAILED


def _line(error: BaseException, address: Callable[[], tuple[str, int]]) -> str:
    host, port = address()
    line = explain(error, host, port)
    if isinstance(root_cause(error), ConnectionLost):
        return f"connection to {host} port {port}: {line}"
    return line


async def _main(work: Callable[[], Awaitable[int]], caught: list[int], report: Report) -> int:
    loop = asyncio.get_running_loop()
    task = asyncio.current_task()

    def stop(number: int) -> None:
        caught.append(number)
        if task is not None:
            task.cancel()

    def report_background_failure(
        _loop: asyncio.AbstractEventLoop, context: dict[str, Any]
    ) -> None:
        error = context.get("exception")
        report.note(explain(error) if error is not None else str(context["message"]))

    loop.set_exception_handler(report_background_failure)
    for number in _ENDING_SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:  # nohup, and jobs in the background
            loop.add_signal_handler(number, stop, number)
    return await work()
