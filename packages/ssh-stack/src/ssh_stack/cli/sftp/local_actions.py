"""The commands of sftp that the server does not see."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ssh_stack.cli.sftp.grammar import HELP
from ssh_stack.cli.sftp.state import ActionFailed, State
from ssh_stack.local.user import expand_home

if TYPE_CHECKING:
    from types import FrameType

    from ssh_stack.cli.sftp.grammar import Command

__all__ = ["LOCAL_ACTIONS"]

_SHELL: Final = "/bin/sh"
_NEW_DIRECTORY: Final = 0o777


def change_local_directory(state: State, command: Command) -> None:
    """Change the working directory of this machine: `lcd [path]`."""
    del state
    path = str(expand_home(command.paths[0] if command.paths and command.paths[0] else "~"))
    try:
        os.chdir(path)
    except (OSError, ValueError) as error:
        problem = f'Couldn\'t change local directory to "{path}": {_text(error)}'
        raise ActionFailed(problem) from None


def print_local_directory(state: State, command: Command) -> None:
    """Print the working directory of this machine: `lpwd`."""
    del command
    try:
        state.show(f"Local working directory: {Path.cwd()}")
    except OSError as error:
        problem = f"Couldn't get local cwd: {_text(error)}"
        raise ActionFailed(problem) from None


def make_local_directory(state: State, command: Command) -> None:
    """Make a directory on this machine: `lmkdir path`."""
    del state
    path = command.paths[0]
    try:
        Path(path).mkdir(_NEW_DIRECTORY)
    except (OSError, ValueError) as error:
        problem = f'Couldn\'t create local directory "{path}": {_text(error)}'
        raise ActionFailed(problem) from None


def set_mask(state: State, command: Command) -> None:
    """Set the mask of new files on this machine: `lumask mask`."""
    os.umask(command.number & 0o777)
    state.show(f"Local umask: {command.number:03o}")


def list_local(state: State, command: Command) -> None:
    """Run ls on this machine, with whatever the user wrote: `lls [words]`."""
    _run(state, f"/bin/ls {command.rest}".rstrip())


def run_shell(state: State, command: Command) -> None:
    """Run a command on this machine, or a shell: `!command`, `!`."""
    _run(state, command.rest)


def _run(state: State, text: str) -> None:
    shell = os.environ.get("SHELL") or _SHELL
    words = [shell, "-c", text] if text else [shell]
    try:
        with _left_alone():
            status = subprocess.run(words, check=False).returncode  # noqa: S603 (what the user types)
    except OSError as error:
        problem = f'Couldn\'t execute "{shell}": {_text(error)}'
        raise ActionFailed(problem) from None
    # the status is displayed only: it does not end a batch
    if status < 0:
        state.error("Shell exited abnormally")
    elif status:
        state.error(f"Shell exited with status {status}")


@contextmanager
def _left_alone() -> Generator[None]:
    """Leave Ctrl-C to the program that is run."""
    # a handler, not SIG_IGN, which the program would inherit
    before = signal.signal(signal.SIGINT, _do_nothing)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _do_nothing(_number: int, _frame: FrameType | None) -> None:
    pass


def print_help(state: State, command: Command) -> None:
    """Print what commands there are: `help`, `?`."""
    del command
    state.write(HELP)


def toggle_progress(state: State, command: Command) -> None:
    """Display transfers while they run, or no longer: `progress`."""
    del command
    state.progress = not state.progress
    state.show(f"Progress meter {'enabled' if state.progress else 'disabled'}")


def _text(error: Exception) -> str:
    return (isinstance(error, OSError) and error.strerror) or str(error)


LOCAL_ACTIONS: Final[dict[str, Callable[[State, Command], None]]] = {
    "lcd": change_local_directory,
    "lpwd": print_local_directory,
    "lmkdir": make_local_directory,
    "lumask": set_mask,
    "lls": list_local,
    "shell": run_shell,
    "help": print_help,
    "progress": toggle_progress,
}
"""What is done by the name of its action."""
