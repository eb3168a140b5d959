"""The method "publickey": a query, and a signature (RFC 4252 section 7).

The method "publickey-hostbound-v00@openssh.com" is the same with a signature that covers the key
of the server, too (OpenSSH's PROTOCOL section 3.1).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

from ssh_auth.server.events import ServerQuestion
from ssh_auth.server.methods.base import Ask, Fail, Method, Step, Turn, judged
from ssh_auth.server.results import Accept, Partial, Reject
from ssh_auth.server.states import REQUEST, ExpectDecision, Rows, ServerState
from ssh_auth.server.verification import (
    check_host_key,
    offered_key,
    signature_is_valid,
    token_assertion,
    token_problem,
)
from ssh_keys import PublicKey, plain_key
from ssh_wire import Message, lazy_attrs
from ssh_wire.messages.auth import PublicKeyOk, PublicKeyQuery, PublicKeyRequest
from ssh_wire.messages.hostbound import HostboundQuery, HostboundRequest

if TYPE_CHECKING:
    from ssh_keys import Credential
    from ssh_keys.fido import Assertion

__all__ = [
    "ExpectKeyDecision",
    "ExpectSignedDecision",
    "KeyOffered",
    "KeyVerified",
    "PublicKeyMethod",
]


_Query: TypeAlias = PublicKeyQuery | HostboundQuery
_Request: TypeAlias = PublicKeyRequest | HostboundRequest


@lazy_attrs.frozen
class _KeyQuestion(ServerQuestion):
    """A question about a key or a certificate.

    Attributes:
        credential: the key or the certificate.  A certificate's authority signed it; whether
            that authority is trusted, and whether the certificate is good for this user now,
            is for the function to say.
        algorithm: the signature algorithm.
    """

    credential: Credential
    algorithm: str

    @property
    def key(self) -> PublicKey:
        """The key, certified or not."""
        return plain_key(self.credential)

    @property
    def function(self) -> str:
        """The function for keys, or the one for certificates."""
        return "public_key" if isinstance(self.credential, PublicKey) else "certificate"

    @property
    def arguments(self) -> tuple[object, ...]:
        """The key or the certificate."""
        return (self.credential,)


@lazy_attrs.frozen
class KeyOffered(_KeyQuestion):
    """Would this key do?  The client has not shown that it holds it.

    An Accept is a hint to the client and nothing else: no permission comes of it.
    """


@lazy_attrs.frozen
class KeyVerified(_KeyQuestion):
    """May the user in with this key?  The client holds it: its signature was verified."""


@lazy_attrs.frozen
class ExpectKeyDecision(ExpectDecision):
    """A function says whether the key of a query would do."""

    query: _Query


@lazy_attrs.frozen
class ExpectSignedDecision(ExpectDecision):
    """A function says whether a key that signed authenticates the user.

    Attributes:
        credential: the key or certificate whose signature was verified.
        assertion: what the token of that key says, where it is in one.
    """

    credential: Credential
    assertion: Assertion | None


class PublicKeyMethod(Method[_Query | _Request, ServerState, Message]):
    """Answers queries, and verifies signatures before anybody is asked about them."""

    NAME: ClassVar[str] = "publickey"
    NUMBERS: ClassVar[frozenset[int]] = frozenset({60})
    REQUESTS: ClassVar[tuple[type[Message], ...]] = (
        PublicKeyQuery,
        PublicKeyRequest,
        HostboundQuery,
        HostboundRequest,
    )
    LEGAL: ClassVar[Rows] = {ExpectKeyDecision: REQUEST, ExpectSignedDecision: REQUEST}
    FUNCTIONS: ClassVar[Mapping[str, int]] = {"public_key": 1, "certificate": 1}

    def begin(self, request: _Query | _Request) -> Step:
        """Ask about the key, if it may be used and has not been."""
        conversation = self._conversation
        query = isinstance(request, PublicKeyQuery | HostboundQuery)
        if query:
            conversation.counter.count_query()
        if isinstance(request, HostboundQuery | HostboundRequest):
            check_host_key(request.host_key, conversation.context.host_key)
        offered = offered_key(request.algorithm, request.key, conversation.algorithms)
        # a key that has completed a method before, certified or not, is not a second factor
        if offered is None or conversation.has_completed(plain_key(offered)):
            # no failure that counts of a query: queries have a cap of their own
            return Fail(free=query)
        number = next(conversation.numbers)
        if isinstance(request, PublicKeyQuery | HostboundQuery):
            question = KeyOffered(number, request.user, offered, request.algorithm)
            return Ask(ExpectKeyDecision(number, request), question)
        if not signature_is_valid(conversation.context, request, offered):
            return Fail()
        assertion = token_assertion(request.signature, plain_key(offered))
        verified = KeyVerified(number, request.user, offered, request.algorithm)
        return Ask(ExpectSignedDecision(number, offered, assertion), verified)

    def answer(self, state: ExpectDecision, value: Accept | Reject | Partial) -> Step:
        """Tell the client that the key would do, or end with the result."""
        if isinstance(state, ExpectKeyDecision):
            if isinstance(value, Reject):
                return Fail(free=True)
            return Turn(PublicKeyOk(algorithm=state.query.algorithm, key=state.query.key))
        return self._complete(state, value)

    def _complete(self, state: Any, value: Accept | Reject | Partial) -> Step:  # noqa: ANN401 (an ExpectSignedDecision)
        if isinstance(value, Accept | Partial):
            problem = token_problem(state.assertion, state.credential, value.fido)
            if problem:
                return Fail(problem=problem)
        return judged(value, state.credential)
