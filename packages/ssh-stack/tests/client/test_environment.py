"""SendEnv and SetEnv: which variables go along."""

from __future__ import annotations

from ssh_stack.client.environment import environment
from ssh_stack.client.options import ClientOptions
from ssh_stack.client.plan.session import merge_session
from ssh_stack.config import Config

LOCAL = {"LANG": "C", "LC_ALL": "de", "LC_TIME": "en", "HOME": "/", "BAD": "\udcff"}


def sent(*lines: str) -> dict[str, str]:
    return environment(
        merge_session(ClientOptions(), Config.parse(lines).resolve("host"), None), LOCAL
    )


def test_environment_is_empty_by_default() -> None:
    assert sent() == {}


def test_send_env_patterns_choose_variables() -> None:
    assert sent("SendEnv LANG LC_*") == {"LANG": "C", "LC_ALL": "de", "LC_TIME": "en"}
    assert sent("SendEnv ????") == {"LANG": "C", "HOME": "/"}


def test_negative_send_env_pattern_removes_variables() -> None:
    assert sent("SendEnv LANG LC_*", "SendEnv -LC_*") == {"LANG": "C"}


def test_bracket_in_pattern_is_ordinary_character_as_for_ssh() -> None:
    assert sent("SendEnv L[A]NG", "SendEnv LC_[A-T]*") == {}
    assert sent("SendEnv LC_*", "SendEnv -LC_[*]") == {"LC_ALL": "de", "LC_TIME": "en"}


def test_set_env_wins_over_send_env() -> None:
    assert sent("SetEnv A=1 B=2", "SetEnv A=3", "SendEnv LANG") == {
        "LANG": "C",
        "A": "1",
        "B": "2",
    }
    assert sent("SetEnv LANG=mine", "SendEnv LANG") == {"LANG": "mine"}


def test_variable_that_is_not_text_is_not_sent() -> None:
    assert sent("SendEnv BAD") == {}
