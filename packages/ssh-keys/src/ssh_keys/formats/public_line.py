"""Public keys as OpenSSH writes them: one line, `kind base64 [comment]`."""

from __future__ import annotations

from ssh_keys.errors import KeyFormatError, UnsupportedKey, quoted_name
from ssh_keys.kinds import is_known_kind, load_family
from ssh_keys.lines import as_bytes, checked_line, take_field
from ssh_keys.policy import KeyPolicy
from ssh_keys.public import PublicKey
from ssh_keys.strict_base64 import from_base64
from ssh_wire.text import printable

__all__ = ["looks_like_kind", "parse_key_fields", "parse_public_line"]


def looks_like_kind(field: bytes) -> bool:
    """Say whether a field looks like a kind of key, known or not, rather than like options."""
    return (
        b'"' not in field
        and b"=" not in field
        and b"," not in field
        and (field.startswith((b"ssh-", b"ecdsa-sha2-", b"rsa-sha2-", b"sk-", b"webauthn-")))
    )


def parse_public_line(line: bytes | str, *, policy: KeyPolicy = KeyPolicy.DEFAULT) -> PublicKey:
    """Parse `kind base64 comment`, the one line of a public key file.

    Raises:
        UnsupportedKey: its kind is refused or unknown.
        KeyFormatError: it is not such a line, or the key is of another kind.
    """
    kind, rest = take_field(checked_line(as_bytes(line)))
    return parse_key_fields(kind, rest, policy=policy)


def parse_key_fields(
    kind: bytes, rest: bytes, *, policy: KeyPolicy = KeyPolicy.DEFAULT
) -> PublicKey:
    """Parse the key of a line whose first field is its kind.

    Raises:
        UnsupportedKey: the kind is refused or unknown.
        KeyFormatError: the rest is not a key of that kind.
    """
    declared = kind.decode("utf-8", "surrogateescape")
    if not is_known_kind(declared):  # it may be a line of a private key in the wrong place
        name = quoted_name(kind)
        raise UnsupportedKey(declared if name else "unknown", f"unknown key type{name}")
    load_family(declared)  # a kind that is refused is reported before its base64
    encoded, comment = take_field(rest)
    blob = from_base64(encoded, "the key")
    key = PublicKey.from_blob(blob, comment.decode("utf-8", "surrogateescape"), policy=policy)
    if key.kind != declared:
        problem = f"the line says {printable(declared, 64)}, its key is {key.kind}"
        raise KeyFormatError(problem)
    return key
