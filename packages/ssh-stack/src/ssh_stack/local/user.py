"""Who uses this process: the user's name and home directory.

A container often runs as a user without an entry in passwd.  The environment then says who
it is; where it does not, the error says what to give instead.
"""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING, Final

from ssh_wire import UsageError, lazy

if TYPE_CHECKING:
    import pathlib
    import pwd
    from pathlib import Path
else:
    pathlib = lazy.module("pathlib")  # with what it imports, 3 ms

__all__ = [
    "UnknownUser",
    "expand_home",
    "expand_home_text",
    "home_directory",
    "local_user",
    "user_at_host",
]

_VARIABLES: Final = ("LOGNAME", "USER", "LNAME", "USERNAME")  # those of getpass.getuser


class UnknownUser(UsageError):
    """A `~user` of whom no home directory is known."""


def local_user() -> str:
    """Return the name of the user who runs this process.

    It is passwd's, as it is for `ssh`, then that of the environment.

    Raises:
        UsageError: neither has a name.
    """
    entry = _entry()
    if entry is not None:
        return entry.pw_name
    for variable in _VARIABLES:
        if name := os.environ.get(variable):
            return name
    problem = (
        f"the user name is not known: user id {_user_id()} has no entry in passwd and "
        "LOGNAME is not set; give a username, or a line User in the configuration"
    )
    raise UsageError(problem)


def home_directory() -> Path:
    """Return the home directory of the user who runs this process.

    It is HOME, then passwd's.

    Raises:
        UsageError: neither is there.
    """
    return pathlib.Path(_home())


def expand_home(path: str | os.PathLike[str]) -> Path:
    """Return a path with `~` or `~user` at its start replaced by the home directory.

    Raises:
        UnknownUser: there is no such user.
        UsageError: the home directory of this user is not known.
    """
    return pathlib.Path(expand_home_text(os.fspath(path)))


def expand_home_text(text: str) -> str:
    """Return the same as `expand_home`, as it is written.

    Raises:
        UnknownUser: there is no such user.
        UsageError: the home directory of this user is not known.
    """
    if not text.startswith("~"):
        return text
    name, _, rest = text[1:].partition("/")
    found = os.path.expanduser(f"~{name}") if name else _home()  # noqa: PTH111 (it leaves what it does not know)
    if found.startswith("~"):
        problem = f"there is no user {name!r}, whose home directory {text!r} names"
        raise UnknownUser(problem)
    return f"{found.rstrip('/')}/{rest.lstrip('/')}"


def user_at_host() -> str:
    """Return "user@host" for a comment; the host alone where the user has no name."""
    host = socket.gethostname()
    try:
        return f"{local_user()}@{host}"
    except UsageError:
        return host


def _home() -> str:
    if home := os.environ.get("HOME"):
        return home
    entry = _entry()
    if entry is not None and entry.pw_dir:
        return entry.pw_dir
    problem = (
        f"the home directory is not known: HOME is not set and user id {_user_id()} has no "
        "entry in passwd; set HOME"
    )
    raise UsageError(problem)


def _user_id() -> int | str:
    return os.getuid() if hasattr(os, "getuid") else "?"


def _entry() -> pwd.struct_passwd | None:
    try:
        from pwd import getpwuid  # Windows has none
    except ImportError:
        return None
    try:
        return getpwuid(os.getuid())
    except (KeyError, OSError):
        return None
