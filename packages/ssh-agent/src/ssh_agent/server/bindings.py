"""The SSH sessions that a connection to the agent is bound to (PROTOCOL.agent section 1).

Each hop of a forwarded agent binds the connection to its session: the chain of bindings is the
way from the machine of the agent to where the request comes from.
"""

from __future__ import annotations

from hmac import compare_digest
from typing import TYPE_CHECKING, Final

from ssh_keys import Credential, KeyPolicy, credential_from_blob
from ssh_keys.fido import NO_TOUCH
from ssh_wire import SSHError, lazy_attrs

if TYPE_CHECKING:
    from ssh_agent.messages import SessionBind

__all__ = ["MAX_BINDINGS", "MAX_SESSION_ID", "SessionBinding", "SessionBindings"]

MAX_BINDINGS: Final = 16
"""The most sessions of one connection (OpenSSH's AGENT_MAX_SESSION_IDS)."""

MAX_SESSION_ID: Final = 128
"""The longest session identifier, in bytes (OpenSSH's AGENT_MAX_SID_LEN)."""


@lazy_attrs.frozen(kw_only=True)
class SessionBinding:
    """One session.

    Attributes:
        host_key: the key or certificate of the host.
        session_id: the session identifier, which the host has signed.
        is_forwarding: whether the agent is forwarded over the session, instead of used to log
            in to it.
    """

    host_key: Credential
    session_id: bytes
    is_forwarding: bool


class SessionBindings:
    """The sessions of one connection, the first hop first.

    Attributes:
        attempted: whether a client tried to bind a session, with or without success.
    """

    def __init__(self) -> None:
        self.attempted: bool = False
        self._bound: list[SessionBinding] = []

    @property
    def bound(self) -> tuple[SessionBinding, ...]:
        """The sessions."""
        return tuple(self._bound)

    def bind(self, request: SessionBind, *, policy: KeyPolicy) -> bool:
        """Bind the connection to a further session; say whether it is bound to it now."""
        self.attempted = True
        binding = _verified(request, policy=policy)
        # "refusing ... any attempt to bind a connection previously bound for authentication"
        if binding is None or not all(each.is_forwarding for each in self._bound):
            return False
        for each in self._bound:
            if compare_digest(each.session_id, binding.session_id):
                return each.host_key == binding.host_key
        if len(self._bound) >= MAX_BINDINGS:
            return False
        self._bound.append(binding)
        return True


def _verified(request: SessionBind, *, policy: KeyPolicy) -> SessionBinding | None:
    """Return the session of a request, if its host did sign the session identifier."""
    if len(request.session_id) > MAX_SESSION_ID:
        return None
    try:
        host_key = credential_from_blob(request.host_key, policy=policy)
    except SSHError:
        return None
    # a host's signature with SHA-1 does not bind: it is not one that a key exchange may trust
    good = host_key.verify(request.session_id, request.signature, fido=NO_TOUCH)
    if good is not True:  # an error value must never pass for a verified signature
        return None
    return SessionBinding(
        host_key=host_key, session_id=request.session_id, is_forwarding=request.is_forwarding
    )
