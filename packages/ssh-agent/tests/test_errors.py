from __future__ import annotations

import pytest

from ssh_agent import errors
from ssh_wire import SSHError


@pytest.mark.parametrize("name", errors.__all__)
def test_every_error_is_agent_error_and_ssh_error(name: str) -> None:
    kind = getattr(errors, name)

    assert issubclass(kind, errors.AgentError)
    assert issubclass(kind, SSHError)


def test_errors_derive_from_builtin_exceptions() -> None:
    assert issubclass(errors.AgentUnavailable, ConnectionError)
    assert issubclass(errors.AgentTimeout, TimeoutError)
    assert issubclass(errors.WrongReply, errors.AgentMisbehaved)
