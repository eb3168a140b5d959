"""Authorities whose user certificates are accepted: sshd's TrustedUserCAKeys (sshd_config(5))."""

from __future__ import annotations

import asyncio
import logging
import os
import re
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING, TypeAlias

from ssh_auth import Accept, AuthContext, Partial, Reject
from ssh_connection.aio import ServerAuthentication
from ssh_keys import AuthorizedPrincipals, KeyFormatError, PublicKey
from ssh_keys.files import ReadOnce, read_authorized_keys, read_authorized_principals
from ssh_stack.server.authorized_keys import allowed_users
from ssh_stack.server.lines_of import text_of
from ssh_stack.server.permissions import (
    ENFORCED,
    certificate_grant,
    certificate_problem,
    combined_grant,
    options_grant,
    options_problem,
    unix_time,
)
from ssh_stack.sources import Path
from ssh_wire import UsageError
from ssh_wire.text import printable

if TYPE_CHECKING:
    from ssh_keys import Certificate
    from ssh_keys.trust import AuthorizedPrincipal

__all__ = ["PrincipalsOf", "TrustedUserCAKeys"]

_Result: TypeAlias = Accept | Reject | Partial
PrincipalsOf: TypeAlias = Callable[
    [AuthContext, "Certificate"], str | bytes | Awaitable[str | bytes]
]
"""Returns the content of a file of principals for one connection and its certificate."""
_log = logging.getLogger("ssh_stack.server")


class TrustedUserCAKeys:
    """Lets in whoever has a certificate of one of the authorities that is good for the user.

    A certificate is good between its times, for the principals that it names, from the
    addresses of its `source-address`; its `force-command` and the permissions that it does
    not give are enforced, and one with any other critical option is refused.

    Args:
        source: a file with the authorities' public keys, one a line, read again at each
            attempt, a pipe once; or the keys themselves.
        principals: which principals may log in as a user: a mapping of user names; a file
            as sshd's AuthorizedPrincipalsFile, in whose name `%u` stands for the user and `%%`
            for a percent sign; or a function that returns the lines of such a file for an
            `AuthContext` and a certificate, as sshd's AuthorizedPrincipalsCommand, an async one
            or a plain one, which is called in a thread.  Without it a certificate must name the
            user itself.
        users: the user names that may log in; by default those of the mapping, or the one that
            this process runs as.
        clock: gives the time in seconds since 1970.

    Raises:
        UsageError: the principals or the users are neither.
    """

    def __init__(
        self,
        source: Path | Sequence[PublicKey],
        principals: Mapping[str, Collection[str]] | Path | PrincipalsOf | None = None,
        *,
        users: Collection[str] | None = None,
        clock: Callable[[], int] = unix_time,
    ) -> None:
        self._path = source if isinstance(source, str | os.PathLike) else None
        self._keys = () if isinstance(source, str | os.PathLike) else tuple(source)
        self._mapping: Mapping[str, Collection[str]] | None = None
        self._lines: Path | PrincipalsOf | None = None
        if isinstance(principals, str | os.PathLike) or callable(principals):
            self._lines = principals
        elif principals is not None:
            for user, names in principals.items():
                if isinstance(names, str):
                    problem = f"the principals of {user!r} are a collection: give [{names!r}]"
                    raise UsageError(problem)
            self._mapping = principals
            users = list(principals) if users is None else users
        self._users = allowed_users(users)
        self._once = ReadOnce.current()
        self._clock = clock

    async def decide(self, context: AuthContext, certificate: Certificate) -> _Result:
        """Accept a certificate that is good for the user, of an authority that is trusted.

        Args:
            context: the user that the client named, and where it connects from.
            certificate: its certificate.
        """
        user = context.user
        found = await self._grant_or_reason(certificate, context)
        if isinstance(found, Accept) and user in self._users:
            return found
        reason = found if isinstance(found, str) else "this user may not log in"
        text = "certificate %r (serial %d) of key %s refused for %s: %s"
        name, key = certificate.key_id, certificate.fingerprint()
        _log.info(text, name, certificate.serial, key, printable(user), reason)
        return Reject()

    async def _grant_or_reason(
        self, certificate: Certificate, context: AuthContext
    ) -> Accept | str:
        """Return what a certificate grants, or why it grants nothing."""
        if certificate.ca_key not in await asyncio.to_thread(self._authorities):
            return f"its authority {certificate.ca_key.fingerprint()} is not trusted"
        if self._lines is None:
            names = None if self._mapping is None else self._mapping.get(context.user, ())
            problem = certificate_problem(certificate, context, self._clock(), names)
            return problem or certificate_grant(certificate)
        if callable(self._lines):
            text = await text_of(self._lines, context, certificate)
            line = _line_of(AuthorizedPrincipals.parse(text), certificate, "the function")
        else:
            line = await asyncio.to_thread(_line_in_file, self._lines, certificate, context.user)
        if isinstance(line, str):
            return line
        now = self._clock()
        problem = options_problem(line.options, context, now) or certificate_problem(
            certificate, context, now, [line.name]
        )
        if problem:
            return f"with the principal {printable(line.name)!r}: {problem}"
        granted = combined_grant(options_grant(line.options), certificate_grant(certificate))
        return granted or f"{printable(line.name)!r} forces another command than it does"

    def _authorities(self) -> tuple[PublicKey, ...]:
        if self._path is None:
            return self._keys
        try:
            with self._once.scope():
                lines = read_authorized_keys(self._path)
        except (OSError, KeyFormatError) as error:
            _log.warning("authorities of users: %s", error)
            return ()
        for problem in lines.problems:
            _log.info("%s, line %d is not used: %s", self._path, problem.line, problem.reason)
        # "one per line": options have no meaning here, and might have been meant to restrict
        return tuple(listed.key for listed in lines.keys if not listed.options.names)

    @property
    def authentication(self) -> ServerAuthentication:
        """The method that it offers."""
        return ServerAuthentication(certificate=self.decide)


def _line_in_file(
    template: Path, certificate: Certificate, user: str
) -> AuthorizedPrincipal | str:
    """Return the line of the user's file that names a principal, or why there is none."""
    if "/" in user or user in {"", ".", ".."}:
        return "its user's name cannot be the name of a file"
    path = re.sub("%[u%]", lambda at: user if at[0] == "%u" else "%", os.fspath(template))
    try:
        principals = read_authorized_principals(path)
    except (OSError, KeyFormatError) as error:
        return f"the authorized principals cannot be read: {error}"
    return _line_of(principals, certificate, path)


def _line_of(
    principals: AuthorizedPrincipals, certificate: Certificate, name: str
) -> AuthorizedPrincipal | str:
    """Return the line that names a principal of a certificate, or why there is none."""
    for problem in principals.problems:
        _log.info("%s, line %d is not used: %s", name, problem.line, problem.reason)
    line = principals.lookup(certificate.principals, ENFORCED)
    return line or f"{name} names none of its principals"
