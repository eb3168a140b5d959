"""One file a family of keys; `ssh_keys.registry` says which kinds each has.

    ed25519   Ed25519 (RFC 8709)
    ecdsa     ECDSA on the NIST curves (RFC 5656)
    rsa       RSA (RFC 4253, signatures of RFC 8332)

FIDO (`sk-*`), Ed448, ML-DSA and certificates get a file of their own here.
"""

from __future__ import annotations
