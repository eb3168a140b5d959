from __future__ import annotations

import pytest

from ssh_agent.errors import AgentUnavailable
from ssh_agent.location import socket_path


def test_given_path_wins_over_environment() -> None:
    assert socket_path("/given", {"SSH_AUTH_SOCK": "/env"}) == "/given"


def test_environment_names_socket_of_agent() -> None:
    assert socket_path(None, {"SSH_AUTH_SOCK": "/env"}) == "/env"


@pytest.mark.parametrize("environment", [{}, {"SSH_AUTH_SOCK": ""}])
def test_missing_path_and_variable_raise_agent_unavailable(environment: dict[str, str]) -> None:
    with pytest.raises(AgentUnavailable, match="SSH_AUTH_SOCK"):
        socket_path(None, environment)
