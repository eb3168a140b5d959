"""An agent that is forwarded over an SSH session: what goes between it and the other host; no I/O.

The connection to the agent is bound to the session first (PROTOCOL.agent section 1), so that the
agent applies the destination constraints of its keys.  Requests and replies are passed on message
by message.  Requests to load a library on this machine are refused here, whatever the agent would
do: an agent that is too old to know of sessions takes them for local (CVE-2023-38408).
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final

from ssh_agent.errors import WrongReply
from ssh_agent.framing import MAX_MESSAGE, AgentFrameReader, frame
from ssh_agent.messages import (
    AddConstrainedSmartcardKey,
    AddSmartcardKey,
    AgentFailure,
    AgentSuccess,
    RemoveSmartcardKey,
    SessionBind,
)
from ssh_wire import lazy_attrs
from ssh_wire.primitives import string

if TYPE_CHECKING:
    from ssh_keys import Credential
    from ssh_wire.primitives import Buffer

__all__ = ["MAX_WAITING", "AgentForwarding", "ForwardedSession"]

MAX_WAITING: Final = 64
"""Requests that wait for replies before no more are taken."""

_REFUSED: Final = frozenset(
    each(token="", pin=b"").encode()[0] for each in (AddSmartcardKey, RemoveSmartcardKey)
) | {AddConstrainedSmartcardKey(token="", pin=b"", constraints=b"").encode()[0]}
"""The numbers of requests that are refused from a distance."""
_PROVIDER: Final = string("sk-provider@openssh.com")
_INTERNAL: Final = _PROVIDER + string("internal")
_FAILURE: Final = AgentFailure().encode()
_SUCCESS: Final = AgentSuccess().encode()


@lazy_attrs.frozen(kw_only=True)
class ForwardedSession:
    """The session that an agent is forwarded over, as its first key exchange has it.

    Attributes:
        host_key: the host's key, or its certificate.
        session_id: the session identifier.
        signature: the host's signature of it.
        is_forwarding: whether the other end uses the agent; false for a login of this end's own.
    """

    host_key: Credential
    session_id: bytes
    signature: bytes
    is_forwarding: bool = True

    @property
    def message(self) -> SessionBind:
        """The request that binds a connection to it."""
        return SessionBind(
            host_key=self.host_key.blob,
            session_id=self.session_id,
            signature=self.signature,
            is_forwarding=self.is_forwarding,
        )


class AgentForwarding:
    """One connection to an agent, on behalf of a client at the other end of a session.

    Args:
        session: the session, which the connection is bound to before anything is passed on.
        require_binding: refuse every request if the agent does not bind the connection.  By
            default they are passed on, as by OpenSSH: an agent that knows of sessions then keeps
            its constrained keys back, and one that does not has none.

    Attributes:
        bound: whether the agent did bind the connection; None before its answer.
    """

    def __init__(self, session: ForwardedSession, *, require_binding: bool = False) -> None:
        self.bound: bool | None = None
        self._require_binding = require_binding
        self._to_agent = bytearray(frame(session.message.encode()))
        self._to_client = bytearray()
        self._requests = AgentFrameReader()
        self._replies = AgentFrameReader()
        self._held: list[bytes] = []
        self._waiting: deque[bytes | None] = deque()

    @property
    def waiting(self) -> int:
        """How many requests of the client are not answered yet."""
        return len(self._held) + len(self._waiting)

    @property
    def is_full(self) -> bool:
        """Whether the driver is to take no more of the client for now."""
        return self.waiting >= MAX_WAITING or len(self._to_client) >= MAX_MESSAGE

    def receive_from_client(self, data: Buffer) -> None:
        """Take bytes of the client.

        Raises:
            WireError: they are not requests; the channel is to be closed.
        """
        self._held += self._requests.feed(data)
        if self.bound is not None:
            self._pass_on()

    def receive_from_agent(self, data: Buffer) -> None:
        """Take bytes of the agent.

        Raises:
            WireError: they are not replies; both connections are to be closed.
            WrongReply: there is no request that they answer; the same.
        """
        for reply in self._replies.feed(data):
            if self.bound is None:
                self.bound = reply == _SUCCESS
                self._pass_on()
                continue
            if not self._waiting:
                problem = "the agent answered what was not asked"
                raise WrongReply(problem)
            self._waiting[0] = reply
            self._flush()

    def take_for_agent(self) -> bytes:
        """Return what is to be written to the agent, once."""
        data = bytes(self._to_agent)
        self._to_agent.clear()
        return data

    def take_for_client(self) -> bytes:
        """Return what is to be written to the client, once."""
        data = bytes(self._to_client)
        self._to_client.clear()
        return data

    def _pass_on(self) -> None:
        held, self._held = self._held, []
        for request in held:
            if self._is_refused(request):
                self._waiting.append(_FAILURE)
            else:
                self._waiting.append(None)
                self._to_agent += frame(request)
        self._flush()

    def _is_refused(self, request: bytes) -> bool:
        if self._require_binding and not self.bound:
            return True
        named = request.count(_PROVIDER) > request.count(_INTERNAL)
        return request[0] in _REFUSED or named

    def _flush(self) -> None:
        """Pass on the replies that no earlier request waits before."""
        while self._waiting and (reply := self._waiting[0]) is not None:
            self._waiting.popleft()
            self._to_client += frame(reply)
