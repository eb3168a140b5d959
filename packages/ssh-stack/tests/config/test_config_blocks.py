"""Host, Match and Include: which lines are for a host, as `ssh -G` decides."""

from __future__ import annotations

import errno
import os
import threading
from pathlib import Path

import pytest

from ssh_stack.config import Config, HostConfig, load_config
from ssh_stack.config.resolve import Request
from ssh_stack.config.resolve import resolve as resolve_request
from ssh_stack.errors import ConfigError
from ssh_stack.local.interfaces import interface_addresses


def resolve(text: str, host: str = "web1", user: str | None = None) -> HostConfig:
    return Config.parse(text).resolve(host, user=user)


# ------------------------------------------------------------- Host


def test_comma_is_part_of_pattern_of_host() -> None:
    text = "Host web1,web2\n    User comma\n"

    assert resolve(text).user is None
    assert resolve(text, "web1,web2").user == "comma"


def test_host_line_is_case_sensitive_and_match_host_is_not() -> None:
    assert resolve("Host WEB1\n    User upper\n").user is None
    assert resolve("Host WEB1\n    User upper\n", "WEB1").user == "upper"
    assert resolve("Match host WEB1\n    User upper\n").user == "upper"
    assert resolve("Match originalhost web1\n    User lower\n", "WEB1").user == "lower"
    assert resolve("Match user OPS\n    Port 7\n", user="ops").port is None


def test_name_is_connected_to_in_lower_case() -> None:
    assert resolve("", "WEB1").hostname == "web1"
    assert resolve("HostName %h.Example\n", "WEB1").hostname == "web1.example"
    assert resolve("HostName 0:0:0:0:0:0:0:1\n").hostname == "::1"
    assert resolve("", "web1").hostname is None


def test_final_pass_matches_host_lines_with_name_in_lower_case() -> None:
    text = (
        "Match final\nHost REAL\n User upper\nHost real\n User lower\nHost web1\n HostName REAL\n"
    )

    assert resolve(text).user == "lower"


def test_host_line_with_comment_alone_matches_no_host() -> None:
    assert resolve("Host # no name\n User x\n").user is None
    with pytest.raises(ConfigError, match="empty argument"):
        resolve('Host ""\n User x\n')


# ------------------------------------------------------------- Match


@pytest.mark.parametrize(
    ("text", "user"),
    [
        # distributions ship the first one in the system's file
        ("Host web1\n HostName h1.example\nMatch final all\n User fin\n", "fin"),
        ("Match canonical all\n User can\n", None),
        ("Match canonical\n User can\n", None),
        ("Match canonical\n User can\nMatch final\n Port 1\n", "can"),
        ("Match !final all\n User first\n", "first"),
        ("Match !canonical\n User first\nMatch final\n User second\n", "first"),
        ("Match final host h1.example\n User fin\nHost web1\n HostName h1.example\n", "fin"),
        ("Match user ops all\n User o\n", None),
        ("Match all\n User a\n", "a"),
        ("Match !all\n User a\n", None),
        ("Match all # comment\n User a\n", "a"),
        ("Match ALL\n User a\n", "a"),
        ("Match host=web1 final=all\n", ConfigError),
        ("Match user x final all\n User a\n", ConfigError),
        ("Match all final\n User a\n", ConfigError),
        ("Match\thost\tweb*,!web2\n User a\n", "a"),
        ("Match !host web2 exec=true\n User a\n", "a"),
        ("Match tagged t\n User a\n", None),
        ("Tag t\nMatch tagged t,u\n User a\n", "a"),
        ('Match tagged ""\n User a\n', "a"),
        ("Match version ssh_stack_*\n User a\n", None),
        ("Match version OpenSSH_10.*\n User a\n", "a"),
        ("Match version OpenSSH_9.*,!OpenSSH_10.*\n User a\n", None),
        ("Match localuser another-user\n User a\n", None),
        ("Match # nothing\n User a\n", ConfigError),
        ('Match ""# nothing\n User a\n', ConfigError),
        ('Match command ""#x\n User a\n', ConfigError),
        ("Match host web1 '#' final\n User a\n", "a"),
        ('Match host ""\n User a\n', ConfigError),
        ("Match host web1 user\n User a\n", ConfigError),
    ],
)
def test_match_criteria_combine_as_in_openssh(
    text: str, user: str | type[ConfigError] | None
) -> None:
    if isinstance(user, str | None):
        assert resolve(text).user == user
    else:
        with pytest.raises(ConfigError, match="Match"):
            resolve(text)


