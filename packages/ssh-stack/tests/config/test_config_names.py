"""Names of hosts and users that are safe, as OpenSSH judges them."""

from __future__ import annotations

import pytest

from ssh_stack import ConfigError
from ssh_stack.config import Config
from ssh_stack.config.names import is_safe_host, is_safe_user

UNSAFE = [
    *("host;with;semicolon", "host'with'quote", "host`with`backtick", "host$with$dollar"),
    *("host(with)brace", "user;with;semicolon@host", "user'with'quote@host"),
    *("user`with`backtick@host", "user(with)brace@host", "a,user|b@host", "-oProxyCommand=x"),
]


@pytest.mark.parametrize("jump", UNSAFE)
def test_proxy_jump_of_the_command_line_with_an_unsafe_name_is_refused(jump: str) -> None:
    with pytest.raises(ConfigError):
        Config.parse([f"ProxyJump {jump}"]).resolve("somehost", user="me")


def test_proxy_jump_of_a_file_with_an_unsafe_name_is_refused_where_it_is_used() -> None:
    lines = Config.parse("ProxyJump user;with;semicolon@host;with;semicolon", source="file")

    assert lines.resolve("somehost", user="me").proxy_jump == (
        "user;with;semicolon@host;with;semicolon",
    )


@pytest.mark.parametrize("name", ["web1", "192.0.2.1", "fe80::1%eth0", "a_b-c.example"])
def test_usual_host_names_are_safe(name: str) -> None:
    assert is_safe_host(name)


@pytest.mark.parametrize("name", ["", "-x", "a b", "a\nb", "a,b", "a$b", "a\\b"])
def test_host_names_with_a_meaning_elsewhere_are_not_safe(name: str) -> None:
    assert not is_safe_host(name)


@pytest.mark.parametrize("name", ["me", "DOMAIN\\me", "first last", "me@realm", "me$"])
def test_usual_user_names_are_safe(name: str) -> None:
    assert is_safe_user(name)


@pytest.mark.parametrize("name", ["", "-me", "me -x", "me\\", "me;ls", "a\tb"])
def test_user_names_with_a_meaning_elsewhere_are_not_safe(name: str) -> None:
    assert not is_safe_user(name)
