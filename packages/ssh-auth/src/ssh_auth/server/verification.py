"""Whether a publickey request means anything: its algorithm, its key, its signature.

Nothing here knows users.  Everything that can be wrong gives the same answer: no.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from ssh_auth.signed import SignedRequest
from ssh_keys import PublicKey, credential_from_blob, is_security_key
from ssh_wire import SSHError, lazy, lazy_attrs
from ssh_wire.messages.auth import PublicKeyQuery, PublicKeyRequest

if TYPE_CHECKING:
    from ssh_keys import Credential, FidoPolicy
    from ssh_keys import fido as tokens
    from ssh_keys.fido import Assertion
else:
    tokens = lazy.module("ssh_keys.fido")  # loads with the first signature

__all__ = ["offered_key", "signature_is_valid", "token_assertion", "token_problem"]


def offered_key(
    request: PublicKeyQuery | PublicKeyRequest, accepted_algorithms: Collection[str]
) -> Credential | None:
    """Return the key or the certificate of a request, or None if its algorithm is not for it."""
    if request.algorithm not in accepted_algorithms:
        return None
    try:
        key = credential_from_blob(request.key)
    except SSHError:
        return None
    return key if request.algorithm in key.algorithms else None


def signature_is_valid(session_id: bytes, request: PublicKeyRequest, key: Credential) -> bool:
    """Return whether `key` signed this request in this session.

    "the public key algorithm name ... MUST match" in request and signature (RFC 8332
    section 3.2): `verify` is given the request's.  What a token says beside its signature
    is not judged: see `token_assertion`.
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
        holds = key.verify(
            signed.encode(), request.signature, request.algorithm, fido=tokens.NO_TOUCH
        )
    except Exception:  # noqa: BLE001 (whatever fails in there, nothing was verified)
        return False
    return holds is True


def token_assertion(request: PublicKeyRequest, key: PublicKey) -> Assertion | None:
    """Return what a token says beside its signature, once that is verified; None of others."""
    if not is_security_key(key.kind):
        return None
    return tokens.read_assertion(request.signature)


def token_problem(assertion: Assertion | None, key: Credential, fido: FidoPolicy) -> str:
    """Return what the signature of a token lacks, or nothing.

    Args:
        assertion: what the token says beside the signature; None of a key outside of one.
        key: the key, or the certificate that was shown for it.
        fido: what the backend demands.
    """
    if assertion is None:
        return ""
    if not isinstance(key, PublicKey):
        required = "verify-required" in key.critical_options
        fido = lazy_attrs.evolve(fido, verification=fido.verification or required)
    if fido.accepts(assertion):
        return ""
    return f"the token says too little: flags {assertion.flags:#04x}, counter {assertion.counter}"
