"""Files of private and public keys."""

from __future__ import annotations

import os
import stat
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from ssh_keys.errors import KeyFormatError, UnprotectedKey
from ssh_keys.files.disk import OWNER_ONLY, PUBLIC, check_permissions, create, read_file
from ssh_keys.files.once import ReadOnce
from ssh_keys.formats.key_text import is_key_text
from ssh_keys.load import load_private_key, load_public_key
from ssh_keys.policy import KeyPolicy
from ssh_keys.public import MAX_BLOB
from ssh_wire import lazy
from ssh_wire.text import printable

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Generator

    from ssh_keys.credential import Credential
    from ssh_keys.private import PrivateKey
else:
    pathlib = lazy.module("pathlib")  # with what it imports, 3 ms

__all__ = [
    "check_private_permissions",
    "name_file_in_errors",
    "read_private_key",
    "read_public_key",
    "write_key_file",
    "write_private_key",
]

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
    mode = PUBLIC if public else OWNER_ONLY
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
