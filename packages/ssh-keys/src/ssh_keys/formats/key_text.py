r"""The text of key files as it arrives: line breaks and encoding are restored before decoding.

A key that was pasted into a form, a variable or a YAML file often has other line ends, `\n` as
two characters, spaces instead of line breaks or none at all; it is in UTF-16, indented or in
quotes.  None of that changes a byte of the key.  Text before and after the key, as
`openssl pkcs12` writes it, and other blocks, such as certificates, are ignored (RFC 7468
section 2).

The text may be secret: no error of this module quotes it.
"""

from __future__ import annotations

import codecs
from typing import TYPE_CHECKING, Final

from ssh_keys.errors import KeyFormatError
from ssh_keys.lines import as_bytes
from ssh_keys.strict_base64 import from_base64
from ssh_wire import lazy_attrs

if TYPE_CHECKING:
    from collections.abc import Container, Iterator

__all__ = [
    "LABELS",
    "OPENSSH_LABEL",
    "Block",
    "BlockContent",
    "find_block",
    "is_key_text",
    "open_block",
    "to_utf8",
]

OPENSSH_LABEL: Final = "OPENSSH PRIVATE KEY"
"""The label of OpenSSH's own format."""
LABELS: Final = (
    "OPENSSH PRIVATE KEY",
    "PRIVATE KEY",
    "ENCRYPTED PRIVATE KEY",
    "RSA PRIVATE KEY",
    "EC PRIVATE KEY",
    "DSA PRIVATE KEY",
    "PUBLIC KEY",
    "RSA PUBLIC KEY",
    "EC PARAMETERS",
    "DSA PARAMETERS",
    "DH PARAMETERS",
    "CERTIFICATE",
    "TRUSTED CERTIFICATE",
    "X509 CERTIFICATE",
    "CERTIFICATE REQUEST",
    "NEW CERTIFICATE REQUEST",
    "X509 CRL",
    "PKCS7",
    "CMS",
    "PGP PRIVATE KEY BLOCK",
    "PGP PUBLIC KEY BLOCK",
    "SSH SIGNATURE",
)
"""The labels that an error may name."""

_BEGIN: Final = b"-----BEGIN"
_END: Final = b"-----END"
_DASHES: Final = b"-----"
_MAX_LABEL: Final = 64
_MAX_BLOCKS: Final = 64
_LABEL: Final = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 ")
_BY_LETTERS: Final = {label.replace(" ", ""): label for label in LABELS}
_SEEN: Final = 16
"""The number of bytes by which UTF-16 without a byte order mark is detected."""

