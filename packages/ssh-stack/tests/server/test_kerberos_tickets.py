from __future__ import annotations

import sys
from typing import Any

import pytest

from ssh_auth import Accept, AcceptedToken, AuthContext, GSSAPIFailed, Reject
from ssh_stack import KerberosTickets, Passwords
from ssh_stack.server import kerberos_tickets
from ssh_stack.server.authorization import combine
from ssh_wire import UsageError

OPS = AuthContext(user="ops")


class Security:
    """A context that is made for a host, and refuses one token."""

    complete: bool = False
    peer: str = ""

    def __init__(self, host: str) -> None:
        self.host = host

    async def step(self, token: bytes | None) -> bytes:
        if token == b"wrong":
            problem = "the ticket is not for us"
            raise GSSAPIFailed(problem)
        return b"next"

    def get_mic(self, data: bytes) -> bytes:
        return data

    def verify_mic(self, data: bytes, mic: bytes) -> None:
        raise NotImplementedError


@pytest.fixture(autouse=True)
def accepted(monkeypatch: pytest.MonkeyPatch) -> None:
    def accept(_run: object, host: str) -> Security:
        return Security(host)

    monkeypatch.setattr(kerberos_tickets, "accept", accept)


@pytest.mark.row("A24")
@pytest.mark.parametrize(
    ("user", "principal", "let_in"),
    [
        ("ops", "me@EXAMPLE", True),
        ("ops", "ops@EXAMPLE", False),
        ("root", "me@EXAMPLE", False),
        ("me", "me@EXAMPLE", False),
        ("ops", "me", False),
        ("ops", "me@OTHER", False),
    ],
)
async def test_mapping_says_which_principals_may_log_in_as_a_user(
    user: str, principal: str, let_in: bool
) -> None:
    tickets = KerberosTickets({"ops": ["me@EXAMPLE"]})

    answer = await tickets.decide(AuthContext(user=user), principal)

    assert isinstance(answer, Accept if let_in else Reject)


@pytest.mark.row("A14")
@pytest.mark.row("A24")
@pytest.mark.parametrize("answer", [True, 1, "yes", None, False])
async def test_function_lets_in_by_an_exact_true_alone(answer: Any) -> None:
    asked: list[tuple[str, str]] = []

    def decide(user: str, principal: str) -> bool:
        asked.append((user, principal))
        return answer  # type: ignore[no-any-return]

    result = await KerberosTickets(decide).decide(OPS, "me@EXAMPLE")

    assert isinstance(result, Accept if answer is True else Reject)
    assert asked == [("ops", "me@EXAMPLE")]


async def test_token_is_taken_by_the_context_of_the_client() -> None:
    tickets = KerberosTickets({}, host="web1.example")

    first = await tickets.take_token(OPS, None, b"first")

    assert isinstance(first, AcceptedToken)
    assert first.token == b"next"
    assert isinstance(first.context, Security)
    assert first.context.host == "web1.example"
    second = await tickets.take_token(OPS, first.context, b"second")
    assert isinstance(second, AcceptedToken)
    assert second.context is first.context
    assert isinstance(await tickets.take_token(OPS, None, b"wrong"), Reject)


@pytest.mark.parametrize("source", ["me@EXAMPLE", None, ["me@EXAMPLE"], {"ops": "me@EXAMPLE"}])
def test_source_that_is_no_mapping_and_no_function_is_refused(source: Any) -> None:
    with pytest.raises(UsageError):
        KerberosTickets(source)


def test_missing_library_is_told_before_a_client_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    monkeypatch.setitem(sys.modules, "gssapi", None)

    with pytest.raises(UsageError, match="pip install"):
        KerberosTickets({})


def test_tickets_are_one_of_several_ways_in() -> None:
    tickets = KerberosTickets({})

    merged = combine([tickets, Passwords({"ops": "x"})])

    assert merged.gssapi is not None
    assert merged.gssapi_step == tickets.take_token
    assert merged.policy.methods == ("gssapi-with-mic", "password")
