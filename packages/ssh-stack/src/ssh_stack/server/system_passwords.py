"""Passwords that this machine knows: hashes of crypt(5), and PAM.

Both need a library beside this package: `ssh-stack[crypt]` has crypt-r, `ssh-stack[pam]` pamela.
"""

from __future__ import annotations

import asyncio
import hmac
import importlib
import logging
import os
import threading
from collections.abc import Collection, Mapping
from pathlib import Path as FilePath
from typing import Any, Final, TypeAlias

from ssh_auth import Accept, AuthContext, ChangePassword, Partial, Reject
from ssh_connection.aio import ServerAuthentication
from ssh_stack.server.authorized_keys import allowed_users
from ssh_stack.sources import Path
from ssh_wire import UsageError
from ssh_wire.text import printable

__all__ = ["CryptPasswords", "PAMPasswords"]

_Answer: TypeAlias = Accept | Reject | Partial | ChangePassword
_log = logging.getLogger("ssh_stack.server")

_NO_SUCH_USER: Final = "$6$ssh-stack$"
"""What is hashed for a user without a hash: SHA-512, as costly as most."""

_NEW_PASSWORD_REQUIRED: Final = 12
"""PAM_NEW_AUTHTOK_REQD of Linux-PAM."""


def _library(name: str, extra: str) -> Any:  # noqa: ANN401 (a module without types)
    try:
        return importlib.import_module(name)
    except ImportError as error:
        problem = f"{name} is not installed: pip install 'ssh-stack[{extra}]' ({error})"
        raise UsageError(problem) from None


class CryptPasswords:
    """Lets in whoever knows a password whose hash of crypt(5) is known, by the method "password".

    A user without a hash costs the time of one; a hash that is locked (`!`, `*`) matches nothing.

    Args:
        source: user names with their hashes; or a file with lines of `user:hash`, further fields
            after another colon as in shadow(5), read again at each attempt.

    Raises:
        UsageError: crypt-r is not installed.
    """

    def __init__(self, source: Mapping[str, str] | Path) -> None:
        self._source = source
        self._crypt: Any = _library("crypt_r", "crypt").crypt

    async def decide(self, context: AuthContext, password: str) -> _Answer:
        """Accept the right password."""
        if await asyncio.to_thread(self._is_right, context.user, password):
            return Accept()
        _log.info("password refused for %s", printable(context.user))
        return Reject()

    def _is_right(self, user: str, password: str) -> bool:
        known = self._hash_of(user)
        secret = password.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
        made: object = self._crypt(secret, known or _NO_SUCH_USER)
        if not known or not isinstance(made, str) or not made.startswith(("$", "_")):
            # crypt(3) answers a hash that it cannot use with "*0" or "*1"
            return False
        return hmac.compare_digest(made.encode(), known.encode())

    def _hash_of(self, user: str) -> str:
        if not isinstance(self._source, str | os.PathLike):
            return self._source.get(user, "")
        try:
            lines = FilePath(self._source).read_text().splitlines()
        except (OSError, ValueError) as error:
            _log.warning("hashes of passwords: %s", error)
            return ""
        found = (line.split(":") for line in lines)
        return next((each[1] for each in found if each[0] == user and len(each) > 1), "")

    @property
    def authentication(self) -> ServerAuthentication:
        """The method that it offers."""
        return ServerAuthentication(password=self.decide)

    def __repr__(self) -> str:
        return "CryptPasswords(…)"


class PAMPasswords:
    """Lets in whom PAM authenticates, by the method "password".

    PAM checks the account, too.  A password that has expired is changed by PAM where this process
    runs as the superuser; otherwise PAM would ask for the old one, which pamela does not answer.

    Args:
        service: the name of a file in /etc/pam.d.
        users: the user names that may log in; by default the one that this process runs as.

    Raises:
        UsageError: pamela is not installed, or there is no PAM.
    """

    def __init__(self, service: str = "sshd", users: Collection[str] | None = None) -> None:
        self._service = service
        self._users = allowed_users(users)
        self._pam: Any = _library("pamela", "pam")
        self._one_at_a_time = threading.Lock()  # modules of PAM need not be safe for threads

    async def decide(self, context: AuthContext, password: str) -> _Answer:
        """Accept the right password of an account that may log in."""
        return await asyncio.to_thread(self._authenticate, context.user, password)

    async def decide_new(self, context: AuthContext, old: str, new: str) -> _Answer:
        """Accept a new password in the place of one that is right and has expired."""
        answer = await asyncio.to_thread(self._authenticate, context.user, old)
        if type(answer) is not ChangePassword:
            return Reject()
        return await asyncio.to_thread(self._change, context.user, new)

    def _authenticate(self, user: str, password: str) -> _Answer:
        with self._one_at_a_time:
            try:
                self._pam.authenticate(user, password, service=self._service, resetcred=0)
            except self._pam.PAMError as error:
                if error.errno == _NEW_PASSWORD_REQUIRED and user in self._users:
                    return ChangePassword(f"The password of {printable(user)} has expired.")
                _log.info("PAM refused %s: %s", printable(user), printable(str(error)))
                return Reject()
        if user not in self._users:  # the same work for everybody
            _log.info("%s may not log in", printable(user))
            return Reject()
        return Accept()

    def _change(self, user: str, new: str) -> _Answer:
        with self._one_at_a_time:
            try:
                self._pam.change_password(user, new, service=self._service)
            except self._pam.PAMError as error:
                _log.info("PAM refused a password: %s", printable(str(error)))
                return ChangePassword("That password will not do; choose another one.")
        return Accept()

    @property
    def authentication(self) -> ServerAuthentication:
        """The method that it offers."""
        return ServerAuthentication(password=self.decide, new_password=self.decide_new)