_MARKS: Final = (
    # UTF-32 first: its mark begins with that of UTF-16
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_ODD_BLANKS: Final = (
    b"\xc2\xa0",  # no-break space
    b"\xe2\x80\xa8",  # line separator
    b"\xe2\x80\xa9",  # paragraph separator
    b"\xe2\x80\x8b",  # zero-width space
    codecs.BOM_UTF8,
)
_LETTERS: Final = (b"\\r\\n", b"\\n", b"\\r", b"\\t")
_DEK: Final = b"DEK-Info"
_LONG_IV: Final = (b"AES", b"ARIA", b"CAMELLIA", b"SEED", b"SM4")
_IV_DIGITS: Final = {True: 32, False: 16}


_KEY_MARKS: Final = (
    "--BEGIN",
    "PRIVATE KEY",
    "PuTTY-User-Key-File-",
    "Private-Lines:",
    "b3BlbnNzaC1rZXktdjE",  # the magic of OpenSSH's format
    "\n",
    "\0",
)
"""Text that is in keys, and not in paths of files."""
_BASE64: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=\\")
_MIN_SECRET: Final = 64


@lazy_attrs.frozen
class Block:
    """A block of text armour.

    Attributes:
        label: the label.
        text: the text between the BEGIN line and the END line; None without an END line.
    """

    label: str
    text: bytes | None

    def __repr__(self) -> str:
        return f"<Block {self.label}>"


@lazy_attrs.frozen
class BlockContent:
    """The content of a block.

    Attributes:
        body: the bytes.
        dek: the value of the header DEK-Info, cipher and IV (RFC 1421 section 4.6.1.3), where
            the bytes are encrypted in OpenSSL's traditional format; else None.
    """

    body: bytes
    dek: bytes | None

    def __repr__(self) -> str:
        return f"<{len(self.body)} bytes>"


def to_utf8(data: bytes | str) -> bytes:
    """Return the data of a key file as UTF-8 without a byte order mark."""
    raw = as_bytes(data)
    for mark, encoding in _MARKS:
        if raw.startswith(mark):
            return _reencode(raw, encoding)
    head = raw[:_SEEN]
    if len(head) > 1 and not any(head[1::2]) and all(head[::2]):
        return _reencode(raw, "utf-16-le")
    if len(head) > 1 and not any(head[::2]) and all(head[1::2]):
        return _reencode(raw, "utf-16-be")
    return raw.removeprefix(codecs.BOM_UTF8)


def is_key_text(text: str) -> bool:
    """Say whether text is a private key, or a part of one, and not a path.

    An error about the path would quote the key.
    """
    for mark in _KEY_MARKS:  # without a generator: it is called for each file of a login
        if mark in text:
            return True
    if text.startswith(("/", "~", ".")):
        return False  # an absolute path may look like base64, which seldom starts like this
    words = text.split()
    # base64 alone or with other words, such as a line of a key after its type
    encoded = [word for word in words if _BASE64.issuperset(word)]
    enough = sum(map(len, encoded)) >= _MIN_SECRET
    return enough and (len(encoded) == len(words) or max(map(len, encoded)) >= _MIN_SECRET)


def find_block(data: bytes, wanted: Container[str]) -> Block | None:
    """Return the first block with one of the labels, else the first block, else None.

    Raises:
        KeyFormatError: there are too many blocks.
    """
    first: Block | None = None
    for count, block in enumerate(_blocks(data)):
        if block.label in wanted:
            return block
        if count >= _MAX_BLOCKS:
            problem = f"more than {_MAX_BLOCKS} blocks in one key file"
            raise KeyFormatError(problem)
        first = first or block
    return first


def open_block(block: Block) -> BlockContent:
    """Return the content of a block.

    Raises:
        KeyFormatError: it has no END line, or its text is not base64.
    """
    if block.text is None:
        problem = "the armour has no END line"
        raise KeyFormatError(problem)
    text = _restore_lines(block.text)
    dek: bytes | None = None
    if b":" in text:
        dek, text = _split_headers(text)
    return BlockContent(from_base64(b"".join(text.split()), "the text of the armour"), dek)


def _reencode(raw: bytes, encoding: str) -> bytes:
    try:
        return raw.decode(encoding).encode("utf-8")
    except UnicodeError:
        return raw


def _blocks(data: bytes) -> Iterator[Block]:
    at = data.find(_BEGIN)
    while at >= 0:
        start = at + len(_BEGIN)
        stop = data.find(_DASHES, start, start + _MAX_LABEL + len(_DASHES))
        written = data[start : max(stop, start)]
        if not written.strip() or not _LABEL.issuperset(written):
            at = data.find(_BEGIN, start)
            continue
        after = stop + len(_DASHES)
        ending = _END + written + _DASHES
        end = data.find(ending, after)
        yield Block(_label(written), data[after:end] if end >= 0 else None)
        at = data.find(_BEGIN, end + len(ending) if end >= 0 else after)


def _label(written: bytes) -> str:
    """Return the label as it is usually written, also if its spaces are lost."""
    label = written.decode().strip()
    return _BY_LETTERS.get(label.replace(" ", ""), label)


def _restore_lines(text: bytes) -> bytes:
    """Restore the line breaks."""
    for blank in _ODD_BLANKS:
        text = text.replace(blank, b" ")
    for letters in _LETTERS:
        text = text.replace(letters, b"\n")
    # a backslash that is left joined two lines in a shell, or escaped another backslash
    return text.replace(b"\\", b"").replace(b"\r", b"\n").strip()


def _split_headers(text: bytes) -> tuple[bytes | None, bytes]:
    """Return the value of DEK-Info, and the base64 after the headers (RFC 1421 section 4.6).

    The base64 has no colon, so the headers end with the last one.  If the line breaks are lost,
    the base64 continues on the same line.
    """
    name, value = text.rsplit(b":", 1)
    line, _, body = value.partition(b"\n")
    if not name.endswith(_DEK):  # an unknown header extends to the end of its line
        dek = text.partition(_DEK + b":")[2].split(None, 1)
        return (dek[0] if dek else None), body
    words = line.split(None, 1)
    cipher, comma, digits = b"".join(words[:1]).partition(b",")
    count = _IV_DIGITS[cipher.startswith(_LONG_IV)]
    rest = b"".join((digits[count:], b" ", *words[1:], b"\n", body))
    return cipher + comma + digits[:count], rest
