"""A session or a stream of a master, with the descriptors of this process (PROTOCOL.mux 2, 3).

The master carries the data; this process waits for the exit status, gives the terminal back,
and passes on the news that its size has changed.
"""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from ssh_connection.control import messages as m
from ssh_connection.control.client import require_granted
from ssh_stack.cli.command_exit import FAILED

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    from ssh_stack.cli.control.control_socket import ControlSocket
    from ssh_stack.cli.terminal import RawMode

__all__ = ["Passenger", "Signalled", "master_pid"]

_STREAMS: Final = (0, 1, 2)
_ENDING: Final = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM, signal.SIGQUIT)


class Signalled(BaseException):
    """A signal ends the program.

    Attributes:
        number: the signal.
    """

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def master_pid(control: ControlSocket) -> int:
    """Ask a master for a sign of life; return the id of its process.

    Raises:
        ControlRefused: it refuses.
        MasterLost: it ended.
    """
    answer = control.ask(m.AliveCheck())
    require_granted("the check", answer)
    return answer.pid if isinstance(answer, m.Alive) else 0


class Passenger:
    """Asks for a session or a stream, and waits for its end.

    Args:
        control: the connection to the master.
        terminal: what is raw while a session with a terminal lasts; None without one.
        opened: called when the session is open: the program may go to the background.
    """

    def __init__(
        self,
        control: ControlSocket,
        terminal: RawMode | None = None,
        opened: Callable[[], None] | None = None,
    ) -> None:
        self._control = control
        self._terminal = terminal
        self._opened = opened
        self._pid = 0

    def run(self, request: m.NewSession | m.NewStdioForward) -> int:
        """Ask, wait, and return the exit status.

        Raises:
            ControlRefused: the master refused it; nothing was started.
            Signalled: a signal ended the wait, and so the session.
        """
        self._pid = master_pid(self._control)
        self._take_signals()  # before the command can print anything
        what = "a session" if isinstance(request, m.NewSession) else "a stream"
        require_granted(what, self._control.ask(request, _STREAMS[: request.DESCRIPTORS]))
        if self._opened is not None:
            self._opened()
        if self._terminal is not None:
            self._terminal.enter()
        try:
            status = self._wait()
        finally:
            if self._terminal is not None:
                self._terminal.leave()
        if isinstance(request, m.NewStdioForward):
            return 0  # its end is the end of the stream
        return FAILED if status is None else status & 0xFF

    def _wait(self) -> int | None:
        """Return the exit status; None where the master ended without one."""
        status: int | None = None
        while (message := self._control.next()) is not None:
            match message:
                case m.ExitMessage():
                    status = message.status
                case m.TerminalFailed() if self._terminal is not None:
                    self._terminal.leave()
                case _:
                    pass
        return status

    def _take_signals(self) -> None:
        def end(number: int, _frame: FrameType | None) -> None:
            raise Signalled(number)

        for number in _ENDING:
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, end)
        signal.signal(signal.SIGWINCH, self._pass_on)

    def _pass_on(self, number: int, _frame: FrameType | None) -> None:
        if self._pid > 1:
            with suppress(OSError):
                os.kill(self._pid, number)
