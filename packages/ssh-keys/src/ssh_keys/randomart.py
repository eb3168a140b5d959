"""Fingerprints for people: randomart and bubblebabble, as `ssh-keygen` prints them.

Randomart is the trail of a walk over a field of 17 by 9, where two bits of the hash are one
diagonal step ("The drunken bishop", Loss, Limmer and von Gernler, 2009).  Bubblebabble is the
hash in words that can be read aloud (Huima, "The Bubble Babble Binary Data Encoding").

Both are of the plain key: a certificate has the picture of its key, with another title.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

from ssh_keys.credential import plain_key
from ssh_keys.public import HashName, PublicKey

if TYPE_CHECKING:
    from ssh_keys.credential import Credential

__all__ = ["HashName", "bubblebabble", "bubblebabble_of", "randomart", "title_of"]

_WIDTH: Final = 17
_HEIGHT: Final = 9
_SYMBOLS: Final = " .o+=*BOX@%&#/^"
_START, _END = "S", "E"
_TITLE_SPACE: Final = 16

_TITLES: Final = (
    # what the kind starts with, its title
    ("ssh-ed25519", "ED25519"),
    ("ssh-ed448", "ED448"),
    ("ecdsa-sha2-", "ECDSA"),
    ("ssh-rsa", "RSA"),
    ("sk-ssh-ed25519", "ED25519-SK"),
    ("sk-ecdsa-sha2-", "ECDSA-SK"),
    ("webauthn-sk-ecdsa-sha2-", "ECDSA-SK"),
    ("ssh-mldsa44-ed25519", "MLDSA44-ED25519"),
)

_VOWELS: Final = "aeiouy"
_CONSONANTS: Final = "bcdfghklmnprstvzx"


def randomart(key: Credential, hash_name: HashName = "sha256") -> str:
    """Return the picture of a key's hash, as `ssh-keygen -lv` prints it, without a newline.

    Args:
        key: the key, or a certificate for it.
        hash_name: what the key is hashed with.
    """
    plain = plain_key(key)
    digest = _digest(plain, hash_name)
    title = title_of(plain.kind) + ("" if plain is key else "-CERT")
    sized = f"[{title} {plain.bits}]"
    if len(sized) > _TITLE_SPACE + 1:
        sized = f"[{title}]"
    rows = _walk(digest)
    return "\n".join(
        [
            _border(sized[:_TITLE_SPACE]),
            *(f"|{row}|" for row in rows),
            _border(f"[{hash_name.upper()}]"),
        ]
    )


def bubblebabble(key: Credential, hash_name: HashName = "sha1") -> str:
    """Return a key's hash in words, as `ssh-keygen -B` prints it (with SHA-1).

    Args:
        key: the key, or a certificate for it.
        hash_name: what the key is hashed with.
    """
    return bubblebabble_of(_digest(plain_key(key), hash_name))


def bubblebabble_of(data: bytes) -> str:
    """Return bytes in words."""
    seed = 1
    words: list[str] = []
    for pos in range(0, len(data) - 1, 2):
        first, second = data[pos], data[pos + 1]
        words.append(_syllable(first, seed) + _CONSONANTS[second >> 4])
        words.append("-" + _CONSONANTS[second & 15])
        seed = (seed * 5 + first * 7 + second) % 36
    if len(data) % 2:
        words.append(_syllable(data[-1], seed))
    else:
        words.append(_VOWELS[seed % 6] + _CONSONANTS[16] + _VOWELS[seed // 6])
    return f"x{''.join(words)}x"


def title_of(kind: str) -> str:
    """Return the title of a kind of key in the output of `ssh-keygen`, such as "ED25519"."""
    for start, title in _TITLES:
        if kind.startswith(start):
            return title
    return "unknown"


def _digest(key: PublicKey, hash_name: HashName) -> bytes:
    return hashlib.new(hash_name, key.blob, usedforsecurity=False).digest()


def _walk(digest: bytes) -> list[str]:
    """Walk over the field; return its rows."""
    visits = [[0] * _WIDTH for _ in range(_HEIGHT)]
    x, y = _WIDTH // 2, _HEIGHT // 2
    for byte in digest:
        for shift in range(0, 8, 2):
            step = byte >> shift
            # a step into a wall slides along it
            x = min(max(x + (1 if step & 1 else -1), 0), _WIDTH - 1)
            y = min(max(y + (1 if step & 2 else -1), 0), _HEIGHT - 1)
            visits[y][x] += 1
    most = len(_SYMBOLS) - 1
    drawn = [[_SYMBOLS[min(count, most)] for count in row] for row in visits]
    drawn[_HEIGHT // 2][_WIDTH // 2] = _START
    drawn[y][x] = _END
    return ["".join(row) for row in drawn]


def _border(text: str) -> str:
    left = "-" * ((_WIDTH - len(text)) // 2)
    return f"+{(left + text).ljust(_WIDTH, '-')}+"


def _syllable(byte: int, seed: int) -> str:
    return (
        _VOWELS[((byte >> 6) + seed) % 6]
        + _CONSONANTS[byte >> 2 & 15]
        + _VOWELS[((byte & 3) + seed // 6) % 6]
    )
