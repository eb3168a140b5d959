"""Files that say whose keys are trusted, and files of revoked keys; known_hosts is `hosts`."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from ssh_keys import trust
from ssh_keys.errors import KeyFormatError
from ssh_keys.files.disk import (
    MAX_TRUST_FILE,
    PUBLIC,
    create,
    open_regular,
    read_file,
    read_open,
    replace,
)
from ssh_keys.policy import KeyPolicy
from ssh_wire import lazy

if TYPE_CHECKING:
    import pathlib

    from ssh_keys.trust.allowed_signers import AllowedSigners
    from ssh_keys.trust.authorized_keys import AuthorizedKeysFile
    from ssh_keys.trust.authorized_principals import AuthorizedPrincipals
    from ssh_keys.trust.krl import RevocationList
else:
    pathlib = lazy.module("pathlib")  # with what it imports, 3 ms

__all__ = [
    "read_allowed_signers",
    "read_authorized_keys",
    "read_authorized_principals",
    "read_revoked_keys",
    "write_revoked_keys",
]


def read_authorized_keys(
    path: str | os.PathLike[str], *, policy: KeyPolicy = KeyPolicy.DEFAULT
) -> AuthorizedKeysFile:
    """Read an authorized_keys file.

    Raises:
        KeyFormatError: it is a directory, or too large.
        OSError: it cannot be read.
    """
    from ssh_keys.trust.authorized_keys import AuthorizedKeysFile

    return AuthorizedKeysFile.parse(
        read_file(path, MAX_TRUST_FILE), os.fspath(path), policy=policy
    )


def read_authorized_principals(path: str | os.PathLike[str]) -> AuthorizedPrincipals:
    """Read an authorized_principals file, which may be of another user.

    Raises:
        KeyFormatError: it is not a regular file, as sshd wants it, or too large.
        OSError: it cannot be read.
    """
    with os.fdopen(open_regular(path, os.O_RDONLY), "rb") as file:
        data = read_open(file, os.fspath(path), MAX_TRUST_FILE)
    return trust.AuthorizedPrincipals.parse(data, os.fspath(path))


def read_allowed_signers(
    path: str | os.PathLike[str], *, policy: KeyPolicy = KeyPolicy.DEFAULT
) -> AllowedSigners:
    """Read an allowed_signers file.

    Raises:
        KeyFormatError: it is a directory, or too large.
        OSError: it cannot be read.
    """
    return trust.AllowedSigners.parse(
        read_file(path, MAX_TRUST_FILE), os.fspath(path), policy=policy
    )


def read_revoked_keys(path: str | os.PathLike[str]) -> RevocationList:
    """Read a file of revoked keys: a KRL, or text with a public key on each line.

    Raises:
        KeyFormatError: it is neither, or a line cannot be read: then no key may be used that
            might be revoked by it.  The same goes for a pipe without content, which may have
            been read before.
        OSError: it cannot be read.
    """
    data = read_file(path, MAX_TRUST_FILE)
    if not data and pathlib.Path(path).is_fifo():
        problem = f"{os.fspath(path)} is a pipe that holds nothing: was it read before?"
        raise KeyFormatError(problem)
    return trust.parse_revoked(data, os.fspath(path))


def write_revoked_keys(path: str | os.PathLike[str], revoked: RevocationList) -> None:
    """Write a list of revoked keys as a KRL; an existing file is replaced.

    Raises:
        UsageError: the list is too large.
        OSError: it cannot be written; an existing file is as it was.
    """
    content = revoked.to_blob()
    try:
        create(pathlib.Path(path), content, PUBLIC)
    except FileExistsError:
        replace(path, content, backup=False)
