"""Signatures of FIDO tokens, made without one."""

from __future__ import annotations

from ssh_auth import SignedRequest
from ssh_keys import PrivateKey, PublicKey
from ssh_keys.fido import Assertion
from ssh_wire.messages.auth import PublicKeyRequest
from ssh_wire.primitives import read_string, string

KIND = "sk-ssh-ed25519@openssh.com"


def token_key(inner: PrivateKey) -> PublicKey:
    """The public key of a token that signs with `inner`."""
    _, pos = read_string(inner.public_key.blob, 0)
    return PublicKey.from_blob(string(KIND) + inner.public_key.blob[pos:] + string("ssh:"))


def token_signature(inner: PrivateKey, data: bytes, flags: int = 1) -> bytes:
    """What the token makes of `data`: flags 1 for a touch, 4 for a PIN."""
    assertion = Assertion(algorithm=KIND, blob=b"", flags=flags, counter=7)
    signed = assertion.signed("ssh:", data)
    assert signed is not None
    made = inner.sign(signed)
    blob, _ = read_string(made, read_string(made, 0)[1])
    return assertion.replace(blob=bytes(blob)).encode()


def signed_by_token(
    inner: PrivateKey,
    session_id: bytes,
    *,
    flags: int = 1,
    blob: bytes | None = None,
    algorithm: str = KIND,
) -> PublicKeyRequest:
    """A request with the token's key, or with a certificate of it."""
    key = token_key(inner).blob if blob is None else blob
    signed = SignedRequest(
        session_id=session_id,
        user="ops",
        service="ssh-connection",
        algorithm=algorithm,
        key=key,
    )
    return PublicKeyRequest(
        user="ops",
        service="ssh-connection",
        algorithm=algorithm,
        key=key,
        signature=token_signature(inner, signed.encode(), flags),
    )