def test_unknown_criterion_is_error_of_its_line(tmp_path: Path) -> None:
    file = tmp_path / "more"
    file.write_text("Match colour blue\n")
    main = tmp_path / "main"
    main.write_text(f"Host web1\n User me\nHost web2\n Include {file}\n")

    for host in ("web1", "web2"):
        with pytest.raises(ConfigError, match="unknown criterion 'colour'") as caught:
            load_config([main]).resolve(host)
        assert (caught.value.source, caught.value.line) == (str(file), 1)


@pytest.mark.parametrize(
    ("criterion", "command", "applies"),
    [
        ("command x", "", False),
        ("command x", "x", True),
        ("command 'ls *'", "ls -l", True),
        ("command !ls,*", "ls", False),
        ('command ""', "", True),
        ('command ""', "ls", False),
        ("!command ls", "ls", False),
        ("sessiontype shell", "", True),
        ("sessiontype exec,subsystem", "", False),
        ("sessiontype exec", "ls", True),
    ],
)
def test_command_and_kind_of_session_choose_block(
    criterion: str, command: str, *, applies: bool
) -> None:
    found = Config.parse(f"Match {criterion}\n Port 7\n").resolve("web1", command=command)

    assert (found.port == 7) is applies


def test_session_type_that_is_asked_for_decides_before_the_configuration() -> None:
    text = (
        "SessionType none\nMatch sessiontype subsystem\n Port 7\nMatch sessiontype none\n Port 8\n"
    )

    asked = Config.parse(text).resolve("web1", command="sftp", session_type="subsystem")
    assert (asked.port, asked.session_type) == (7, "subsystem")
    assert resolve(text).port == 8
    assert resolve("Match sessiontype shell\n Port 7\nMatch all\n SessionType none\n").port == 7


@pytest.mark.parametrize(
    ("networks", "applies"),
    [
        ("192.0.2.0/24", True),
        ("198.51.100.0/24", False),
        ("10.0.0.0/8,192.0.2.7", True),
        ("192.0.2.8", False),
        ("2001:db8::/32", True),
        ("fe80::/10", False),  # an address of one link is in no network
        ("::/0", True),
    ],
)
def test_addresses_of_interfaces_choose_block(networks: str, *, applies: bool) -> None:
    config = Config.parse(f"Match localnetwork {networks}\n Port 7\n")
    asked = Request("web1", addresses=lambda: ["192.0.2.7", "2001:db8::7", "fe80::7%2"])

    assert (resolve_request(config, asked).port == 7) is applies


@pytest.mark.parametrize(
    "networks",
    [
        "10.0.0.1/8",
        "10.0.0.0/33",
        "10.0.0.0/255.0.0.0",
        "eth0",
        "10.0.0.0/8,",
        "!10.0.0.0/8",
        "fe80::1%1",
    ],
)
def test_wrong_network_is_error_of_its_line_in_every_block(networks: str) -> None:
    for text in (f"Match localnetwork {networks}\n", f"Match host x localnetwork={networks}\n"):
        with pytest.raises(ConfigError, match=r"line 1: Match localnetwork: .* nor a network"):
            resolve(text)


def test_addresses_of_this_machine_are_known() -> None:
    assert "127.0.0.1" in list(interface_addresses())
    assert resolve("Match localnetwork 127.0.0.0/8\n Port 7\n").port == 7


def test_command_that_is_skipped_has_its_tokens_checked() -> None:
    with pytest.raises(ConfigError, match="unknown token %q"):
        resolve("Match host other exec 'true %q'\n Port 7\n")


def test_exec_is_run_by_shell_of_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "is-web1"
    program.write_text('#!/bin/sh\ntest "$1" = web1\n')
    program.chmod(0o755)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("SHELL", "/bin/sh")

    for command in ("~/is-web1 %h", "$HOME/is-web1 %n 2>/dev/null", "false || ~/is-web1 %k"):
        text = f'Match exec "{command}"\n Port 7\n'
        assert resolve(text).port == 7
        assert resolve(text, "web2").port is None


