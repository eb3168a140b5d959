"""The method "password", with the change of one that has expired (RFC 4252 section 8)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from ssh_auth.server.events import ServerQuestion
from ssh_auth.server.methods.base import Ask, Fail, Method, Step, Turn, judged
from ssh_auth.server.results import ChangePassword
from ssh_auth.server.states import ExpectDecision, ServerState
from ssh_wire import Message, lazy_attrs
from ssh_wire.messages.auth import PasswdChangeReq, PasswordChangeRequest, PasswordRequest

__all__ = ["PasswordChangeOffered", "PasswordMethod", "PasswordOffered"]


@lazy_attrs.frozen
class PasswordOffered(ServerQuestion):
    """Is this the user's password?  Of an expired one the answer is a `ChangePassword`."""

    FUNCTION: ClassVar[str] = "password"

    password: str = lazy_attrs.field(repr=False)

    @property
    def arguments(self) -> tuple[object, ...]:
        """The password."""
        return (self.password,)


@lazy_attrs.frozen
class PasswordChangeOffered(ServerQuestion):
    """Is this the user's password, and may the new one take its place?"""

    FUNCTION: ClassVar[str] = "new_password"

    password: str = lazy_attrs.field(repr=False)
    new_password: str = lazy_attrs.field(repr=False)

    @property
    def arguments(self) -> tuple[object, ...]:
        """The old password and the new one."""
        return (self.password, self.new_password)


class PasswordMethod(Method[PasswordRequest | PasswordChangeRequest, ServerState, Message]):
    """Asks about passwords, and demands a new one."""

    NAME: ClassVar[str] = "password"
    NUMBERS: ClassVar[frozenset[int]] = frozenset({60})
    REQUESTS: ClassVar[tuple[type[Message], ...]] = (PasswordRequest, PasswordChangeRequest)
    FUNCTIONS: ClassVar[Mapping[str, int]] = {"password": 1, "new_password": 2}
    OFFERED_BY: ClassVar[tuple[str, ...]] = ("password",)
    ANSWERS: ClassVar[tuple[type, ...]] = (ChangePassword,)

    def begin(self, request: PasswordRequest | PasswordChangeRequest) -> Step:
        """Ask about passwords that may reach the backend."""
        if not self._is_presentable(request.password):
            return Fail()
        number, user = next(self._conversation.numbers), request.user
        state = ExpectDecision(number)
        if isinstance(request, PasswordRequest):
            return Ask(state, PasswordOffered(number, user, request.password))
        if not self._is_presentable(request.new_password):
            return Fail()
        event = PasswordChangeOffered(number, user, request.password, request.new_password)
        return Ask(state, event)

    def answer(self, state: ExpectDecision, value: Any) -> Step:  # noqa: ANN401 (see Method)
        """Demand a new password, or end with the result."""
        del state
        if isinstance(value, ChangePassword):
            return Turn(PasswdChangeReq(prompt=value.prompt))
        return judged(value)

    def _is_presentable(self, password: str) -> bool:
        """Return whether a password may reach the backend: never an empty second factor."""
        conversation = self._conversation
        if not password:
            return conversation.empty_passwords and not conversation.context.completed
        return (
            len(password.encode()) <= conversation.limits.password_bytes and "\0" not in password
        )
