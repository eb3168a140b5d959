"""OpenSSH's command line: where options may be, which one counts, what becomes of values."""

from __future__ import annotations

import pytest

from ssh_connection.addresses import TCPAddress, UnixAddress
from ssh_stack.cli.arguments import parse_arguments
from ssh_stack.cli.ssh_letters import LETTERS
from ssh_stack.config import Config
from ssh_stack.config.lines import quoted
from ssh_wire import UsageError


@pytest.mark.parametrize(
    ("words", "host", "command"),
    [
        (["host"], "host", None),
        (["host", "ls", "-l", "a  b"], "host", "ls -l a  b"),
        (["-p", "22", "host", "-v", "ls", "-v"], "host", "ls -v"),
        (["host", "--", "-v"], "host", "-v"),
        (["--", "host", "-q", "id"], "host", "id"),
        (["-vp22", "me@host", "-T", "--", "cat"], "host", "cat"),
        (["ssh://me@host:2222", "id"], "host", "id"),
        (["a@b@host"], "host", None),
        (["fe80::1%eth0"], "fe80::1%eth0", None),
        ([], "", None),
    ],
)
def test_words_after_destination_are_command(
    words: list[str], host: str, command: str | None
) -> None:
    arguments = parse_arguments(words)
    assert (arguments.host, arguments.command) == (host, command)


@pytest.mark.parametrize(
    ("words", "user", "port"),
    [
        (["me@host"], "me", None),
        (["-l", "first", "me@host"], "first", None),
        (["me@host", "-l", "late"], "me", None),
        (["-o", "User=option", "-l", "letter", "host"], "option", None),
        (["ssh://me@host:2222"], "me", 2222),
        (["-p", "1", "ssh://host:2222"], None, 1),
        (["-oPort=3", "-p4", "host"], None, 3),
        (["-l", 'a "b" \\ c', "host"], 'a "b" \\ c', None),
    ],
)
def test_first_value_of_user_and_port_wins(
    words: list[str], user: str | None, port: int | None
) -> None:
    arguments = parse_arguments(words)
    resolved = Config.parse(arguments.lines).resolve(arguments.host)
    assert (resolved.user, resolved.port) == (user, port)


def test_configuration_lines_keep_order_of_options() -> None:
    words = ["-i", "/%d a", "-o", "SendEnv X", "-J", "j1,j2", "-p", "5", "h"]
    assert parse_arguments(words).lines == [
        'IdentityFile "/%d a"',
        "SendEnv X",
        "ProxyJump j1,j2",
        "Port 5",
    ]


def test_missing_identity_is_left_out_and_remembered() -> None:
    arguments = parse_arguments(["-i", "/nonexistent a", "h"])
    assert (arguments.lines, arguments.missing) == ([], ["/nonexistent a"])


def test_combined_letters_are_read_as_separate_flags() -> None:
    arguments = parse_arguments(["-vvqNn", "-F", "none", "-xak", "-C", "-e", "none", "h"])
    found = Config.parse(arguments.lines).resolve("h")
    assert (found.log_level, found.session_type, found.stdin_null) == ("QUIET", "none", True)
    assert (arguments.config, found.escape_char, found.request_tty) == ("none", "none", "no")
    for line in ("Compression yes", "ForwardX11 no", "ForwardAgent no"):
        assert line in arguments.lines


@pytest.mark.parametrize(
    ("words", "terminal"),
    [
        ([], None),
        (["-t"], "yes"),
        (["-tt"], "force"),
        (["-t", "-t"], "force"),
        (["-T"], "no"),
        (["-tT"], "no"),
        (["-Tt"], "yes"),
        (["-N"], "no"),
        (["-N", "-t"], "yes"),
        (["-W", "h:1"], "no"),
        (["-o", "RequestTTY=yes", "-t"], "force"),
        (["-o", "RequestTTY=force", "-t"], "yes"),
        (["-t", "-o", "RequestTTY=no"], "yes"),
    ],
)
def test_last_terminal_option_decides_request_for_terminal(
    words: list[str], terminal: str | None
) -> None:
    """Tried with `ssh -G` of OpenSSH 9.2."""
    lines = parse_arguments([*words, "host"]).lines
    assert Config.parse(lines).resolve("host").request_tty == terminal