def test_exec_is_not_run_where_another_criterion_decides(tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    text = f'Match host web2 exec "touch {ran}"\n Port 7\n'

    resolve(text)
    assert not ran.exists()
    resolve(text, "web2")
    assert ran.exists()


@pytest.mark.row("X03")
def test_host_that_could_be_shell_syntax_never_reaches_exec(tmp_path: Path) -> None:
    ran = tmp_path / "ran"

    with pytest.raises(ConfigError, match="cannot be part of a command"):
        resolve('Match exec "true %h"\n Port 7\n', f"x;touch${{IFS}}{ran}")
    with pytest.raises(ConfigError, match="cannot be part of a command"):
        resolve('Match exec "true %r"\n Port 7\n', user=f"x$(touch {ran})")
    assert not ran.exists()


@pytest.mark.parametrize(
    ("command", "problem"),
    [("kill -TERM $$", "was ended by signal 15"), ("true %q", "unknown token %q")],
)
def test_undecidable_exec_is_error(command: str, problem: str) -> None:
    with pytest.raises(ConfigError, match=problem):
        resolve(f"Match exec '{command}'\n Port 7\n")


# ------------------------------------------------------------- Include


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder ~/.ssh."""
    monkeypatch.setenv("HOME", str(tmp_path))
    found = tmp_path / ".ssh"
    found.mkdir(mode=0o700)
    return found


def included(folder: Path, text: str, host: str = "web1") -> HostConfig:
    (folder / "config").write_text(text)
    return load_config([folder / "config"]).resolve(host)


def test_include_of_directory_reads_nothing(folder: Path) -> None:
    (folder / "config.d" / "sub").mkdir(parents=True)
    (folder / "config.d" / "10-a").write_text("User found\n")

    assert included(folder, "Include config.d/*\n").user == "found"
    assert included(folder, "Include config.d\nUser me\n").user == "me"


def test_include_of_link_to_nothing_reads_nothing(folder: Path) -> None:
    (folder / "dangling").symlink_to("/nonexistent/x")

    assert included(folder, "Include dangling absent\nHost web1\n    User me\n").user == "me"


def test_unreadable_include_is_error(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "more").write_text("User more\n")
    opened = os.open

    def forbidden(path: str | Path, *arguments: int) -> int:  # root could read it
        if Path(path).name == "more":
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        return opened(path, *arguments)

    monkeypatch.setattr(os, "open", forbidden)

    with pytest.raises(ConfigError, match=r"line 1: Include includes .*Permission denied"):
        included(folder, "Include more\n")


def test_include_of_pipe_is_read_as_file(folder: Path) -> None:
    pipe = folder / "pipe"
    os.mkfifo(pipe, 0o600)
    writer = threading.Thread(target=pipe.write_text, args=("User piped\n",))
    writer.start()

    assert included(folder, "Include pipe\n").user == "piped"
    writer.join()


@pytest.mark.parametrize("mode", [0o666, 0o620, 0o602])
def test_include_that_others_may_write_to_is_refused(folder: Path, mode: int) -> None:
    (folder / "more").write_text("User more\n")
    (folder / "more").chmod(mode)

    with pytest.raises(ConfigError, match="bad owner or permissions") as caught:
        included(folder, "Include more\n")
    assert caught.value.source == str(folder / "more")


def test_default_file_that_others_may_write_to_is_refused(folder: Path) -> None:
    (folder / "config").write_text("User me\n")
    (folder / "config").chmod(0o666)

    with pytest.raises(ConfigError, match="bad owner or permissions"):
        load_config(None)
    assert load_config([folder / "config"]).resolve("web1").user == "me"


def test_include_takes_tokens_variables_and_home_directory(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "web1-22").write_text("User token\n")
    (folder / "[odd]").write_text("Port 7\n")
    monkeypatch.setenv("NAME_OF_FILE", "web1")

    assert included(folder, "Include ~/.ssh/%h-%p\n").user == "token"
    assert included(folder, "Include ${NAME_OF_FILE}-[^1]?\n").user == "token"
    assert included(folder, "Include \\[odd\\]\n").port == 7
    found = included(folder, "Include ${NO_SUCH_VARIABLE_HERE}\nUser me\n")
    assert found.user == "me"
    assert "NO_SUCH_VARIABLE_HERE" in found.notes[0]
    with pytest.raises(ConfigError, match="unknown token %q"):
        included(folder, "Include %q\n")


def test_include_counts_in_order_of_names(folder: Path) -> None:
    for name in ("b", "a", "B"):
        (folder / f"{name}.conf").write_text(f"User {name}\n")

    assert included(folder, "Include *.conf\n").user == "B"


def test_included_file_with_wrong_line_stops_every_host(folder: Path) -> None:
    (folder / "more").write_text("Hosts web2\n")

    with pytest.raises(ConfigError, match="more, line 1: Hosts is not a keyword"):
        included(folder, "Host web2\n Include more\n")


def test_configuration_is_read_from_pipe_or_null_device(tmp_path: Path) -> None:
    reader, writer = os.pipe()
    os.write(writer, b"User piped\n")
    os.close(writer)

    config = load_config([f"/dev/fd/{reader}"])
    os.close(reader)

    assert config.resolve("web1").user == "piped"
    assert load_config([os.devnull]).resolve("web1").user is None
    with pytest.raises(ConfigError, match="is a directory"):
        load_config([tmp_path])
