"""What a key is: fingerprints, its public half, other formats, DNS records."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

from ssh_keys import (
    SSHFP,
    Certificate,
    KeyFormatError,
    KeyPolicy,
    PublicKey,
    load_private_key,
    load_public_key,
    plain_key,
)
from ssh_keys.files import name_file_in_errors
from ssh_keys.randomart import HashName, bubblebabble, randomart, title_of
from ssh_keys.trust import sshfp_records
from ssh_stack.cli.command_exit import CommandExit
from ssh_stack.cli.keygen.keys import (
    CommentedKey,
    commented_keys,
    public_half,
    read,
    read_private,
    read_public,
)
from ssh_stack.cli.keygen.options import Options
from ssh_stack.cli.keygen.output import write, write_line
from ssh_stack.cli.report import Report
from ssh_stack.local.user import user_at_host
from ssh_wire import UsageError

if TYPE_CHECKING:
    from ssh_keys import Credential, PrivateKey

__all__ = [
    "export",
    "fingerprint_line",
    "hash_of",
    "import_",
    "show_bubblebabble",
    "show_fingerprints",
    "show_public",
    "show_records",
    "title",
]

_RFC4716: Final = b"---- BEGIN"
_HOST_KEYS: Final = "/etc/ssh"
_HASHES: Final = {"sha1": 1, "sha256": 2}
_FINGERPRINTS: Final[dict[str, HashName]] = {
    "sha256": "sha256",
    "md5": "md5",
    "sha1": "sha1",
    "sha384": "sha384",
    "sha512": "sha512",
}


def hash_of(options: Options) -> HashName:
    """Return the hash of -E.

    Raises:
        UsageError: there is no such hash.
    """
    name = (options.get("E") or "sha256").lower()
    found = _FINGERPRINTS.get(name)
    if found is None:
        problem = f"no fingerprint hash {name!r}; choose one of {', '.join(_FINGERPRINTS)}"
        raise UsageError(problem)
    return found


def title(key: Credential) -> str:
    """Return what a key is called for people, such as ED25519 or RSA-CERT."""
    if isinstance(key, Certificate):
        return f"{title_of(key.public_key.kind)}-CERT"
    return title_of(key.kind)


def fingerprint_line(entry: CommentedKey, options: Options) -> str:
    """Return the line of -l for one key; with -v, its picture below."""
    plain = plain_key(entry.key)
    name = hash_of(options)
    line = f"{plain.bits} {plain.fingerprint(name)} {entry.comment} ({title(entry.key)})"
    if options.has("v"):
        line += "\n" + randomart(entry.key, name)
    return line


def show_fingerprints(options: Options, report: Report) -> int:
    """Print the fingerprint of every key of a file."""
    del report
    if options.has("json"):
        path = options.one_file()
        entries = [_as_object(entry, options) for entry in commented_keys(path)]
        if not entries:
            raise _no_key(path)
        write_line(json.dumps(entries, indent=2))
        return 0
    return _each_key(options, lambda entry: fingerprint_line(entry, options))


def _as_object(entry: CommentedKey, options: Options) -> dict[str, Any]:
    """Return what --json prints of a key."""
    plain = plain_key(entry.key)
    certified = isinstance(entry.key, Certificate)
    return {
        "bits": plain.bits,
        "fingerprint": plain.fingerprint(hash_of(options)),
        "comment": entry.comment,
        "type": title(entry.key),
        "kind": entry.key.kind,
        "certificate": certified,
    }


def _no_key(path: Path) -> CommandExit:
    problem = f"{path} is not a public key file"
    return CommandExit(problem)


def show_bubblebabble(options: Options, report: Report) -> int:
    """Print every key's hash in words."""
    del report

    def line(entry: CommentedKey) -> str:
        plain = plain_key(entry.key)
        return f"{plain.bits} {bubblebabble(entry.key)} {entry.comment} ({title(entry.key)})"

    return _each_key(options, line)


