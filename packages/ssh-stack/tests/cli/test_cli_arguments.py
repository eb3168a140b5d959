"""OpenSSH's command line: where options may be, which one counts, what becomes of values."""

from __future__ import annotations

import pytest

from ssh_stack.cli.arguments import parse_arguments
from ssh_stack.cli.forwards import ForwardSpec, parse_forward
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
    arguments = parse_arguments(["-i", "/a b", "-o", "SendEnv X", "-J", "j1,j2", "-p", "5", "h"])
    assert arguments.lines == [
        'IdentityFile "/a b"',
        "SendEnv X",
        "ProxyJump j1,j2",
        "Port 5",
    ]
    assert arguments.missing == ["/a b"]


def test_combined_letters_are_read_as_separate_flags() -> None:
    arguments = parse_arguments(["-vvqNn", "-F", "none", "-xak", "-CA", "-e", "none", "h"])
    assert (arguments.verbose, arguments.quiet, arguments.no_command) == (2, True, True)
    assert (arguments.no_input, arguments.config) == (True, "none")
    assert arguments.lines[0] == 'EscapeChar "none"'
    assert arguments.ignored == ["-C", "-A"]


@pytest.mark.parametrize(
    ("words", "terminal"),
    [
        ([], "auto"),
        (["-t"], "wanted"),
        (["-tt"], "forced"),
        (["-t", "-t"], "forced"),
        (["-T"], "none"),
        (["-tT"], "none"),
        (["-Tt"], "wanted"),
    ],
)
def test_last_terminal_option_decides_request_for_terminal(
    words: list[str], terminal: str
) -> None:
    assert parse_arguments([*words, "host"]).terminal == terminal


@pytest.mark.parametrize(
    "words",
    [
        ["-p", "0", "h"],
        ["-p", "65536", "h"],
        ["-p", "22x", "h"],
        ["-p"],
        ["-Z", "h"],
        ["-D", "1080", "h"],
        ["-f", "h"],
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


@pytest.mark.parametrize(
    ("text", "spec"),
    [
        ("8080:host:80", ForwardSpec("localhost", 8080, "host", 80)),
        ("0:host:80", ForwardSpec("localhost", 0, "host", 80)),
        ("127.0.0.2:1:host:80", ForwardSpec("127.0.0.2", 1, "host", 80)),
        (":1:host:80", ForwardSpec("", 1, "host", 80)),
        ("*:1:host:80", ForwardSpec("", 1, "host", 80)),
        ("[::1]:1:[2001:db8::1]:80", ForwardSpec("::1", 1, "2001:db8::1", 80)),
    ],
)
def test_forward_is_parsed_into_listen_and_target_address(text: str, spec: ForwardSpec) -> None:
    assert parse_forward(text) == spec


@pytest.mark.parametrize(
    "text", ["", "1", "1:h", "1:h:0", "1:h:x", "x:h:1", "-1:h:1", "70000:h:1", "1::1",
             "a:b:c:d:e", "/run/s:h:1", "1:/run/s:2", "b:1:h:99999"],
)  # fmt: skip
def test_invalid_forward_raises_usage_error(text: str) -> None:
    with pytest.raises(UsageError):
        parse_forward(text)
