from __future__ import annotations

import contextlib
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssh_stack.config import Config, HostConfig, load_config
from ssh_stack.errors import ConfigError


def resolve(text: str, host: str = "web1", user: str | None = None) -> HostConfig:
    return Config.parse(text).resolve(host, user=user)


def test_first_value_counts_and_identity_files_accumulate() -> None:
    found = resolve(
        "Host web*\n Port 2022\n IdentityFile /a\nHost *\n Port 22\n User ops\n IdentityFile /b\n"
    )

    assert found.port == 2022
    assert found.user == "ops"
    assert found.identity_files == (Path("/a"), Path("/b"))


def test_negated_pattern_excludes_host() -> None:
    text = "Host * !web1\n User other\n"

    assert resolve(text).user is None
    assert resolve(text, "web2").user == "other"


def test_lines_before_first_block_apply_to_every_host() -> None:
    assert resolve("User me\nHost other\n User you\n").user == "me"


def test_token_in_host_name_is_replaced() -> None:
    assert resolve("HostName %h.example.com\n").hostname == "web1.example.com"


@pytest.mark.parametrize(
    ("criteria", "holds"),
    [
        ("all", True),
        ("host web1", True),
        ("host web*,db*", True),
        ("host db*", False),
        ("!host db*", True),
        ("originalhost web1 user ops", True),
        ("user root", False),
        ("host=web1", True),
        ("exec true", True),
        ("exec false", False),
        ('exec "test %h = web1"', True),
        ("exec nonexistent-program-of-nobody", False),
    ],
)
def test_match_applies_when_all_criteria_match(criteria: str, holds: bool) -> None:
    found = resolve(f"Match {criteria}\n Port 7\n", user="ops")

    assert (found.port == 7) is holds


def test_match_host_is_compared_with_value_of_host_name() -> None:
    found = resolve("HostName real.example\nMatch host real.example\n Port 9\n")

    assert found.port == 9


def test_match_final_is_second_pass() -> None:
    found = resolve("Match final host real.example\n Port 9\nHost web1\n HostName real.example\n")

    assert found.port == 9
    assert found.hostname == "real.example"


def test_include_stays_inside_its_block(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("Host *\n User included\n")
    main = tmp_path / "main"
    main.write_text(f"Host other\n Include {tmp_path}/[a]\nHost web1\n Port 5\n")

    config = load_config([main])

    assert config.resolve("web1").user is None
    assert config.resolve("web1").port == 5
    assert config.resolve("other").user == "included"


@pytest.mark.row("X09")
def test_include_loop_raises_config_error(tmp_path: Path) -> None:
    main = tmp_path / "main"
    main.write_text(f"Include {main}\n")

    with pytest.raises(ConfigError, match="nests deeper"):
        load_config([main]).resolve("web1")


@pytest.mark.row("X09")
def test_configuration_file_must_be_regular_and_of_bounded_size(tmp_path: Path) -> None:
    large = tmp_path / "large"
    large.write_bytes(b"#" * (1 << 21))
    with pytest.raises(ConfigError, match="larger than"):
        load_config([large])
    with pytest.raises((ConfigError, OSError)):
        load_config([tmp_path])
    with pytest.raises(ConfigError, match="/dev/zero: is larger than"):
        load_config(["/dev/zero"])
    with pytest.raises(FileNotFoundError):
        load_config([tmp_path / "absent"])


def test_unsupported_keyword_is_reported_with_line() -> None:
    found = resolve("Host web1\n ForwardX11 no\n Tunnel yes\nHost other\n Compression yes\n")

    assert [(u.keyword, u.value, u.line) for u in found.unsupported] == [
        ("Tunnel", "yes", 3),
    ]
    assert str(found.unsupported[0]) == "Tunnel (option, line 3)"


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("Port many", "Port is a number"),
        ("Port 70000", "70000 is not a port"),
        ("IdentitiesOnly perhaps", "is one of yes"),
        ("StrictHostKeyChecking sometimes", "is one of"),
        ("UpdateHostKeys sometimes", "is one of"),
        ("ConnectTimeout 5x", "is a time"),
        ("User a b", "takes 1 argument, not 2"),
        ("Match colour blue", "unknown criterion"),
        ("Match host", "criterion 'host' without an argument"),
        ("Match all host x", "takes all alone"),
        ("SetEnv novalue", "takes NAME=VALUE"),
        ("IdentityFile %q", "unknown token %q"),
        ("IdentityFile ${NO_SUCH_VARIABLE_HERE}", "unknown variable"),
    ],
)
def test_invalid_value_raises_error_with_file_and_line(line: str, problem: str) -> None:
    with pytest.raises(ConfigError, match=problem) as caught:
        resolve(f"\n{line}\n Port 1\n")

    assert (caught.value.source, caught.value.line) == ("option", 2)


