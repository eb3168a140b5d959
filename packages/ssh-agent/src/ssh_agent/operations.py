"""Requests that are answered with success, for both clients."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ssh_agent.added_identity import AddedIdentity
from ssh_agent.constraints import Constraints
from ssh_agent.messages import (
    AddConstrainedSmartcardKey,
    AddSmartcardKey,
    Lock,
    RemoveAllIdentities,
    RemoveIdentity,
    RemoveSmartcardKey,
    SessionBind,
    Unlock,
)
from ssh_agent.requests import ActionRequest
from ssh_wire.text import raw

if TYPE_CHECKING:
    from ssh_keys import Certificate, Credential, PrivateKey

__all__ = [
    "add",
    "add_smartcard",
    "bind",
    "lock",
    "remove",
    "remove_all",
    "remove_smartcard",
    "unlock",
]


def add(
    key: PrivateKey,
    comment: str = "",
    *,
    certificate: Certificate | None = None,
    constraints: Constraints | None = None,
) -> ActionRequest:
    """Keep this private key.

    Raises:
        UsageError: the certificate is another key's, or no agent takes the constraints.
    """
    identity = AddedIdentity(
        key, comment or key.comment, certificate, constraints or Constraints()
    )
    return ActionRequest(identity.message)


def remove(key: Credential) -> ActionRequest:
    """Forget this key."""
    return ActionRequest(RemoveIdentity(key=key.blob))


def remove_all() -> ActionRequest:
    """Forget every key."""
    return ActionRequest(RemoveAllIdentities())


def lock(passphrase: str | bytes) -> ActionRequest:
    """Refuse everything until the passphrase comes again."""
    return ActionRequest(Lock(passphrase=_raw(passphrase)))


def unlock(passphrase: str | bytes) -> ActionRequest:
    """Serve again."""
    return ActionRequest(Unlock(passphrase=_raw(passphrase)))


def add_smartcard(
    token: str, pin: str | bytes = b"", *, constraints: Constraints | None = None
) -> ActionRequest:
    """Use the keys of a token.

    Raises:
        UsageError: no agent takes the constraints.
    """
    if not constraints:
        return ActionRequest(AddSmartcardKey(token=token, pin=_raw(pin)))
    encoded = constraints.encode()
    return ActionRequest(
        AddConstrainedSmartcardKey(token=token, pin=_raw(pin), constraints=encoded)
    )


def remove_smartcard(token: str, pin: str | bytes = b"") -> ActionRequest:
    """Forget the keys of a token."""
    return ActionRequest(RemoveSmartcardKey(token=token, pin=_raw(pin)))


def bind(
    host_key: Credential, session_id: bytes, signature: bytes, *, forwarding: bool
) -> ActionRequest:
    """Bind the connection to an SSH session."""
    message = SessionBind(
        host_key=host_key.blob,
        session_id=session_id,
        signature=signature,
        is_forwarding=forwarding,
    )
    return ActionRequest(message)


def _raw(secret: str | bytes) -> bytes:
    return raw(secret) if isinstance(secret, str) else secret
