"""SendEnv and SetEnv: which variables go along."""

from __future__ import annotations

from ssh_stack.client.environment import environment
from ssh_stack.config import Config

LOCAL = {"LANG": "C", "LC_ALL": "de", "LC_TIME": "en", "HOME": "/", "BAD": "\udcff"}


def sent(*lines: str) -> dict[str, str]:
    return environment(Config.parse(lines).resolve("host"), LOCAL)


def test_nothing_by_default() -> None:
    assert sent() == {}


def test_patterns() -> None:
    assert sent("SendEnv LANG LC_*") == {"LANG": "C", "LC_ALL": "de", "LC_TIME": "en"}
    assert sent("SendEnv ????") == {"LANG": "C", "HOME": "/"}


def test_patterns_are_taken_back() -> None:
    assert sent("SendEnv LANG LC_*", "SendEnv -LC_*") == {"LANG": "C"}


def test_bracket_in_a_pattern_is_an_ordinary_character_as_for_ssh() -> None:
    assert sent("SendEnv L[A]NG", "SendEnv LC_[A-T]*") == {}
    assert sent("SendEnv LC_*", "SendEnv -LC_[*]") == {"LC_ALL": "de", "LC_TIME": "en"}


def test_values_that_are_given() -> None:
    assert sent("SetEnv A=1 B=2", "SetEnv A=3", "SendEnv LANG") == {
        "LANG": "C",
        "A": "1",
        "B": "2",
    }
    assert sent("SetEnv LANG=mine", "SendEnv LANG") == {"LANG": "mine"}


def test_what_is_no_text_stays_here() -> None:
    assert sent("SendEnv BAD") == {}
