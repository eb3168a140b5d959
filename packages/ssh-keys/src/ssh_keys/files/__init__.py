"""Keys and trust files on disk; the one place of this package that does I/O.

A path is opened first and then looked at through the descriptor, so what was checked is
what is read: a regular file of a bounded size, never a pipe or a device that would not
end.  A private key is created for its owner alone, from the first system call on.

`OSError` passes as it is; what a file holds is judged as `ssh_keys.load` judges it.

disk      how files are opened, created and replaced
locking   a lock against other processes
hosts     known_hosts
"""

from __future__ import annotations

import os
import stat
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ssh_keys import trust
from ssh_keys.errors import KeyFormatError, UnprotectedKey
from ssh_keys.files.disk import (
    CHUNK,
    MAX_TRUST_FILE,
    OWNER_ONLY,
    check_permissions,
    create,
    open_regular,
    read,
    replace,
)
from ssh_keys.files.hosts import append_known_host as append_known_host
from ssh_keys.files.hosts import hash_known_hosts as hash_known_hosts
from ssh_keys.files.hosts import read_known_hosts as read_known_hosts
from ssh_keys.files.hosts import remove_known_host as remove_known_host
from ssh_keys.files.hosts import update_known_host as update_known_host
from ssh_keys.formats.key_text import is_key_text
from ssh_keys.load import load_private_key, load_public_key
from ssh_keys.policy import KeyPolicy
from ssh_keys.public import MAX_BLOB
from ssh_keys.trust.authorized_keys import AuthorizedKeysFile
from ssh_wire.text import printable

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from ssh_keys.certificates.certificate import Certificate
    from ssh_keys.private import PrivateKey
    from ssh_keys.public import PublicKey
    from ssh_keys.trust.allowed_signers import AllowedSigners
    from ssh_keys.trust.authorized_principals import AuthorizedPrincipals
    from ssh_keys.trust.krl import RevocationList

