"""What is reported of one state."""

from __future__ import annotations

from ssh_auth.attempts import AuthAttempt, Outcome
from ssh_auth.client.states import ClientState
from ssh_auth.credentials import (
    HostbasedCredential,
    InteractiveCredential,
    KeyCredential,
    UnusableCredential,
)
from ssh_wire import UsageError

__all__ = ["attempt"]


def attempt(
    state: ClientState, outcome: Outcome, remaining: tuple[str, ...] | None, detail: str
) -> AuthAttempt:
    """Return the report of a state that came to an outcome.

    Raises:
        UsageError: the state tries nothing.
    """
    trying = state.trying
    if trying is None:
        problem = "nothing is being tried"
        raise UsageError(problem)
    credential, fingerprint = trying.credential, ""
    certificate = None
    if isinstance(credential, KeyCredential | HostbasedCredential):
        fingerprint = credential.signer.public_key.fingerprint()
        if credential.certificate is not None:
            certificate = credential.certificate.key_id
    elif isinstance(credential, UnusableCredential):
        fingerprint, detail = credential.fingerprint, credential.problem
    return AuthAttempt(
        method=credential.method,
        source=credential.source,
        fingerprint=fingerprint,
        certificate=certificate,
        algorithm=trying.algorithm,
        outcome=outcome,
        remaining=remaining,
        detail=detail,
        implied=isinstance(credential, InteractiveCredential) and credential.implied,
    )
