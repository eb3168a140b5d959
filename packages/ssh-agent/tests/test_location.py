from __future__ import annotations

import pytest

from ssh_agent.errors import AgentUnavailable
from ssh_agent.location import socket_path


def test_the_given_path_comes_before_the_environment() -> None:
    assert socket_path("/given", {"SSH_AUTH_SOCK": "/env"}) == "/given"


def test_the_environment_names_the_agent() -> None:
    assert socket_path(None, {"SSH_AUTH_SOCK": "/env"}) == "/env"


@pytest.mark.parametrize("environment", [{}, {"SSH_AUTH_SOCK": ""}])
def test_without_either_there_is_no_agent(environment: dict[str, str]) -> None:
    with pytest.raises(AgentUnavailable, match="SSH_AUTH_SOCK"):
        socket_path(None, environment)
