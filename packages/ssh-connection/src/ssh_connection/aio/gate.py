"""Who may log in: what a server is told, and how it is asked.

Each method is a small async function that returns exactly an `Accept`, a `Reject` or a
`Partial`.  A method without a function is not offered.  A function that raises, or
returns anything else, lets nobody in.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, TypeAlias

import attrs

from ssh_auth import (
    Accept,
    AnswersReceived,
    Authenticated,
    DecisionInvalid,
    InteractiveStarted,
    KeyOffered,
    KeyVerified,
    NoneOffered,
    Partial,
    PasswordChangeOffered,
    PasswordOffered,
    Reject,
    ServerAuth,
    ServerPolicy,
)
from ssh_keys import PublicKey
from ssh_wire import UsageError
from ssh_wire.messages.auth import InfoRequest
from ssh_wire.primitives import encode_names

if TYPE_CHECKING:
    from ssh_auth import ServerEvent

__all__ = ["Gate", "Result", "ServerAuthentication"]

Result: TypeAlias = Accept | Reject | Partial
"""What a method answers."""

_log = logging.getLogger("ssh_connection.server")


@attrs.frozen(kw_only=True)
class ServerAuthentication:
    """The methods that a server offers, each with the function that decides."""

    public_key: Callable[[str, PublicKey], Awaitable[Result]] | None = None
    """May this user in with this key?  Asked for a query too; only a verified signature counts."""
    password: Callable[[str, str], Awaitable[Result]] | None = None
    """Is this the user's password?"""
    interactive: Callable[[str, int, Sequence[str]], Awaitable[Result | InfoRequest]] | None = None
    """Prompts to show, or a result: given the user, the round (0 first), and the answers."""
    none: Callable[[str], Awaitable[Result]] | None = None
    """May this user in without credentials?"""
    sequences: tuple[tuple[str, ...], ...] = ()
    """What must be completed, one of these, as in OpenSSH's AuthenticationMethods."""
    algorithms: Callable[[str], Sequence[str]] | None = None
    """The signature algorithms that this user's keys may use; None for everybody's.

    Asked once, as soon as the client has named the user, and at once: it is no async function.
    A client that takes it is told before the first answer where they are not what all were told,
    so what is said of an unknown user must not give away that it is one.
    """
    banner: str = ""
    """Text that the client shows before authentication."""

    @property
    def policy(self) -> ServerPolicy:
        """The same for the state machine."""
        functions = {
            "publickey": self.public_key,
            "password": self.password,
            "keyboard-interactive": self.interactive,
            "none": self.none,
        }
        methods = tuple(name for name, function in functions.items() if function is not None)
        return ServerPolicy(
            methods=methods,
            sequences=self.sequences,
            banner=self.banner,
            algorithms=None if self.algorithms is None else self._algorithms_of,
        )

    def _algorithms_of(self, user: str) -> tuple[str, ...]:
        """Return a user's algorithms: none of them where the function does not say."""
        try:
            given = self.algorithms(user) if self.algorithms is not None else ()
            names = () if isinstance(given, str) else tuple(given)
            encode_names(names)
        except Exception:  # noqa: BLE001 (a user's function may raise anything)
            _log.exception("the algorithms of a user are not known")
            return ()
        return names


class Gate:
    """Asks the functions for one client, one question at a time."""

    def __init__(self, authentication: ServerAuthentication, auth: ServerAuth) -> None:
        self._functions = authentication
        self._auth = auth

    async def decide(self, event: ServerEvent) -> None:
        """Answer one question; whatever goes wrong in a function is a Reject.

        Raises:
            ProtocolError: the client has had all its attempts.
        """
        if isinstance(event, Authenticated | DecisionInvalid):
            return
        try:
            answer = await self._ask(event)
        except BaseException as error:  # a user's function may raise anything
            if _is_an_end(error):
                raise
            _log.exception("an authentication function failed")
            answer = Reject()
        if isinstance(answer, InfoRequest):
            try:
                self._auth.ask(event.request, answer)
            except UsageError:
                _log.exception("an authentication function asked what cannot be asked")
                self._auth.answer(event.request, Reject())
        else:
            self._auth.answer(event.request, answer)

    async def _ask(  # noqa: PLR0911 (one method a case)
        self, event: ServerEvent
    ) -> Result | InfoRequest:
        asked = self._functions
        match event:
            case KeyOffered() | KeyVerified() if asked.public_key is not None:
                return await asked.public_key(event.user, event.key)
            case PasswordOffered() if asked.password is not None:
                return await asked.password(event.user, event.password)
            case InteractiveStarted() if asked.interactive is not None:
                return await asked.interactive(event.user, 0, ())
            case AnswersReceived() if asked.interactive is not None:
                return await asked.interactive(event.user, event.round, event.answers)
            case NoneOffered() if asked.none is not None:
                return await asked.none(event.user)
            case PasswordChangeOffered():
                return Reject()  # nobody demanded it
            case _:
                return Reject()


def _is_an_end(error: BaseException) -> bool:
    """Whether the program or this task is being ended, and not just the function at fault."""
    if isinstance(error, asyncio.CancelledError):
        # a function may be cancelled within: that is no reason to leave its client waiting
        task = asyncio.current_task()
        return task is None or task.cancelling() > 0
    return isinstance(error, KeyboardInterrupt | SystemExit | GeneratorExit)
