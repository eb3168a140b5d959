"""The method "password", with the change of one that has expired (RFC 4252 section 8)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from ssh_auth.attempts import Outcome
from ssh_auth.client.events import Question
from ssh_auth.client.lenient import Repair, exact_change
from ssh_auth.client.methods.base import GiveUp, Method, Rows, Step, Turn, unfit
from ssh_auth.client.states import QUIET, VERDICT, Await, Trying
from ssh_auth.credentials import PasswordCredential, is_text
from ssh_wire import Message, MessageSet, lazy_attrs
from ssh_wire.messages.auth import PasswdChangeReq
from ssh_wire.text import escape_lines

__all__ = ["AwaitPassword", "ExpectPasswordVerdict", "PasswordMethod", "PasswordNeeded"]


@lazy_attrs.frozen
class PasswordNeeded(Question[str | None]):
    """The answer is the password; None gives the credential up.

    Attributes:
        credential: whose password.
        prompt: None for the password itself; else the server's demand for a new one,
            escaped.
    """

    credential: PasswordCredential
    prompt: str | None = None

    async def obtain(self) -> str | None:
        """Ask for the password, or for the new one."""
        return await self.credential.ask(self.prompt)


@lazy_attrs.frozen
class AwaitPassword(Await[PasswordCredential, PasswordNeeded]):
    """Somebody is asked for a password: while `old` is None for it, then for a new one."""

    old: str | None = lazy_attrs.field(default=None, repr=False)
    changes: int = 0


@lazy_attrs.frozen
class ExpectPasswordVerdict(Trying[PasswordCredential]):
    """A password is with the server."""

    password: str = lazy_attrs.field(repr=False)
    changes: int = 0


class PasswordMethod(
    Method[PasswordCredential, ExpectPasswordVerdict, PasswdChangeReq, AwaitPassword]
):
    """Sends the password, and new ones while the server demands them."""

    NAME: ClassVar[str] = "password"
    NUMBERS: ClassVar[frozenset[int]] = frozenset({60})
    LEGAL: ClassVar[Rows] = {
        AwaitPassword: QUIET,
        ExpectPasswordVerdict: VERDICT | MessageSet[Message](PasswdChangeReq),
    }
    REPAIRS: ClassVar[Mapping[int, Repair]] = {60: exact_change}

    def begin(self) -> Step:
        """Send the password, or ask for it."""
        credential = self._credential
        if isinstance(credential.password, str):
            return self._show(credential.password)
        return Turn(AwaitPassword(credential, PasswordNeeded(credential)))

    def step(self, state: ExpectPasswordVerdict, message: PasswdChangeReq) -> Step:
        """Take the demand for a new password."""
        credential, changes = state.credential, state.changes + 1
        if changes > self._conversation.limits.password_changes:
            return GiveUp(Outcome.EXPIRED, "the server takes no new password")
        if credential.change is None:
            return GiveUp(Outcome.EXPIRED, "a new password is demanded")
        question = PasswordNeeded(credential, escape_lines(message.prompt))
        return Turn(AwaitPassword(credential, question, state.password, changes))

    def answer(self, state: AwaitPassword, value: object) -> Step:
        """Send the password, or the old one and the new one."""
        if value is None:
            return GiveUp(Outcome.DECLINED if state.old is None else Outcome.EXPIRED)
        if not isinstance(value, str) or not is_text(value):
            wanted = "a password, as text that UTF-8 can carry"
            raise unfit(wanted)
        if state.old is None:
            return self._show(value)
        request = self._conversation.requests.password_change(state.old, value)
        changed = ExpectPasswordVerdict(state.credential, state.old, state.changes)
        return Turn(changed, (request,), proves=True)

    def _show(self, password: str) -> Turn:
        state = ExpectPasswordVerdict(self._credential, password)
        return Turn(state, (self._conversation.requests.password(password),), proves=True)
