"""One file a family of keys; `ssh_keys.kinds` says which kinds each has.

edwards   Ed25519 and Ed448 (RFC 8709)
ecdsa     ECDSA on the NIST curves (RFC 5656)
rsa       RSA (RFC 4253, signatures of RFC 8332)
sk        keys in FIDO tokens, Ed25519 and ECDSA (OpenSSH's PROTOCOL.u2f)
mldsa     ML-DSA-44 and Ed25519 together
"""

from __future__ import annotations
