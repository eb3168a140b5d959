"""Which algorithm signs, and which are accepted (RFC 8332, RFC 8308 section 3.1).

`ssh-rsa` is a kind of key.  As an algorithm it is SHA-1: it is used only where the caller
names it, and never accepted.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final

from ssh_keys import PublicKey, certified_name

if TYPE_CHECKING:
    from ssh_keys import Certificate

__all__ = [
    "ACCEPTED_ALGORITHMS",
    "another_algorithm",
    "certified_algorithms",
    "names_of",
    "plain_algorithm",
    "signature_algorithm",
    "usable_algorithms",
]

ACCEPTED_ALGORITHMS: Final = (
    "ssh-ed25519",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "sk-ssh-ed25519@openssh.com",
    "sk-ecdsa-sha2-nistp256@openssh.com",
    "webauthn-sk-ecdsa-sha2-nistp256@openssh.com",
    "ssh-ed448",
    "ssh-mldsa44-ed25519",
    "ssh-mldsa44-ed25519@openssh.com",
    "rsa-sha2-512",
    "rsa-sha2-256",
)
"""What a server accepts unless it is told otherwise, and lists as server-sig-algs."""

_PLAIN: Final = {certified_name(name): name for name in (*ACCEPTED_ALGORITHMS, "ssh-rsa")}


_SHA1: Final = ("ssh-rsa", "ssh-rsa-cert-v01@openssh.com")


def plain_algorithm(name: str) -> str:
    """Return the algorithm of the signature itself, which names the key and no certificate."""
    return _PLAIN.get(name, name)


def certified_algorithms(names: Iterable[str]) -> tuple[str, ...]:
    """Return the algorithms of certificates of keys with these algorithms.

    They are not listed as server-sig-algs: a client takes them from the plain names there.
    """
    return tuple(map(certified_name, names))


def usable_algorithms(
    key: PublicKey | Certificate, allowed: Sequence[str] | None
) -> tuple[str, ...]:
    """Return the algorithms that a key may sign with, the preferred one first.

    Args:
        key: the key, or the certificate of it that is shown.
        allowed: the algorithms that may be used at all, as PubkeyAcceptedAlgorithms lists
            them; None for all but SHA-1.
    """
    if allowed is None:
        return key.algorithms
    names = names_of(key)
    return tuple(name for name in dict.fromkeys(allowed) if name in names)


def names_of(key: PublicKey | Certificate) -> frozenset[str]:
    """Return every name that a key has on the wire: its kind and all its algorithms."""
    if isinstance(key, PublicKey):
        return frozenset((key.kind, *key.algorithms, *key.sha1_algorithms))
    sha1 = map(certified_name, key.public_key.sha1_algorithms)
    return frozenset((key.kind, *key.algorithms, *sha1))


def signature_algorithm(
    key: PublicKey | Certificate,
    server_sig_algs: Sequence[str] | None,
    allowed: Sequence[str] | None = None,
) -> str | None:
    """Return the algorithm to sign with, or None where no algorithm fits.

    A key that signs in one way only is tried whatever the server lists: the list "MAY"
    leave algorithms out, and there is nothing to choose.

    Args:
        key: the key that will sign, or the certificate of it that is shown.
        server_sig_algs: the algorithms of the server's EXT_INFO; None if it sent none.
        allowed: see `usable_algorithms`.
    """
    usable = usable_algorithms(key, allowed)
    if server_sig_algs is None or len(usable) == 1:
        return usable[0] if usable else None
    # OpenSSH's sshd lists the plain names alone, other servers those of certificates too
    listed = set(server_sig_algs)
    return next((n for n in usable if n in listed or plain_algorithm(n) in listed), None)


def another_algorithm(
    key: PublicKey | Certificate,
    refused: str,
    server_sig_algs: Sequence[str] | None,
    allowed: Sequence[str] | None = None,
) -> str | None:
    """Return the algorithm to try after the server has refused one, or None.

    Args:
        key: the key, or the certificate of it that is shown.
        refused: the algorithm that was tried.
        server_sig_algs: what the server lists now, perhaps since the key was tried.
        allowed: see `usable_algorithms`.
    """
    if server_sig_algs is None:
        # a server that lists nothing may be too old for anything but SHA-1
        other = next((name for name in usable_algorithms(key, allowed) if name in _SHA1), None)
    elif {refused, plain_algorithm(refused)}.isdisjoint(server_sig_algs):
        other = signature_algorithm(key, server_sig_algs, allowed)
    else:
        other = None
    return other if other != refused else None
