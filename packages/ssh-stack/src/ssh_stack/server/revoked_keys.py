"""Keys of users that must not be believed any more: sshd's RevokedKeys (sshd_config(5))."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, TypeAlias

from ssh_auth import Accept, AuthContext, Partial, Reject
from ssh_keys import PublicKey
from ssh_keys.files import ReadOnce
from ssh_stack.sources import RevokedSource
from ssh_stack.trust_files import load_revoked_keys
from ssh_stack.usage_errors import ConfigError
from ssh_wire import lazy_attrs
from ssh_wire.text import printable

if TYPE_CHECKING:
    from ssh_connection.aio import ServerAuthentication
    from ssh_keys import Certificate, Credential

__all__ = ["RevokedKeys"]

_Result: TypeAlias = Accept | Reject | Partial
_MEANING: Final = "revoked keys, so no key is accepted"
_log = logging.getLogger("ssh_stack.server")


class RevokedKeys:
    """Refuses revoked keys and certificates before anybody is asked about them.

    Args:
        source: one list or several: a KRL, or text with a public key on each line.  A file is
            read again at each attempt, a pipe once, and while one cannot be read, every key
            counts as revoked, as with sshd.

    Raises:
        ConfigError: a list cannot be read now.
    """

    def __init__(self, source: RevokedSource | Sequence[RevokedSource]) -> None:
        self._source = source
        self._once = ReadOnce.current()
        with self._once.scope():
            load_revoked_keys(source, _MEANING)

    async def revokes(self, key: Credential) -> bool:
        """Say whether a key must not be believed, or a certificate, its key or its authority."""
        try:
            with self._once.scope():
                lists = await asyncio.to_thread(load_revoked_keys, self._source, _MEANING)
        except ConfigError as error:
            _log.error("%s", error)
            return True
        return any(revoked.revokes(key) for _, revoked in lists)

    def guard(self, authentication: ServerAuthentication) -> ServerAuthentication:
        """Return the same methods, which no revoked key completes."""
        about_key, about_certificate = authentication.public_key, authentication.certificate

        async def public_key(context: AuthContext, key: PublicKey) -> _Result:
            if about_key is None or await self._refuses(context.user, key):
                return Reject()
            return await about_key(context, key)

        async def certificate(context: AuthContext, certificate: Certificate) -> _Result:
            if about_certificate is None or await self._refuses(context.user, certificate):
                return Reject()
            return await about_certificate(context, certificate)

        return lazy_attrs.evolve(
            authentication,
            public_key=None if about_key is None else public_key,
            certificate=None if about_certificate is None else certificate,
        )

    async def _refuses(self, user: str, key: Credential) -> bool:
        if not await self.revokes(key):
            return False
        _log.warning("revoked key %s refused for %s", key.fingerprint(), printable(user))
        return True
