"""The requests of one user for one service, and what their signatures cover."""

from __future__ import annotations

from ssh_auth.signed import SignedRequest
from ssh_wire import lazy_attrs
from ssh_wire.messages.auth import (
    KeyboardInteractiveRequest,
    NoneRequest,
    PasswordChangeRequest,
    PasswordRequest,
    PublicKeyQuery,
    PublicKeyRequest,
)

__all__ = ["RequestBuilder"]


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

    def signed_data(self, algorithm: str, key: bytes) -> bytes:
        """Return what the signature of `key_signed` covers."""
        return SignedRequest(
            session_id=self.session_id,
            user=self.user,
            service=self.service,
            algorithm=algorithm,
            key=key,
        ).encode()

    def key_signed(self, algorithm: str, key: bytes, signature: bytes) -> PublicKeyRequest:
        """Show a signature."""
        return PublicKeyRequest(
            user=self.user,
            service=self.service,
            algorithm=algorithm,
            key=key,
            signature=signature,
        )