def _each_key(options: Options, line: Callable[[CommentedKey], str]) -> int:
    path = options.one_file()
    found = False
    for entry in commented_keys(path):
        write_line(line(entry))
        found = True
    if not found:
        raise _no_key(path)
    return 0


def show_public(options: Options, report: Report) -> int:
    """Print the public half of a private key."""
    del report
    write_line(read_private(options.one_file(), options).public_key.to_openssh())
    return 0


def export(options: Options, report: Report) -> int:
    """Print a public key in the format of -m."""
    del report
    key = public_half(options.one_file())
    plain = plain_key(key)
    match (options.get("m") or "RFC4716").upper():
        case "RFC4716":
            kind = f"{plain.bits}-bit {title(key)}"
            comment = f"{kind}, converted by {user_at_host()} from OpenSSH"
            text = key.with_comment(comment).to_rfc4716()
        case "PKCS8":
            text = plain.to_pem()
        case "PEM":
            text = _traditional(plain)
        case other:
            problem = f"no format {other!r}; choose RFC4716, PKCS8 or PEM"
            raise UsageError(problem)
    write(text if text.endswith("\n") else f"{text}\n")
    return 0


def _traditional(key: PublicKey) -> str:
    """Return PKCS#1 for RSA; other kinds have no other PEM than that of PKCS#8."""
    if key.kind != "ssh-rsa":
        return key.to_pem()
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey  # rare
    from cryptography.hazmat.primitives.serialization import (  # the same
        Encoding,
        PublicFormat,
    )

    provider = cast("RSAPublicKey", key.to_cryptography())
    return provider.public_bytes(Encoding.PEM, PublicFormat.PKCS1).decode("ascii")


def import_(options: Options, report: Report) -> int:
    """Print a key of any other format in OpenSSH's."""
    del report
    path = options.one_file()
    data = read(path)
    try:
        public = load_public_key(data, policy=KeyPolicy.LEGACY)
    except KeyFormatError as error:
        with name_file_in_errors(path):
            private = _imported(data, error)
        # ssh-keygen prints RSA keys, the only ones that it reads so, in the form of PKCS #1
        is_rsa = private.public_key.kind == "ssh-rsa"
        made = private.to_pem(form="traditional") if is_rsa else private.to_openssh()
        write(made.decode("ascii"))
        return 0
    if data.lstrip().startswith(_RFC4716):  # ssh-keygen leaves out its comment
        public = public.with_comment("")
    write_line(public.to_openssh())
    return 0


def _imported(data: bytes, error: KeyFormatError) -> PrivateKey:
    # "an unencrypted private (or public) key file" is what -i reads
    try:
        return load_private_key(data, policy=KeyPolicy.LEGACY)
    except KeyFormatError as problem:
        raise (problem if b"PRIVATE" in data or data.startswith(b"PuTTY-") else error) from None


def show_records(options: Options, report: Report) -> int:
    """Print the SSHFP records of a host's keys."""
    del report
    host = options.need("r", "the name of the host")
    paths = [options.file] if options.file else sorted(Path(_HOST_KEYS).glob("ssh_host_*_key.pub"))
    if not paths:
        problem = f"there is no host key in {_HOST_KEYS}"
        raise CommandExit(problem)
    for path in paths:
        for record in _records(read_public(path), options):
            generic = options.has("g")
            write_line(record.to_generic_text(host) if generic else record.to_text(host))
    return 0


def _records(key: PublicKey, options: Options) -> tuple[SSHFP, ...]:
    wanted = [each.partition("=")[2] for each in options.extra if each.startswith("hashalg=")]
    if not wanted:
        return sshfp_records(key)
    number = _HASHES.get(wanted[-1])
    if number is None:
        problem = f"no hash {wanted[-1]!r}; choose one of {', '.join(_HASHES)}"
        raise UsageError(problem)
    return (SSHFP.make(key, number),)
