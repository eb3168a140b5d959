"""The name and the home directory of the local user, also where passwd has no entry."""

from __future__ import annotations

import os
import pwd
from pathlib import Path
from typing import NoReturn

import pytest

import ssh_stack
from ssh_stack.config import Config, load_config
from ssh_stack.local.user import expand_home, home_directory, local_user
from ssh_stack.server.authorization import AuthorizedKeys
from ssh_wire import UsageError

_VARIABLES = ("LOGNAME", "USER", "LNAME", "USERNAME", "HOME")


@pytest.fixture
def stranger(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """A user id without an entry in passwd, and an environment that names no user."""

    def unknown(_: object) -> NoReturn:
        raise KeyError

    monkeypatch.setattr(pwd, "getpwuid", unknown)
    monkeypatch.setattr(pwd, "getpwnam", unknown)
    for variable in _VARIABLES:
        monkeypatch.delenv(variable, raising=False)
    return monkeypatch


def test_user_name_of_passwd_wins_over_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("LOGNAME", "somebody-else")

    assert local_user() == pwd.getpwuid(os.getuid()).pw_name


@pytest.mark.parametrize("variable", ["LOGNAME", "USER", "LNAME", "USERNAME"])
def test_user_without_entry_is_named_by_environment(
    stranger: pytest.MonkeyPatch, variable: str
) -> None:
    stranger.setenv(variable, "builder")

    assert local_user() == "builder"


def test_user_without_name_raises_error_with_option_to_give(
    stranger: pytest.MonkeyPatch,
) -> None:
    del stranger

    with pytest.raises(UsageError, match=r"no entry in passwd.*give a username, or a line User"):
        local_user()


@pytest.mark.parametrize("error", [KeyError, OSError])
def test_lookup_that_fails_counts_as_no_entry(
    stranger: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    def fail(_: object) -> NoReturn:
        raise error

    stranger.setattr(pwd, "getpwuid", fail)
    stranger.setenv("USER", "builder")

    assert local_user() == "builder"


def test_home_directory_of_environment_wins(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HOME", "/somewhere")
    assert home_directory() == Path("/somewhere")
    assert expand_home("~") == Path("/somewhere")
    assert expand_home("~//.ssh/config") == Path("/somewhere/.ssh/config")
    monkeypatch.delenv("HOME")
    assert str(home_directory()) == pwd.getpwuid(os.getuid()).pw_dir


def test_unknown_home_directory_raises_usage_error(stranger: pytest.MonkeyPatch) -> None:
    del stranger

    with pytest.raises(UsageError, match=r"home directory is not known: .*set HOME"):
        home_directory()


def test_tilde_with_user_is_home_directory_of_that_user() -> None:
    name = pwd.getpwuid(os.getuid())

    assert expand_home(f"~{name.pw_name}/x") == Path(name.pw_dir) / "x"
    with pytest.raises(UsageError, match="no user 'no-such-user'"):
        expand_home("~no-such-user/x")


def test_path_without_tilde_needs_no_home(stranger: pytest.MonkeyPatch) -> None:
    del stranger

    assert expand_home("/a/~b") == Path("/a/~b")


def test_configuration_of_user_without_name_and_home_can_be_read(
    stranger: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Only what needs the name or the home directory asks for it."""
    del stranger
    file = tmp_path / "config"
    file.write_text("Host web1\n User ops\n IdentityFile /key\n")

    found = load_config([file]).resolve("web1")

    assert (found.user, found.identity_files) == ("ops", (Path("/key"),))
    assert load_config(None).resolve("web1").user is None


def test_connect_without_user_name_names_option_to_give(stranger: pytest.MonkeyPatch) -> None:
    del stranger

    with pytest.raises(UsageError, match="give a username"):
        _ = ssh_stack.connect("web1", config=None).config


@pytest.mark.parametrize("token", ["%u", "%d"])
def test_token_of_unknown_user_raises_error_with_line(
    stranger: pytest.MonkeyPatch, token: str
) -> None:
    del stranger

    with pytest.raises(UsageError, match=r"option, line 1: .*is not known"):
        Config.parse(f"IdentityFile /keys/{token}\n").resolve("web1", user="ops")


def test_server_without_local_user_name_names_option_to_give(stranger: pytest.MonkeyPatch) -> None:
    del stranger

    with pytest.raises(UsageError, match="the user name is not known"):
        AuthorizedKeys([])
