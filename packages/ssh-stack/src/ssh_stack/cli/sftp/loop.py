"""sftp from its connection to its exit status: one command after the other.

The lines are read in the main thread, where Ctrl-C and readline belong; the connection lives in
the event-loop thread of the blocking API, so that it is served while somebody types.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Generator
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final, TextIO

from ssh_stack.cli.command_exit import FAILED, CommandExit
from ssh_stack.cli.errors import explain, root_cause
from ssh_stack.cli.host_key_warnings import host_key_warning
from ssh_stack.cli.sftp.grammar import Command, read_line
from ssh_stack.cli.sftp.lines import NextLine, reader, typist
from ssh_stack.cli.sftp.local_actions import LOCAL_ACTIONS
from ssh_stack.cli.sftp.patterns import Found, LocalNames, RemoteNames, find
from ssh_stack.cli.sftp.remote_actions import REMOTE_ACTIONS
from ssh_stack.cli.sftp.state import ActionFailed, State, ends_session
from ssh_stack.cli.sftp.transfer_actions import TRANSFER_ACTIONS, fetch
from ssh_stack.cli.sftp_session import Manner, Sessions, sftp_options
from ssh_stack.sync._portal import portal
from ssh_wire import SSHError
from ssh_wire.text import printable

if TYPE_CHECKING:
    from types import FrameType

    from ssh_stack.cli.report import Report
    from ssh_stack.cli.sftp.grammar import Place
    from ssh_stack.cli.sftp.options import Options

__all__ = ["run_sftp"]

_FAILED_COMMAND: Final = 1
_SIGNAL_STATUS_BASE: Final = 128
_ACTIONS: Final = {**REMOTE_ACTIONS, **TRANSFER_ACTIONS}
_FIRST: Final = ("ForwardX11 no", "PermitLocalCommand no", "ClearAllForwardings yes")
_LAST: Final = ("ForwardAgent no",)


class _Signalled(BaseException):
    """A signal that ends the program; it interrupts what the main thread waits for."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.status = _SIGNAL_STATUS_BASE + number


def run_sftp(options: Options, report: Report) -> int:
    """Connect, carry out the commands, return the exit status."""
    stack = AsyncExitStack()
    letters = options.letters
    manner = Manner(
        first=tuple(f"-o{line}" for line in (*_FIRST, "ControlMaster no")),
        last=tuple(f"-o{line}" for line in _LAST),
        lines=(*_FIRST, *_LAST),
        subsystem=options.subsystem,
    )
    transfer = sftp_options(letters, atomic=False, fsync=options.fsync)
    sessions = Sessions(letters, manner, transfer, report, stack)
    try:
        with _commands(options) as file, _ending_signals():
            try:
                return _conduct(options, report, sessions, file)
            finally:
                portal().wait(stack.aclose)
    except CommandExit as stop:
        if str(stop):
            report.error(str(stop))
        return stop.status
    except _Signalled as ended:
        return ended.status
    except KeyboardInterrupt:
        return _SIGNAL_STATUS_BASE + signal.SIGINT
    except Exception as error:  # noqa: BLE001 (whatever it is, the user gets one line)
        if warning := host_key_warning(root_cause(error)):
            report.alarm(warning)
        report.error(explain(error, *sessions.address))
        return FAILED


def _conduct(options: Options, report: Report, sessions: Sessions, file: TextIO) -> int:
    session = portal().wait(sessions.open, options.location)
    if not options.quiet:
        where = options.letters.server or options.location.host or ""
        verb = "Connected" if options.letters.server is None else "Attached"
        report.plain(f"{verb} to {printable(where)}.")
    start = portal().wait(session.sftp.realpath, ".")
    state = State(
        sftp=session.sftp,
        report=report,
        directory=start,
        home=start,
        quiet=options.quiet,
        progress=os.isatty(2) and options.batch is None and not options.letters.quiet,
        stops=options.batch is not None,
        recursive=options.recursive,
        resume=options.resume,
        preserve=options.preserve,
        fsync=options.fsync,
    )
    loop = _Loop(state, interactive=options.batch is None and os.isatty(0))
    if (
        options.path is not None
        and (status := loop.visit(options.path, options.local)) is not None
    ):
        return status
    return loop.run(file)


