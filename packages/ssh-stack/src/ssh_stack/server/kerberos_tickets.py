"""Who may log in with which Kerberos ticket."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import TypeAlias, cast

from ssh_auth import Accept, AcceptedToken, AuthContext, Reject, SecurityContext
from ssh_auth.gssapi import accept
from ssh_connection.aio import ServerAuthentication
from ssh_stack.local.callbacks import call_for_decision
from ssh_stack.local.threads import run_in_thread
from ssh_wire import SSHError, UsageError
from ssh_wire.text import printable

__all__ = ["KerberosTickets"]

_Decision: TypeAlias = Callable[[str, str], Awaitable[bool] | bool]
_log = logging.getLogger("ssh_stack.server")


class KerberosTickets:
    """Authenticates by Kerberos tickets, by the method "gssapi-with-mic" (RFC 4462).

        auth=KerberosTickets({"ops": ["me@EXAMPLE.ORG"]})

    The keys of the server's principal are those of the system's keytab (KRB5_KTNAME).  It needs
    the package `ssh-stack[gssapi]`.

    Args:
        source: the principals that may log in as each user, or a function of user and principal
            that says so: an async one, or a plain one, which is called in a thread; only an exact
            True is a yes.  That principal and user have the same name is not enough.
        host: the name in the server's principal, `host/web1.example.org`; any principal of the
            keytab where it is empty.

    Raises:
        UsageError: the source is neither, or python-gssapi is not installed.
    """

    def __init__(
        self, source: Mapping[str, Collection[str]] | _Decision, *, host: str = ""
    ) -> None:
        self._allowed: dict[str, frozenset[str]] = {}
        self._function: _Decision | None = None
        if callable(source):
            self._function = source
        elif isinstance(cast("object", source), Mapping):
            self._allowed = {user: _principals(names) for user, names in source.items()}
        else:
            problem = "KerberosTickets takes a mapping of users to principals, or a function"
            raise UsageError(problem)
        self._host = host
        accept(run_in_thread, host)  # tells what is not installed before a client comes

    async def decide(self, context: AuthContext, principal: str) -> Accept | Reject:
        """Accept a principal that may log in as the user."""
        user = context.user
        if self._function is None:
            allowed = principal in self._allowed.get(user, ())
        else:
            allowed = await call_for_decision(self._function, user, principal)
        if allowed:
            _log.info("%s logs in as %s", printable(principal), printable(user))
            return Accept()
        _log.info("%s may not log in as %s", printable(principal), printable(user))
        return Reject()

    async def take_token(
        self, context: AuthContext, security: SecurityContext | None, token: bytes
    ) -> AcceptedToken | Reject:
        """Go on with a client's context."""
        if security is None:
            security = accept(run_in_thread, self._host)
        try:
            return AcceptedToken(security, await security.step(token))
        except SSHError as error:
            _log.info("ticket refused for %s: %s", printable(context.user), error)
            return Reject()

    @property
    def authentication(self) -> ServerAuthentication:
        """The method that it offers."""
        return ServerAuthentication(gssapi=self.decide, gssapi_step=self.take_token)


def _principals(names: Collection[str]) -> frozenset[str]:
    if isinstance(names, str):
        problem = f"the principals of a user are a list: give [{names!r}]"
        raise UsageError(problem)
    return frozenset(names)
