"""A15: nothing that a client can count tells a user that exists from one that does not.

A clock would say little and fail often.  What is counted here decides the time: which functions
are called how often for a known and for an unknown user, how many packets of which bytes are the
answer, and how long the answer is held back.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from ssh_auth import AuthContext, Reject, ServerAuth, ServerPolicy, failure_delay
from ssh_keys import PrivateKey
from ssh_stack import AuthorizedKeys, Passwords
from ssh_wire import Message
from ssh_wire.messages.auth import (
    KeyboardInteractiveRequest,
    PasswordRequest,
    PublicKeyQuery,
)

KEY, STRANGER = PrivateKey.generate("ed25519"), PrivateKey.generate("ed25519")
SERVICE = "ssh-connection"
EVERY = ServerPolicy(methods=("publickey", "password", "keyboard-interactive"))


async def calls_of(work: Callable[[], Awaitable[object]]) -> Counter[str]:
    """Return how often each function of this project and of hashlib is called in this thread."""
    counted: Counter[str] = Counter()

    def note(frame: FrameType, event: str, argument: Any) -> None:
        if event == "call" and "ssh_" in frame.f_code.co_filename:
            counted[frame.f_code.co_qualname] += 1
        elif event == "c_call":
            counted[str(argument.__name__)] += 1

    for _ in range(20):
        await work()  # what is loaded or compiled once is
    sys.setprofile(note)
    try:
        answer = await work()
    finally:
        sys.setprofile(None)
    assert answer == Reject()
    return counted


KNOWN = AuthContext(user="alice", peer=("192.0.2.1", 1))
UNKNOWN = AuthContext(user="nobody", peer=("192.0.2.1", 1))


@pytest.mark.row("A15")
async def test_a15_wrong_password_costs_the_same_for_every_user() -> None:
    passwords = Passwords({"alice": "sesame"})
    known = await calls_of(lambda: passwords.decide(KNOWN, "wrong"))
    unknown = await calls_of(lambda: passwords.decide(UNKNOWN, "wrong"))

    assert known == unknown
    assert known["compare_digest"] == 1


@pytest.mark.row("A15")
@pytest.mark.parametrize("in_file", [True, False])
async def test_a15_unknown_key_costs_the_same_for_every_user(
    tmp_path: Path, *, in_file: bool
) -> None:
    path = tmp_path / "keys"
    path.write_text(f"{KEY.public_key.to_openssh()}\n")
    keys = AuthorizedKeys(path if in_file else [KEY.public_key], ["alice"])
    known = await calls_of(lambda: keys.decide(KNOWN, STRANGER.public_key))
    unknown = await calls_of(lambda: keys.decide(UNKNOWN, STRANGER.public_key))

    assert known == unknown


def requests(user: str) -> list[bytes]:
    key = STRANGER.public_key.blob
    made: list[Message] = [
        PasswordRequest(user=user, service=SERVICE, password="wrong"),
        PublicKeyQuery(user=user, service=SERVICE, algorithm="ssh-ed25519", key=key),
        KeyboardInteractiveRequest(user=user, service=SERVICE),
    ]
    return [each.encode() for each in made]


@pytest.mark.row("A15")
@pytest.mark.parametrize("number", range(3))
def test_a15_answer_has_the_same_bytes_for_every_user(number: int) -> None:
    answers: list[list[bytes]] = []
    for user in ("alice", "nobody", "root", "x" * 1024):
        auth = ServerAuth(AuthContext(), EVERY)
        auth.receive(requests(user)[number])
        question = auth.next_event()
        assert question is not None
        auth.answer(question.request, Reject())  # type: ignore[union-attr]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType, reportUnknownArgumentType]
        answers.append(auth.take_messages())
    assert answers == [answers[0]] * 4
    assert len(answers[0]) == 1


@pytest.mark.row("A15")
def test_a15_message_is_read_whole_before_a_user_is_looked_up() -> None:
    looked_up: list[str] = []

    def algorithms(user: str) -> tuple[str, ...]:
        looked_up.append(user)
        return ()

    policy = ServerPolicy(methods=("password",), algorithms=algorithms)
    auth = ServerAuth(AuthContext(), policy)
    with pytest.raises(Exception, match="after"):
        auth.receive(requests("alice")[0] + b"zz")
    assert looked_up == []
    assert auth.next_event() is None


@pytest.mark.row("A15")
def test_a15_work_that_differs_by_less_than_the_delay_is_not_seen() -> None:
    """However long deciding took below the user's own time, the answer leaves at that time."""
    for user in ("alice", "nobody"):
        sent = {
            round(spent + failure_delay(user, b"secret", spent), 9)
            for spent in (0.0, 0.0001, 0.001, 0.0049)
        }
        assert len(sent) == 1
