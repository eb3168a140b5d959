"""What a server's functions know of a connection while they decide about a user."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ssh_wire import lazy_attrs

if TYPE_CHECKING:
    from ssh_keys import Credential, PublicKey

__all__ = ["AuthContext", "CompletedMethod"]


@lazy_attrs.frozen
class CompletedMethod:
    """A method that a client has completed.

    Attributes:
        method: the method.
        credential: the key or certificate whose signature was verified, where it has one.
    """

    method: str
    credential: Credential | None = None


@lazy_attrs.frozen(kw_only=True)
class AuthContext:
    """The connection that a user is being authenticated on.

    Attributes:
        user: the user that the client named; empty before it did.
        service: the service that the user is authenticated for.
        peer: the address and port that the client connected from, if it has one.
        local: the address and port that it connected to, if there is one.
        session_id: the identifier of the session (RFC 4253 section 7.2).
        client_version: the softwareversion that the client identified itself with, escaped.
        host_key: the host key that the client knows the server by, where it is known.
        completed: what it has completed so far, in order.
    """

    user: str = ""
    service: str = "ssh-connection"
    peer: tuple[str, int] | None = None
    local: tuple[str, int] | None = None
    session_id: bytes = lazy_attrs.field(default=b"", repr=False)
    client_version: str = ""
    host_key: PublicKey | None = None
    completed: tuple[CompletedMethod, ...] = ()
