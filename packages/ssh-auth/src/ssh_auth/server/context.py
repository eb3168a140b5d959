"""What a server's backend may know of a connection while it decides about a user."""

from __future__ import annotations

from ssh_wire import lazy_attrs

__all__ = ["AuthContext"]


@lazy_attrs.frozen(kw_only=True)
class AuthContext:
    """The connection that a user is being authenticated on.

    Attributes:
        user: the user that the client named.
        peer: the address and port that the client connected from, if it has one.
        local: the address and port that it connected to, if there is one.
        session_id: the identifier of the session (RFC 4253 section 7.2).
        client_software: the softwareversion that the client identified itself with, escaped.
        completed: the methods that it has completed so far, in order.
    """

    user: str
    peer: tuple[str, int] | None = None
    local: tuple[str, int] | None = None
    session_id: bytes = lazy_attrs.field(default=b"", repr=False)
    client_software: str = ""
    completed: tuple[str, ...] = ()
