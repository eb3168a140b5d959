"""Keys and trust files on disk; the one place of this package that does I/O.

A path is opened first and then looked at through the descriptor, so what was checked is
what is read: a regular file of a bounded size, never a pipe or a device that would not
end.  A private key is created for its owner alone, from the first system call on.

`OSError` passes as it is; what a file holds is judged as `ssh_keys.load` judges it.
"""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ssh_keys.authorized_keys import AuthorizedKeys
from ssh_keys.errors import KeyFormatError, UnprotectedKey
from ssh_keys.known_hosts import KnownHosts, format_line
from ssh_keys.known_hosts_file import KnownHostsFile
from ssh_keys.load import load_private_key, load_public_key
from ssh_keys.public import MAX_BLOB

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ssh_keys.allowed_signers import AllowedSigners
    from ssh_keys.authorized_principals import AuthorizedPrincipals
    from ssh_keys.certificates import Certificate
    from ssh_keys.host_key_update import HostKeyUpdate
    from ssh_keys.krl import RevocationList
    from ssh_keys.private import PrivateKey
    from ssh_keys.public import PublicKey

__all__ = [
    "append_known_host",
    "check_private_permissions",
    "hash_known_hosts",
    "pieces_of",
    "read_allowed_signers",
    "read_authorized_keys",
    "read_authorized_principals",
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

MAX_TRUST_FILE: Final = 1 << 26
"""The largest known_hosts or authorized_keys file that is read, in bytes."""

_KEY_SIGNS: Final = ("-----BEGIN", "PRIVATE KEY", "PuTTY-User-Key-File-", "\n", "\0")
"""What is in the text of a key, and not in the path of a file."""
_CHUNK: Final = 1 << 16
_OWNER_ONLY: Final = 0o600
_OTHERS: Final = 0o077
_PUBLIC: Final = 0o644
_OWNER_ONLY_DIRECTORY: Final = 0o700
# absent on Windows, which has no such files in ordinary paths
_NO_FOLLOW: Final[int] = getattr(os, "O_NOFOLLOW", 0)
_NO_BLOCK: Final[int] = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0)
_BINARY: Final[int] = getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)


