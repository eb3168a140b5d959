"""What a client does in any case, whatever its credentials are."""

from __future__ import annotations

from ssh_wire import lazy_attrs

__all__ = ["ClientPolicy"]


@lazy_attrs.frozen(kw_only=True)
class ClientPolicy:
    """What the client asks for, and what it may use.

    Attributes:
        service: the service that begins when the user is authenticated.
        host: the server's name, for errors.
        algorithms: the signature algorithms that users' keys may use, the preferred one first, as
            PubkeyAcceptedAlgorithms of ssh_config(5) lists them; None for all but SHA-1.
        hostbased_algorithms: those that keys of the client host may use
            (HostbasedAcceptedAlgorithms); None for all but SHA-1.
        hostbound: whether a signature is bound to the server's key where the server takes that
            (PubkeyAuthentication without "unbound").
        require_proof: whether a success is refused of a server that has wanted nothing that only
            the user could show.  Such a server may be another one, that asks for a password in
            the session.
    """

    service: str = "ssh-connection"
    host: str = ""
    algorithms: tuple[str, ...] | None = None
    hostbased_algorithms: tuple[str, ...] | None = None
    hostbound: bool = True
    require_proof: bool = False
