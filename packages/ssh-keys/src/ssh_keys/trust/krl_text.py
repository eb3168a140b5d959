"""Lists of revoked keys as text: specifications for `ssh-keygen -k`, and plain lists.

A specification (ssh-keygen(1), KEY REVOCATION LISTS) has one of these on each line; `#` starts a
comment:

    serial: number[-number]     id: key id
    key: public key             sha1: public key
    sha256: public key          hash: SHA256:base64
    public key or certificate

A file of RevokedKeys (sshd_config(5)) is a KRL, or text with a public key on each line.  A list
with a line that cannot be read is refused: the key on that line would not be revoked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from ssh_keys.errors import KeyFormatError
from ssh_keys.lines import Problem, as_bytes, checked_line, numbered_lines
from ssh_keys.load import load_public_key
from ssh_keys.policy import KeyPolicy
from ssh_keys.public import PublicKey
from ssh_keys.strict_base64 import from_base64
from ssh_keys.trust.key_blobs import read_key_blob
from ssh_keys.trust.krl import MAGIC, MAX_KRL, RevocationList
from ssh_wire.text import printable

if TYPE_CHECKING:
    from collections.abc import Callable

    from ssh_keys.credential import Credential

__all__ = ["Authority", "parse_revoked", "revoke_specified"]

Authority: TypeAlias = PublicKey | Literal["any"] | None
"""The authority whose serial numbers and key ids a specification has."""

_MAX_DIGITS: Final = 24
_PREFIX: Final = b"SHA256:"
_SHA256_SIZE: Final = 32
_OCTAL: Final = 8
_BASES: Final = ((b"0x", 16), (b"0", _OCTAL), (b"", 10))


def parse_revoked(data: bytes | str, source: str = "") -> RevocationList:
    """Read a file of revoked keys: a KRL, or text with a key on each line.

    Args:
        data: the content.
        source: the name of the file in errors.

    Raises:
        KeyFormatError: it is not one complete KRL, or a line of the text cannot be read.
    """
    content = as_bytes(data)
    if content.startswith(MAGIC):
        return RevocationList.from_blob(content)
    revoked = RevocationList()
    _each_line(content, source, lambda line: revoked.revoke_blob(read_key_blob(line)))
    return revoked


def revoke_specified(
    revoked: RevocationList,
    specification: bytes | str,
    *,
    ca: Authority = None,
    source: str = "",
) -> None:
    """Revoke the keys and certificates of a specification, as `ssh-keygen -k` and `-k -u` do.

    Args:
        revoked: the list that is added to.
        specification: the text.
        ca: the authority of its serial numbers and key ids, or "any" for every authority.
        source: the name of the text in errors.

    Raises:
        KeyFormatError: a line cannot be read, or needs an authority and none was given; the
            lines before it have been applied.
    """

    def revoke(line: bytes) -> None:
        word, colon, value = line.partition(b":")
        known = _WORDS.get(word.lower()) if colon else None
        if known is None:
            revoked.revoke(_key_or_certificate(line))
        else:
            known(revoked, value.strip(b" \t"), ca)

    _each_line(as_bytes(specification), source, revoke, inline_comments=True)


def _each_line(
    content: bytes,
    source: str,
    read: Callable[[bytes], None],
    *,
    inline_comments: bool = False,
) -> None:
    if len(content) > MAX_KRL:
        problem = f"{len(content)} bytes are too many for a list of revoked keys"
        raise KeyFormatError(problem)
    for number, line in numbered_lines(content):
        text = line.partition(b"#")[0].rstrip(b" \t") if inline_comments else line
        try:
            read(checked_line(text))
        except KeyFormatError as error:
            raise KeyFormatError(str(Problem(source, number, str(error)))) from None


def _key_or_certificate(line: bytes) -> Credential:
    return load_public_key(line, policy=KeyPolicy.LEGACY)


def _authority(ca: Authority) -> PublicKey | None:
    if ca is None:
        problem = "a certificate is revoked by number or id of an authority, and none was given"
        raise KeyFormatError(problem)
    return None if isinstance(ca, str) else ca


def _revoke_serials(revoked: RevocationList, value: bytes, ca: Authority) -> None:
    first, dash, last = value.partition(b"-")
    low = _number(first)
    high = _number(last) if dash else low
    if dash and high <= low:
        problem = f"'{printable(value, 64)}' is not a range of serial numbers"
        raise KeyFormatError(problem)
    revoked.revoke_serials(_authority(ca), low, high)


def _revoke_id(revoked: RevocationList, value: bytes, ca: Authority) -> None:
    revoked.revoke_key_id(_authority(ca), value.decode("utf-8", "surrogateescape"))


def _revoke_key(revoked: RevocationList, value: bytes, ca: Authority) -> None:
    del ca
    revoked.revoke_blob(read_key_blob(value))


def _revoke_sha1(revoked: RevocationList, value: bytes, ca: Authority) -> None:
    del ca
    revoked.revoke_blob(read_key_blob(value), "sha1")


def _revoke_sha256(revoked: RevocationList, value: bytes, ca: Authority) -> None:
    del ca
    revoked.revoke_blob(read_key_blob(value), "sha256")


def _revoke_hash(revoked: RevocationList, value: bytes, ca: Authority) -> None:
    del ca
    encoded = value.removeprefix(_PREFIX)
    digest = from_base64(encoded + b"=" * (-len(encoded) % 4), "the hash")
    if encoded == value or len(digest) != _SHA256_SIZE:
        problem = f"'{printable(value, 64)}' is not a SHA-256 hash"
        raise KeyFormatError(problem)
    revoked.sha256.add(digest)


def _number(text: bytes) -> int:
    """Parse a number as C does: 0x before hexadecimal, 0 before octal digits."""
    lower = text.lower()
    prefix, base = next(each for each in _BASES if lower.startswith(each[0]))
    digits = lower if base == _OCTAL else lower.removeprefix(prefix)  # "0" alone is a number
    # int() would take a second prefix
    if digits.isalnum() and len(digits) <= _MAX_DIGITS and {*b"ox"}.isdisjoint(digits):
        try:
            return int(digits, base)
        except ValueError:
            pass
    problem = f"'{printable(text, 64)}' is not a serial number"
    raise KeyFormatError(problem)


_WORDS: Final[dict[bytes, Callable[[RevocationList, bytes, Authority], None]]] = {
    b"serial": _revoke_serials,
    b"id": _revoke_id,
    b"key": _revoke_key,
    b"sha1": _revoke_sha1,
    b"sha256": _revoke_sha256,
    b"hash": _revoke_hash,
}
"""Word before the colon -> the function that revokes the value."""
