"""Keys and trust files on disk; the one place of this package that does I/O.

A file is opened first and checked by its descriptor, so the file that is checked is the one that
is read, of a bounded size.  A pipe or a device is read to its end as OpenSSH reads it, `<(…)` of a
shell and /dev/fd/3 among them; see `ReadOnce`.  Only a regular file is changed.  A private key is
created for its owner alone, from the first system call on.

`OSError` is raised as it is; the content of a file is decoded as `ssh_keys.load` does.

disk      how files are opened, created and replaced
once      what was read from pipes and devices
locking   a lock against other processes
hosts     files known_hosts
"""

from __future__ import annotations

import os
import stat
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from ssh_keys import trust
from ssh_keys.errors import KeyFormatError, UnprotectedKey
from ssh_keys.files.disk import (
    CHUNK,
    MAX_TRUST_FILE,
    OWNER_ONLY,
    await_content,
    check_permissions,
    create,
    open_regular,
    open_to_read,
    read_open,
    replace,
)
from ssh_keys.files.disk import may_wait as may_wait
from ssh_keys.files.disk import read as read_file
from ssh_keys.files.hosts import append_known_host as append_known_host
from ssh_keys.files.hosts import change_known_hosts as change_known_hosts
from ssh_keys.files.hosts import hash_known_hosts as hash_known_hosts
from ssh_keys.files.hosts import read_known_hosts as read_known_hosts
from ssh_keys.files.hosts import remove_known_host as remove_known_host
from ssh_keys.files.hosts import update_known_host as update_known_host
from ssh_keys.files.once import ReadOnce as ReadOnce
from ssh_keys.formats.key_text import is_key_text
from ssh_keys.load import load_private_key, load_public_key
from ssh_keys.policy import KeyPolicy
from ssh_keys.public import MAX_BLOB
from ssh_wire import lazy
from ssh_wire.text import printable

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Generator, Iterator

    from ssh_keys.credential import Credential
    from ssh_keys.private import PrivateKey
    from ssh_keys.trust.allowed_signers import AllowedSigners
    from ssh_keys.trust.authorized_keys import AuthorizedKeysFile
    from ssh_keys.trust.authorized_principals import AuthorizedPrincipals
    from ssh_keys.trust.krl import RevocationList
else:
    pathlib = lazy.module("pathlib")  # with what it imports, 3 ms

__all__ = [
    "ReadOnce",
    "append_known_host",
    "change_known_hosts",
    "check_private_permissions",
    "hash_known_hosts",
    "may_wait",
    "name_file_in_errors",
    "read_allowed_signers",
    "read_authorized_keys",
    "read_authorized_principals",
    "read_chunks",
    "read_file",
    "read_known_hosts",
    "read_private_key",
    "read_public_key",
    "read_revoked_keys",
    "remove_known_host",
    "update_known_host",
    "write_key_file",
    "write_private_key",
    "write_revoked_keys",
]

_PUBLIC: Final = 0o644
_MAX_NAME: Final = 1024


def read_private_key(
    path: str | os.PathLike[str],
    passphrase: bytes | str | None = None,
    *,
    policy: KeyPolicy = KeyPolicy.DEFAULT,
    strict_permissions: bool = False,
) -> PrivateKey:
    """Read a private key file; see `load_private_key`.

    Args:
        path: the file.
        passphrase: ignored where the key is not encrypted.
        policy: which keys are strong enough to be read.
        strict_permissions: refuse a file of this user that others may read or change, as
            OpenSSH does; the files of other users are not checked.

    Raises:
        UnprotectedKey: others may read or change the file, and `strict_permissions` is set.
        PassphraseNeeded: the key is encrypted and no passphrase was given.
        KeyDecryptError: the passphrase is wrong.
        KeyFormatError: it is not a file with one key within the limits.
        OSError: it cannot be read.
    """
    _check_path(path)
    with ReadOnce.current().scope(), _report_public_key(path):
        data = read_file(path, MAX_BLOB, check=check_permissions if strict_permissions else None)
    return load_private_key(data, passphrase, policy=policy)