def read_private_key(
    path: str | os.PathLike[str],
    passphrase: bytes | str | None = None,
    *,
    legacy: bool = False,
    strict_permissions: bool = False,
) -> PrivateKey:
    """Read a private key file; see `load_private_key`.

    Args:
        path: the file.
        passphrase: what opens the key.
        legacy: take RSA keys down to 1024 bits instead of 2048.
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
    data = _read(path, MAX_BLOB, check=_check_permissions if strict_permissions else None)
    return load_private_key(data, passphrase, legacy=legacy)


def check_private_permissions(path: str | os.PathLike[str]) -> None:
    """Refuse a private key file of this user's that others may read or change.

    As in OpenSSH's sshkey_perm_ok, "if the key owned by a different user, then we don't care".

    Raises:
        UnprotectedKey: they may.
        OSError: there is no such file.
    """
    _refuse_key(path)
    _check_permissions(Path(path).stat(), os.fspath(path))


def read_public_key(
    path: str | os.PathLike[str], *, legacy: bool = False
) -> PublicKey | Certificate:
    """Read the file of a public key or of a certificate; see `load_public_key`.

    Raises:
        KeyFormatError: it is not a regular file with one key within the limits.
        OSError: it cannot be read.
    """
    _refuse_key(path)
    return load_public_key(_read(path, MAX_BLOB), legacy=legacy)


def read_known_hosts(path: str | os.PathLike[str], *, legacy: bool = False) -> KnownHosts:
    """Read a known_hosts file; one that does not exist knows no host.

    Raises:
        KeyFormatError: it is not a regular file, or far too large.
        OSError: it exists and cannot be read, which must not pass for an unknown host.
    """
    try:
        data = _read(path, MAX_TRUST_FILE)
    except FileNotFoundError:
        return KnownHosts()
    return KnownHosts.parse(data, os.fspath(path), legacy=legacy)


def read_authorized_keys(path: str | os.PathLike[str], *, legacy: bool = False) -> AuthorizedKeys:
    """Read an authorized_keys file.

    Raises:
        KeyFormatError: it is not a regular file, or far too large.
        OSError: it cannot be read.
    """
    return AuthorizedKeys.parse(_read(path, MAX_TRUST_FILE), os.fspath(path), legacy=legacy)


def append_known_host(
    path: str | os.PathLike[str], host: str, port: int, key: PublicKey, *, hashed: bool = False
) -> None:
    """Add a host's key to a known_hosts file, in one write at its end.

    The file and its directory are created for the owner alone where they are missing.

    Raises:
        UsageError: the host or the port is none.
        KeyFormatError: it is not a regular file.
        OSError: it cannot be written.
    """
    line = format_line(host, port, key, hashed=hashed).encode() + b"\n"
    Path(path).parent.mkdir(mode=_OWNER_ONLY_DIRECTORY, parents=True, exist_ok=True)
    descriptor = _open_regular(path, os.O_RDWR | os.O_APPEND | os.O_CREAT)
    with os.fdopen(descriptor, "r+b", buffering=0) as file:
        size = os.fstat(descriptor).st_size
        if size:
            file.seek(size - 1)
            if file.read(1) != b"\n":  # another program left its last line open
                line = b"\n" + line
        if file.write(line) != len(line):
            problem = f"{os.fspath(path)}: the line was not written whole"
            raise OSError(problem)


def remove_known_host(path: str | os.PathLike[str], host: str, port: int = 22) -> int:
    """Remove the keys of a host from a known_hosts file, as `ssh-keygen -R` does.

    What the file was before stays beside it, with ".old" behind its name.  A link is
    followed: the file that it leads to is changed.

    Returns:
        How many lines are gone; where it is none, the file was not touched.

    Raises:
        KeyFormatError: it is not a regular file, or far too large.
        OSError: it cannot be read or replaced, and is as it was.
    """
    before = KnownHostsFile.parse(_read(path, MAX_TRUST_FILE), os.fspath(path))
    after = before.without(host, port)
    if after is not before:
        _replace(path, after.to_bytes(), backup=True)
    return len(before.lines) - len(after.lines)


def update_known_host(
    path: str | os.PathLike[str],
    host: str,
    port: int,
    update: HostKeyUpdate,
    *,
    hashed: bool = False,
    legacy: bool = False,
) -> None:
    """Change the keys of a host in a known_hosts file, in one step.

    What the file was before stays beside it, with ".old" behind its name.  A link is
    followed: the file that it leads to is changed.

    Raises:
        UsageError: the host or the port is none.
        KeyFormatError: it is not a regular file, or far too large.
        OSError: it cannot be read or replaced, and is as it was.
    """
    before = KnownHostsFile.parse(_read(path, MAX_TRUST_FILE), os.fspath(path))
    after = before.updated(host, port, update, hashed=hashed, legacy=legacy)
    if after is not before:
        _replace(path, after.to_bytes(), backup=True)


def hash_known_hosts(path: str | os.PathLike[str]) -> None:
    """Hash the names of the hosts in a known_hosts file, as `ssh-keygen -H` does.

    What the file was before stays beside it, with ".old" behind its name: whoever wants the
    names hidden removes it.  A link is followed: the file that it leads to is changed.

    Raises:
        KeyFormatError: a line cannot be read, so what it names would stay readable; or it is
            not a regular file, or far too large.
        OSError: it cannot be read or replaced, and is as it was.
    """
    before = KnownHostsFile.parse(_read(path, MAX_TRUST_FILE), os.fspath(path))
    _replace(path, before.hashed().to_bytes(), backup=True)


def read_authorized_principals(path: str | os.PathLike[str]) -> AuthorizedPrincipals:
    """Read an authorized_principals file.

    Raises:
        KeyFormatError: it is not a regular file, or far too large.
        OSError: it cannot be read.
    """
    from ssh_keys.authorized_principals import AuthorizedPrincipals  # noqa: PLC0415 (rarely read)

    return AuthorizedPrincipals.parse(_read(path, MAX_TRUST_FILE), os.fspath(path))


def read_allowed_signers(path: str | os.PathLike[str], *, legacy: bool = False) -> AllowedSigners:
    """Read an allowed_signers file.

    Raises:
        KeyFormatError: it is not a regular file, or far too large.
        OSError: it cannot be read.
    """
    from ssh_keys.allowed_signers import AllowedSigners  # noqa: PLC0415 (rarely read)

    return AllowedSigners.parse(_read(path, MAX_TRUST_FILE), os.fspath(path), legacy=legacy)


def read_revoked_keys(path: str | os.PathLike[str]) -> RevocationList:
    """Read a file of revoked keys: a KRL, or text with a public key on each line.

    Raises:
        KeyFormatError: it is neither of them, or a line of it cannot be read: then nothing
            may be believed that the list would have to be asked about.
        OSError: it cannot be read.
    """
    from ssh_keys.krl_text import parse_revoked  # noqa: PLC0415 (rarely read)

    return parse_revoked(_read(path, MAX_TRUST_FILE), os.fspath(path))


def write_revoked_keys(path: str | os.PathLike[str], revoked: RevocationList) -> None:
    """Save a list of revoked keys as a KRL, in the place of one that is there.

    Raises:
        UsageError: the list is too large to be read again.
        OSError: it cannot be written, and what was there is as it was.
    """
    content = revoked.to_blob()
    try:
        _create(Path(path), content, _PUBLIC)
    except FileExistsError:
        _replace(path, content, backup=False)


def pieces_of(path: str | os.PathLike[str]) -> Iterator[bytes]:
    """Yield the content of a file piece by piece, as `sshsig.sign` and `verify` take it.

    Raises:
        KeyFormatError: it is not a regular file.
        OSError: it cannot be read.
    """
    with os.fdopen(_open_regular(path, os.O_RDONLY), "rb") as file:
        while chunk := file.read(_CHUNK):
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
    mode = _PUBLIC if public else _OWNER_ONLY
    if not replace:
        _create(target, content, mode)
        return
    if target.is_symlink():
        problem = f"{target} is a symbolic link and is not replaced"
        raise FileExistsError(problem)
    fresh = target.with_name(f".{target.name}.{os.urandom(8).hex()}")
    _create(fresh, content, mode)
    try:
        fresh.replace(target)
    except OSError:
        fresh.unlink()
        raise


def _refuse_key(path: str | os.PathLike[str]) -> None:
    """Refuse a key where its path is wanted: the error of the system would quote it."""
    text = os.fspath(path)
    if any(sign in text for sign in _KEY_SIGNS):
        problem = (
            "the text of a key is given where the path of its file is wanted; "
            "give it as bytes, or to load_private_key"
        )
        raise KeyFormatError(problem)


def _create(path: Path, content: bytes, mode: int = _OWNER_ONLY) -> None:
    # O_EXCL: neither a file nor a link that is there already is written to
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NO_FOLLOW | _BINARY
    descriptor = os.open(path, flags, mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(descriptor)
    except OSError:
        with suppress(OSError):
            path.unlink()
        raise


def _replace(path: str | os.PathLike[str], content: bytes, *, backup: bool) -> None:
    """Give a file other content in one step; its mode and its owner stay."""
    target = Path(path).resolve(strict=True)
    before = target.stat()
    fresh = target.with_name(f".{target.name}.{os.urandom(8).hex()}")
    _create(fresh, content)
    try:
        made = fresh.stat()
        if (made.st_uid, made.st_gid) != (before.st_uid, before.st_gid):
            os.chown(fresh, before.st_uid, before.st_gid)
        fresh.chmod(stat.S_IMODE(before.st_mode))
        if backup:
            old = target.with_name(f"{target.name}.old")
            old.unlink(missing_ok=True)
            old.hardlink_to(target)
        fresh.replace(target)
    except OSError:
        fresh.unlink()
        raise
    _sync_directory(target.parent)


def _sync_directory(path: Path) -> None:
    """Make a rename last, where the system knows how."""
    with suppress(OSError):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _check_permissions(status: os.stat_result, path: str) -> None:
    if hasattr(os, "getuid") and status.st_uid == os.getuid() and status.st_mode & _OTHERS:
        raise UnprotectedKey(path, stat.S_IMODE(status.st_mode))


def _read(
    path: str | os.PathLike[str],
    limit: int,
    check: Callable[[os.stat_result, str], None] | None = None,
) -> bytes:
    data = bytearray()
    with os.fdopen(_open_regular(path, os.O_RDONLY), "rb") as file:
        if check is not None:
            check(os.fstat(file.fileno()), os.fspath(path))
        while chunk := file.read(_CHUNK):
            data += chunk
            if len(data) > limit:
                problem = f"{os.fspath(path)} is larger than {limit} bytes"
                raise KeyFormatError(problem)
    return bytes(data)


def _open_regular(path: str | os.PathLike[str], flags: int) -> int:
    """Open a file that must be a regular one; return the descriptor."""
    # without _NO_BLOCK the open of a pipe would wait for its other end
    descriptor = os.open(path, flags | _NO_BLOCK | _BINARY, _OWNER_ONLY)
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        return descriptor
    os.close(descriptor)
    problem = f"{os.fspath(path)} is not a regular file"
    raise KeyFormatError(problem)
