"""Which algorithm signs, and which are accepted (RFC 8332, RFC 8308 section 3.1).

`ssh-rsa` is a kind of key.  As an algorithm it is SHA-1: it is neither used nor accepted.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from ssh_keys import PublicKey

__all__ = ["ACCEPTED_ALGORITHMS", "signature_algorithm"]

ACCEPTED_ALGORITHMS: Final = (
    "ssh-ed25519",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "rsa-sha2-512",
    "rsa-sha2-256",
)
"""What a server accepts unless it is told otherwise, and lists as server-sig-algs."""


def signature_algorithm(key: PublicKey, server_sig_algs: Sequence[str] | None) -> str | None:
    """Return the algorithm to sign with, or None if the server verifies with none of the key's.

    A key that signs in one way only is tried whatever the server lists: the list "MAY"
    leave algorithms out, and there is nothing to choose.

    Args:
        key: the key that will sign.
        server_sig_algs: the algorithms of the server's EXT_INFO; None if it sent none.
    """
    usable = [name for name in key.algorithms if name != "ssh-rsa"]
    if server_sig_algs is None or len(usable) == 1:
        return usable[0] if usable else None
    return next((name for name in usable if name in server_sig_algs), None)
