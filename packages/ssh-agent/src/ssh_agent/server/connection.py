"""One client of the agent, from bytes to replies; no I/O.

Requests are answered one after the other, in the order in which they came.  One that waits, for
the user or for a signature, delays those behind it and no other connection.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from ssh_agent.framing import MAX_MESSAGE, AgentFrameReader, frame
from ssh_agent.messages import REQUESTS, ExtensionFailure, SignResponse
from ssh_agent.server.events import ConfirmationNeeded, SignatureNeeded
from ssh_agent.server.requests import FAILURE, Client, Delayed, handle
from ssh_keys.fido import NO_TOUCH
from ssh_wire import Message, ProtocolError, UsageError
from ssh_wire.primitives import string

if TYPE_CHECKING:
    from ssh_agent.server.keyring import Keyring
    from ssh_agent.server.requests import Outcome
    from ssh_wire.primitives import Buffer

__all__ = ["AgentConnection"]

_MAX_OUTGOING: Final = MAX_MESSAGE
"""Bytes of replies that wait before another request is handled."""
_BIND: Final = b"\x1b" + string("session-bind@openssh.com")


class AgentConnection:
    """The agent's end of one connection.

    `receive` takes what the client sends; then `next_event` is asked until it returns None, and
    `take_outgoing` is written.  While `waits` is true, a driver reads no more.

    Args:
        keyring: the identities, shared by all connections.
        unix_time: returns the seconds since 1970, for certificates of hosts.
        can_confirm: whether ConfirmationNeeded is answered; if not, keys that need it are refused.
        trace: gets the name of each request and of each reply.
    """

    def __init__(
        self,
        keyring: Keyring,
        *,
        unix_time: Callable[[], int],
        can_confirm: bool = False,
        trace: Callable[[str], object] | None = None,
    ) -> None:
        self._keyring = keyring
        self._trace = trace
        self._client = Client(keyring=keyring, unix_time=unix_time, can_confirm=can_confirm)
        self._frames = AgentFrameReader()
        self._requests: deque[bytes] = deque()
        self._outgoing = bytearray()
        self._event: ConfirmationNeeded | SignatureNeeded | None = None
        self._reported = False
        self._delayed: Delayed | None = None
        self._unlock: bytes = b""

    @property
    def waits(self) -> bool:
        """Whether requests wait: for an answer, for a time, or for replies to be taken."""
        return bool(self._requests) or self._event is not None or self._delayed is not None

    def receive(self, data: Buffer, now: float) -> None:
        """Take bytes of the client.

        Args:
            data: the bytes.
            now: the time by the clock of the keyring.

        Raises:
            WireError: a length is zero or over the limit: the connection is to be closed.
        """
        self._requests.extend(self._frames.feed(data))
        self._advance(now)

    def next_event(self) -> ConfirmationNeeded | SignatureNeeded | None:
        """Return what is to be answered, once."""
        if self._reported:
            return None
        self._reported = self._event is not None
        return self._event

    def answer_confirmation(self, event: ConfirmationNeeded, *, allowed: bool, now: float) -> None:
        """Say whether the user agreed.

        Raises:
            UsageError: this was not asked, or is answered already.
        """
        self._take(event)
        # `is True`: a question that was not awaited must never pass for consent
        usable = allowed is True and self._is_usable(event.signature, now)
        self._settle(event.signature if usable else FAILURE, now)

    def answer_signature(
        self, event: SignatureNeeded, signature: bytes | None, *, now: float
    ) -> None:
        """Hand over a signature, or None where there is none.

        One that is not the key's, over the data, with the algorithm is not passed on.

        Raises:
            UsageError: this was not asked, or is answered already.
        """
        self._take(event)
        good = signature is not None and _is_signature(event, signature)
        self._settle(SignResponse(signature=signature) if signature and good else FAILURE, now)

    def take_outgoing(self, now: float) -> bytes:
        """Return the bytes to write, once; requests that waited for room are handled."""
        outgoing = bytes(self._outgoing)
        self._outgoing.clear()
        self._advance(now)
        return outgoing

    def next_deadline(self) -> float | None:
        """Return the time of the next `tick`; None for none."""
        return None if self._delayed is None else self._delayed.until

    def tick(self, now: float) -> None:
        """Go on with a request that waits for a time."""
        delayed = self._delayed
        if delayed is None or now < delayed.until:
            return
        self._delayed = None
        if delayed.answer is None:
            self._requests.appendleft(self._unlock)
        else:
            self._reply(delayed.answer)
        self._advance(now)

    def _advance(self, now: float) -> None:
        while self._requests and self._is_free():
            payload = self._requests.popleft()
            self._accept(self._handle(payload, now), payload)

    def _is_free(self) -> bool:
        free = self._event is None and self._delayed is None
        return free and len(self._outgoing) < _MAX_OUTGOING

    def _handle(self, payload: bytes, now: float) -> Outcome:
        try:
            request = REQUESTS.decode(payload)
        except ProtocolError:
            if payload.startswith(_BIND):  # what failed to bind is not used as if it were local
                self._client.sessions.attempted = True
                return ExtensionFailure()
            return FAILURE
        self._report("client", request)
        return handle(request, self._client, now)

    def _accept(self, outcome: Outcome, payload: bytes) -> None:
        if isinstance(outcome, Delayed):
            self._delayed = outcome
            self._unlock = payload if outcome.answer is None else b""
        elif isinstance(outcome, Message):
            self._reply(outcome)
        else:
            self._event = outcome
            self._reported = False

    def _settle(self, outcome: Outcome, now: float) -> None:
        self._accept(outcome, b"")
        self._advance(now)

    def _take(self, event: ConfirmationNeeded | SignatureNeeded) -> None:
        if event is not self._event:
            problem = "the agent's connection does not wait for this answer"
            raise UsageError(problem)
        self._event = None

    def _is_usable(self, signature: SignatureNeeded, now: float) -> bool:
        """Say whether the identity is still there, after the user took some time."""
        self._keyring.tick(now)
        return self._keyring.holds(signature.identity) and not self._keyring.lock.locked

    def _reply(self, reply: Message) -> None:
        self._report("agent", reply)
        self._outgoing += frame(reply.encode())

    def _report(self, sender: str, message: Message) -> None:
        if self._trace is not None:
            self._trace(f"{sender}: {type(message).__name__}")


def _is_signature(event: SignatureNeeded, signature: bytes) -> bool:
    good = event.identity.public_key.verify(
        event.data, signature, event.algorithm, allow_sha1=True, fido=NO_TOUCH
    )
    return good is True
