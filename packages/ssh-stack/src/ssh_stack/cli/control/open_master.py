"""A master, where its socket can be made."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from ssh_stack.cli.askpass import Askpass
from ssh_stack.cli.control.listener import ControlListener
from ssh_stack.cli.control.master import Master, MasterSettings
from ssh_wire import UsageError
from ssh_wire.text import printable

if TYPE_CHECKING:
    from ssh_stack.cli.call import Call
    from ssh_stack.cli.forwards import Forwards
    from ssh_stack.cli.report import Report
    from ssh_stack.client.connection import Connection

__all__ = ["open_master"]


def open_master(
    connection: Connection, forwards: Forwards, call: Call, report: Report
) -> Master | None:
    """Share a connection; return None where that is not possible: the call goes on alone."""
    if call.control.path is None:
        return None
    path = os.fspath(call.control.path)
    try:
        listener = ControlListener.open(path)
    except FileExistsError:
        report.warn(f"ControlPath {printable(path)} already exists: the connection is not shared")
        return None
    except OSError as error:
        report.warn(f"ControlPath {printable(path)}: {os.strerror(error.errno or 0)}")
        return None
    except UsageError as error:
        report.warn(f"{error}: the connection is not shared")
        return None
    asks = call.control.master in {"ask", "autoask"}
    settings = MasterSettings(
        place=f"{call.host}:{call.port}",
        send_env=call.send_env,
        confirm=_confirm if asks else None,
    )
    return Master(connection, forwards, listener, report, settings)


async def _confirm(question: str) -> bool:
    """Ask by the program of SSH_ASKPASS, as OpenSSH does; without it the answer is no."""
    program = Askpass.for_questions(without_terminal=True)
    if program is None:
        return False
    answer = await program.ask(question, echo=True)
    return answer is not None and answer.strip().lower() in {"", "yes"}
