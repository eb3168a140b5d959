"""The client's conversation: which credential, what next.

`ClientAuth` takes what the server sends in the phase of authentication (50–79) and gives
messages to send, events to act on, and in the end one result.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Final, TypeAlias

from ssh_auth.algorithms import (
    another_algorithm,
    names_of,
    plain_algorithm,
    signature_algorithm,
    usable_algorithms,
)
from ssh_auth.attempts import AuthAttempt, Outcome
from ssh_auth.client.banners import Banners
from ssh_auth.client.events import (
    AuthRejected,
    AuthSucceeded,
    BannerReceived,
    ClientEvent,
    PasswordNeeded,
    PromptsReceived,
    SignatureNeeded,
)
from ssh_auth.client.lenient import exact, is_same_key
from ssh_auth.client.policy import ClientPolicy
from ssh_auth.client.report import attempt
from ssh_auth.client.request_builder import RequestBuilder
from ssh_auth.client.states import (
    LEGAL,
    AwaitAnswers,
    AwaitPassword,
    AwaitSignature,
    ClientState,
    ExpectKeyVerdict,
    ExpectPasswordVerdict,
    ExpectPrompts,
    ExpectStart,
    ExpectVerdict,
    Finished,
)
from ssh_auth.credentials import (
    Credential,
    InteractiveCredential,
    KeyCredential,
    NoneCredential,
    PasswordCredential,
    UnusableCredential,
)
from ssh_auth.errors import AuthenticationFailed
from ssh_auth.limits import AuthLimits
from ssh_auth.signers import KeySigner
from ssh_auth.strategy import AuthProgress, AuthStrategy, OrderedStrategy
from ssh_wire import Message, ProtocolError, UsageError
from ssh_wire.messages.auth import (
    InfoRequest,
    InfoResponse,
    PasswdChangeReq,
    Prompt,
    PublicKeyOk,
    UserauthBanner,
    UserauthFailure,
    UserauthSuccess,
)
from ssh_wire.primitives import Buffer
from ssh_wire.text import escape_lines

__all__ = ["ClientAuth"]

_KeyAttempt: TypeAlias = tuple[KeyCredential, str]
"""A key, and the algorithm that it is tried with."""

_LISTS_NONE: Final = "the server lists none of the key's"
_MAY_USE_NONE: Final = "none of the key's may be used"
_MAX_SKIPPED: Final = 1024
"""The credentials that may be passed over: a strategy that never ends must not hang us."""


class ClientAuth:
    """Authenticates one user, once.

    Attributes:
        username: the user.
        server_sig_algs: the algorithms of the server's EXT_INFO (RFC 8308), None until it
            came; set it as soon as it is known.
    """

    def __init__(
        self,
        username: str,
        session_id: bytes,
        credentials: Sequence[Credential] | AuthStrategy,
        *,
        server_sig_algs: Sequence[str] | None = None,
        limits: AuthLimits | None = None,
        policy: ClientPolicy | None = None,
    ) -> None:
        self.username = username
        self.server_sig_algs = server_sig_algs
        self._policy = policy or ClientPolicy()
        self._requests = RequestBuilder(session_id, username, self._policy.service)
        self._limits = limits or AuthLimits()
        self._lone_key = False
        if isinstance(credentials, Sequence):
            self._lone_key = sum(isinstance(each, KeyCredential) for each in credentials) == 1
            credentials = OrderedStrategy(credentials)
        self._strategy: AuthStrategy = credentials
        self._state: ClientState = ExpectStart()
        self._attempts: list[AuthAttempt] = []
        self._remaining: tuple[str, ...] | None = None
        self._sent = self._rounds = 0
        self._banners = Banners(self._limits)
        self._events: deque[ClientEvent] = deque()
        self._messages: list[bytes] = []
        _check_name(username, self._limits)

    # ------------------------------------------------------------- the driver's side

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
        password = isinstance(self._state, ExpectPasswordVerdict)
        message = LEGAL[type(self._state)].decode(exact(payload, password=password))
        match self._state, message:
            case _, UserauthBanner():
                self._on_banner(message, len(payload))
            case _, UserauthFailure():
                self._on_failure(message)
            case _, UserauthSuccess():
                self._record(Outcome.ACCEPTED)
                self._finish(AuthSucceeded(self.attempts))
            case ExpectKeyVerdict() as state, PublicKeyOk():
                self._on_key_ok(state, message)
            case ExpectPasswordVerdict() as state, PasswdChangeReq():
                self._on_change(state, message)
            case ExpectPrompts() as state, InfoRequest():
                self._on_prompts(state, message)
            case _:  # pragma: no cover (LEGAL has no such row)
                raise AssertionError(message)

    def next_event(self) -> ClientEvent | None:
        """Return the oldest event that was not taken yet."""
        return self._events.popleft() if self._events else None

    def take_messages(self) -> list[bytes]:
        """Return the payloads to send, in order, once."""
        messages, self._messages = self._messages, []
        return messages

    # ------------------------------------------------------------- answers to events

    def provide_signature(self, signature: bytes) -> None:
        """Answer `SignatureNeeded`."""
        state = self._state
        if not isinstance(state, AwaitSignature):
            raise _not_asked("signature")
        offered = state.credential.offered
        self._send(self._requests.key_signed(state.algorithm, offered.blob, signature))
        self._state = ExpectVerdict(state.credential, state.algorithm)

    def signature_failed(self, reason: str) -> None:
        """Answer `SignatureNeeded` when there is no signature; the next credential is tried."""
        if not isinstance(self._state, AwaitSignature):
            raise _not_asked("signature")
        self._give_up_on(Outcome.SIGNING_FAILED, reason)

    def provide_password(self, password: str | None) -> None:
        """Answer `PasswordNeeded`; with None the next credential is tried."""
        state = self._state
        if not isinstance(state, AwaitPassword):
            raise _not_asked("password")
        if password is None:
            declined = Outcome.DECLINED if state.old is None else Outcome.EXPIRED
            self._give_up_on(declined)
        elif state.old is None:
            self._send_password(state.credential, password)
        else:
            self._send(self._requests.password_change(state.old, password))
            self._state = ExpectPasswordVerdict(state.credential, state.old, state.changes)

    def provide_answers(self, answers: Sequence[str] | None) -> None:
        """Answer `PromptsReceived`; with None the next credential is tried.

        Raises:
            UsageError: there are more or fewer answers than prompts.
        """
        state = self._state
        if not isinstance(state, AwaitAnswers):
            raise _not_asked("answer")
        if answers is None:
            self._give_up_on(Outcome.DECLINED)
            return
        if isinstance(answers, str) or len(answers) != state.count:
            problem = f"{state.count} answers are due"
            raise UsageError(problem)
        # "The responses MUST be ordered as the prompts were ordered" (RFC 4256 section 3.4)
        self._send(InfoResponse(responses=tuple(answers)))
        self._state = ExpectPrompts(state.credential)

    # ------------------------------------------------------------- what the server sent

    def _on_banner(self, message: UserauthBanner, size: int) -> None:
        text = self._banners.take(message, size)
        if self._banners.endless:
            self._reject("the server's banners do not end")
        elif text is not None:
            self._events.append(BannerReceived(text))

    def _on_failure(self, message: UserauthFailure) -> None:
        # OpenSSH's client takes an empty list for one of everything that it has
        self._remaining = message.methods or None
        again = None if message.partial_success else self._other_signature(self._state)
        if not _is_probe(self._state) or message.partial_success:
            self._record(Outcome.PARTIAL if message.partial_success else Outcome.REJECTED)
        self._advance(again)

    def _other_signature(self, state: ClientState) -> _KeyAttempt | None:
        """Return the key that was refused, with an algorithm that may be the right one."""
        if not isinstance(state, ExpectKeyVerdict | ExpectVerdict):
            return None
        key = state.credential
        if not isinstance(key, KeyCredential):
            return None
        algorithm = another_algorithm(
            key.offered, state.algorithm, self.server_sig_algs, self._policy.algorithms
        )
        return None if algorithm is None else (key, algorithm)

    def _on_key_ok(self, state: ExpectKeyVerdict, message: PublicKeyOk) -> None:
        # the reply repeats "public key algorithm name from the request" and its blob; some
        # servers name the kind of the key, or another of its algorithms
        offered = state.credential.offered
        if message.algorithm not in names_of(offered) or not is_same_key(message.key, offered):
            problem = "the server answers for a key that it was not asked about"
            raise ProtocolError(problem)
        self._ask_for_signature(state.credential, state.algorithm)

    def _on_change(self, state: ExpectPasswordVerdict, message: PasswdChangeReq) -> None:
        changes = state.changes + 1
        self._state = AwaitPassword(state.credential, state.password, changes)
        if changes > self._limits.password_changes:
            self._give_up_on(Outcome.EXPIRED, "the server takes no new password")
        elif state.credential.change is None:
            self._give_up_on(Outcome.EXPIRED, "a new password is demanded")
        else:
            self._events.append(PasswordNeeded(state.credential, escape_lines(message.prompt)))

    def _on_prompts(self, state: ExpectPrompts, message: InfoRequest) -> None:
        self._rounds += 1
        if len(message.prompts) > self._limits.prompts:
            problem = f"{len(message.prompts)} prompts; the limit is {self._limits.prompts}"
            raise ProtocolError(problem)
        if self._rounds > self._limits.rounds:
            self._reject("the server's questions do not end")
            return
        self._state = AwaitAnswers(state.credential, len(message.prompts))
        if not (message.prompts or message.name or message.instruction):
            # "the client MUST send a response message with a `0' num-responses field"
            self.provide_answers(())
            return
        prompts = tuple(
            Prompt(text=escape_lines(each.text), echo=each.echo) for each in message.prompts
        )
        self._events.append(
            PromptsReceived(
                state.credential,
                escape_lines(message.name),
                escape_lines(message.instruction),
                prompts,
            )
        )

    # ------------------------------------------------------------- what is tried next

    def _advance(self, again: _KeyAttempt | None = None) -> None:
        """Begin with the next credential that can be tried, or end."""
        for _ in range(_MAX_SKIPPED):
            credential = again or self._strategy.next_credential(
                AuthProgress(remaining=self._remaining, attempts=self.attempts)
            )
            if credential is None:
                break
            if self._sent >= self._limits.client_attempts:
                self._reject(f"{self._sent} attempts are enough")
                return
            if isinstance(credential, tuple):
                self._try_key(*credential)
                return
            if self._begin(credential):
                return
        if self._remaining is None and not self._sent:
            self._begin(NoneCredential(probe=True))
            return
        self._reject()

    def _begin(self, credential: Credential) -> bool:
        """Begin with a credential; return False if it cannot be tried."""
        method = credential.method
        self._state = ExpectVerdict(credential)
        if isinstance(credential, UnusableCredential):
            self._record(Outcome.UNUSABLE)
            return False
        listed = self._remaining is None or method in self._remaining
        # "none" "MUST NOT be listed as supported by the server"
        if not listed and not isinstance(credential, NoneCredential):
            self._record(Outcome.NOT_OFFERED)
            return False
        match credential:
            case KeyCredential():
                return self._begin_key(credential)
            case NoneCredential():
                self._send(self._requests.none())
            case PasswordCredential(password=str() as password):
                self._send_password(credential, password)
            case PasswordCredential():
                self._state = AwaitPassword(credential, None, 0)
                self._events.append(PasswordNeeded(credential))
            case InteractiveCredential():  # pragma: no branch (there are no others)
                self._state = ExpectPrompts(credential)
                self._send(self._requests.interactive(credential.submethods))
        self._sent += 1
        return True

    def _begin_key(self, credential: KeyCredential) -> bool:
        algorithm = signature_algorithm(
            credential.offered, self.server_sig_algs, self._policy.algorithms
        )
        if algorithm is None:
            allowed = usable_algorithms(credential.offered, self._policy.algorithms)
            detail = _LISTS_NONE if allowed else _MAY_USE_NONE
            self._record(Outcome.NO_ALGORITHM, detail)
            return False
        self._try_key(credential, algorithm)
        return True

    def _try_key(self, credential: KeyCredential, algorithm: str) -> None:
        self._sent += 1
        query = credential.query
        if query is None:
            query = not (self._lone_key and isinstance(credential.signer, KeySigner))
        if query:
            self._send(self._requests.key_query(algorithm, credential.offered.blob))
            self._state = ExpectKeyVerdict(credential, algorithm)
        else:
            self._ask_for_signature(credential, algorithm)

    def _ask_for_signature(self, credential: KeyCredential, algorithm: str) -> None:
        data = self._requests.signed_data(algorithm, credential.offered.blob)
        self._state = AwaitSignature(credential, algorithm)
        # "rsa-sha2-512-cert-v01@openssh.com" is how a certificate is shown; it signs as its key
        self._events.append(SignatureNeeded(credential, plain_algorithm(algorithm), data))

    def _send_password(self, credential: PasswordCredential, password: str) -> None:
        self._send(self._requests.password(password))
        self._state = ExpectPasswordVerdict(credential, password, 0)

    def _give_up_on(self, outcome: Outcome, detail: str = "") -> None:
        """Leave a credential unfinished: the server abandons it when the next request comes."""
        self._record(outcome, detail)
        self._advance()

    def _send(self, message: Message) -> None:
        self._messages.append(message.encode())

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


def _not_asked(what: str) -> UsageError:
    return UsageError(f"no {what} is asked for")