def check_private_permissions(path: str | os.PathLike[str]) -> None:
    """Refuse a private key file of this user that others may read or change.

    As in OpenSSH's sshkey_perm_ok, "if the key owned by a different user, then we don't care".

    Raises:
        UnprotectedKey: others may.
        KeyFormatError: others may, and it is a public key.
        OSError: there is no such file.
    """
    _check_path(path)
    status = pathlib.Path(path).stat()
    if not stat.S_ISDIR(status.st_mode):  # a directory is not a key
        with _report_public_key(path):
            check_permissions(status, os.fspath(path))


def read_public_key(
    path: str | os.PathLike[str], *, policy: KeyPolicy = KeyPolicy.DEFAULT
) -> Credential:
    """Read the file of a public key or of a certificate; see `load_public_key`.

    Raises:
        KeyFormatError: it is not a file with one key within the limits.
        OSError: it cannot be read.
    """
    _check_path(path)
    return load_public_key(read_file(path, MAX_BLOB), policy=policy)


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
        create(pathlib.Path(path), content, _PUBLIC)
    except FileExistsError:
        replace(path, content, backup=False)


def read_chunks(path: str | os.PathLike[str]) -> Iterator[bytes]:
    """Yield the content of a file in chunks, as `signatures.sign` takes a message.

    Raises:
        KeyFormatError: it is a directory.
        OSError: it cannot be read.
    """
    with os.fdopen(open_to_read(path), "rb") as file:
        await_content(file.fileno())
        while chunk := file.read(CHUNK):
            yield chunk


def write_private_key(
    path: str | os.PathLike[str],
    key: PrivateKey,
    passphrase: bytes | str | None = None,
    *,
    replace: bool = False,
) -> None:
    """Write a private key in OpenSSH's format, readable by the owner alone.

    Args:
        path: the file, which must not exist.
        key: the key.
        passphrase: what to encrypt the key with; None for no encryption.
        replace: replace an existing file, in one step.

    Raises:
        FileExistsError: the path exists, and `replace` is not set or it is a symbolic link.
        UsageError: the passphrase is empty.
        OSError: it cannot be written.
    """
    write_key_file(path, key.to_openssh(passphrase), replace=replace)


def write_key_file(
    path: str | os.PathLike[str], content: bytes, *, public: bool = False, replace: bool = False
) -> None:
    """Write a key that is encoded already.

    Args:
        path: the file, which must not exist.
        content: the encoded key.
        public: readable by all users, not by its owner alone.
        replace: replace an existing file, in one step.

    Raises:
        FileExistsError: the path exists, and `replace` is not set or it is a symbolic link.
        OSError: it cannot be written.
    """
    target = pathlib.Path(path)
    mode = _PUBLIC if public else OWNER_ONLY
    if not replace:
        create(target, content, mode)
        return
    if target.is_symlink():
        problem = f"{target} is a symbolic link and is not replaced"
        raise FileExistsError(problem)
    fresh = target.with_name(f".{target.name}.{os.urandom(8).hex()}")
    create(fresh, content, mode)
    try:
        fresh.replace(target)
    except OSError:
        fresh.unlink()
        raise


@contextmanager
def name_file_in_errors(path: str | os.PathLike[str]) -> Generator[None]:
    """Put the path into a `KeyFormatError` that does not have it."""
    try:
        yield
    except KeyFormatError as error:
        name = printable(os.fspath(path), _MAX_NAME)
        if name not in str(error):
            error.args = (f"{name}: {error}", *error.args[1:])
        raise


@contextmanager
def _report_public_key(path: str | os.PathLike[str]) -> Generator[None]:
    """Report a public key as such, and not that others may read its file."""
    try:
        yield
    except UnprotectedKey:
        try:
            read_public_key(path, policy=KeyPolicy.LEGACY)
        except (OSError, KeyFormatError):
            pass
        else:
            name = printable(os.fspath(path), _MAX_NAME)
            problem = f"{name} holds a public key; name the file of the private key instead"
            raise KeyFormatError(problem) from None
        raise


def _check_path(path: str | os.PathLike[str]) -> None:
    """Refuse a key in the place of its path: the error of the system would quote it."""
    if is_key_text(os.fspath(path)):
        problem = (
            "the text of a key is given where the path of its file is expected; "
            "give it as bytes, or to load_private_key"
        )
        raise KeyFormatError(problem)
