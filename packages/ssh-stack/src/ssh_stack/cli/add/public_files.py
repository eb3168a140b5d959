"""The public key that a file stands for, as ssh-add finds it."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from ssh_keys import (
    MAX_BLOB,
    Certificate,
    Credential,
    KeyFormatError,
    KeyPolicy,
    PassphraseNeeded,
    load_private_key,
)
from ssh_keys.files import read_file, read_public_key
from ssh_stack.cli.errors import explain
from ssh_wire import SSHError
from ssh_wire.text import printable

__all__ = ["certificate_beside", "load_public", "problem_of"]


def load_public(path: str) -> Credential:
    """Return the key of a public file, of that with ".pub" beside it, or of a private file.

    Raises:
        OSError: it cannot be read.
        KeyFormatError: there is no public key.
    """
    for name in (path, f"{path}.pub"):
        with suppress(OSError, KeyFormatError):
            return read_public_key(name, policy=KeyPolicy.LEGACY)
    try:
        key = load_private_key(read_file(path, MAX_BLOB), policy=KeyPolicy.LEGACY)
        return key.public_key.with_comment("")  # ssh-add reads the public part alone
    except PassphraseNeeded as needed:
        if needed.public_key is None:
            raise
        return needed.public_key


def certificate_beside(path: str) -> Certificate | None:
    """Return the certificate in the file with "-cert.pub" behind its name; None without one.

    Raises:
        OSError: it cannot be read.
        KeyFormatError: it is not a certificate.
    """
    beside = f"{path}-cert.pub"
    if not Path(beside).exists():
        return None
    found = read_public_key(beside, policy=KeyPolicy.LEGACY)
    if isinstance(found, Certificate):
        return found
    problem = f"{printable(beside)} does not hold a certificate"
    raise KeyFormatError(problem)


def problem_of(error: SSHError | OSError) -> str:
    """Return why a file cannot be used."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return explain(error)
