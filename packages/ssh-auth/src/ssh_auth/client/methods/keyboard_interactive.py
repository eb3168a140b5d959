"""The method "keyboard-interactive": rounds of prompts and answers (RFC 4256)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, TypeGuard, cast

from ssh_auth.attempts import Outcome
from ssh_auth.client.events import Question
from ssh_auth.client.methods.base import GiveUp, Method, Rows, Step, Stop, Turn, unfit
from ssh_auth.client.states import QUIET, VERDICT, Await, Trying
from ssh_auth.credentials import InteractiveCredential, is_text
from ssh_wire import Message, MessageSet, ProtocolError, lazy_attrs
from ssh_wire.messages.auth import InfoRequest, InfoResponse, Prompt
from ssh_wire.text import escape_lines

__all__ = ["AwaitAnswers", "ExpectPrompts", "KeyboardInteractiveMethod", "PromptsReceived"]


@lazy_attrs.frozen
class PromptsReceived(Question[Sequence[str] | None]):
    """The answer is one text for each prompt; None gives the credential up.

    Attributes:
        credential: who knows the answers.
        name: the title of the dialogue, escaped.
        instruction: text to show above the prompts, escaped.
        prompts: the questions, escaped; without any there is only text to show.
    """

    credential: InteractiveCredential
    name: str
    instruction: str
    prompts: tuple[Prompt, ...]

    async def obtain(self) -> Sequence[str] | None:
        """Ask for the answers."""
        return await self.credential.ask(self.name, self.instruction, self.prompts)


@lazy_attrs.frozen
class ExpectPrompts(Trying[InteractiveCredential]):
    """A dialogue has begun, or answers are with the server."""


@lazy_attrs.frozen
class AwaitAnswers(Await[InteractiveCredential, PromptsReceived]):
    """Somebody answers prompts."""


class KeyboardInteractiveMethod(
    Method[InteractiveCredential, ExpectPrompts, InfoRequest, AwaitAnswers]
):
    """Has prompts answered, round after round."""

    NAME: ClassVar[str] = "keyboard-interactive"
    NUMBERS: ClassVar[frozenset[int]] = frozenset({60, 61})
    LEGAL: ClassVar[Rows] = {
        ExpectPrompts: VERDICT | MessageSet[Message](InfoRequest),
        AwaitAnswers: QUIET,
    }

    def begin(self) -> Step:
        """Ask for the first prompts."""
        request = self._conversation.requests.interactive(self._credential.submethods)
        return Turn(ExpectPrompts(self._credential), (request,))

    def step(self, state: ExpectPrompts, message: InfoRequest) -> Step:
        """Have the prompts answered."""
        conversation = self._conversation
        conversation.rounds += 1
        if len(message.prompts) > conversation.limits.prompts:
            limit = conversation.limits.prompts
            problem = f"{len(message.prompts)} prompts; the limit is {limit}"
            raise ProtocolError(problem)
        if conversation.rounds > conversation.limits.rounds:
            return Stop("the server's questions do not end")
        if not (message.prompts or message.name or message.instruction):
            # "the client MUST send a response message with a `0' num-responses field"
            return Turn(state, (InfoResponse(responses=()),))
        prompts = tuple(
            Prompt(text=escape_lines(each.text), echo=each.echo) for each in message.prompts
        )
        question = PromptsReceived(
            state.credential,
            escape_lines(message.name),
            escape_lines(message.instruction),
            prompts,
        )
        return Turn(AwaitAnswers(state.credential, question))

    def answer(self, state: AwaitAnswers, value: object) -> Step:
        """Send the answers."""
        if value is None:
            return GiveUp(Outcome.DECLINED)
        count = len(state.question.prompts)
        if not _are_texts(value) or len(value) != count:
            wanted = f"a sequence of {count} texts that UTF-8 can carry"
            raise unfit(wanted)
        # "The responses MUST be ordered as the prompts were ordered" (RFC 4256 section 3.4)
        response = InfoResponse(responses=tuple(value))
        return Turn(ExpectPrompts(state.credential), (response,), proves=count > 0)


def _are_texts(value: object) -> TypeGuard[Sequence[str]]:
    if isinstance(value, str) or not isinstance(value, Sequence):
        return False
    return all(isinstance(each, str) and is_text(each) for each in cast("Sequence[object]", value))
