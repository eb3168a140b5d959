"""The method "gssapi-with-mic": a GSS-API context, as Kerberos has them (RFC 4462 section 3).

Two functions decide.  `gssapi_step` takes a client's token; its answer is the context and the
next token.  `gssapi` says whether the user that the context names may log in as the user that
the client named: without it the method is not offered, since a ticket alone says who somebody
is, and not what they may do.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from ssh_auth.gssapi import KERBEROS, SecurityContext, signed_data
from ssh_auth.server.events import ServerQuestion
from ssh_auth.server.methods.base import Ask, Fail, Method, Step, Turn, judged
from ssh_auth.server.results import Reject
from ssh_auth.server.states import REQUEST, ExpectDecision, Rows, ServerState
from ssh_wire import Message, MessageSet, SSHError, UsageError, lazy_attrs
from ssh_wire.messages.gss import (
    GSSAPIMIC,
    GSSAPIErrorToken,
    GSSAPIExchangeComplete,
    GSSAPIMICRequest,
    GSSAPIResponse,
    GSSAPIToken,
)

__all__ = [
    "AcceptedToken",
    "ExpectContext",
    "ExpectMIC",
    "ExpectToken",
    "GSSAPIMethod",
    "PrincipalNamed",
    "TokenReceived",
]


@lazy_attrs.frozen
class AcceptedToken:
    """What a client's token has led to.

    Attributes:
        context: the server's side of the context.
        token: the next token for the client; empty for none.
    """

    context: SecurityContext
    token: bytes = lazy_attrs.field(default=b"", repr=False)


@lazy_attrs.frozen
class TokenReceived(ServerQuestion):
    """The client's token: the answer is an `AcceptedToken`, or a `Reject`.

    Attributes:
        context: the context so far; None for the first token.
        token: the token.
    """

    FUNCTION: ClassVar[str] = "gssapi_step"

    context: SecurityContext | None
    token: bytes = lazy_attrs.field(repr=False)

    @property
    def arguments(self) -> tuple[object, ...]:
        """The context so far, and the token."""
        return (self.context, self.token)


@lazy_attrs.frozen
class PrincipalNamed(ServerQuestion):
    """May this principal log in as the user?

    Attributes:
        principal: who the client is by its context, whose integrity code was verified.
    """

    FUNCTION: ClassVar[str] = "gssapi"

    principal: str

    @property
    def arguments(self) -> tuple[object, ...]:
        """The principal."""
        return (self.principal,)


@lazy_attrs.frozen
class ExpectContext(ExpectDecision):
    """A function takes a token."""


@lazy_attrs.frozen
class ExpectToken(ServerState):
    """The client sends a token.

    Attributes:
        context: the context so far.
    """

    context: SecurityContext | None = None


@lazy_attrs.frozen
class ExpectMIC(ServerState):
    """The client sends the integrity code.

    Attributes:
        context: the context, which is established.
    """

    context: SecurityContext


class GSSAPIMethod(
    Method[
        GSSAPIMICRequest,
        ExpectToken | ExpectMIC,
        GSSAPIToken | GSSAPIMIC | GSSAPIErrorToken | GSSAPIExchangeComplete,
    ]
):
    """Establishes a context, verifies its integrity code, and asks about its principal."""

    NAME: ClassVar[str] = "gssapi-with-mic"
    NUMBERS: ClassVar[frozenset[int]] = frozenset({60, 61, 63, 64, 65, 66})
    REQUESTS: ClassVar[tuple[type[Message], ...]] = (GSSAPIMICRequest,)
    LEGAL: ClassVar[Rows] = {
        ExpectContext: REQUEST,
        ExpectToken: REQUEST | MessageSet[Message](GSSAPIToken, GSSAPIErrorToken),
        ExpectMIC: REQUEST
        | MessageSet[Message](GSSAPIMIC, GSSAPIExchangeComplete, GSSAPIErrorToken),
    }
    FUNCTIONS: ClassVar[Mapping[str, int]] = {"gssapi": 1, "gssapi_step": 2}
    OFFERED_BY: ClassVar[tuple[str, ...]] = ("gssapi",)
    ANSWERS: ClassVar[tuple[type, ...]] = (AcceptedToken,)

    def begin(self, request: GSSAPIMICRequest) -> Step:
        """Choose the mechanism."""
        if KERBEROS not in request.mechanisms:
            return Fail()
        return Turn(GSSAPIResponse(mechanism=KERBEROS), ExpectToken())

    def step(
        self,
        state: ExpectToken | ExpectMIC,
        message: GSSAPIToken | GSSAPIMIC | GSSAPIErrorToken | GSSAPIExchangeComplete,
    ) -> Step:
        """Have a token taken, or the principal of an integrity code that is right judged."""
        number, user = next(self._conversation.numbers), self._conversation.user
        match state, message:
            case ExpectToken(context=context), GSSAPIToken(token=token):
                self._conversation.counter.count_round()
                question = TokenReceived(number, user, context, token)
                return Ask(ExpectContext(number), question)
            case ExpectMIC(context=context), GSSAPIMIC(mic=mic) if self._is_right(context, mic):
                return Ask(ExpectDecision(number), PrincipalNamed(number, user, context.peer))
            case _:  # an error, or a context whose user the client does not prove to be
                return Fail()

    def answer(self, state: ExpectDecision, value: Any) -> Step:  # noqa: ANN401 (see Method)
        """Go on with the context, or end with the result."""
        token = isinstance(value, AcceptedToken)
        if isinstance(state, ExpectContext) is not token and not isinstance(value, Reject):
            problem = "gssapi_step answers with an AcceptedToken, and gssapi with a result"
            raise UsageError(problem)
        if not isinstance(value, AcceptedToken):
            return judged(value)
        message = GSSAPIToken(token=value.token) if value.token else None
        if value.context.complete:
            return Turn(message, ExpectMIC(value.context))
        return Turn(message, ExpectToken(value.context)) if message is not None else Fail()

    def _is_right(self, context: SecurityContext, mic: bytes) -> bool:
        about = self._conversation.context
        try:
            context.verify_mic(signed_data(about.session_id, about.user, about.service), mic)
        except SSHError:
            return False
        return bool(context.peer)
