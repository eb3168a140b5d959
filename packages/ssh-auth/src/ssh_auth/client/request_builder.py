"""The requests of one user for one service, and what their signatures cover."""

from __future__ import annotations

from ssh_auth.signed import SignedHostbasedRequest, SignedHostboundRequest, SignedRequest
from ssh_wire import lazy_attrs
from ssh_wire.messages.auth import (
    HostbasedRequest,
    KeyboardInteractiveRequest,
    NoneRequest,
    PasswordChangeRequest,
    PasswordRequest,
    PublicKeyQuery,
    PublicKeyRequest,
)
from ssh_wire.messages.hostbound import HostboundRequest

__all__ = ["ClientHost", "RequestBuilder"]


@lazy_attrs.frozen
class ClientHost:
    """Who asks, for a hostbased request.

    Attributes:
        algorithm: the signature algorithm.
        host_key: the client host's key or certificate.
        name: the client host's name, fully qualified with a dot at its end.
        user: the user there.
    """

    algorithm: str
    host_key: bytes
    name: str
    user: str


@lazy_attrs.frozen
class RequestBuilder:
    """Makes every USERAUTH_REQUEST with the same user and service (RFC 4252 section 5)."""

    session_id: bytes
    user: str
    service: str

    def none(self) -> NoneRequest:
        """Ask for the methods."""
        return NoneRequest(user=self.user, service=self.service)

    def password(self, password: str) -> PasswordRequest:
        """Show a password."""
        return PasswordRequest(user=self.user, service=self.service, password=password)

    def password_change(self, old: str, new: str) -> PasswordChangeRequest:
        """Replace a password."""
        return PasswordChangeRequest(
            user=self.user, service=self.service, password=old, new_password=new
        )

    def interactive(self, submethods: str) -> KeyboardInteractiveRequest:
        """Begin a dialogue."""
        return KeyboardInteractiveRequest(
            user=self.user, service=self.service, submethods=submethods
        )

    def key_query(self, algorithm: str, key: bytes) -> PublicKeyQuery:
        """Ask whether a key would do."""
        return PublicKeyQuery(user=self.user, service=self.service, algorithm=algorithm, key=key)

    def signed_data(self, algorithm: str, key: bytes, host_key: bytes | None = None) -> bytes:
        """Return what the signature of `key_signed` covers.

        Args:
            algorithm: the signature algorithm.
            key: the user's key or certificate.
            host_key: the server's, where the signature is bound to it.
        """
        if host_key is None:
            return SignedRequest(
                session_id=self.session_id,
                user=self.user,
                service=self.service,
                algorithm=algorithm,
                key=key,
            ).encode()
        return SignedHostboundRequest(
            session_id=self.session_id,
            user=self.user,
            service=self.service,
            algorithm=algorithm,
            key=key,
            host_key=host_key,
        ).encode()

    def key_signed(
        self, algorithm: str, key: bytes, signature: bytes, host_key: bytes | None = None
    ) -> PublicKeyRequest | HostboundRequest:
        """Show a signature, over what `signed_data` returns."""
        if host_key is None:
            return PublicKeyRequest(
                user=self.user,
                service=self.service,
                algorithm=algorithm,
                key=key,
                signature=signature,
            )
        return HostboundRequest(
            user=self.user,
            service=self.service,
            algorithm=algorithm,
            key=key,
            host_key=host_key,
            signature=signature,
        )

    def hostbased_data(self, client: ClientHost) -> bytes:
        """Return what the signature of `hostbased` covers."""
        return SignedHostbasedRequest(
            session_id=self.session_id,
            user=self.user,
            service=self.service,
            algorithm=client.algorithm,
            host_key=client.host_key,
            client_host=client.name,
            client_user=client.user,
        ).encode()

    def hostbased(self, client: ClientHost, signature: bytes) -> HostbasedRequest:
        """Show a signature of the client host's key (RFC 4252 section 9)."""
        return HostbasedRequest(
            user=self.user,
            service=self.service,
            algorithm=client.algorithm,
            host_key=client.host_key,
            client_host=client.name,
            client_user=client.user,
            signature=signature,
        )
