"""Whether a request with a key means anything: its algorithm, its key, its signature.

Nothing here knows users.  Everything that can be wrong gives the same answer: no.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, TypeAlias

from ssh_auth.signed import SignedHostbasedRequest, SignedHostboundRequest, SignedRequest
from ssh_keys import KeyPolicy, PublicKey, credential_from_blob, is_security_key, plain_key
from ssh_wire import ProtocolError, SSHError, lazy, lazy_attrs
from ssh_wire.messages.auth import HostbasedRequest, PublicKeyRequest
from ssh_wire.messages.hostbound import HostboundRequest

if TYPE_CHECKING:
    from ssh_auth.server.context import AuthContext
    from ssh_keys import Credential, FidoPolicy
    from ssh_keys import fido as tokens
    from ssh_keys.fido import Assertion
else:
    tokens = lazy.module("ssh_keys.fido")  # loads with the first signature

__all__ = [
    "check_host_key",
    "offered_key",
    "signature_is_valid",
    "token_assertion",
    "token_problem",
]


SignedRequests: TypeAlias = PublicKeyRequest | HostboundRequest | HostbasedRequest
"""Requests that a key signs."""


def offered_key(
    algorithm: str, blob: bytes, accepted_algorithms: Collection[str]
) -> Credential | None:
    """Return the key or the certificate of a request, or None if its algorithm is not for it."""
    if algorithm not in accepted_algorithms:
        return None
    try:
        key = credential_from_blob(blob)
    except SSHError:
        return None
    return key if algorithm in key.algorithms else None


def check_host_key(blob: bytes, host_key: PublicKey | None) -> None:
    """Refuse a request that is bound to another server (OpenSSH's PROTOCOL section 3.1).

    Args:
        blob: the host key of the request.
        host_key: that of this server.

    Raises:
        ProtocolError: they differ.
    """
    try:
        # a server may have a key that it would not take of a user
        bound = plain_key(credential_from_blob(blob, policy=KeyPolicy.LEGACY))
    except SSHError:
        bound = None
    if host_key is None or bound != host_key:
        problem = "a request to authenticate at a server with another host key"
        raise ProtocolError(problem)


def signature_is_valid(context: AuthContext, request: SignedRequests, key: Credential) -> bool:
    """Return whether `key` signed this request in this session.

    "the public key algorithm name ... MUST match" in request and signature (RFC 8332
    section 3.2): `verify` is given the request's.  What a token says beside its signature
    is not judged: see `token_assertion`.
    """
    data = _signed_data(context.session_id, request)
    try:
        # `is True`: an error value must never pass for a verified signature
        holds = key.verify(data, request.signature, request.algorithm, fido=tokens.NO_TOUCH)
    except Exception:  # noqa: BLE001 (whatever fails in there, nothing was verified)
        return False
    return holds is True


def _signed_data(session_id: bytes, request: SignedRequests) -> bytes:
    user, service, algorithm = request.user, request.service, request.algorithm
    if isinstance(request, HostbasedRequest):
        return SignedHostbasedRequest(
            session_id=session_id,
            user=user,
            service=service,
            algorithm=algorithm,
            host_key=request.host_key,
            client_host=request.client_host,
            client_user=request.client_user,
        ).encode()
    if isinstance(request, HostboundRequest):
        return SignedHostboundRequest(
            session_id=session_id,
            user=user,
            service=service,
            algorithm=algorithm,
            key=request.key,
            host_key=request.host_key,
        ).encode()
    return SignedRequest(
        session_id=session_id, user=user, service=service, algorithm=algorithm, key=request.key
    ).encode()


def token_assertion(signature: bytes, key: PublicKey) -> Assertion | None:
    """Return what a token says beside its signature, once that is verified; None of others."""
    if not is_security_key(key.kind):
        return None
    return tokens.read_assertion(signature)


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
