"""The one line that a failure is told in, and the exit status that goes with it.

Texts of a peer are escaped where they enter the stack; what has no such origin
passes `printable` here once more, so that a line stays a line.
"""

from __future__ import annotations

import os
import re
import socket
from typing import Final

from ssh_auth import AuthenticationFailed
from ssh_connection import SSHTimeout
from ssh_stack.errors import HostKeyError, HostKeyUnknown
from ssh_transport import ConnectionLost, IdentificationError
from ssh_wire import SSHError
from ssh_wire.text import printable

__all__ = ["explain", "root_cause"]

_LIMIT: Final = 2048
_HOW_TO_ACCEPT: Final = (
    "to accept it, add it to known_hosts or give -o StrictHostKeyChecking=accept-new"
)


def explain(error: BaseException, host: str = "", port: int = 0) -> str:
    """Return one line that says what went wrong, for the user of a command.

    Args:
        error: what was raised.
        host: where a connection was being made to.
        port: its port.
    """
    root = root_cause(error)
    where = f"connect to host {host} port {port}"
    if root is not error and isinstance(root, OSError):  # there was a connection
        where = f"connection to {host} port {port}"
    text, words = _text(root, where), _words_of_openssh(root)
    return printable(" ".join(text.split()), _LIMIT - len(words)) + words


def _words_of_openssh(error: BaseException) -> str:
    """Return the words that programs which call ssh look for, to be put behind the text.

    ssh-copy-id, for one, goes on after "Permission denied" and stops after anything else.
    """
    if isinstance(error, AuthenticationFailed):
        methods = printable(",".join(error.remaining_methods), 256)
        return f"; Permission denied ({methods})"
    return "; Host key verification failed" if isinstance(error, HostKeyError) else ""


def root_cause(error: BaseException) -> BaseException:
    """Return what lies behind: the reason of a lost connection."""
    while type(error) is ConnectionLost and isinstance(error.__cause__, SSHError | OSError):
        error = error.__cause__
    return error


def _text(error: BaseException, where: str) -> str:
    if isinstance(error, SSHTimeout) and error.name in {"connect", "handshake", "auth", "open"}:
        return f"{where}: no answer within {error.seconds:g} seconds ({error.name})"
    if isinstance(error, IdentificationError):
        return f"{where}: {error}"
    if isinstance(error, HostKeyUnknown):
        first = "correct that file first; " if error.unread else ""
        return f"{error.summary}: {first}{_HOW_TO_ACCEPT}"
    if isinstance(error, SSHError):
        return str(error) or type(error).__name__
    if isinstance(error, OSError):
        return _os_error_text(error, where)
    return f"internal error, please report it: {type(error).__name__}: {error}"


def _os_error_text(error: OSError, where: str) -> str:
    """Return the operating system's text of an error, without its number."""
    if error.filename is not None:
        return f"{error.filename}: {error.strerror}"
    if isinstance(error, socket.gaierror):
        return f"{where}: {error.strerror}"
    # asyncio names each address that it tried, and gives all errors in one string
    numbers = dict.fromkeys(int(number) for number in re.findall(r"\[Errno (\d+)\]", str(error)))
    if error.errno is not None:
        numbers = {error.errno: None}
    if not numbers:
        return f"{where}: {error}"
    return f"{where}: {', '.join(os.strerror(number) for number in numbers)}"
