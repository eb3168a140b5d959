from __future__ import annotations

import errno
import inspect

from ssh_agent import AgentTimeout, AgentUnavailable, aio, blocking
from ssh_agent.clients import connect_error, conversation_error


def test_agent_that_accepts_no_connection_in_time_raises_timeout() -> None:
    error = connect_error("/run/agent", TimeoutError())

    assert type(error) is AgentTimeout
    assert "/run/agent" in str(error)


def test_missing_agent_is_named_with_reason() -> None:
    error = connect_error("/run/agent", FileNotFoundError(errno.ENOENT, "No such file"))

    assert type(error) is AgentUnavailable
    assert str(error) == "no agent at /run/agent: No such file"


def test_lost_connection_and_late_reply_are_different_errors() -> None:
    assert type(conversation_error(EOFError("closed"), 3)) is AgentUnavailable
    assert str(conversation_error(TimeoutError(), 3)) == "the agent did not answer within 3 s"


def test_both_clients_have_the_same_requests_with_the_same_parameters() -> None:
    def requests(client: type) -> dict[str, list[str]]:
        return {
            name: [*inspect.signature(method).parameters]
            for name, method in vars(client).items()
            if not name.startswith("_") and inspect.isfunction(method)
        }

    assert requests(blocking.AgentClient) == requests(aio.AgentClient)
