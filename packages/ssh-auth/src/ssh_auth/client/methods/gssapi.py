"""The method "gssapi-with-mic": a GSS-API context, as Kerberos has them (RFC 4462 section 3)."""

from __future__ import annotations

from typing import ClassVar

from ssh_auth.attempts import Outcome
from ssh_auth.client.events import Question
from ssh_auth.client.methods.base import GiveUp, Method, Rows, Step, Stop, Turn, unfit
from ssh_auth.client.methods.publickey import Unsigned
from ssh_auth.client.states import QUIET, VERDICT, Await, Trying
from ssh_auth.gssapi import GSSAPICredential, SecurityContext, signed_data
from ssh_wire import Message, MessageSet, ProtocolError, SSHError, lazy_attrs
from ssh_wire.messages.gss import (
    GSSAPIMIC,
    GSSAPIErrorToken,
    GSSAPIFailure,
    GSSAPIMICRequest,
    GSSAPIResponse,
    GSSAPIToken,
)
from ssh_wire.text import printable

__all__ = [
    "AwaitToken",
    "ExpectMICVerdict",
    "ExpectMechanism",
    "ExpectToken",
    "GSSAPIMethod",
    "NextToken",
    "TokenNeeded",
]


@lazy_attrs.frozen
class NextToken:
    """What a context has come to.

    Attributes:
        token: the token for the server; empty for none.
        mic: the integrity code over the request, where the context is established.
    """

    token: bytes = lazy_attrs.field(repr=False)
    mic: bytes | None = None


@lazy_attrs.frozen
class TokenNeeded(Question[NextToken | Unsigned]):
    """The answer is the next token; `Unsigned` gives the credential up.

    Attributes:
        context: this side of the context.
        token: the server's token; None at the beginning.
        data: what the integrity code covers.
    """

    context: SecurityContext
    token: bytes | None = lazy_attrs.field(repr=False)
    data: bytes = lazy_attrs.field(repr=False)

    async def obtain(self) -> NextToken | Unsigned:
        """Ask the mechanism."""
        try:
            token = await self.context.step(self.token)
            mic = self.context.get_mic(self.data) if self.context.complete else None
        except SSHError as error:
            return Unsigned(printable(str(error)))
        return NextToken(token, mic)


@lazy_attrs.frozen
class ExpectMechanism(Trying[GSSAPICredential]):
    """The server chooses a mechanism."""


@lazy_attrs.frozen
class ExpectToken(Trying[GSSAPICredential]):
    """A token is with the server."""

    context: SecurityContext


@lazy_attrs.frozen
class ExpectMICVerdict(Trying[GSSAPICredential]):
    """The integrity code is with the server."""


@lazy_attrs.frozen
class AwaitToken(Await[GSSAPICredential, TokenNeeded]):
    """The mechanism makes the next token."""


_FAILURES: MessageSet[Message] = MessageSet(GSSAPIFailure, GSSAPIErrorToken)


class GSSAPIMethod(
    Method[
        GSSAPICredential,
        ExpectMechanism | ExpectToken | ExpectMICVerdict,
        GSSAPIResponse | GSSAPIToken | GSSAPIFailure | GSSAPIErrorToken,
        AwaitToken,
    ]
):
    """Establishes a context with the server, and shows an integrity code of it."""

    NAME: ClassVar[str] = "gssapi-with-mic"
    NUMBERS: ClassVar[frozenset[int]] = frozenset({60, 61, 63, 64, 65, 66})
    LEGAL: ClassVar[Rows] = {
        ExpectMechanism: VERDICT | MessageSet[Message](GSSAPIResponse) | _FAILURES,
        ExpectToken: VERDICT | MessageSet[Message](GSSAPIToken) | _FAILURES,
        ExpectMICVerdict: VERDICT | _FAILURES,
        AwaitToken: QUIET,
    }

    def begin(self) -> Step:
        """Offer the mechanisms."""
        requests = self._conversation.requests
        request = GSSAPIMICRequest(
            user=requests.user,
            service=requests.service,
            mechanisms=self._credential.mechanisms,
        )
        return Turn(ExpectMechanism(self._credential), (request,))

    def step(
        self,
        state: ExpectMechanism | ExpectToken | ExpectMICVerdict,
        message: GSSAPIResponse | GSSAPIToken | GSSAPIFailure | GSSAPIErrorToken,
    ) -> Step:
        """Go on with the context; what a failure says is followed by SSH_MSG_USERAUTH_FAILURE."""
        conversation = self._conversation
        conversation.rounds += 1
        if conversation.rounds > conversation.limits.rounds:
            return Stop("the server's tokens do not end")
        match state, message:
            case ExpectMechanism(), GSSAPIResponse(mechanism=mechanism):
                if mechanism not in self._credential.mechanisms:
                    problem = "the server chooses a GSS-API mechanism that was not offered"
                    raise ProtocolError(problem)
                return self._ask(self._credential.initiate(mechanism), None)
            case ExpectToken(context=context), GSSAPIToken(token=token):
                return self._ask(context, token)
            case _:
                return Turn(state)

    def answer(self, state: AwaitToken, value: object) -> Step:
        """Send the token, and the integrity code where the context is established."""
        if isinstance(value, Unsigned):
            return GiveUp(Outcome.SIGNING_FAILED, value.reason)
        if not isinstance(value, NextToken):
            wanted = "the next token of the context"
            raise unfit(wanted)
        messages: tuple[Message, ...] = (GSSAPIToken(token=value.token),) if value.token else ()
        if value.mic is not None:
            messages = (*messages, GSSAPIMIC(mic=value.mic))
            return Turn(ExpectMICVerdict(state.credential), messages, proves=True)
        if not messages:
            return GiveUp(Outcome.SIGNING_FAILED, "the mechanism has nothing to send")
        return Turn(ExpectToken(state.credential, state.question.context), messages)

    def _ask(self, context: SecurityContext, token: bytes | None) -> Turn:
        requests = self._conversation.requests
        data = signed_data(requests.session_id, requests.user, requests.service)
        return Turn(AwaitToken(self._credential, TokenNeeded(context, token, data)))
