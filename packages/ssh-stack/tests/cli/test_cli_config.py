"""The configuration and its letters, as the command line uses them at a real sshd."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ssh_stack.cli.arguments import parse_arguments
from ssh_stack.cli.print_config import config_text
from ssh_stack.cli.report import Report
from ssh_stack.config import Config
from ssh_wire import UsageError

if TYPE_CHECKING:
    from conftest import Cli, Sshd


# ------------------------------------------------------------- letters


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["-4"], "AddressFamily inet"),
        (["-4", "-6"], "AddressFamily inet6"),
        (["-o", "AddressFamily=inet6", "-4"], "AddressFamily inet"),
        (["-a"], "ForwardAgent no"),
        (["-k"], "GSSAPIDelegateCredentials no"),
        (["-x"], "ForwardX11 no"),
        (["-c", "aes128-ctr", "-c", "^aes256-ctr"], 'Ciphers "^aes256-ctr"'),
        (["-o", "MACs=hmac-sha1", "-m", "hmac-sha2-256"], 'MACs "hmac-sha2-256"'),
        (["-b", "127.0.0.1"], 'BindAddress "127.0.0.1"'),
        (["-e", "none"], 'EscapeChar "none"'),
    ],
)
def test_letter_wins_over_option_and_last_letter_over_others(words: list[str], line: str) -> None:
    assert parse_arguments([*words, "host"]).lines[0] == line


def test_letter_options_become_configuration_lines() -> None:
    arguments = parse_arguments(["-6", "-P", "blue", "-P", "red", "-c", "aes128-ctr", "host"])
    found = Config.parse(arguments.lines).resolve("host")

    assert (found.address_family, found.tag) == ("inet6", "blue")
    assert found.ciphers is not None
    assert found.ciphers.change == "aes128-ctr"


@pytest.mark.parametrize("words", [["-l", "100%h%%"], ["100%h%%@host"]])
def test_user_of_command_line_is_taken_literally(words: list[str]) -> None:
    arguments = parse_arguments([*words, "host"] if "-l" in words else words)

    assert Config.parse(arguments.lines).resolve("host").user == "100%h%%"


@pytest.mark.parametrize(
    "words", [["-1", "host"], ["-l", "${HOME}", "host"], ["-J", "a#b", "host"], ["-J", '"a"', "h"]]
)
def test_invalid_value_of_letter_is_refused(words: list[str]) -> None:
    with pytest.raises(UsageError):
        parse_arguments(words)


@pytest.mark.parametrize("word", ["--help", "-h"])
def test_help_explains_each_option_of_ssh(cli: Cli, word: str) -> None:
    done = cli.run("ssh", word)

    assert done.returncode == 0
    text = done.stdout.decode()
    for letter in "46abcFGJLNPRTVacehiklmnopqstvx":
        assert f"-{letter}" in text
    assert "Connect to this port" in text


def test_help_explains_each_option_of_keygen(cli: Cli) -> None:
    text = cli.run("keygen", "--help").stdout.decode()

    for letter in "ABCEFHILNOPQRVYZabcefghiklmnpqrstuvyz":
        assert f"-{letter}" in text
    assert "Change the passphrase" in text


@pytest.mark.parametrize("command", ["cp", "sftp", "serve", "demo", "dissect"])
@pytest.mark.parametrize("word", ["--help", "-h"])
def test_help_of_other_commands(cli: Cli, command: str, word: str) -> None:
    done = cli.run(command, word)

    assert done.returncode == 0
    assert b"usage:" in done.stdout.lower()


# ------------------------------------------------------------- messages


@pytest.mark.parametrize(
    ("level", "quiet", "verbose"),
    [
        (None, False, 0),
        ("INFO", False, 0),
        ("VERBOSE", False, 0),
        ("QUIET", True, 0),
        ("FATAL", True, 0),
        ("ERROR", True, 0),
        ("DEBUG1", False, 1),
        ("DEBUG3", False, 3),
    ],
)
def test_report_applies_log_level(level: str | None, quiet: bool, verbose: int) -> None:
    report = Report()
    report.apply_log_level(level)

    assert (report.quiet, report.verbose) == (quiet, verbose)


def test_report_prefers_command_line_to_log_level() -> None:
    for report in (Report(quiet=True), Report(verbose=2)):
        before = (report.quiet, report.verbose)
        report.apply_log_level("DEBUG3")
        report.apply_log_level("QUIET")
        assert (report.quiet, report.verbose) == before


def test_warning_names_option_and_obeys_log_level(cli: Cli, sshd: Sshd) -> None:
    options = [*sshd.login, "-o", "Tunnel=yes", sshd.host, "true"]

    assert cli.run("ssh", *options).stderr == b"ssh-stack: not supported yet, ignored: Tunnel\n"
    for quiet in (["-q"], ["-o", "LogLevel=ERROR"], ["-o", "LogLevel quiet"]):
        assert cli.run("ssh", *quiet, *options).stderr == b""
    told = cli.run("ssh", "-o", "LogLevel=DEBUG", *options).stderr
    assert b"ssh-stack: connected to 127.0.0.1" in told


def test_warning_names_file_and_line(cli: Cli, sshd: Sshd, tmp_path: Path) -> None:
    config = tmp_path / "config"
    config.write_text("Host *\n Tunnel yes\n ForwardAgent no\n")

    done = cli.run("ssh", *sshd.login, "-F", str(config), sshd.host, "true")

    expected = f"ssh-stack: not supported yet, ignored: Tunnel ({config}, line 2)\n"
    assert done.stderr.decode() == expected


def test_wrong_configuration_is_one_line_with_file_and_line(cli: Cli, tmp_path: Path) -> None:
    config = tmp_path / "config"
    config.write_text("Host web1\n    User one\nHosts web2\n    Port 2222\n")

    for words in (["-G", "web2"], ["web1", "true"]):
        done = cli.run("ssh", "-F", str(config), *words)
        assert done.returncode == 255
        assert done.stderr.decode() == (
            f"ssh-stack: {config}, line 3: Hosts is not a keyword of ssh_config; is Host meant? "
            "(a line IgnoreUnknown before it permits it)\n"
        )


def test_session_that_carries_nothing_is_closed_after_its_timeout(cli: Cli, sshd: Sshd) -> None:
    line = ["-o", "ChannelTimeout=session=1s"]

    done = cli.run("ssh", *line, *sshd.login, sshd.host, "exec sleep 300")

    assert done.returncode == 255
    assert done.stderr.count(b"\n") == 1
    assert b"timed out" in done.stderr


# ------------------------------------------------------------- at a server


def test_remote_command_is_run_in_place_of_shell(cli: Cli, sshd: Sshd) -> None:
    line = ["-o", "RemoteCommand=printf '%%s ' 'from %h'; cat"]

    done = cli.run("ssh", *line, *sshd.login, sshd.host, input=b"exit 3\n")

    assert (done.returncode, done.stdout) == (0, b"from 127.0.0.1 exit 3\n"), done.stderr


def test_remote_command_excludes_command_as_for_ssh(cli: Cli, sshd: Sshd) -> None:
    line = ["-o", "RemoteCommand=touch /nonexistent/x"]

    done = cli.run("ssh", *line, *sshd.login, sshd.host, "true")
    none = cli.run("ssh", "-o", "RemoteCommand=none", *sshd.login, sshd.host, "echo ran")

    assert (done.returncode, done.stderr.count(b"\n")) == (255, 1)
    assert b"RemoteCommand of the configuration excludes a command" in done.stderr
    assert none.stdout == b"ran\n"


def test_remote_command_with_unknown_token_is_reported_with_its_line(cli: Cli) -> None:
    done = cli.run("ssh", "-F", "none", "-o", "RemoteCommand=echo %Z", "127.0.0.1")

    assert done.returncode == 255
    assert b"option: RemoteCommand has an unknown token %Z" in done.stderr


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["-c", "aes192-ctr"], b"ciphers aes192-ctr and aes192-ctr"),
        (["-c", "aes256-ctr", "-m", "hmac-sha2-512"], b"macs hmac-sha2-512 and hmac-sha2-512"),
        (["-o", "KexAlgorithms=ecdh-sha2-nistp384"], b"key exchange ecdh-sha2-nistp384"),
        (["-o", "Ciphers=^aes192-ctr"], b"ciphers aes192-ctr"),
        (["-o", "Ciphers=-*gcm*,chacha*,aes256-ctr"], b"ciphers aes192-ctr"),
    ],
)
def test_requested_algorithms_are_used(
    cli: Cli, sshd: Sshd, options: list[str], told: bytes
) -> None:
    done = cli.run("ssh", "-v", *options, *sshd.login, sshd.host, "true")

    assert done.returncode == 0, done.stderr
    assert told in done.stderr


def test_unknown_algorithm_is_refused(cli: Cli, sshd: Sshd) -> None:
    done = cli.run("ssh", "-c", "rot13", *sshd.login, sshd.host, "true")

    assert done.returncode == 255
    assert b"option: Ciphers names an unknown cipher algorithm 'rot13'" in done.stderr


def test_host_key_of_another_algorithm_is_not_taken(cli: Cli, sshd: Sshd) -> None:
    options = ["-o", "HostKeyAlgorithms=rsa-sha2-512"]
    done = cli.run("ssh", *options, *sshd.login, sshd.host, "true")

    assert done.returncode == 255
    assert b"no common host key algorithm" in done.stderr


@pytest.mark.parametrize(
    "option",
    ["PubkeyAuthentication=no", "PreferredAuthentications=password",
     "IdentityFile=none", "PubkeyAcceptedAlgorithms=rsa-sha2-512"],
)  # fmt: skip
def test_key_is_not_used_when_method_or_key_is_excluded(cli: Cli, sshd: Sshd, option: str) -> None:
    given = [] if "IdentityFile" in option else ["-i", str(sshd.key)]
    words = ["-o", option, *sshd.trust, "-o", "IdentitiesOnly=yes", *given, sshd.host]
    done = cli.run("ssh", *words, "true")

    assert done.returncode == 255
    assert b"authentication as" in done.stderr


def test_batch_mode_asks_for_no_password(cli: Cli, sshd: Sshd) -> None:
    words = ["-o", "BatchMode=yes", *sshd.trust, sshd.host, "true"]
    with cli.terminal("ssh", *words) as terminal:
        terminal.expect(r"ssh-stack: authentication as [^\r]*\r\n")
        assert terminal.wait() == 255
        assert b"password:" not in terminal.seen


def test_batch_mode_confirms_no_host_key(cli: Cli, sshd: Sshd, tmp_path: Path) -> None:
    known = ["-o", f"UserKnownHostsFile={tmp_path / 'none'}", "-o", "GlobalKnownHostsFile=none"]
    words = ["-F", "none", *known, "-p", str(sshd.port), "-i", str(sshd.key), sshd.host, "true"]

    with cli.terminal("ssh", *words) as terminal:
        terminal.expect("Are you sure you want to continue connecting")
        terminal.type("no\n")
        assert terminal.wait() == 255
    with cli.terminal("ssh", "-o", "BatchMode=yes", *words) as terminal:
        terminal.expect("no host key is known")
        assert terminal.wait() == 255
    assert cli.run("ssh", "-o", "BatchMode=yes", *sshd.login, sshd.host, "true").returncode == 0


def test_number_of_password_prompts_bounds_prompts(cli: Cli, sshd: Sshd) -> None:
    words = ["-o", "NumberOfPasswordPrompts=1", *sshd.trust, sshd.host, "true"]
    with cli.terminal("ssh", *words) as terminal:
        terminal.expect("password: ")
        terminal.type("wrong\n")
        terminal.expect(r"ssh-stack: authentication as [^\r]*\r\n")
        assert terminal.wait() == 255


@pytest.mark.parametrize(("letter", "status"), [("-4", 0), ("-6", 255)])
def test_address_family_letter_decides_which_addresses_are_used(
    cli: Cli, sshd: Sshd, letter: str, status: int
) -> None:
    assert cli.run("ssh", letter, *sshd.login, sshd.host, "true").returncode == status


def test_host_key_alias_is_looked_up_in_known_hosts(cli: Cli, sshd: Sshd, tmp_path: Path) -> None:
    known = tmp_path / "known_hosts"
    known.write_text("Other " + sshd.known_hosts.read_text().partition(" ")[2])
    options = ["-F", "none", "-p", str(sshd.port), "-i", str(sshd.key), "-o", "BatchMode=yes"]
    options += ["-o", f"UserKnownHostsFile={known}"]

    assert cli.run("ssh", *options, sshd.host, "true").returncode == 255
    alias = ["-o", "HostKeyAlias=OTHER"]
    assert cli.run("ssh", *alias, *options, sshd.host, "true").returncode == 0


def test_revoked_host_key_is_refused(cli: Cli, sshd: Sshd, tmp_path: Path) -> None:
    revoked = tmp_path / "revoked"
    revoked.write_text(sshd.known_hosts.read_text().partition(" ")[2])

    done = cli.run("ssh", "-o", f"RevokedHostKeys={revoked}", *sshd.login, sshd.host, "true")

    assert done.returncode == 255
    assert b"is revoked" in done.stderr
    missing = cli.run("ssh", "-o", "RevokedHostKeys=/nonexistent", *sshd.login, sshd.host, "true")
    assert missing.returncode == 255


def test_proxy_command_is_run_by_shell(cli: Cli, sshd: Sshd) -> None:
    program = cli.home / "bin" / "p.py"
    program.parent.mkdir()
    program.write_text('#!/bin/sh\necho "$0 $1 $2" >&2\nexec ssh-relay-of-the-test "$1" "$2"\n')
    relay = program.with_name("ssh-relay-of-the-test")
    relay.write_text(
        f"#!{sys.executable}\n"
        "import os, socket, sys, threading\n"
        "sock = socket.create_connection((sys.argv[1], int(sys.argv[2])))\n"
        "def up():\n"
        "    while data := os.read(0, 65536):\n"
        "        sock.sendall(data)\n"
        "    os._exit(0)\n"
        "threading.Thread(target=up, daemon=True).start()\n"
        "while data := sock.recv(65536):\n"
        "    os.write(1, data)\n"
    )
    for each in (program, relay):
        each.chmod(0o755)
    printed = cli.home / "printed"
    # a word before the command is for a shell alone: `exec` takes no assignment
    command = f"ProxyCommand env PATH=$HOME/bin:$PATH ~/bin/p.py %h %p 2>{printed}"

    done = cli.run("ssh", "-o", command, *sshd.login, sshd.host, "echo through")

    assert done.stdout == b"through\n", done.stderr
    assert printed.read_text() == f"{program} 127.0.0.1 {sshd.port}\n"


def test_failed_forward_ends_command_with_exit_on_forward_failure(cli: Cli, sshd: Sshd) -> None:
    taken = ["-L", f"127.0.0.1:{sshd.port}:127.0.0.1:1"]

    done = cli.run("ssh", "-o", "ExitOnForwardFailure=yes", *taken, *sshd.login, sshd.host, "id")

    assert (done.returncode, done.stdout) == (255, b"")
    assert b"ExitOnForwardFailure" in done.stderr


def test_clear_all_forwardings_drops_forwards_of_command_line(cli: Cli, sshd: Sshd) -> None:
    taken = ["-L", f"127.0.0.1:{sshd.port}:127.0.0.1:1", "-o", "ExitOnForwardFailure=yes"]
    clear = ["-o", "ClearAllForwardings=yes"]

    assert cli.run("ssh", *clear, *taken, *sshd.login, sshd.host, "true").returncode == 0


def test_configuration_chooses_session_input_and_terminal(cli: Cli, sshd: Sshd) -> None:
    done = cli.run("ssh", "-o", "StdinNull=yes", *sshd.login, sshd.host, "cat", input=b"not read")
    assert (done.returncode, done.stdout) == (0, b"")
    done = cli.run("ssh", "-o", "SessionType=subsystem", *sshd.login, sshd.host, "sftp")
    assert done.returncode == 0
    forced = ["-o", "RequestTTY=force"]
    assert cli.run("ssh", *forced, *sshd.login, sshd.host, "test -t 0").returncode == 0
    assert cli.run("ssh", *sshd.login, sshd.host, "test -t 0").returncode == 1


def test_session_type_none_runs_no_command(cli: Cli, sshd: Sshd) -> None:
    ran = cli.home / "ran"
    words = ["-v", "-o", "SessionType=none", *sshd.login, sshd.host, f"touch {ran}"]
    with cli.start("ssh", *words) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if b"accepted" in line:
                break
        process.terminate()
    assert not ran.exists()


# ------------------------------------------------------------- Match


def test_command_of_command_line_chooses_block(cli: Cli, sshd: Sshd, tmp_path: Path) -> None:
    config = tmp_path / "config"
    config.write_text(
        f"HostName 127.0.0.1\nUser {sshd.user}\nIdentityFile {sshd.key}\n"
        f"UserKnownHostsFile {sshd.known_hosts}\n"
        f"Match command 'exit 3' sessiontype exec\n  Port {sshd.port}\nMatch all\n  Port 1\n"
    )

    assert cli.run("ssh", "-F", str(config), "alias", "exit 3").returncode == 3
    assert cli.run("ssh", "-F", str(config), "alias", "exit 4").returncode == 255


# ------------------------------------------------------------- -G


def test_printed_options_of_host_equal_those_of_ssh(cli: Cli, tmp_path: Path) -> None:
    config = tmp_path / "config"
    config.write_text(
        "IdentityFile /k\nCertificateFile /c\nSendEnv LANG\nSetEnv A=1\nProxyJump a,b\n"
        "StrictHostKeyChecking yes\nUpdateHostKeys no\nRevokedHostKeys /r\nCiphers aes128-ctr\n"
        "PreferredAuthentications password\nUserKnownHostsFile /u /v\nTag blue\n"
    )

    lines = cli.run("ssh", "-F", str(config), "-G", "WEB1").stdout.decode().splitlines()

    assert (lines[0], lines[2]) == ("host WEB1", "hostname web1")
    for line in (
        *("identityfile /k", "certificatefile /c", "sendenv LANG", "setenv A=1", "port 22"),
        *("proxyjump a,b", "stricthostkeychecking true", "updatehostkeys false"),
        *("revokedhostkeys /r", "ciphers aes128-ctr", "preferredauthentications password"),
        *("userknownhostsfile /u /v", "tag blue", "batchmode no", "addressfamily any"),
    ):
        assert line in lines


def test_printed_options_include_defaults() -> None:
    text = config_text(Config.parse("ProxyCommand nc %h\n").resolve("web1", user="me"), "web1")

    assert "identityfile ~/.ssh/id_ed25519\n" in text
    assert "proxycommand nc %h\n" in text
    assert "globalknownhostsfile /etc/ssh/ssh_known_hosts /etc/ssh/ssh_known_hosts2\n" in text
    none = Config.parse("IdentityFile none\nUserKnownHostsFile none\n").resolve("web1", user="me")
    assert "identityfile none\n" in config_text(none, "web1")
    assert "userknownhostsfile none\n" in config_text(none, "web1")