@pytest.mark.parametrize(
    ("words", "level"),
    [
        (["-v"], "DEBUG1"),
        (["-vv"], "DEBUG2"),
        (["-vvvvv"], "DEBUG3"),
        (["-q"], "QUIET"),
        (["-q", "-v"], "DEBUG1"),
        (["-vq"], "QUIET"),
        (["-vqv"], "FATAL"),
        (["-o", "LogLevel=ERROR", "-v"], "DEBUG1"),
        (["-v", "-o", "LogLevel=ERROR"], "DEBUG1"),
    ],
)
def test_verbose_and_quiet_letters_come_to_log_level(words: list[str], level: str) -> None:
    lines = parse_arguments([*words, "host"]).lines
    assert Config.parse(lines).resolve("host").log_level == level


def test_stdio_forward_implies_options_that_may_be_overridden() -> None:
    arguments = parse_arguments(["-W", "[::1]:22", "-o", "ClearAllForwardings=no", "h"])
    found = Config.parse(arguments.lines).resolve("h")
    assert arguments.stdio_forward == TCPAddress("::1", 22)
    assert parse_arguments(["-W", "/run/s", "h"]).stdio_forward == UnixAddress("/run/s")
    assert (found.exit_on_forward_failure, found.clear_all_forwardings) == (True, False)
    assert found.session_type == "none"


def test_query_and_version_are_answered_whatever_follows() -> None:
    assert parse_arguments(["-V", "-p", "bad", "h"]).answer == ("version", "")
    assert parse_arguments(["-Q", "mac", "-V", "-X"]).answer == ("query", "mac")


@pytest.mark.parametrize("letter", [row.name for row in LETTERS.values() if not row.works])
def test_letter_that_does_not_work_yet_is_refused_with_what_is_missing(letter: str) -> None:
    words = [f"-{letter}", "value"] if LETTERS[letter].value else [f"-{letter}"]
    with pytest.raises(UsageError, match=f"^option -{letter}") as caught:
        parse_arguments([*words, "host"])
    assert "\n" not in str(caught.value)


def test_letters_are_those_of_openssh() -> None:
    theirs = "1246AaCfGgKkMNnqsTtVvXxYyZ" + "BbcDEeFIiJLlmOopPQRSwW"  # ssh.c
    assert set(LETTERS) == set(theirs)
    assert {row.name for row in LETTERS.values() if row.value} == set("BbcDEeFIiJLlmOopPQRSwW")


def test_socket_of_shared_connection_may_be_none_as_mosh_gives_it() -> None:
    assert parse_arguments(["-S", "none", "h"]).value("ControlPath") == '"none"'


def test_master_asks_where_it_is_given_twice() -> None:
    assert parse_arguments(["-M", "h"]).lines == ["ControlMaster yes"]
    assert parse_arguments(["-MM", "h"]).lines == ["ControlMaster ask"]


def test_command_for_master_is_kept() -> None:
    assert parse_arguments(["-O", "check", "h"]).control_command == "check"


@pytest.mark.parametrize(
    "words",
    [
        ["-p", "0", "h"],
        ["-p", "65536", "h"],
        ["-p", "22x", "h"],
        ["-p"],
        ["-Z", "h"],
        ["-O", "restart", "h"],
        ["-O", "check", "-O", "exit", "h"],
        ["-O", "check", "-W", "a:1", "h"],
        ["-W", "a:1", "-O", "check", "h"],
        ["-N", "-s", "h"],
        ["-s", "-N", "h"],
        ["-o", "SessionType=none", "-s", "h"],
        ["-J", "a", "-J", "b", "h"],
        ["-o", "ProxyCommand=x", "-J", "b", "h"],
        ["-W", "h:1", "-W", "h:2", "h"],
        ["-W", "h", "h"],
        ["-W", ":1", "h"],
        ["-y", "-E", "log", "h"],
        ["-e", "ab", "h"],
        ["-e", "^?", "h"],
        ["-e", "", "h"],
        ["-e", "é", "h"],
        ["@host"],
        ["ssh://", "ls"],
        ["-l", "a\nb", "h"],
    ],
)
def test_invalid_words_raise_usage_error(words: list[str]) -> None:
    with pytest.raises(UsageError):
        parse_arguments(words)


def test_value_with_line_end_is_refused_in_configuration_line() -> None:
    with pytest.raises(UsageError):
        quoted("a\nProxyCommand evil")
