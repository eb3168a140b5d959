"""Who may log in: the functions that a server is given.

Each method is a small async function that returns exactly an `Accept`, a `Reject` or a
`Partial`.  A method without a function is not offered.  A function that raises, or
returns anything else, authenticates no client.  The first argument of each is the
`AuthContext`: the user, where the client is, and what it has completed so far.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, TypeAlias

from ssh_auth import (
    SERVER_METHODS,
    Accept,
    AuthContext,
    ChangePassword,
    Partial,
    Reject,
    ServerPolicy,
)
from ssh_connection.aio.callbacks import check_async, logged
from ssh_wire import UsageError, lazy_attrs
from ssh_wire.messages.auth import InfoRequest
from ssh_wire.primitives import encode_names

if TYPE_CHECKING:
    from ssh_auth import AcceptedToken, SecurityContext
    from ssh_keys import Certificate, Credential, PublicKey

__all__ = ["Result", "ServerAuthentication", "offered_methods"]

Result: TypeAlias = Accept | Reject | Partial
"""What a method answers."""

_log = logging.getLogger("ssh_connection.server")


@lazy_attrs.frozen(kw_only=True)
class ServerAuthentication:
    """The methods that a server offers, each with the function that decides."""

    public_key: Callable[[AuthContext, PublicKey], Awaitable[Result]] | None = None
    """May this user in with this key?  Asked for a query too; only a verified signature counts."""
    certificate: Callable[[AuthContext, Certificate], Awaitable[Result]] | None = None
    """May this user in with this certificate?  Without the function, certificates are refused.

    That its authority signed it has been verified.  Whether the authority is trusted, and
    whether the certificate is good for this user now (`Certificate.check`), is not: see
    `ssh_stack.TrustedUserCAKeys`.
    """
    password: Callable[[AuthContext, str], Awaitable[Result | ChangePassword]] | None = None
    """Is this the user's password?"""
    new_password: Callable[[AuthContext, str, str], Awaitable[Result | ChangePassword]] | None = (
        None
    )
    """Is this the user's old password, and does the new one take its place?

    Asked after a `ChangePassword` of `password`; another one says that the new password will
    not do.
    """
    interactive: (
        Callable[[AuthContext, int, Sequence[str]], Awaitable[Result | InfoRequest]] | None
    ) = None
    """Prompts to show, or a result: given the round (0 first), and the answers."""
    hostbased: Callable[[AuthContext, Credential, str, str], Awaitable[Result]] | None = None
    """May this user in because a host vouches for one of its users?

    Given the host's key or certificate, whose signature was verified, the name that the host has
    for itself, and the name of its user.  Whether that key is this host's, and whether it may
    vouch, is for the function to say: see `ssh_stack.TrustedHosts`.
    """
    gssapi: Callable[[AuthContext, str], Awaitable[Result]] | None = None
    """May this principal, such as "me@EXAMPLE.ORG", log in as the user?

    That the client is the principal has been verified.  `ssh_stack.KerberosTickets` has this
    function and the next one.
    """
    gssapi_step: (
        Callable[[AuthContext, SecurityContext | None, bytes], Awaitable[AcceptedToken | Reject]]
        | None
    ) = None
    """Takes a client's token of GSS-API, with the context so far."""
    none: Callable[[AuthContext], Awaitable[Result]] | None = None
    """May this user in without credentials?"""
    sequences: tuple[tuple[str, ...], ...] = ()
    """What must be completed, one of these, as in OpenSSH's AuthenticationMethods."""
    algorithms: Callable[[str], Sequence[str]] | None = None
    """The signature algorithms that this user's keys may use; None for everybody's.

    Called once, as soon as the client has named the user; it is a plain function.
    A client that takes it is told before the first answer where they are not what all were told,
    so the algorithms of an unknown user must not reveal that it is unknown.
    """
    banner: str = ""
    """Text that the client shows before authentication."""

    def check(self) -> None:
        """Refuse functions that cannot be meant, and methods that no client could complete.

        Raises:
            UsageError: there is one.
        """
        for method in SERVER_METHODS.values():
            for name, count in method.FUNCTIONS.items():
                function = getattr(self, name)
                if function is not None:
                    check_async(name, function, count + 1)
        if self.algorithms is not None and not callable(self.algorithms):
            problem = "algorithms is a function of the user's name"
            raise UsageError(problem)
        _ = self.policy  # it raises what is wrong with it

    @property
    def policy(self) -> ServerPolicy:
        """The same for the state machine."""
        return ServerPolicy(
            methods=offered_methods(self),
            sequences=self.sequences,
            banner=self.banner,
            algorithms=None if self.algorithms is None else self._algorithms_of,
            certificates=self.certificate is not None,
        )

    def _algorithms_of(self, user: str) -> tuple[str, ...]:
        """Return a user's algorithms: none of them where the function does not say."""
        names: tuple[str, ...] = ()
        with logged(_log, "the algorithms of a user are not known") as guard:
            given = self.algorithms(user) if self.algorithms is not None else ()
            names = () if isinstance(given, str) else tuple(given)
            encode_names(names)
        return () if guard.failed else names


def offered_methods(authentication: ServerAuthentication) -> tuple[str, ...]:
    """Return the methods that have a function, in the order in which they are offered."""
    return tuple(
        name
        for name, method in SERVER_METHODS.items()
        if any(
            getattr(authentication, each) is not None
            for each in method.OFFERED_BY or method.FUNCTIONS
        )
    )
