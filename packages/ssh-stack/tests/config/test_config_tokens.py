"""%-tokens, ${VARIABLES} and ~ in every directive that takes them."""

from __future__ import annotations

import hashlib
import os
import socket
from pathlib import Path

import pytest

from ssh_stack.config import Config, HostConfig
from ssh_stack.config.tokens import expand
from ssh_stack.errors import ConfigError
from ssh_stack.local.user import local_user

_HOST = socket.gethostname()
_VALUES = {
    "%%": "%",
    "%C": hashlib.sha1(f"{_HOST}web1.example2222opsjump".encode()).hexdigest(),  # noqa: S324 (as ssh)
    "%d": "/home/me",
    "%h": "web1.example",
    "%i": str(os.getuid()),
    "%j": "jump",
    "%k": "alias",
    "%L": _HOST.partition(".")[0],
    "%l": _HOST,
    "%n": "web1",
    "%p": "2222",
    "%r": "ops",
    "%u": local_user(),
}
_BEFORE = (
    "HostName %h.example\nUser ops\nPort 2222\nProxyJump a@first,b@jump:22\nHostKeyAlias Alias\n"
)


@pytest.fixture(autouse=True)
def _home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/me")


def resolve(text: str) -> HostConfig:
    return Config.parse(f"{_BEFORE}{text}\n").resolve("web1")


@pytest.mark.parametrize("token", _VALUES)
@pytest.mark.parametrize(
    ("keyword", "field"),
    [
        ("CertificateFile", "certificate_files"),
        ("IdentityFile", "identity_files"),
        ("IdentityAgent", "identity_agent"),
        ("RevokedHostKeys", "revoked_host_keys"),
        ("UserKnownHostsFile", "known_hosts_files"),
    ],
)
def test_token_in_file_name_is_replaced(token: str, keyword: str, field: str) -> None:
    found = getattr(resolve(f"{keyword} ~/keys/{token}.x"), field)

    assert found in (path := Path(f"/home/me/keys/{_VALUES[token]}.x"), (path,))


@pytest.mark.parametrize("token", _VALUES)
def test_token_in_value_of_set_env_is_replaced(token: str) -> None:
    assert resolve(f"SetEnv A=<{token}> B=${{HOME}}").set_env == (
        ("A", f"<{_VALUES[token]}>"),
        ("B", "/home/me"),
    )


@pytest.mark.parametrize("token", sorted(_VALUES.keys() - {"%C", "%r"}))
def test_token_in_user_name_is_replaced(token: str) -> None:
    text = _BEFORE.replace("User ops", f"User u-{token}")

    assert Config.parse(text).resolve("web1").user == f"u-{_VALUES[token]}"


@pytest.mark.parametrize("token", ["%r", "%C"])
def test_token_of_user_in_user_name_is_error(token: str) -> None:
    with pytest.raises(ConfigError, match=f"unknown token {token}"):
        Config.parse(f"User u-{token}\n").resolve("web1")


@pytest.mark.parametrize("token", ["%%", "%h", "%n", "%p", "%r"])
def test_token_in_jump_host_is_replaced(token: str) -> None:
    text = _BEFORE.replace("ProxyJump a@first,b@jump:22", f"ProxyJump x,jump-{token}")

    assert Config.parse(text).resolve("web1").proxy_jump == ("x", f"jump-{_VALUES[token]}")


def test_known_hosts_are_looked_for_under_alias_or_name() -> None:
    text = "UserKnownHostsFile ~/.ssh/known_hosts.d/%k\n"
    found = Config.parse(f"HostName real\n{text}").resolve("web1").known_hosts_files

    assert found == (Path("/home/me/.ssh/known_hosts.d/web1"),)


def test_home_alone_is_replaced_in_system_known_hosts_files() -> None:
    found = resolve("GlobalKnownHostsFile /a/%h ~/b${X}").global_known_hosts_files

    assert found == (Path("/a/%h"), Path.home() / "b${X}")


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("IdentityFile %q", "IdentityFile has an unknown token %q"),
        ("IdentityFile x%", "IdentityFile has an unknown token %"),
        ("CertificateFile %q", "CertificateFile has an unknown token %q"),
        ("IdentityAgent %q", "IdentityAgent has an unknown token %q"),
        ("UserKnownHostsFile a %q", "UserKnownHostsFile has an unknown token %q"),
        ("RevokedHostKeys %q", "RevokedHostKeys has an unknown token %q"),
        ("SetEnv A=%q", "SetEnv has an unknown token %q"),
        ("IdentityFile ${NO_SUCH_VARIABLE_HERE}", "names an unknown variable"),
        ("IdentityFile ${HOME", "names an unknown variable"),
        ("UserKnownHostsFile ~no-such-user/x", "no user 'no-such-user'"),
        ("IdentityAgent $9", "names no environment variable"),
    ],
)
def test_error_in_value_names_its_line(line: str, problem: str) -> None:
    with pytest.raises(ConfigError, match=problem.replace("$", r"\$")) as caught:
        resolve(line)

    assert (caught.value.source, caught.value.line) == ("option", 6)


def test_unknown_token_in_host_name_names_its_line() -> None:
    with pytest.raises(ConfigError, match="option, line 2: HostName has an unknown token %n"):
        Config.parse("User x\nHostName %n.example\n").resolve("web1")


def test_substituted_text_is_not_expanded_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PERCENT", "%h ${HOME} ~")

    assert expand("${PERCENT}|%p|%%h", {"p": "%h"}, variables=True) == "%h ${HOME} ~|%h|%h"
    monkeypatch.setenv("HOME", "/home/100%")
    assert resolve("IdentityFile ~/x").identity_files == (Path("/home/100%/x"),)


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("none", "none"),
        ("SSH_AUTH_SOCK", None),
        ("$MY_AGENT", Path("/run/agent")),
        ("$NO_SUCH_AGENT", "none"),
        ("${MY_AGENT}.2", Path("/run/agent.2")),
        ('"~/my agent"', Path("/home/me/my agent")),
    ],
)
def test_identity_agent_is_expanded(
    value: str, found: Path | str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_AGENT", "/run/agent")

    assert resolve(f"IdentityAgent {value}").identity_agent == found


def test_key_file_in_home_of_unknown_user_is_kept_unexpanded() -> None:
    assert resolve("IdentityFile ~./x").identity_files == (Path("~./x"),)
