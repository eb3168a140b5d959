"""What is refused although each line is good."""

from __future__ import annotations

import pytest

from ssh_stack.config import Config
from ssh_stack.config.consistency import check_consistency, check_jump
from ssh_stack.errors import ConfigError


def check(text: str, command: str = "") -> None:
    config = Config.parse(text).resolve("web1", user="me", command=command)
    check_consistency(config, command)
    check_jump(config, config.hostname or "web1", "me")


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("ConnectionAttempts 0\n", ""),
        ("ProxyJump web1\n", ""),
        ("ProxyJump b,ssh://me@web1:22/\n", ""),
        ("HostName real\nProxyJump me@real\n", ""),
        ("ProxyCommand -\nProxyUseFdpass yes\n", ""),
        ("RemoteCommand ls\n", "id"),
        ("ForkAfterAuthentication yes\n", ""),
        ("ForkAfterAuthentication yes\nSessionType default\n", ""),
        ("User %n;ls\n", ""),
    ],
)
def test_options_that_exclude_each_other_are_error_with_line(text: str, command: str) -> None:
    with pytest.raises(ConfigError, match=r"option, line \d: \w+ ") as caught:
        check(text, command)

    assert caught.value.line == max(1, text.count("\n") - ("Session" in text))


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("ConnectionAttempts 1\n", ""),
        ("ProxyJump web1:2222\n", ""),
        ("ProxyJump you@web1\n", ""),
        ("ProxyJump web1,b\n", ""),
        ("ProxyCommand -\n", ""),
        ("User 'a;b'\n", ""),
        ("RemoteCommand none\n", "id"),
        ("ForkAfterAuthentication yes\n", "id"),
        ("ForkAfterAuthentication yes\nRemoteCommand ls\n", ""),
        ("ForkAfterAuthentication yes\nSessionType none\n", ""),
    ],
)
def test_other_options_are_taken_together(text: str, command: str) -> None:
    check(text, command)
