"""The client's conversation: which credential, what next.

`ClientAuth` takes what the server sends in the phase of authentication (50–79) and gives
messages to send, events to act on, and in the end one result.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Any, ClassVar, Final, TypeVar

from ssh_auth.attempts import AuthAttempt, Outcome
from ssh_auth.client.banners import Banners
from ssh_auth.client.events import (
    AuthRejected,
    AuthSucceeded,
    BannerReceived,
    ClientEvent,
    Question,
)
from ssh_auth.client.lenient import exact
from ssh_auth.client.methods import NUMBERS, AnyMethod, find_method
from ssh_auth.client.methods.base import Conversation, GiveUp, Step, Stop, Turn
from ssh_auth.client.policy import ClientPolicy
from ssh_auth.client.report import attempt
from ssh_auth.client.request_builder import RequestBuilder
from ssh_auth.client.states import COMMON, ClientState, ExpectStart, ExpectVerdict, Finished
from ssh_auth.credentials import AuthCredential, KeyCredential, NoneCredential, UnusableCredential
from ssh_auth.errors import AuthenticationFailed
from ssh_auth.limits import AuthLimits
from ssh_auth.strategy import AuthProgress, AuthStrategy, OrderedStrategy
from ssh_wire import Message, MessageSet, UsageError
from ssh_wire.messages.auth import UserauthBanner, UserauthFailure, UserauthSuccess
from ssh_wire.primitives import Buffer

__all__ = ["ClientAuth"]

T = TypeVar("T")

_MAX_SKIPPED: Final = 1024
"""The credentials that may be passed over: a strategy that never ends must not hang us."""


class ClientAuth:
    """Authenticates one user, once.

    Attributes:
        NUMBERS: the numbers of 60 to 79 that messages of its methods have, of both sides.
        username: the user.
    """

    NUMBERS: ClassVar[frozenset[int]] = NUMBERS

    def __init__(
        self,
        username: str,
        session_id: bytes,
        credentials: Sequence[AuthCredential] | AuthStrategy,
        *,
        server_sig_algs: Sequence[str] | None = None,
        limits: AuthLimits | None = None,
        policy: ClientPolicy | None = None,
    ) -> None:
        self.username = username
        self._policy = policy or ClientPolicy()
        self._limits = limits or AuthLimits()
        self._conversation = Conversation(
            RequestBuilder(session_id, username, self._policy.service),
            self._limits,
            self._policy,
            server_sig_algs,
        )
        if isinstance(credentials, Sequence):
            keys = sum(isinstance(each, KeyCredential) for each in credentials)
            self._conversation.lone_key = keys == 1
            credentials = OrderedStrategy(credentials)
        self._strategy: AuthStrategy = credentials
        self._method: AnyMethod | None = None
        self._state: ClientState = ExpectStart()
        self._attempts: list[AuthAttempt] = []
        self._remaining: tuple[str, ...] | None = None
        self._sent = 0
        self._presented = self._proven = False  # by this request; by one that was accepted
        self._banners = Banners(self._limits)
        self._events: deque[ClientEvent] = deque()
        self._messages: list[bytes] = []
        _check_name(username, self._limits)

    # ------------------------------------------------------------- the driver's side

    @property
    def server_sig_algs(self) -> Sequence[str] | None:
        """The algorithms of the server's EXT_INFO (RFC 8308), None until it came.

        Set it as soon as it is known.
        """
        return self._conversation.server_sig_algs

    @server_sig_algs.setter
    def server_sig_algs(self, names: Sequence[str] | None) -> None:
        self._conversation.server_sig_algs = names

    @property
    def hostbound_key(self) -> bytes | None:
        """The server's host key or certificate, as it was in the first key exchange.

        Set it if the server's EXT_INFO has "publickey-hostbound@openssh.com", version 0: what
        users' keys sign is bound to this key then, unless the policy forbids it.
        """
        return self._conversation.hostbound_key

    @hostbound_key.setter
    def hostbound_key(self, blob: bytes | None) -> None:
        self._conversation.hostbound_key = blob if self._policy.hostbound else None

    @property
    def attempts(self) -> tuple[AuthAttempt, ...]:
        """What was tried so far."""
        return tuple(self._attempts)

    @property
    def finished(self) -> bool:
        """Whether AuthSucceeded or AuthRejected has been given."""
        return isinstance(self._state, Finished)

    @property
    def succeeded(self) -> bool:
        """Whether the server authenticated the user.

        True as soon as SSH_MSG_USERAUTH_SUCCESS was received, also before `AuthSucceeded` is
        taken: messages of the service may follow it at once.
        """
        return bool(self._attempts) and self._attempts[-1].outcome is Outcome.ACCEPTED

    @property
    def question(self) -> Question[Any] | None:
        """The question that has to be answered before anything else is sent."""
        return None if self._state.asking is None else self._state.asking.question

    def start(self) -> None:
        """Begin with the first credential.

        The request need not wait for SERVICE_ACCEPT.  Whoever wants to ask for the methods
        first, as OpenSSH's client does, puts a `NoneCredential` in front; without any
        credential that can be tried one is sent in any case.
        """
        if not isinstance(self._state, ExpectStart):
            problem = "authentication has been started already"
            raise UsageError(problem)
        self._advance()

    def receive(self, payload: Buffer) -> None:
        """Take a message of the server.

        Raises:
            ProtocolError: it is malformed, or not due.
        """
        method = self._method
        repairs = method.REPAIRS if method is not None else AnyMethod.REPAIRS
        message = self._legal().decode(exact(payload, repairs))
        match message:
            case UserauthBanner():
                self._on_banner(message, len(payload))
            case UserauthFailure():
                self._on_failure(message)
            case UserauthSuccess():
                self._on_success()
            case _ if method is not None:
                self._take(method.step(self._state, message))
            case _:  # pragma: no cover (the rows of methods alone have more)
                raise AssertionError(message)

    def _legal(self) -> MessageSet[Message]:
        """Return the row of the present state: a common one, or one of the method's."""
        kind = type(self._state)
        if self._method is None or kind in COMMON:
            return COMMON[kind]
        return self._method.LEGAL[kind]

    def next_event(self) -> ClientEvent | None:
        """Return the oldest event that was not taken yet."""
        return self._events.popleft() if self._events else None

    def take_messages(self) -> list[bytes]:
        """Return the payloads to send, in order, once."""
        messages, self._messages = self._messages, []
        return messages

    def answer(self, question: Question[T], value: T) -> None:
        """Answer a question; where the answer is that there is none, the next credential is tried.

        Raises:
            UsageError: it is not asked, or the value does not answer it.
        """
        state, method = self._state, self._method
        if method is None or state.asking is None or state.asking.question is not question:
            problem = "this is not asked, or has been answered"
            raise UsageError(problem)
        self._take(method.answer(state.asking, value))

    # ------------------------------------------------------------- what the server sent

    def _on_banner(self, message: UserauthBanner, size: int) -> None:
        text = self._banners.take(message, size)
        if self._banners.endless:
            self._reject("the server's banners do not end")
        elif text is not None:
            self._events.append(BannerReceived(text))

    def _on_success(self) -> None:
        if self._policy.require_proof and not (self._proven or self._presented):
            self._record(Outcome.UNPROVEN)
            self._reject()
            return
        self._record(Outcome.ACCEPTED)
        self._finish(AuthSucceeded(self.attempts))

    def _on_failure(self, message: UserauthFailure) -> None:
        # OpenSSH's client takes an empty list for one of everything that it has
        self._remaining = message.methods or None
        again, state = None, self._state
        if self._method and state.trying and not message.partial_success:
            again = self._method.again(state.trying)
        if not _is_probe(self._state) or message.partial_success:
            self._record(Outcome.PARTIAL if message.partial_success else Outcome.REJECTED)
        self._proven = self._proven or (self._presented and message.partial_success)
        self._presented = False
        if again is None:
            self._advance()
        elif not self._is_used_up():
            self._try(again)

    # ------------------------------------------------------------- what is tried next

    def _advance(self) -> None:
        """Begin with the next credential that can be tried, or end."""
        for _ in range(_MAX_SKIPPED):
            progress = AuthProgress(remaining=self._remaining, attempts=self.attempts)
            credential = self._strategy.next_credential(progress)
            if credential is None:
                break
            if self._is_used_up() or self._begin(credential):
                return
        if self._remaining is not None or self._sent:
            self._reject()
        else:
            self._begin(NoneCredential(probe=True))

    def _is_used_up(self) -> bool:
        """End if there were as many attempts as there may be; return whether that is so."""
        if self._sent < self._limits.client_attempts:
            return False
        self._reject(f"{self._sent} attempts are enough")
        return True

    def _begin(self, credential: AuthCredential) -> bool:
        """Begin with a credential; return False if it cannot be tried."""
        self._state, self._method, self._presented = ExpectVerdict(credential), None, False
        if isinstance(credential, UnusableCredential):
            self._record(Outcome.UNUSABLE)
            return False
        kind = find_method(credential.method)
        if kind is None:
            problem = f"there is no method {credential.method!r}"
            raise UsageError(problem)
        listed = self._remaining is None or credential.method in self._remaining
        # "none" "MUST NOT be listed as supported by the server"
        if not listed and not isinstance(credential, NoneCredential):
            self._record(Outcome.NOT_OFFERED)
            return False
        self._method = kind(self._conversation, credential)
        step = self._method.begin()
        if isinstance(step, GiveUp):
            self._record(step.outcome, step.detail)
            return False
        self._try(step)
        return True

    def _try(self, step: Step) -> None:
        self._sent += 1
        self._take(step)

    def _take(self, step: Step) -> None:
        """Do what a step of the method comes to."""
        match step:
            case Turn(state=state, messages=messages, proves=proves):
                self._state = state
                self._presented = self._presented or proves
                self._messages += [message.encode() for message in messages]
                if state.asking is not None:
                    self._events.append(state.asking.question)
            case GiveUp(outcome=outcome, detail=detail):
                self._record(outcome, detail)
                self._advance()
            case Stop(reason=reason):  # pragma: no branch (there are no others)
                self._reject(reason)

    def _record(self, outcome: Outcome, detail: str = "") -> None:
        self._attempts.append(attempt(self._state, outcome, self._remaining, detail))

    def _reject(self, reason: str = "") -> None:
        remaining = self._remaining or ()
        error = AuthenticationFailed(
            self.username, self._attempts, remaining, reason, self._policy.host
        )
        self._finish(AuthRejected(error))

    def _finish(self, result: AuthSucceeded | AuthRejected) -> None:
        self._state = Finished()
        self._events.append(result)


def _is_probe(state: ClientState) -> bool:
    return (
        isinstance(state, ExpectVerdict)
        and isinstance(state.credential, NoneCredential)
        and state.credential.probe
    )


def _check_name(username: str, limits: AuthLimits) -> None:
    try:
        size = len(username.encode())
    except UnicodeEncodeError:
        problem = "a user name is text that UTF-8 can carry"
        raise UsageError(problem) from None
    if not 0 < size <= limits.user_name_bytes or "\0" in username:
        problem = f"a user name has 1 to {limits.user_name_bytes} bytes, none of them zero"
        raise UsageError(problem)
