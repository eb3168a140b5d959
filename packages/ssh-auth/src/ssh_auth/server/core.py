"""The server's conversation: what is asked of the backend, and what the client is told.

Whatever is wrong with a request, the client gets the same SSH_MSG_USERAUTH_FAILURE, and a
message is parsed whole before anybody is looked up, so that nothing tells a wrong user
from a wrong password.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from itertools import count
from typing import ClassVar, TypeAlias, cast

from ssh_auth.algorithms import ACCEPTED_ALGORITHMS, certified_algorithms, plain_algorithm
from ssh_auth.limits import AuthLimits
from ssh_auth.server.attempt_counter import AttemptCounter
from ssh_auth.server.events import (
    AnswersReceived,
    Authenticated,
    DecisionInvalid,
    InteractiveStarted,
    KeyOffered,
    KeyVerified,
    NoneOffered,
    PasswordChangeOffered,
    PasswordOffered,
    ServerEvent,
    TokenRefused,
)
from ssh_auth.server.policy import ServerPolicy
from ssh_auth.server.progress import Progress
from ssh_auth.server.results import Accept, Partial, Reject, Result, validation_error
from ssh_auth.server.states import (
    LEGAL,
    ExpectAnswers,
    ExpectDecision,
    ExpectKeyDecision,
    ExpectNothing,
    ExpectRequest,
    ServerState,
)
from ssh_auth.server.usernames import is_acceptable
from ssh_auth.server.verification import (
    offered_key,
    signature_is_valid,
    token_assertion,
    token_problem,
)
from ssh_keys import PublicKey, plain_key
from ssh_wire import InvalidText, Message, ProtocolError, UsageError
from ssh_wire.messages.auth import (
    HostbasedRequest,
    InfoRequest,
    InfoResponse,
    KeyboardInteractiveRequest,
    NoneRequest,
    PasswdChangeReq,
    PasswordChangeRequest,
    PasswordRequest,
    PublicKeyOk,
    PublicKeyQuery,
    PublicKeyRequest,
    UserauthBanner,
    UserauthFailure,
    UserauthRequest,
    UserauthSuccess,
)
from ssh_wire.primitives import Buffer

__all__ = ["ServerAuth"]

_Request: TypeAlias = (
    NoneRequest
    | PasswordRequest
    | PasswordChangeRequest
    | PublicKeyQuery
    | PublicKeyRequest
    | KeyboardInteractiveRequest
    | HostbasedRequest
    | UserauthRequest
)


class ServerAuth:
    """Authenticates one client, once.

    Attributes:
        NUMBERS: the numbers of 60 to 79 that messages of its methods have, of both sides.
    """

    NUMBERS: ClassVar[frozenset[int]] = frozenset({60, 61})

    def __init__(
        self,
        session_id: bytes,
        policy: ServerPolicy,
        *,
        service: str = "ssh-connection",
        accepted_algorithms: Sequence[str] = ACCEPTED_ALGORITHMS,
        limits: AuthLimits | None = None,
    ) -> None:
        self._session_id = session_id
        self._policy = policy
        self._service = service
        certified = certified_algorithms(accepted_algorithms) if policy.certificates else ()
        self._accepted_algorithms = frozenset((*accepted_algorithms, *certified)) - {"ssh-rsa"}
        self._limits = limits or AuthLimits()
        self._state: ServerState = ExpectRequest()
        self._counter = AttemptCounter(self._limits)
        self._progress = Progress(policy)
        self._principal: tuple[str, str] | None = None
        self._error: ProtocolError | None = None
        self._succeeded = False
        self._numbers = count(1)
        self._events: deque[ServerEvent] = deque()
        self._messages: list[bytes] = []
        self._server_sig_algs: tuple[str, ...] | None = None

    # ------------------------------------------------------------- the driver's side

    @property
    def pending(self) -> bool:
        """Whether a question waits for the backend: what the client sends next must wait too."""
        return isinstance(self._state, ExpectDecision | ExpectKeyDecision)

    @property
    def succeeded(self) -> bool:
        """Whether the user is authenticated, also before `Authenticated` is taken."""
        return self._succeeded

    @property
    def completed(self) -> tuple[str, ...]:
        """The methods that the client has completed so far, in order."""
        return self._progress.methods

    def receive(self, payload: Buffer) -> None:
        """Take a message of the client.

        Raises:
            ProtocolError: it is malformed, not due, or one too many (`TooManyAttempts`).
        """
        if self._error is not None:
            raise self._error
        try:
            message = self._decode(payload)
            match self._state, message:
                case ExpectNothing(), _:
                    pass
                case ExpectAnswers() as state, InfoResponse(responses=answers):
                    self._on_answers(state, answers)
                case _:
                    self._on_request(cast("_Request", message))  # LEGAL has nothing else
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
        return messages

    def take_server_sig_algs(self) -> tuple[str, ...] | None:
        """Return the signature algorithms of this user, once, where the policy names any.

        A client that takes EXT_INFO during authentication can be told of them before what
        `take_messages` returns (RFC 8308 section 2.4, OpenSSH's PROTOCOL section 1.10).
        """
        news, self._server_sig_algs = self._server_sig_algs, None
        return news

    # ------------------------------------------------------------- answers to events

    def answer(self, request: int, result: Result) -> bool:
        """Answer a question; return False if it is not asked any more.

        Anything but exactly an Accept, a Reject or a Partial is a Reject, and is reported
        by a `DecisionInvalid` event.

        Raises:
            TooManyAttempts: it was the last failure that the client had.
        """
        state = self._state
        if not isinstance(state, ExpectDecision | ExpectKeyDecision) or state.request != request:
            return False
        problem = validation_error(result)
        if problem:
            self._report(request, problem)
            result = Reject()
        self._state = ExpectRequest()
        if isinstance(state, ExpectKeyDecision):
            self._decide_key(state, result)
        elif isinstance(result, Reject):
            self._fail()
        else:
            self._complete(state, result)
        return True

    def ask(self, request: int, prompts: InfoRequest) -> bool:
        """Answer a question of keyboard-interactive with prompts; False if it is not asked.

        Raises:
            UsageError: there are too many prompts, an empty one, or no dialogue.
            TooManyAttempts: the client has had all the rounds of prompts it may have.
        """
        state = self._state
        if not isinstance(state, ExpectDecision) or state.request != request:
            return False
        if state.method != "keyboard-interactive":
            problem = f"{state.method} has no prompts"
            raise UsageError(problem)
        # "The prompt field(s) MUST NOT be empty strings" (RFC 4256 section 3.2)
        if len(prompts.prompts) > self._limits.prompts or not all(
            prompt.text for prompt in prompts.prompts
        ):
            problem = f"there are at most {self._limits.prompts} prompts, none of them empty"
            raise UsageError(problem)
        try:
            self._counter.count_round()
        except ProtocolError as error:
            self._end(error)
            raise
        self._send(prompts)
        self._state = ExpectAnswers(len(prompts.prompts), state.round + 1)
        return True

    def demand_change(self, request: int, prompt: str) -> bool:
        """Answer a password with the demand for a new one; return False if it is not asked.

        Raises:
            UsageError: the question is not about a password.
        """
        state = self._state
        if not isinstance(state, ExpectDecision) or state.request != request:
            return False
        if state.method != "password":
            problem = f"{state.method} has no password to change"
            raise UsageError(problem)
        self._send(PasswdChangeReq(prompt=prompt))
        self._state = ExpectRequest()
        return True

    # ------------------------------------------------------------- what the client sent

    def _decode(self, payload: Buffer) -> Message:
        """Return a message; one with a text that is not UTF-8 as a request that fails.

        OpenSSH's server counts a failure for a user name, a password or an answer of any bytes.
        """
        try:
            return LEGAL[type(self._state)].decode(payload)
        except InvalidText:
            if payload[0] == UserauthRequest.NUMBER:
                return UserauthRequest.decode(payload)
            prompts = self._state.count if isinstance(self._state, ExpectAnswers) else 0
            return InfoResponse(responses=("",) * (prompts + 1))  # too many: it fails

    def _on_request(self, message: _Request) -> None:
        self._counter.count_request()
        self._check_principal(message)
        self._abandon()
        free = isinstance(message, NoneRequest) and self._counter.first_none()
        if not self._admissible(message) or not self._consider(message):
            self._fail(free=free)

    def _abandon(self) -> None:
        """Drop the request that is being decided, and the dialogue that waits for answers.

        "the server MUST abandon the previous authentication attempt and continue with the new
        one", and a FAILURE "MUST NOT be sent for an aborted method" (RFC 4252 section 5).
        What the backend was deciding counts as a failure all the same.
        """
        abandoned, self._state = self._state, ExpectRequest()
        if isinstance(abandoned, ExpectDecision | ExpectKeyDecision):
            if self._events:  # the question itself, if it was not taken yet
                self._events.pop()
            self._counter.count_failure()

    def _check_principal(self, message: _Request) -> None:
        """Refuse a change of user or service.

        RFC 4252 section 5: they "MAY change", and then the server "MUST flush any accumulated
        authentication states"; if it cannot, "it MUST disconnect".  We disconnect: nothing
        of one user can count for another.
        """
        principal = (message.user, message.service)
        if self._principal is None:
            self._principal = principal
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
            self._accepted_algorithms = frozenset(kept)

    def _admissible(self, message: _Request) -> bool:
        return (
            message.service == self._service
            and is_acceptable(message.user, self._limits.user_name_bytes)
            and self._progress.remaining.takes(message.method)
        )

    def _consider(self, message: _Request) -> bool:
        """Ask the backend about a request; return False if there is nothing to ask."""
        user, number = message.user, next(self._numbers)
        decision = ExpectDecision(number, message.method)
        match message:
            case NoneRequest():
                self._ask(decision, NoneOffered(number, user))
            case PasswordRequest(password=password) if self._presentable(password):
                self._ask(decision, PasswordOffered(number, user, password))
            case PasswordChangeRequest(password=old, new_password=new) if self._presentable(
                old
            ) and self._presentable(new):
                self._ask(decision, PasswordChangeOffered(number, user, old, new))
            case KeyboardInteractiveRequest():
                self._ask(decision, InteractiveStarted(number, user, message.submethods))
            case PublicKeyQuery():
                self._on_query(message, number)
            case PublicKeyRequest():
                return self._on_signed(message, number)
            case _:
                return False
        return True

    def _on_query(self, message: PublicKeyQuery, number: int) -> None:
        self._counter.count_query()
        offered = offered_key(message, self._accepted_algorithms)
        if offered is None or plain_key(offered) in self._progress.keys:
            # no failure that counts: queries have a cap of their own
            self._fail(free=True)
            return
        certificate = None if isinstance(offered, PublicKey) else offered
        key = plain_key(offered)
        event = KeyOffered(number, message.user, key, message.algorithm, certificate)
        self._ask(ExpectKeyDecision(number, message), event)

    def _on_signed(self, message: PublicKeyRequest, number: int) -> bool:
        offered = offered_key(message, self._accepted_algorithms)
        # a key that has completed publickey before, certified or not, is not a second factor
        if offered is None or plain_key(offered) in self._progress.keys:
            return False
        if not signature_is_valid(self._session_id, message, offered):
            return False
        certificate = None if isinstance(offered, PublicKey) else offered
        key = plain_key(offered)
        assertion = token_assertion(message, key)
        event = KeyVerified(number, message.user, key, message.algorithm, certificate)
        decision = ExpectDecision(number, message.method, offered, assertion=assertion)
        self._ask(decision, event)
        return True

    def _on_answers(self, state: ExpectAnswers, answers: tuple[str, ...]) -> None:
        self._state = ExpectRequest()
        # "If the num-responses field does not match the num-prompts field in the request
        # message, the server MUST send a failure message" (RFC 4256 section 3.4)
        limit = self._limits.password_bytes
        if len(answers) != state.count or any(len(each.encode()) > limit for each in answers):
            self._fail()
            return
        number = next(self._numbers)
        decision = ExpectDecision(number, "keyboard-interactive", round=state.round)
        self._ask(decision, AnswersReceived(number, self._user, answers, state.round))

    def _presentable(self, password: str) -> bool:
        """Return whether a password may reach the backend."""
        if not password:
            return self._policy.empty_passwords and not self._progress.methods
        return len(password.encode()) <= self._limits.password_bytes and "\0" not in password

    # ------------------------------------------------------------- what comes of it

    def _decide_key(self, state: ExpectKeyDecision, result: Result) -> None:
        if isinstance(result, Reject):
            self._fail(free=True)
        else:
            self._send(PublicKeyOk(algorithm=state.query.algorithm, key=state.query.key))

    def _complete(self, state: ExpectDecision, result: Accept | Partial) -> None:
        problem = token_problem(state.assertion, state.key, result.fido)
        if problem and state.key is not None:
            key = plain_key(state.key)
            self._events.append(TokenRefused(state.request, self._user, key, problem))
            self._fail()
        elif not self._progress.permits(result):
            self._report(state.request, "it forces another command than the method before")
            self._fail()
        elif self._progress.complete(state.method, state.key, result):
            keys, methods = self._progress.keys, self._progress.methods
            self._send(UserauthSuccess())
            self._state = ExpectNothing()
            self._succeeded = True
            self._events.append(
                Authenticated(
                    user=self._user,
                    permissions=self._progress.permissions,
                    key=keys[-1] if keys else None,
                    method=state.method,
                    methods=methods,
                    certificate=self._progress.certificate,
                )
            )
        else:
            self._send(
                UserauthFailure(methods=self._progress.remaining.methods, partial_success=True)
            )

    def _fail(self, *, free: bool = False) -> None:
        if not free:
            try:
                self._counter.count_failure()
            except ProtocolError as error:
                self._end(error)
                raise
        self._send(UserauthFailure(methods=self._progress.remaining.methods))

    def _ask(self, state: ExpectDecision | ExpectKeyDecision, event: ServerEvent) -> None:
        self._state = state
        self._events.append(event)

    def _report(self, request: int, problem: str) -> None:
        self._events.append(DecisionInvalid(request, self._user, problem))

    def _send(self, message: Message) -> None:
        self._messages.append(message.encode())

    def _end(self, error: ProtocolError) -> None:
        self._error = error
        self._state = ExpectNothing()

    @property
    def _user(self) -> str:
        return self._principal[0] if self._principal is not None else ""
