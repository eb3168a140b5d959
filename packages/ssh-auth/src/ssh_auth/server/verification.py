"""Whether a publickey request means anything: its algorithm, its key, its signature.

Nothing here knows users.  Everything that can be wrong gives the same answer: no.
"""

from __future__ import annotations

from collections.abc import Collection

from ssh_auth.signed import SignedRequest
from ssh_keys import PublicKey
from ssh_wire import SSHError
from ssh_wire.messages.auth import PublicKeyQuery, PublicKeyRequest

__all__ = ["offered_key", "signature_holds"]


def offered_key(
    request: PublicKeyQuery | PublicKeyRequest, accepted_algorithms: Collection[str]
) -> PublicKey | None:
    """Return the key of a request, or None if it cannot be used with its algorithm."""
    if request.algorithm not in accepted_algorithms:
        return None
    try:
        key = PublicKey.from_blob(request.key)
    except SSHError:
        return None
    return key if request.algorithm in key.algorithms else None


def signature_holds(session_id: bytes, request: PublicKeyRequest, key: PublicKey) -> bool:
    """Return whether `key` signed this request in this session.

    "the public key algorithm name ... MUST match" in request and signature (RFC 8332
    section 3.2): `verify` is given the request's.
    """
    signed = SignedRequest(
        session_id=session_id,
        user=request.user,
        service=request.service,
        algorithm=request.algorithm,
        key=request.key,
    )
    try:
        # `is True`: an error value must never pass for a verified signature
        return key.verify(signed.encode(), request.signature, request.algorithm) is True
    except Exception:  # noqa: BLE001 (whatever fails in there, nothing was verified)
        return False
