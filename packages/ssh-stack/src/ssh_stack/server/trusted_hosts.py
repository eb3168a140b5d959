"""Hosts that vouch for their users: sshd's HostbasedAuthentication (sshd_config(5))."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection
from typing import TYPE_CHECKING, TypeAlias

from ssh_auth import Accept, AuthContext, Partial, Reject
from ssh_connection.aio import ServerAuthentication
from ssh_keys import HostKeyStatus, KeyFormatError, KnownHosts, PublicKey
from ssh_stack.server.authorized_keys import allowed_users
from ssh_stack.sources import Path
from ssh_stack.trust_files import load_known_hosts
from ssh_wire import UsageError
from ssh_wire.text import printable

if TYPE_CHECKING:
    from ssh_keys import Credential

__all__ = ["TrustedHosts"]

_Result: TypeAlias = Accept | Reject | Partial
_log = logging.getLogger("ssh_stack.server")


class TrustedHosts:
    """Lets in a user of a trusted host under the same name, where the host's key vouches for it.

    The host's name is the one that the client states: its key proves it, and the client's address
    is not looked up (sshd's HostbasedUsesNameFromPacketOnly).  Certificates of hosts are refused.

    Args:
        hosts: the names of the hosts, as in sshd's shosts.equiv.
        known_hosts: the hosts' keys: a file of known_hosts, read again at each attempt, its
            content, or a `KnownHosts`.
        users: the user names that may log in; by default the one that this process runs as.  The
            superuser's name has to be given, as sshd wants it in a file of its own.

    Raises:
        UsageError: one name is given where names are wanted.
    """

    def __init__(
        self,
        hosts: Collection[str],
        known_hosts: Path | bytes | KnownHosts,
        users: Collection[str] | None = None,
    ) -> None:
        if isinstance(hosts, str):
            problem = f"hosts is a collection of names: give [{hosts!r}]"
            raise UsageError(problem)
        self._hosts = frozenset(each.lower() for each in hosts)
        self._known = known_hosts
        self._users = allowed_users(users)

    async def decide(
        self, context: AuthContext, credential: Credential, client_host: str, client_user: str
    ) -> _Result:
        """Accept a user of the same name at a trusted host, whose key is known."""
        known = await asyncio.to_thread(self._is_known, credential, client_host.lower())
        if known and client_user == context.user and context.user in self._users:
            return Accept()
        text = "host %s with key %s refused for %s"
        name, key = printable(client_host), credential.fingerprint()
        _log.info(text, name, key, printable(context.user))
        return Reject()

    def _is_known(self, credential: Credential, host: str) -> bool:
        if host not in self._hosts or not isinstance(credential, PublicKey):
            return False
        try:
            known, _ = load_known_hosts(self._known)
        except (OSError, KeyFormatError) as error:
            _log.warning("keys of trusted hosts: %s", error)
            return False
        return known.check(credential, host) is HostKeyStatus.TRUSTED

    @property
    def authentication(self) -> ServerAuthentication:
        """The method that it offers."""
        return ServerAuthentication(hostbased=self.decide)