__all__ = [
    "append_known_host",
    "check_private_permissions",
    "hash_known_hosts",
    "name_file_in_errors",
    "read_allowed_signers",
    "read_authorized_keys",
    "read_authorized_principals",
    "read_chunks",
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
_MAX_SHOWN: Final = 1024


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
        passphrase: what opens the key.
        policy: which keys are strong enough to be read.
        strict_permissions: refuse a file of this user's that others may read or change, as
            OpenSSH does; a file of somebody else's is for its owner to protect.

    Raises:
        UnprotectedKey: others can get at the file, and `strict_permissions` was asked for.
        PassphraseNeeded: the key is encrypted and no passphrase was given.
        KeyDecryptError: the passphrase is wrong.
        KeyFormatError: it is not a regular file with one key within the limits.
        OSError: it cannot be read.
    """
    _refuse_key(path)
    with _not_public(path):
        data = read(path, MAX_BLOB, check=check_permissions if strict_permissions else None)
    return load_private_key(data, passphrase, policy=policy)


def check_private_permissions(path: str | os.PathLike[str]) -> None:
    """Refuse a private key file of this user's that others may read or change.

    As in OpenSSH's sshkey_perm_ok, "if the key owned by a different user, then we don't care".

    Raises:
        UnprotectedKey: they may.
        KeyFormatError: they may, and it holds a public key.
        OSError: there is no such file.
    """
    _refuse_key(path)
    status = Path(path).stat()
    if not stat.S_ISDIR(status.st_mode):  # a directory is no key, whoever may read it
        with _not_public(path):
            check_permissions(status, os.fspath(path))


def read_public_key(
    path: str | os.PathLike[str], *, policy: KeyPolicy = KeyPolicy.DEFAULT
) -> PublicKey | Certificate:
    """Read the file of a public key or of a certificate; see `load_public_key`.

    Raises:
        KeyFormatError: it is not a regular file with one key within the limits.
        OSError: it cannot be read.
    """
    _refuse_key(path)
    return load_public_key(read(path, MAX_BLOB), policy=policy)


def read_authorized_keys(
    path: str | os.PathLike[str], *, policy: KeyPolicy = KeyPolicy.DEFAULT
) -> AuthorizedKeysFile:
    """Read an authorized_keys file.

    Raises:
        KeyFormatError: it is not a regular file, or far too large.
        OSError: it cannot be read.
    """
    return AuthorizedKeysFile.parse(read(path, MAX_TRUST_FILE), os.fspath(path), policy=policy)


def read_authorized_principals(path: str | os.PathLike[str]) -> AuthorizedPrincipals:
    """Read an authorized_principals file.

    Raises:
        KeyFormatError: it is not a regular file, or far too large.
        OSError: it cannot be read.
    """
    return trust.AuthorizedPrincipals.parse(read(path, MAX_TRUST_FILE), os.fspath(path))


def read_allowed_signers(
    path: str | os.PathLike[str], *, policy: KeyPolicy = KeyPolicy.DEFAULT
) -> AllowedSigners:
    """Read an allowed_signers file.

    Raises:
        KeyFormatError: it is not a regular file, or far too large.
        OSError: it cannot be read.
    """
    return trust.AllowedSigners.parse(read(path, MAX_TRUST_FILE), os.fspath(path), policy=policy)


def read_revoked_keys(path: str | os.PathLike[str]) -> RevocationList:
    """Read a file of revoked keys: a KRL, or text with a public key on each line.

    Raises:
        KeyFormatError: it is neither of them, or a line of it cannot be read: then nothing
            may be believed that the list would have to be asked about.
        OSError: it cannot be read.
    """
    return trust.parse_revoked(read(path, MAX_TRUST_FILE), os.fspath(path))


def write_revoked_keys(path: str | os.PathLike[str], revoked: RevocationList) -> None:
    """Save a list of revoked keys as a KRL, in the place of one that is there.

    Raises:
        UsageError: the list is too large to be read again.
        OSError: it cannot be written, and what was there is as it was.
    """
    content = revoked.to_blob()
    try:
        create(Path(path), content, _PUBLIC)
    except FileExistsError:
        replace(path, content, backup=False)


def read_chunks(path: str | os.PathLike[str]) -> Iterator[bytes]:
    """Yield the content of a file piece by piece, as `sshsig.sign` and `verify` take it.

    Raises:
        KeyFormatError: it is not a regular file.
        OSError: it cannot be read.
    """
    with os.fdopen(open_regular(path, os.O_RDONLY), "rb") as file:
        while chunk := file.read(CHUNK):
            yield chunk


def write_private_key(
    path: str | os.PathLike[str],
    key: PrivateKey,
    passphrase: bytes | str | None = None,
    *,
    replace: bool = False,
) -> None:
    """Save a private key in OpenSSH's format, readable by the owner alone.

    Args:
        path: where to; nothing may be there yet.
        key: the key.
        passphrase: what to encrypt it with; None leaves it in the clear.
        replace: put it in the place of a file that is there, in one step.

    Raises:
        FileExistsError: something is there, and `replace` was not asked for or it is a link.
        UsageError: the passphrase is empty.
        OSError: it cannot be written.
    """
    write_key_file(path, key.to_openssh(passphrase), replace=replace)


def write_key_file(
    path: str | os.PathLike[str], content: bytes, *, public: bool = False, replace: bool = False
) -> None:
    """Save a key in whatever format it was encoded in.

    Args:
        path: where to; nothing may be there yet.
        content: the key.
        public: let everybody read it, not its owner alone.
        replace: put it in the place of a file that is there, in one step.

    Raises:
        FileExistsError: something is there, and `replace` was not asked for or it is a link.
        OSError: it cannot be written.
    """
    target = Path(path)
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
    """Name the file in a `KeyFormatError` that does not name it."""
    try:
        yield
    except KeyFormatError as error:
        name = printable(os.fspath(path), _MAX_SHOWN)
        if name not in str(error):
            error.args = (f"{name}: {error}", *error.args[1:])
        raise


@contextmanager
def _not_public(path: str | os.PathLike[str]) -> Generator[None]:
    """Say of a file that others may read that it holds a public key, where it does."""
    try:
        yield
    except UnprotectedKey:
        try:
            read_public_key(path, policy=KeyPolicy.LEGACY)
        except (OSError, KeyFormatError):
            pass
        else:
            name = printable(os.fspath(path), _MAX_SHOWN)
            problem = f"{name} holds a public key; name the file of the private key instead"
            raise KeyFormatError(problem) from None
        raise


def _refuse_key(path: str | os.PathLike[str]) -> None:
    """Refuse a key where its path is wanted: the error of the system would quote it."""
    if is_key_text(os.fspath(path)):
        problem = (
            "the text of a key is given where the path of its file is wanted; "
            "give it as bytes, or to load_private_key"
        )
        raise KeyFormatError(problem)