def test_values_of_keywords_are_read() -> None:
    found = resolve(
        "ProxyJump a,b:2,c@d\nUserKnownHostsFile /x /y\nStrictHostKeyChecking accept-new\n"
        "ConnectTimeout 1m30s\nServerAliveInterval 15\nServerAliveCountMax 4\n"
        "SendEnv LANG LC_*\nSetEnv A=1\nHashKnownHosts yes\nIdentitiesOnly yes\n"
        "IdentityFile none\nProxyCommand never used\n"
    )

    assert found.proxy_jump == ("a", "b:2", "c@d")
    assert found.proxy_command is None
    assert found.known_hosts_files == (Path("/x"), Path("/y"))
    assert found.host_key_policy == "accept-new"
    assert found.connect_timeout == 90
    assert (found.alive_interval, found.alive_count_max) == (15, 4)
    assert found.send_env == ("LANG", "LC_*")
    assert found.set_env == (("A", "1"),)
    assert found.hash_known_hosts
    assert found.identities_only
    assert found.identity_files == ()


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None),
        ("UpdateHostKeys yes", "yes"),
        ("UpdateHostKeys TRUE", "yes"),
        ("UpdateHostKeys no\nUpdateHostKeys yes", "no"),
        ("UpdateHostKeys ask", "ask"),
        ("UserKnownHostsFile /x", "no"),
        ("UserKnownHostsFile ~/.ssh/known_hosts", None),
        ("UserKnownHostsFile /x\nUpdateHostKeys ask", "ask"),
    ],
)
def test_update_host_keys_depends_on_keyword_and_known_hosts_files(
    text: str, value: str | None
) -> None:
    assert resolve(text).update_host_keys == value


def test_proxy_command_none_switches_it_off() -> None:
    assert resolve("ProxyJump none\nProxyJump a\n").proxy_jump == ()
    assert resolve("ProxyCommand none\n").proxy_command is None


def test_policy_ask_refuses_without_user_to_ask() -> None:
    assert resolve("").host_key_policy == "strict"
    assert resolve("StrictHostKeyChecking no\n").host_key_policy == "off"


ORACLE = """\
Host web1
  Port 2222
Match host web1 user ops
  IdentityFile ~/.ssh/ops
Host web? !web2
  User found
  HostName %h.example.com
Match host *.example.com
  ProxyJump jump1,jump2:2200
Host *
  User other
  Port 23
  IdentitiesOnly yes
  UserKnownHostsFile ~/kh1 /kh2
  StrictHostKeyChecking accept-new
  IdentityFile ~/.ssh/last
"""


@pytest.mark.parametrize("host", ["web1", "web2", "web3", "db", "web1.example.com"])
@pytest.mark.parametrize("user", [None, "ops"])
def test_resolved_options_equal_those_of_ssh(host: str, user: str | None, tmp_path: Path) -> None:
    config = tmp_path / "config"
    config.write_text(ORACLE)
    login = ["-l", user] if user else []
    command = ["ssh", "-G", "-F", str(config), *login, host]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    theirs: dict[str, list[str]] = {}
    for line in done.stdout.splitlines():
        keyword, _, value = line.partition(" ")
        theirs.setdefault(keyword, []).append(value)

    ours = load_config([config]).resolve(host, user=user)

    assert [ours.hostname or host] == theirs["hostname"]
    assert [user or ours.user] == theirs["user"]
    assert [str(ours.port)] == theirs["port"]
    home = str(Path.home())
    assert [str(p) for p in ours.identity_files or ()] == [
        name.replace("~", home) for name in theirs["identityfile"]
    ]
    assert " ".join(map(str, ours.known_hosts_files)) == theirs["userknownhostsfile"][0].replace(
        "~", home
    )
    jumps = [",".join(ours.proxy_jump)] if ours.proxy_jump else []
    assert jumps == theirs.get("proxyjump", [])
    assert ours.identities_only
    assert theirs["stricthostkeychecking"] == ["accept-new"]


@given(st.text(max_size=300))
def test_any_text_is_resolved_or_raises_config_error(text: str) -> None:
    # programs are not run for nonsense: `exec` needs the whole word
    if "exec" in text.lower() or "include" in text.lower():
        return
    with contextlib.suppress(ConfigError):
        resolve(text)
