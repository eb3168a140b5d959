"""From the words of `ssh-agent` to its exit status."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ssh_agent.aio.listener import AgentListener
from ssh_agent.program.options import USAGE, Options, parse_options
from ssh_agent.program.output import announce, choose_shell, retract
from ssh_agent.program.places import open_default, remove_stale
from ssh_agent.program.process import (
    become_daemon,
    forbid_tracing,
    hold_signals,
    ignore_signals,
    release_signals,
)
from ssh_wire import SSHError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["main"]

PARENT_CHECK: Final = 10.0
"""Seconds between two looks at whether the command still runs, as in OpenSSH."""

_FAILED: Final = 1
_ENDED_BY_SIGNAL: Final = 2
_ACTIVATED: Final = 3  # the first descriptor of sd_listen_fds(3)
_LEAST_PID: Final = 2


def main(words: Sequence[str] | None = None) -> int:
    """Do what a command line of ssh-agent(1) asks for; return the exit status.

    Args:
        words: the words behind the program's name; by default those of the process.
    """
    try:
        options = parse_options(sys.argv[1:] if words is None else words)
    except UsageError as error:
        return _fail(f"{error}\n{USAGE}".rstrip("\n"))
    try:
        return _ACTIONS[options.action](options)
    except (OSError, SSHError) as error:
        named = isinstance(error, OSError) and error.strerror
        where = f"{error.filename}: " if isinstance(error, OSError) and error.filename else ""
        return _fail(f"{where}{named or error}")


def _help(options: Options) -> int:
    del options
    sys.stdout.write(USAGE)
    return 0


def _version(options: Options) -> int:
    del options
    from importlib.metadata import version  # only for -V

    sys.stderr.write(f"ssh-agent {version('ssh-agent')}\n")
    return 0


def _clean(options: Options) -> int:
    remove_stale(Path.home(), time.time(), every_host=options.every_host)
    sys.stdout.write("Deleted stale agent sockets in ~/.ssh/agent\n")
    return 0


def _kill(options: Options) -> int:
    text = os.environ.get("SSH_AGENT_PID")
    if text is None:
        return _fail("SSH_AGENT_PID not set, cannot kill agent", prefix="")
    if not (text.isascii() and text.isdigit() and int(text) >= _LEAST_PID):
        return _fail(f'SSH_AGENT_PID="{text}", which is not a good PID', prefix="")
    pid = int(text)
    try:
        os.kill(pid, signal.SIGTERM)
    except (OSError, OverflowError) as error:
        return _fail(f"kill: {getattr(error, 'strerror', error)}", prefix="")
    sys.stdout.write(retract(choose_shell(options.syntax, os.environ), pid))
    return 0


def _serve(options: Options) -> int:
    forbid_tracing()
    listener = _open(options)
    mask = hold_signals()
    try:
        if options.foreground:
            shell = choose_shell(options.syntax, os.environ)
            _print(announce(shell, listener.path, os.getpid(), with_pid=False))
            return _run(options, listener, mask, command=None)
        sys.stdout.flush()
        parent = os.getpid()
        child = os.fork()  # before there is a loop or a thread
        if child:
            release_signals(mask)
            return _in_parent(options, listener, child)
        become_daemon(listener.socket.fileno())
        listener.take_over()
        return _run(options, listener, mask, command=parent if options.command else None)
    finally:
        release_signals(mask)


def _open(options: Options) -> AgentListener:
    if _is_activated(options):
        return AgentListener.adopt(_ACTIVATED)
    if options.in_temporary or options.path:
        return AgentListener.open(None if options.in_temporary else options.path)
    home = Path.home()
    if not options.keep_stale:
        remove_stale(home, time.time())
    return open_default(home)


def _is_activated(options: Options) -> bool:
    """Say whether the service manager made the socket (sd_listen_fds(3))."""
    if options.path or options.in_temporary or not options.foreground:
        return False
    count, pid = os.environ.get("LISTEN_FDS"), os.environ.get("LISTEN_PID")
    if count is None or pid is None:
        return False
    if count != "1" or pid != str(os.getpid()):
        problem = f"LISTEN_FDS={count} and LISTEN_PID={pid} are not one socket for this process"
        raise UsageError(problem)
    return True


def _in_parent(options: Options, listener: AgentListener, child: int) -> int:
    """Run the command, or print what the shell needs."""
    path = listener.path
    listener.socket.close()  # the child has it
    if not options.command:
        shell = choose_shell(options.syntax, os.environ)
        _print(announce(shell, path, child, with_pid=True))
        return 0
    environ = {**os.environ, "SSH_AUTH_SOCK": path, "SSH_AGENT_PID": str(child)}
    try:
        os.execvpe(options.command[0], options.command, environ)  # noqa: S606 (what it is for)
    except OSError as error:
        return _fail(f"{options.command[0]}: {error.strerror}", prefix="")


def _run(options: Options, listener: AgentListener, mask: set[int], *, command: int | None) -> int:
    try:
        return asyncio.run(_Agent(options, listener, command).run(mask))
    finally:
        listener.close()


class _Agent:
    """The agent in its own process.

    Args:
        options: the command line.
        listener: the socket.
        command: the process of the command, whose end is the agent's; None for no command.
    """

    def __init__(self, options: Options, listener: AgentListener, command: int | None) -> None:
        self._options = options
        self._listener = listener
        self._command = command

    async def run(self, mask: set[int]) -> int:
        """Serve until a signal, or the end of the command; return the exit status.

        Args:
            mask: the signals that are held when there are handlers for all.
        """
        from ssh_agent.aio.server import AgentServer
        from ssh_agent.program.askpass import find_askpass, make_confirm
        from ssh_agent.server import Keyring

        loop = asyncio.get_running_loop()
        ended: asyncio.Future[int] = loop.create_future()
        keyring = Keyring(default_lifetime=self._options.lifetime, allow_sha1=True)
        program = find_askpass(os.environ)
        server = AgentServer(
            keyring,
            lambda: self._listener,
            confirm=make_confirm(program, self._options.fingerprint) if program else None,
            trace=_trace if self._options.debug else None,
        )
        for number in (signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, self._end, ended, number)
        if self._options.foreground:
            loop.add_signal_handler(signal.SIGINT, self._end, ended, signal.SIGINT)
        else:
            ignore_signals(signal.SIGINT)
        loop.add_signal_handler(signal.SIGUSR1, keyring.remove_all)
        async with server:
            release_signals(mask)
            self._look_after_command(ended)
            return await ended

    def _end(self, ended: asyncio.Future[int], number: signal.Signals) -> None:
        activated = number == signal.SIGTERM and not self._listener.path
        finish(ended, 0 if activated else _ENDED_BY_SIGNAL)

    def _look_after_command(self, ended: asyncio.Future[int]) -> None:
        if self._command is None:
            return
        if os.getppid() != self._command:
            finish(ended, _ENDED_BY_SIGNAL)
            return
        loop = asyncio.get_running_loop()
        loop.call_later(PARENT_CHECK, self._look_after_command, ended)


def finish(ended: asyncio.Future[int], status: int) -> None:
    """End the agent with an exit status, unless it ends already."""
    if not ended.done():
        ended.set_result(status)


def _trace(line: str) -> None:
    sys.stderr.write(f"debug1: {line}\n")


def _print(text: str) -> None:
    with suppress(BrokenPipeError):
        sys.stdout.write(text)
        sys.stdout.flush()


def _fail(text: str, *, prefix: str = "ssh-agent: ") -> int:
    sys.stderr.write(f"{prefix}{text}\n")
    return _FAILED


_ACTIONS: Final = {
    "help": _help,
    "version": _version,
    "clean": _clean,
    "kill": _kill,
    "serve": _serve,
}
