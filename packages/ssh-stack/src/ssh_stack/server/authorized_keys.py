"""Who may log in with which key: AUTHORIZED_KEYS of sshd(8), certificate authorities included."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING, TypeAlias

from ssh_auth import Accept, AuthContext, Partial, Reject
from ssh_connection.aio import ServerAuthentication
from ssh_keys import AuthorizedKeysFile as KeyLines
from ssh_keys import KeyFormatError, PublicKey
from ssh_keys.files import ReadOnce, read_authorized_keys
from ssh_stack.local.user import local_user
from ssh_stack.server.lines_of import LinesOf, text_of
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
    from ssh_keys.trust import AuthorizedKey

__all__ = ["AuthorizedKeys", "allowed_users"]

_Result: TypeAlias = Accept | Reject | Partial
_log = logging.getLogger("ssh_stack.server")


class AuthorizedKeys:
    """Lets in whoever has one of the keys, or a certificate of one of the authorities.

    Every option in front of a key is enforced; a line with `tunnel` authorizes no user, since
    nothing here forwards tunnels.  `environment` takes effect where the server allows it.

    Args:
        source: an authorized_keys file, read again at each attempt, a pipe once; or the keys
            themselves; or a function that returns the lines of such a file for an `AuthContext`,
            as sshd's AuthorizedKeysCommand: an async one, or a plain one, which is called in a
            thread.
        users: the user names that may log in; by default the one that this process runs as.
        clock: gives the time in seconds since 1970.
    """

    def __init__(
        self,
        source: Path | Sequence[PublicKey] | LinesOf,
        users: Collection[str] | None = None,
        *,
        clock: Callable[[], int] = unix_time,
    ) -> None:
        self._source: Path | LinesOf | None = None
        self._keys: tuple[PublicKey, ...] = ()
        if isinstance(source, str | os.PathLike) or callable(source):
            self._source = source
        else:
            self._keys = tuple(source)
        self._users = allowed_users(users)
        self._once = ReadOnce.current()
        self._clock = clock

    async def decide(self, context: AuthContext, key: PublicKey) -> _Result:
        """Accept a key that is authorized, for a user who may log in.

        Args:
            context: the user that the client named, and where it connects from.
            key: its key.
        """
        user = context.user
        found = await self._grant_of_key(key, context)
        if found is not None and user in self._users:  # the same work for everybody
            return found
        _log.info("key %s refused for %s", key.fingerprint(), printable(user))
        return Reject()

    async def decide_certificate(self, context: AuthContext, certificate: Certificate) -> _Result:
        """Accept a certificate of an authority of the file, for a user who may log in."""
        user = context.user
        found = await self._grant_of_certificate(certificate, context)
        if found is not None and user in self._users:
            return found
        text = "certificate %r of key %s refused for %s"
        _log.info(text, certificate.key_id, certificate.fingerprint(), printable(user))
        return Reject()

    async def _grant_of_key(self, key: PublicKey, context: AuthContext) -> Accept | None:
        if self._source is None:
            return Accept() if key in self._keys else None
        lines = await self._lines(context)
        for listed in lines.matching(key, ENFORCED):
            problem = options_problem(listed.options, context, self._clock())
            if not problem:
                return options_grant(listed.options)
            self._log_unused_lines(listed, problem)
        return None

    async def _grant_of_certificate(
        self, certificate: Certificate, context: AuthContext
    ) -> Accept | None:
        lines = await self._lines(context)
        for listed in lines.authorities(certificate.ca_key, ENFORCED):
            options, now = listed.options, self._clock()
            problem = options_problem(options, context, now) or certificate_problem(
                certificate, context, now, options.principals
            )
            if not problem:
                found = combined_grant(options_grant(options), certificate_grant(certificate))
                if found is not None:
                    return found
                problem = "it forces another command than the certificate"
            self._log_unused_lines(listed, problem)
        return None

    async def _lines(self, context: AuthContext) -> KeyLines:
        lines = KeyLines()
        try:
            lines = await self._read(context)
        except FileNotFoundError:
            pass
        except (OSError, KeyFormatError) as error:
            _log.warning("authorized keys: %s", error)
        for problem in (*lines.problems, *lines.not_enforced(ENFORCED)):
            _log.info("%s, line %d is not used: %s", self._name, problem.line, problem.reason)
        return lines

    async def _read(self, context: AuthContext) -> KeyLines:
        source = self._source
        if source is None:
            return KeyLines()
        if callable(source):
            return KeyLines.parse(await text_of(source, context))
        with self._once.scope():
            return await asyncio.to_thread(read_authorized_keys, source)

    @property
    def _name(self) -> str:
        source = self._source
        return "authorized keys" if source is None or callable(source) else os.fspath(source)

    def _log_unused_lines(self, listed: AuthorizedKey, problem: str) -> None:
        _log.info("%s, line %d does not authorize the key: %s", self._name, listed.line, problem)

    @property
    def authentication(self) -> ServerAuthentication:
        """The method that it offers."""
        # the keys themselves are no authorities
        certificate = None if self._source is None else self.decide_certificate
        return ServerAuthentication(public_key=self.decide, certificate=certificate)


def allowed_users(users: Collection[str] | None) -> frozenset[str]:
    """Return who may log in: by default whom this process runs as.

    Raises:
        UsageError: one name is given where names are wanted.
    """
    if isinstance(users, str):
        problem = f"users is a collection of names: give [{users!r}]"
        raise UsageError(problem)
    return frozenset([local_user()] if users is None else users)
