"""The method "keyboard-interactive": prompts and answers (RFC 4256)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from ssh_auth.server.events import ServerQuestion
from ssh_auth.server.methods.base import Ask, Fail, Method, Step, Turn, judged
from ssh_auth.server.states import REQUEST, ExpectDecision, Rows, ServerState
from ssh_wire import Message, MessageSet, UsageError, lazy_attrs
from ssh_wire.messages.auth import InfoRequest, InfoResponse, KeyboardInteractiveRequest

__all__ = [
    "AnswersReceived",
    "ExpectAnswers",
    "ExpectDialogue",
    "InteractiveStarted",
    "KeyboardInteractiveMethod",
]


@lazy_attrs.frozen
class InteractiveStarted(ServerQuestion):
    """The client is ready for prompts: the answer is an `InfoRequest`, or at once a result.

    Attributes:
        submethods: the client's hint, as it came.
    """

    FUNCTION: ClassVar[str] = "interactive"

    submethods: str

    @property
    def arguments(self) -> tuple[object, ...]:
        """Round 0, and no answers."""
        return (0, ())


@lazy_attrs.frozen
class AnswersReceived(ServerQuestion):
    """The user answered: ask more, or decide.

    Attributes:
        answers: one for each prompt, in their order.
        round: 1 for the first prompts of a dialogue, then one more each time.
    """

    FUNCTION: ClassVar[str] = "interactive"

    answers: tuple[str, ...] = lazy_attrs.field(repr=False)
    round: int

    @property
    def arguments(self) -> tuple[object, ...]:
        """The round, and the answers."""
        return (self.round, self.answers)


@lazy_attrs.frozen
class ExpectDialogue(ExpectDecision):
    """A function asks, or decides.

    Attributes:
        round: the rounds of prompts that were answered.
    """

    round: int = 0


@lazy_attrs.frozen
class ExpectAnswers(ServerState):
    """The client answers prompts.

    Attributes:
        count: how many.
        round: which round it is, from 1.
    """

    count: int
    round: int


class KeyboardInteractiveMethod(Method[KeyboardInteractiveRequest, ExpectAnswers, InfoResponse]):
    """Passes on prompts and answers, round by round."""

    NAME: ClassVar[str] = "keyboard-interactive"
    NUMBERS: ClassVar[frozenset[int]] = frozenset({60, 61})
    REQUESTS: ClassVar[tuple[type[Message], ...]] = (KeyboardInteractiveRequest,)
    LEGAL: ClassVar[Rows] = {
        ExpectDialogue: REQUEST,
        ExpectAnswers: REQUEST | MessageSet[Message](InfoResponse),
    }
    FUNCTIONS: ClassVar[Mapping[str, int]] = {"interactive": 2}
    ANSWERS: ClassVar[tuple[type, ...]] = (InfoRequest,)

    def begin(self, request: KeyboardInteractiveRequest) -> Step:
        """Ask for the first prompts."""
        number = next(self._conversation.numbers)
        question = InteractiveStarted(number, request.user, request.submethods)
        return Ask(ExpectDialogue(number), question)

    def step(self, state: ExpectAnswers, message: InfoResponse) -> Step:
        """Take the answers."""
        answers, limit = message.responses, self._conversation.limits.password_bytes
        # "If the num-responses field does not match the num-prompts field in the request
        # message, the server MUST send a failure message" (RFC 4256 section 3.4)
        if len(answers) != state.count or any(len(each.encode()) > limit for each in answers):
            return Fail()
        number = next(self._conversation.numbers)
        question = AnswersReceived(number, self._conversation.user, answers, state.round)
        return Ask(ExpectDialogue(number, state.round), question)

    def answer(self, state: ExpectDialogue, value: Any) -> Step:  # noqa: ANN401 (see Method)
        """Send the prompts, or end with the result."""
        if not isinstance(value, InfoRequest):
            return judged(value)
        limit = self._conversation.limits.prompts
        # "The prompt field(s) MUST NOT be empty strings" (RFC 4256 section 3.2)
        if len(value.prompts) > limit or not all(prompt.text for prompt in value.prompts):
            problem = f"there are at most {limit} prompts, none of them empty"
            raise UsageError(problem)
        self._conversation.counter.count_round()
        return Turn(value, ExpectAnswers(len(value.prompts), state.round + 1))
