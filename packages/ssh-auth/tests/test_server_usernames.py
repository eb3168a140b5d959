from __future__ import annotations

import pytest

from ssh_auth.server.usernames import is_acceptable


@pytest.mark.parametrize(
    "user", ["ops", "a.b-c_d", "host$", "DOM\\user", "user@realm", "müller", "a" * 1024, "ü" * 512]
)
def test_usual_user_names_are_looked_up(user: str) -> None:
    assert is_acceptable(user, 1024)


@pytest.mark.row("A16")
@pytest.mark.parametrize(
    "user",
    [
        "",
        "a" * 1025,
        "ü" * 513,
        "a\0b",
        "a\nb",
        "\x1b[2J",
        "../../root",
        "a/b",
        "$(id)",
        "`id`",
        "a;b",
        "-oProxyCommand=x",
        "a\u202eb",
        "a\u200bb",
    ],
)
def test_unsafe_user_names_are_not_looked_up(user: str) -> None:
    assert not is_acceptable(user, 1024)
