from __future__ import annotations

import pytest

from ssh_agent.errors import AgentUnavailable
from ssh_agent.location import Location, locate


@pytest.mark.parametrize("platform", ["linux", "darwin", "win32"])
def test_given_path_wins_over_environment(platform: str) -> None:
    assert locate("/given", {"SSH_AUTH_SOCK": "/env"}, platform) == (Location("/given"),)


def test_environment_names_socket_of_agent() -> None:
    assert locate(None, {"SSH_AUTH_SOCK": "/env"}, "linux") == (Location("/env", "socket"),)


@pytest.mark.parametrize("environment", [{}, {"SSH_AUTH_SOCK": ""}])
def test_missing_path_and_variable_raise_agent_unavailable(environment: dict[str, str]) -> None:
    with pytest.raises(AgentUnavailable, match="SSH_AUTH_SOCK"):
        locate(None, environment, "linux")


@pytest.mark.parametrize("platform", ["linux", "win32"])
def test_empty_path_names_no_agent(platform: str) -> None:
    with pytest.raises(AgentUnavailable, match="no agent"):
        locate("", {"SSH_AUTH_SOCK": "/env"}, platform)


def test_windows_without_variable_has_pipe_of_openssh_and_then_pageant() -> None:
    assert locate(None, {}, "win32") == (
        Location("//./pipe/openssh-ssh-agent", "pipe"),
        Location("pageant", "pageant"),
    )


@pytest.mark.parametrize("path", [r"\\.\pipe\pageant.me.0123", "//./pipe/mine"])
def test_path_of_pipe_is_one_on_windows_alone(path: str) -> None:
    assert locate(path, {}, "win32") == (Location(path, "pipe"),)
    assert locate(path, {}, "linux") == (Location(path, "socket"),)


def test_name_of_pageant_is_a_place_on_windows_alone() -> None:
    assert locate("pageant", {}, "win32") == (Location("pageant", "pageant"),)
    assert locate(None, {"SSH_AUTH_SOCK": "pageant"}, "win32")[0].transport == "pageant"
    assert locate("pageant", {}, "linux") == (Location("pageant", "socket"),)
