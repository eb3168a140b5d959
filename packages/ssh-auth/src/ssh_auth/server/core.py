"""The server's conversation: what is asked of the backend, and what the client is told.

Whatever is wrong with a request, the client gets the same SSH_MSG_USERAUTH_FAILURE, and a
message is parsed whole before anybody is looked up, so that nothing tells a wrong user
from a wrong password.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from math import inf
from typing import ClassVar, cast

from ssh_auth.algorithms import ACCEPTED_ALGORITHMS, certified_algorithms, plain_algorithm
from ssh_auth.limits import AuthLimits
from ssh_auth.server.attempt_counter import AttemptCounter
from ssh_auth.server.context import AuthContext
from ssh_auth.server.events import Authenticated, DecisionInvalid, LoginRefused, ServerEvent
from ssh_auth.server.methods import BY_REQUEST, FACTORS, LEGAL, NUMBERS, AnyMethod
from ssh_auth.server.methods.base import Ask, Complete, Conversation, Fail, Step, Turn
from ssh_auth.server.policy import ServerPolicy
from ssh_auth.server.progress import Progress
from ssh_auth.server.results import Accept, Partial, Reject, validation_error
from ssh_auth.server.states import ExpectDecision, ExpectNothing, ExpectRequest, ServerState
from ssh_auth.server.usernames import is_acceptable
from ssh_wire import InvalidText, Message, ProtocolError, UsageError, WireError, lazy_attrs
from ssh_wire.messages.auth import (
    AnyUserauthRequest,
    NoneRequest,
    UserauthBanner,
    UserauthFailure,
    UserauthRequest,
    UserauthSuccess,
)
from ssh_wire.primitives import Buffer

__all__ = ["ServerAuth"]


class ServerAuth:
    """Authenticates one client, once.

    Args:
        context: the connection: its session identifier, and where the client is.
        policy: which methods are taken, and in which sequences.
        accepted_algorithms: the signature algorithms that keys may use.
        limits: how often a client may try, and how much it may ask for.
        now: returns the time in seconds since 1970; without it, permissions that expire are
            refused.

    Attributes:
        NUMBERS: the numbers of 60 to 79 that messages of its methods have, of both sides.
    """

    NUMBERS: ClassVar[frozenset[int]] = NUMBERS

    def __init__(
        self,
        context: AuthContext,
        policy: ServerPolicy,
        *,
        accepted_algorithms: Sequence[str] = ACCEPTED_ALGORITHMS,
        limits: AuthLimits | None = None,
        now: Callable[[], float] | None = None,
    ) -> None:
        self._policy = policy
        self._limits = limits or AuthLimits()
        self._now = now
        self._counter = AttemptCounter(self._limits)
        certified = certified_algorithms(accepted_algorithms) if policy.certificates else ()
        self._conversation = Conversation(
            context=lazy_attrs.evolve(context, user="", completed=()),
            limits=self._limits,
            counter=self._counter,
            empty_passwords=policy.empty_passwords,
            algorithms=frozenset((*accepted_algorithms, *certified)) - {"ssh-rsa"},
        )
        self._state: ServerState = ExpectRequest()
        self._method: AnyMethod | None = None
        self._progress = Progress(policy)
        self._principal: tuple[str, str] | None = None
        self._error: ProtocolError | None = None
        self._succeeded = False
        self._failing = False
        self._events: deque[ServerEvent] = deque()
        self._messages: list[bytes] = []
        self._server_sig_algs: tuple[str, ...] | None = None

    # ------------------------------------------------------------- the driver's side

    @property
    def pending(self) -> bool:
        """Whether a question waits for the backend: what the client sends next must wait too."""
        return isinstance(self._state, ExpectDecision)

    @property
    def succeeded(self) -> bool:
        """Whether the user is authenticated, also before `Authenticated` is taken."""
        return self._succeeded

    @property
    def failures(self) -> int:
        """How many requests have failed or were abandoned."""
        return self._counter.failures

    @property
    def failing(self) -> bool:
        """Whether a failure is among the messages to send; that of "none" does not count."""
        return self._failing

    @property
    def context(self) -> AuthContext:
        """What the functions that decide are told: the user, and what has been completed."""
        return self._conversation.context

    def receive(self, payload: Buffer) -> None:
        """Take a message of the client.

        Raises:
            ProtocolError: it is malformed, not due, or one too many (`TooManyAttempts`).
        """
        if self._error is not None:
            raise self._error
        try:
            message = self._decode(payload)
            if isinstance(self._state, ExpectNothing):
                return
            if message is None:
                self._take(Fail())
            elif message.NUMBER == UserauthRequest.NUMBER:
                self._on_request(cast("AnyUserauthRequest", message))  # by its number
            else:  # only rows of a method have other messages
                method = cast("AnyMethod", self._method)
                self._take(method.step(self._state, message))
        except ProtocolError as error:
            self._end(error)
            raise

    def close(self) -> None:
        """End without a result: the connection is gone, and late answers are ignored."""
        self._state = ExpectNothing()

    def next_event(self) -> ServerEvent | None:
        """Return the oldest event that was not taken yet."""
        return self._events.popleft() if self._events else None

    def take_messages(self) -> list[bytes]:
        """Return the payloads to send, in order, once."""
        messages, self._messages = self._messages, []
        self._failing = False
        return messages

    def take_server_sig_algs(self) -> tuple[str, ...] | None:
        """Return the signature algorithms of this user, once, where the policy names any.

        A client that takes EXT_INFO during authentication can be told of them before what
        `take_messages` returns (RFC 8308 section 2.4, OpenSSH's PROTOCOL section 1.10).
        """
        news, self._server_sig_algs = self._server_sig_algs, None
        return news

    def answer(self, request: int, answer: object) -> bool:
        """Answer a question; return False if it is not asked any more.

        Anything but exactly an Accept, a Reject, a Partial, or what the method of the question
        takes beside them, is a Reject, and is reported by a `DecisionInvalid` event.

        Raises:
            TooManyAttempts: it was the last failure, or the last round, that the client had.
        """
        state, method = self._state, self._method
        if not isinstance(state, ExpectDecision) or state.request != request or method is None:
            return False
        problem = ""
        if type(answer) not in method.ANSWERS:
            problem = validation_error(answer, FACTORS)
        refusal = "" if problem else self._refusal(answer)
        value = Reject() if problem or refusal else answer
        if refusal:
            self._events.append(LoginRefused(request, self._user, refusal))
        try:
            try:
                step = method.answer(state, value)
            except UsageError as error:
                problem, step = str(error), method.answer(state, Reject())
            if problem:
                self._events.append(DecisionInvalid(request, self._user, problem))
            self._take(step)
        except ProtocolError as error:
            self._end(error)
            raise
        return True

    # ------------------------------------------------------------- what the client sent

    def _decode(self, payload: Buffer) -> Message | None:
        """Return a message; a request with a text that is not UTF-8 as one that fails.

        OpenSSH's server counts a failure for a user name, a password or an answer of any bytes.
        """
        try:
            return LEGAL[type(self._state)].decode(payload)
        except InvalidText:
            if payload[0] == UserauthRequest.NUMBER:
                return UserauthRequest.decode(payload)
            return None
        except WireError:
            # of a method that is not offered nothing but the name is looked at, as by sshd
            if payload and payload[0] == UserauthRequest.NUMBER:
                request = UserauthRequest.decode(payload)
                if not self._progress.remaining.takes(request.method):
                    return request
            raise

    def _on_request(self, message: AnyUserauthRequest) -> None:
        self._counter.count_request()
        self._check_principal(message)
        self._abandon()
        asks = isinstance(message, NoneRequest)
        free = asks and self._counter.first_none()
        method = BY_REQUEST.get(type(message))
        if method is None or not self._admissible(message):
            self._take(Fail(free=free))
            self._failing = self._failing and not asks
            return
        self._method = method(self._conversation)
        self._take(self._method.begin(message))

    def _abandon(self) -> None:
        """Drop the request that is being decided, and the dialogue that waits for answers.

        "the server MUST abandon the previous authentication attempt and continue with the new
        one", and a FAILURE "MUST NOT be sent for an aborted method" (RFC 4252 section 5).
        What the backend was deciding counts as a failure all the same.
        """
        abandoned, self._state, self._method = self._state, ExpectRequest(), None
        if isinstance(abandoned, ExpectDecision):
            if self._events:  # the question itself, if it was not taken yet
                self._events.pop()
            self._counter.count_failure()

    def _check_principal(self, message: AnyUserauthRequest) -> None:
        """Refuse a change of user or service.

        RFC 4252 section 5: they "MAY change", and then the server "MUST flush any accumulated
        authentication states"; if it cannot, "it MUST disconnect".  We disconnect: nothing
        of one user can count for another.
        """
        principal = (message.user, message.service)
        if self._principal is None:
            self._principal = principal
            self._tell_context(user=message.user)
            self._restrict(message.user)
            if self._policy.banner:
                self._send(UserauthBanner(message=self._policy.banner))
        elif principal != self._principal:
            problem = "the client changed the user or the service"
            raise ProtocolError(problem)

    def _restrict(self, user: str) -> None:
        """Accept the algorithms of this user, where they are not everybody's."""
        algorithms = self._policy.algorithms
        if algorithms is not None and is_acceptable(user, self._limits.user_name_bytes):
            names = tuple(name for name in algorithms(user) if name != "ssh-rsa")
            certified = {name for name in names if plain_algorithm(name) != name}
            self._server_sig_algs = tuple(name for name in names if name not in certified)
            kept = names if self._policy.certificates else self._server_sig_algs
            self._conversation.algorithms = frozenset(kept)

    def _admissible(self, message: AnyUserauthRequest) -> bool:
        return (
            message.service == self.context.service
            and is_acceptable(message.user, self._limits.user_name_bytes)
            and self._progress.remaining.takes(BY_REQUEST[type(message)].NAME)
        )

    # ------------------------------------------------------------- what comes of it

    def _take(self, step: Step) -> None:
        match step:
            case Ask(state=state, question=question):
                self._state = state
                self._events.append(question)
            case Turn(message=message, state=state):
                self._state = state
                if message is not None:
                    self._send(message)
            case Fail(free=free, problem=problem):
                self._fail(free=free, problem=problem)
            case _:
                self._complete(step)

    def _refusal(self, answer: object) -> str:
        """Return why what a result permits does not allow this login, or an empty string.

        It is looked at for every method, so that none of them can leave it out.
        """
        if not isinstance(answer, Accept | Partial):
            return ""
        now = inf if self._now is None else self._now()
        return answer.permissions.refusal(self.context.peer, now)

    def _complete(self, step: Complete) -> None:
        method = type(self._method).NAME if self._method is not None else ""
        if not self._progress.permits(step.result):
            self._fail(problem="it forces another command than the method before")
        elif self._progress.complete(method, step.credential, step.result):
            self._tell_context(user=self._user)
            self._send(UserauthSuccess())
            self._state = ExpectNothing()
            self._succeeded = True
            progress = self._progress
            self._events.append(
                Authenticated(
                    self._user, progress.permissions, progress.credential, progress.completed
                )
            )
        else:
            self._tell_context(user=self._user)
            self._state = ExpectRequest()
            remaining = self._progress.remaining.methods
            self._send(UserauthFailure(methods=remaining, partial_success=True))

    def _fail(self, *, free: bool = False, problem: str = "") -> None:
        if problem:
            number = self._state.request if isinstance(self._state, ExpectDecision) else 0
            self._events.append(LoginRefused(number, self._user, problem))
        self._state = ExpectRequest()
        if not free:
            self._counter.count_failure()
        self._send(UserauthFailure(methods=self._progress.remaining.methods))
        self._failing = True

    def _tell_context(self, user: str) -> None:
        completed = self._progress.completed
        context = lazy_attrs.evolve(self.context, user=user, completed=completed)
        self._conversation.context = context

    def _send(self, message: Message) -> None:
        self._messages.append(message.encode())

    def _end(self, error: ProtocolError) -> None:
        self._error = error
        self._state = ExpectNothing()

    @property
    def _user(self) -> str:
        return self.context.user
