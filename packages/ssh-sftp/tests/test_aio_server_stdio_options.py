from __future__ import annotations

import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import pytest

from ssh_sftp.aio.server.stdio_options import FACILITIES, LEVELS, StdioOptions, local_user, parse
from ssh_sftp.server.request_names import REQUEST_NAMES


def test_no_options_are_the_defaults_of_sftp_server() -> None:
    assert parse([]) == StdioOptions()
    assert StdioOptions().level == logging.ERROR


@pytest.mark.parametrize("facility", FACILITIES)
@pytest.mark.parametrize("spelled", [str.upper, str.lower, str.title])
def test_facility_is_taken_in_any_case(facility: str, spelled: Callable[[str], str]) -> None:
    assert parse(["-f", spelled(facility)]).facility == facility


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("spelled", [str.upper, str.lower])
def test_level_is_taken_in_any_case(level: str, spelled: Callable[[str], str]) -> None:
    assert parse([f"-l{spelled(level)}"]).level == LEVELS[level]


def test_quiet_logs_nothing_and_info_logs_more_than_error() -> None:
    assert LEVELS["QUIET"] > logging.CRITICAL
    assert LEVELS["DEBUG3"] < LEVELS["INFO"] < LEVELS["ERROR"] < LEVELS["FATAL"]


def test_letters_are_combined_with_a_value_at_the_end() -> None:
    options = parse(["-eRu", "077", "--root=/srv"])
    assert options == StdioOptions(to_stderr=True, read_only=True, umask=0o77, root="/srv")


@pytest.mark.parametrize(
    "operands", [["/srv"], ["operand", "-R"], ["operand", "-Z", "--none"], ["--", "-R"], ["-"]]
)
def test_operands_and_what_is_behind_them_are_ignored(operands: list[str]) -> None:
    assert parse(["-e", "-l", "INFO", *operands]) == StdioOptions(
        to_stderr=True, level=logging.INFO
    )


def test_command_as_a_login_shell_gets_it_is_ignored() -> None:
    assert parse(["-c", "/usr/lib/openssh/sftp-server -R"]) == StdioOptions()


def test_denied_requests_are_those_named_and_those_not_allowed() -> None:
    assert parse(["-P", "remove,rmdir"]).denied == {"remove", "rmdir"}
    everything = set(REQUEST_NAMES.values())
    assert parse(["-p", "open,close,read"]).denied == everything - {"open", "close", "read"}
    both = parse(["-p", "open,close", "-P", "close,copy-data"]).denied
    assert both == (everything - {"open"}) | {"copy-data"}
    assert parse(["-p", ""]).denied == everything


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["-f", "MAIL"], "-f"),
        (["-f"], "-f"),
        (["-l", "LOUD"], "-l"),
        (["-u", "99"], "-u"),
        (["-u", "1000"], "-u"),
        (["-u", "-1"], "-u"),
        (["-Q", "extensions"], "-Q"),
        (["-P", "removal"], "'removal' is not an SFTP request"),
        (["-P", "remove", "-P", "rmdir"], "-P is given twice"),
        (["-Z"], "-Z"),
        (["--none"], "--none"),
        (["-d", "%h/x"], "-d: %h is not a token"),
        (["-d", "x%"], "-d: % is not a token"),
    ],
)
def test_wrong_option_is_one_line_on_standard_error_and_status_1(
    capsys: pytest.CaptureFixture[str], arguments: list[str], complaint: str
) -> None:
    with pytest.raises(SystemExit) as caught:
        parse(arguments)

    out, err = capsys.readouterr()
    text = err if caught.value.code == 1 else f"{caught.value.code}\n"
    assert out == ""
    assert complaint in text
    assert text.count("\n") == 1


@pytest.mark.parametrize("option", ["-h", "--help"])
def test_help_is_written_to_standard_error_with_status_1(
    capsys: pytest.CaptureFixture[str], option: str
) -> None:
    with pytest.raises(SystemExit) as caught:
        parse([option])

    out, err = capsys.readouterr()
    assert caught.value.code == 1
    assert out == ""  # it is the SFTP session
    assert err.startswith("usage: python -m ssh_sftp.server")
    assert "AUTHPRIV" in err


def test_start_directory_takes_the_tokens_of_sftp_server() -> None:
    home = str(Path.home())
    assert parse(["-d", "%d/x%%"]).start == f"{home}/x%"
    assert parse(["-d", "%%d/%u/%U"]).start == f"%d/{local_user()}/{os.getuid()}"
    assert parse(["-d", "~/files"]).start == f"{home}/files"
    assert parse(["-d", "/srv"]).start == "/srv"


def test_home_directory_with_a_percent_sign_is_not_expanded_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Path, "home", lambda: Path("/home/100%u"))

    assert parse(["-d", "%d/x"]).start == "/home/100%u/x"


def test_start_directory_of_a_user_without_a_home_is_a_clear_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def unknown() -> NoReturn:
        raise RuntimeError

    monkeypatch.setattr(Path, "home", unknown)

    assert parse(["-d", "/srv/100%%"]).start == "/srv/100%"
    with pytest.raises(SystemExit, match="the home directory is not known, set HOME"):
        parse(["-d", "%d"])