class _Loop:
    """Carries out commands until one ends the program."""

    def __init__(self, state: State, *, interactive: bool) -> None:
        self._state = state
        self._stops = state.stops
        self._interactive = interactive

    def visit(self, path: str, local: str | None) -> int | None:
        """Go to a directory that was named with the host; fetch a file, and return the status."""
        state = self._state
        path = state.absolute(path)
        try:
            if local is None and portal().wait(state.sftp.is_dir, path):
                state.say(f"Changing to: {path}")
                self._carry_out(Command(name="cd", action="cd", paths=(path,)))
                return None
            portal().wait(fetch, state, path, local)
        except ActionFailed as error:
            state.error(str(error))
            return _FAILED_COMMAND
        return 0

    def run(self, file: TextIO) -> int:
        """Carry out the commands of a file, or of the user; return the exit status."""
        next_line = self._lines(file)
        while True:
            try:
                text = next_line()
                status = 0 if text is None else self._step(text)
            except KeyboardInterrupt:
                if not self._interactive:
                    raise
                self._state.write("\n")
                continue
            if status is not None:
                return status

    def _step(self, text: str) -> int | None:
        """Carry out a line; return the exit status where it ends the program."""
        line = read_line(text)
        if not (self._interactive or line.silent):
            self._state.show(f"sftp> {text}")
        self._state.stops = self._stops and not line.forgiving
        if line.problem:
            self._state.error(line.problem)
        elif line.command is None:
            return None
        elif line.command.action == "quit":
            return 0
        elif self._attempt(line.command):
            return None
        return _FAILED_COMMAND if self._state.stops else None

    def _attempt(self, command: Command) -> bool:
        """Carry out a command; print what goes wrong, and return whether nothing did."""
        problem = ""
        try:
            self._carry_out(command)
        except ActionFailed as error:
            problem = str(error)
        except (SSHError, OSError) as error:
            if ends_session(error):
                raise
            problem = explain(error)
        except KeyboardInterrupt:
            if not self._interactive:
                raise
            self._state.report.plain("\rInterrupt  ")
        else:
            return True
        if problem:
            self._state.error(problem)
        return False

    def _carry_out(self, command: Command) -> None:
        local = LOCAL_ACTIONS.get(command.action)
        if local is not None:
            local(self._state, command)
        else:
            portal().wait(_ACTIONS[command.action], self._state, command)

    def _lines(self, file: TextIO) -> NextLine:
        if not self._interactive:
            return reader(file)
        from ssh_stack.cli.sftp.completion import Completer  # only for a user at a terminal

        return typist(Completer(self._names))

    def _names(self, place: Place, pattern: str) -> list[Found]:
        """Return what a pattern matches, for a completion."""
        if place == "local":
            return portal().wait(find, LocalNames(), pattern)
        base = "" if pattern.startswith("/") else self._state.absolute("")
        names = RemoteNames(self._state.sftp)
        found = portal().wait(find, names, self._state.absolute_pattern(pattern))
        return [Found(each.path.removeprefix(base), each.attributes) for each in found]


@contextmanager
def _ending_signals() -> Generator[None]:
    """Have the signals that end the program end it as Ctrl-C does: transfers are cleaned up."""

    def end(number: int, _frame: FrameType | None) -> None:
        raise _Signalled(number)

    before = {
        number: signal.signal(number, end)
        for number in (signal.SIGTERM, signal.SIGHUP)
        if signal.getsignal(number) is not signal.SIG_IGN
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _commands(options: Options) -> Generator[TextIO]:
    """Give what the commands are read from."""
    path = options.batch
    if path is None or path == "-":
        with open(0, encoding="utf-8", errors="surrogateescape", closefd=False) as file:
            yield file
        return
    try:
        file = Path(path).open(encoding="utf-8", errors="surrogateescape")  # noqa: SIM115 (below)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        problem = f"{printable(path)}: {reason}"
        raise CommandExit(problem) from None
    with file:
        yield file
