"""No configuration is the same as an empty one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssh_stack.config import Config
from ssh_stack.config.resolve import Request, resolve
from ssh_stack.config.without_lines import host_config_without_lines

HOSTS = ("web1", "Web1.Example.ORG", "a.b.", "127.0.0.1", "2130706433", "::1", "fe80::1%lo", "a%b")


@given(
    st.sampled_from(HOSTS)
    | st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=20)
)
def test_options_without_lines_are_those_that_lines_of_no_file_give(host: str) -> None:
    found = host_config_without_lines(host)
    resolved = resolve(Config(), Request(host))

    assert found == resolved
    assert found.found == resolved.found
    assert found.texts == resolved.texts


def test_host_without_home_directory_has_no_known_hosts_of_user(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("HOME", raising=False)
    monkeypatch.setattr("ssh_stack.local.user._entry", lambda: None)

    assert host_config_without_lines("web1").known_hosts_files == ()
    assert host_config_without_lines("web1") == resolve(Config(), Request("web1"))


def test_type_of_session_is_kept_without_lines() -> None:
    assert Config().resolve("web1", session_type="none").session_type == "none"
