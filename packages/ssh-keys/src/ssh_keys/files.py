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
from ssh_keys.errors import KeyFormatError
from ssh_keys.known_hosts import KnownHosts, format_line
from ssh_keys.load import load_private_key, load_public_key
from ssh_keys.public import MAX_BLOB

if TYPE_CHECKING:
    from ssh_keys.certificates import Certificate
    from ssh_keys.private import PrivateKey
    from ssh_keys.public import PublicKey

__all__ = [
    "append_known_host",
    "read_authorized_keys",
    "read_known_hosts",
    "read_private_key",
    "read_public_key",
    "write_private_key",
]

MAX_TRUST_FILE: Final = 1 << 26
"""The largest known_hosts or authorized_keys file that is read, in bytes."""

_CHUNK: Final = 1 << 16
_OWNER_ONLY: Final = 0o600
_OWNER_ONLY_DIRECTORY: Final = 0o700
# absent on Windows, which has no such files in ordinary paths
_NO_FOLLOW: Final[int] = getattr(os, "O_NOFOLLOW", 0)
_NO_BLOCK: Final[int] = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0)
_BINARY: Final[int] = getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)


def read_private_key(
    path: str | os.PathLike[str], passphrase: bytes | str | None = None, *, legacy: bool = False
) -> PrivateKey:
    """Read a private key file; see `load_private_key`.

    Raises:
        PassphraseNeeded: the key is encrypted and no passphrase was given.
        KeyDecryptError: the passphrase is wrong.
        KeyFormatError: it is not a regular file with one key within the limits.
        OSError: it cannot be read.
    """
    return load_private_key(_read(path, MAX_BLOB), passphrase, legacy=legacy)


def read_public_key(
    path: str | os.PathLike[str], *, legacy: bool = False
) -> PublicKey | Certificate:
    """Read the file of a public key or of a certificate; see `load_public_key`.

    Raises:
        KeyFormatError: it is not a regular file with one key within the limits.
        OSError: it cannot be read.
    """
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
    content = key.to_openssh(passphrase)
    target = Path(path)
    if not replace:
        _create(target, content)
        return
    if target.is_symlink():
        problem = f"{target} is a symbolic link and is not replaced"
        raise FileExistsError(problem)
    fresh = target.with_name(f".{target.name}.{os.urandom(8).hex()}")
    _create(fresh, content)
    try:
        fresh.replace(target)
    except OSError:
        fresh.unlink()
        raise


def _create(path: Path, content: bytes) -> None:
    # O_EXCL: neither a file nor a link that is there already is written to
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NO_FOLLOW | _BINARY
    descriptor = os.open(path, flags, _OWNER_ONLY)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(descriptor)
    except OSError:
        with suppress(OSError):
            path.unlink()
        raise


def _read(path: str | os.PathLike[str], limit: int) -> bytes:
    data = bytearray()
    with os.fdopen(_open_regular(path, os.O_RDONLY), "rb") as file:
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
