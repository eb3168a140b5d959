"""Key files as they are given: private or public, one key or many lines of them."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from ssh_keys import (
    MAX_BLOB,
    Certificate,
    Credential,
    KeyFormatError,
    KeyPolicy,
    PassphraseNeeded,
    PrivateKey,
    PublicKey,
    load_private_key,
    load_public_key,
)
from ssh_keys.files import (
    check_private_permissions,
    may_wait,
    name_file_in_errors,
    read_file,
)
from ssh_keys.trust import numbered_lines, take_field
from ssh_stack.cli.command_exit import CommandExit
from ssh_stack.cli.keygen.options import Options
from ssh_stack.cli.keygen.prompts import secret
from ssh_wire import lazy_attrs
from ssh_wire.text import printable

__all__ = [
    "CommentedKey",
    "commented_keys",
    "escaped_comment",
    "open_private",
    "public_half",
    "read",
    "read_private",
    "read_public",
]

_MAX_FILE: Final = 16 * MAX_BLOB


@lazy_attrs.frozen
class CommentedKey:
    """A key and its comment."""

    key: Credential
    comment: str


def read(path: Path) -> bytes:
    """Return the content of a file; `-` is standard input.

    Raises:
        OSError: it cannot be read.
        CommandExit: it is far too large for keys.
    """
    if may_wait(path):  # it is read once, whoever else wants it
        return read_file(path, _MAX_FILE)
    with sys.stdin.buffer if str(path) == "-" else path.open("rb") as file:
        data = file.read(_MAX_FILE + 1)
    if len(data) > _MAX_FILE:
        problem = f"{path} is too large for keys"
        raise CommandExit(problem)
    return data


def read_private(path: Path, options: Options, question: str = "") -> PrivateKey:
    """Read a private key; its passphrase is that of -P, or asked for.

    Raises:
        KeyFormatError: it is not one private key.
        CommandExit: there is no terminal.
    """
    return open_private(path, options, question)[0]


def open_private(
    path: Path, options: Options, question: str = ""
) -> tuple[PrivateKey, str | None]:
    """Read a private key; return the passphrase that opened it too, None where it has none.

    Raises:
        UnprotectedKey: others can read it.
        KeyFormatError: it is not one private key.
        CommandExit: there is no terminal.
    """
    if str(path) != "-":
        check_private_permissions(path)
    data = read(path)
    try:
        with name_file_in_errors(path):
            return load_private_key(data, policy=KeyPolicy.LEGACY), None
    except PassphraseNeeded:
        given = options.get("P")
    if given == "":
        problem = f"the key in {path} has a passphrase, and that of -P is empty"
        raise CommandExit(problem)
    asked = question or f"Enter passphrase for key '{path}': "
    passphrase = secret(asked, "P") if given is None else given
    with name_file_in_errors(path):
        return load_private_key(data, passphrase, policy=KeyPolicy.LEGACY), passphrase


def public_half(path: Path) -> Credential:
    """Return the public key of a file, be it private or public; nothing is asked.

    A private key's comment is that of the public key beside it, if there is one.

    Raises:
        KeyFormatError: it is not a key.
    """
    data = read(path)
    try:
        with name_file_in_errors(path):
            return load_public_key(data, policy=KeyPolicy.LEGACY)
    except KeyFormatError as error:
        try:
            key = load_private_key(data, policy=KeyPolicy.LEGACY).public_key
        except PassphraseNeeded as needed:
            if needed.public_key is None:
                raise
            key = needed.public_key
        except KeyFormatError:
            raise error from None
    beside = path.with_name(f"{path.name}.pub")
    if beside.exists():
        with name_file_in_errors(beside):
            written = load_public_key(read(beside), policy=KeyPolicy.LEGACY)
        if written == key:
            return written
    return key


def read_public(path: Path) -> PublicKey:
    """Return the plain public key of a file, be it private or public.

    Raises:
        CommandExit: it is a certificate.
        KeyFormatError: it is not a key.
    """
    key = public_half(path)
    if isinstance(key, Certificate):
        problem = f"{path} holds a certificate, where a plain key is needed"
        raise CommandExit(problem)
    return key


def commented_keys(path: Path) -> Iterator[CommentedKey]:
    """Yield every key of a file: a key file, or lines with a key behind at most one field.

    What cannot be read is passed over, as ssh-keygen does: other lines may be good.

    Raises:
        OSError: the file cannot be read.
    """
    data = read(path)
    if b"-----BEGIN" in data or b"---- BEGIN" in data or data.startswith(b"PuTTY-"):
        key = (
            public_half(path)
            if str(path) != "-"
            else load_public_key(data, policy=KeyPolicy.LEGACY)
        )
        beside = f"{path}.pub"  # ssh-keygen has its name for a comment where it has none itself
        name = beside if not key.comment and _holds(beside, key) else key.comment
        yield CommentedKey(key, escaped_comment(name))
        return
    for _, line in numbered_lines(data):
        field, rest = _split_options(line)
        for text, comment in ((line, b""), (rest, field)):
            try:
                key = load_public_key(text, policy=KeyPolicy.LEGACY)
            except KeyFormatError:
                continue
            found = key.comment or comment.decode("utf-8", "surrogateescape")
            yield CommentedKey(key, escaped_comment(found))
            break


def _holds(path: str, key: Credential) -> bool:
    try:
        return load_public_key(read(Path(path)), policy=KeyPolicy.LEGACY) == key
    except (KeyFormatError, OSError):
        return False


def escaped_comment(comment: str) -> str:
    """Return a comment as it is shown."""
    return printable(comment, len(comment)) or "no comment"


def _split_options(line: bytes) -> tuple[bytes, bytes]:
    """Cut off the first field, in which blanks may be quoted."""
    quoted = False
    for at, char in enumerate(line):
        if char in b" \t" and not quoted:
            return line[:at], line[at:].lstrip(b" \t")
        if char == ord('"') and line[at - 1 : at] != b"\\":
            quoted = not quoted
    return take_field(line)
