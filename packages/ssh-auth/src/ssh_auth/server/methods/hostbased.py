"""The method "hostbased": the client's host vouches for the user (RFC 4252 section 9)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from ssh_auth.server.events import ServerQuestion
from ssh_auth.server.methods.base import Ask, Fail, Method, Step, judged
from ssh_auth.server.states import REQUEST, ExpectDecision, Rows, ServerState
from ssh_auth.server.usernames import is_acceptable
from ssh_auth.server.verification import offered_key, signature_is_valid
from ssh_wire import Message, lazy_attrs
from ssh_wire.messages.auth import HostbasedRequest
from ssh_wire.text import printable

if TYPE_CHECKING:
    from ssh_keys import Credential

__all__ = ["ExpectHostDecision", "HostVerified", "HostbasedMethod"]


@lazy_attrs.frozen
class HostVerified(ServerQuestion):
    """May the user in because this host says so?  Its signature was verified.

    Attributes:
        credential: the host's key or certificate.
        client_host: the host's name, as the client states it, without a dot at its end.
        client_user: the user's name at that host, as the host states it.
    """

    FUNCTION: ClassVar[str] = "hostbased"

    credential: Credential
    client_host: str
    client_user: str

    @property
    def arguments(self) -> tuple[object, ...]:
        """The host's key or certificate, its name, and the user's name there."""
        return (self.credential, self.client_host, self.client_user)


@lazy_attrs.frozen
class ExpectHostDecision(ExpectDecision):
    """A function says whether a host authenticates the user.

    Attributes:
        credential: the host's key or certificate, whose signature was verified.
    """

    credential: Credential


class HostbasedMethod(Method[HostbasedRequest, ServerState, Message]):
    """Verifies the signature of the client's host before anybody is asked about it."""

    NAME: ClassVar[str] = "hostbased"
    REQUESTS: ClassVar[tuple[type[Message], ...]] = (HostbasedRequest,)
    LEGAL: ClassVar[Rows] = {ExpectHostDecision: REQUEST}
    FUNCTIONS: ClassVar[Mapping[str, int]] = {"hostbased": 3}

    def begin(self, request: HostbasedRequest) -> Step:
        """Ask about the host, if it has signed."""
        known = self._conversation
        offered = offered_key(request.algorithm, request.host_key, known.algorithms)
        # as sshd does: a name may end with a dot
        host, limit = request.client_host.removesuffix("."), known.limits.user_name_bytes
        named = is_acceptable(request.client_user, limit) and 0 < len(host) <= limit
        if offered is None or not named or printable(host, limit=len(host)) != host:
            return Fail()
        if not signature_is_valid(known.context, request, offered):
            return Fail()
        number = next(known.numbers)
        question = HostVerified(number, request.user, offered, host, request.client_user)
        return Ask(ExpectHostDecision(number, offered), question)

    def answer(self, state: ExpectHostDecision, value: Any) -> Step:  # noqa: ANN401 (see Method)
        """End with the result."""
        return judged(value, state.credential)
