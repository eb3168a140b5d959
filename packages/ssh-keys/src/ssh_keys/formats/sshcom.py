"""The private key files of ssh.com's SSH 2, as OpenSSH reads them: RSA, without a passphrase.

    ---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----
    Comment: "a comment"
    base64
    ---- END SSH2 ENCRYPTED PRIVATE KEY ----

No specification has been published: `ssh-keygen -i` and PuTTY have shown what is in them, also
where the key is not encrypted, for all that the label says.

    uint32 0x3f6ff9eb, uint32 length of all
    string kind, string cipher
    string (uint32 length, number e, d, n, q^-1 mod p, q, p)

A number is a uint32, its length in bits, and its bytes.
"""

from __future__ import annotations

from struct import Struct, error
from typing import TYPE_CHECKING, Final

from ssh_keys.errors import KeyFormatError, UnsupportedKey
from ssh_keys.families.rsa import FAMILY
from ssh_keys.formats.rfc4716 import open_frame
from ssh_keys.policy import KeyPolicy
from ssh_keys.public import PublicKey
from ssh_wire import WireError
from ssh_wire.primitives import encode_mpint, read_string, read_text, string
from ssh_wire.text import printable

if TYPE_CHECKING:
    from ssh_keys.private import PrivateKey

__all__ = ["BEGIN", "decode_private"]

BEGIN: Final = b"---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----"
_END: Final = b"---- END SSH2 ENCRYPTED PRIVATE KEY ----"
_MAGIC: Final = 0x3F6FF9EB
_RSA: Final = "if-modn{"
_KIND: Final = "ssh-rsa"
_PLAIN: Final = "none"
_MOST_BITS: Final = 16384
_NUMBERS: Final = 6
_UINT32: Final = Struct(">I")


def decode_private(data: bytes, *, policy: KeyPolicy = KeyPolicy.DEFAULT) -> PrivateKey:
    """Read a private key.

    Raises:
        UnsupportedKey: it is not of RSA.
        KeyFormatError: it is encrypted, or not one complete key within the limits.
    """
    body, comment = open_frame(data, BEGIN, _END, "private key of ssh.com")
    try:
        e, d, n, iqmp, q, p = _numbers(_section(body))
    except (WireError, error) as reason:
        problem = f"not a private key of ssh.com: {reason}"
        raise KeyFormatError(problem) from None
    blob = string(_KIND.encode()) + string(encode_mpint(e)) + string(encode_mpint(n))
    public = PublicKey.from_blob(blob, comment, policy=policy)
    secret = b"".join(string(encode_mpint(each)) for each in (d, p, q, iqmp))
    key, _ = FAMILY.read_ppk(public, secret)
    return key.with_comment(comment)


def _section(body: bytes) -> bytes:
    """Return the numbers of a key that is not encrypted."""
    if _UINT32.unpack_from(body)[0] != _MAGIC:
        problem = "not a private key of ssh.com: its first bytes are others"
        raise KeyFormatError(problem)
    kind, pos = read_text(body, 2 * _UINT32.size)  # behind the length of all
    cipher, pos = read_text(body, pos)
    if not kind.startswith(_RSA):
        name = kind.partition("{")[0]
        problem = f"a private key of ssh.com of kind {printable(name, 64)}: only RSA keys are read"
        raise UnsupportedKey(name, problem)
    if cipher != _PLAIN:
        problem = (
            f"the private key of ssh.com is encrypted with {printable(cipher, 64)}: remove its "
            "passphrase with the program that made it"
        )
        raise KeyFormatError(problem)
    section, end = read_string(body, pos)
    if end != len(body):
        problem = f"{len(body) - end} bytes follow the private key"
        raise KeyFormatError(problem)
    return section


def _numbers(section: bytes) -> list[int]:
    pos = _UINT32.size
    if _UINT32.unpack_from(section)[0] != len(section) - pos:
        problem = "not a private key of ssh.com: the length in it is wrong"
        raise KeyFormatError(problem)
    found: list[int] = []
    for _ in range(_NUMBERS):
        (bits,) = _UINT32.unpack_from(section, pos)
        pos += _UINT32.size
        end = pos + (bits + 7) // 8
        if bits > _MOST_BITS or end > len(section):
            problem = "not a private key of ssh.com: a number is too long"
            raise KeyFormatError(problem)
        found.append(int.from_bytes(section[pos:end], "big"))
        pos = end
    if pos != len(section):
        problem = f"{len(section) - pos} bytes follow the numbers of the private key"
        raise KeyFormatError(problem)
    return found
