"""The command line of cp and scp."""

from __future__ import annotations

from pathlib import Path

import pytest

from ssh_stack.cli.copy_options import parse_copy_options
from ssh_stack.cli.locations import Location
from ssh_wire import UsageError


def test_letters_and_long_options_are_the_same() -> None:
    short = ["-r", "-p", "-q", "-v", "-P", "2222", "-J", "jump", "-F", "none", "-o", "User=x"]
    long = ["--recursive", "--preserve", "--quiet", "--verbose", "--port", "2222"]
    long += ["--jump", "jump", "--config", "none", "--option", "User=x"]
    one, other = (parse_copy_options([*words, "a", "h:b"]) for words in (short, long))
    assert one == other
    assert (one.recursive, one.preserve, one.letters.quiet, one.letters.verbose) == (
        True,
        True,
        True,
        1,
    )
    assert set(one.letters.lines) == {"Port 2222", "ProxyJump jump", "User=x"}
    assert one.letters.config == "none"


def test_letters_of_scp_that_change_nothing_are_accepted() -> None:
    plain = parse_copy_options(["a", "h:b"])
    assert parse_copy_options(["-2", "-s", "-T", "-3", "a", "h:b"]) == plain


def test_rate_is_in_kbits_and_login_is_a_user() -> None:
    options = parse_copy_options(["-l", "8", "--login", "me", "-B", "-4", "a", "b", "h:c"])
    assert options.letters.bytes_per_second == 1024
    assert options.letters.lines == ["AddressFamily inet", "BatchMode yes", 'User "me"']
    assert [each.path for each in options.sources] == ["a", "b"]
    assert options.destination == Location("c", "h")


def test_options_of_transfers_are_those_of_sftp() -> None:
    assert parse_copy_options(["a", "h:b"]).transfer == {
        "resume": False,
        "verify": False,
        "sparse": False,
    }
    words = ["--resume", "--verify", "--sparse", "--stripes", "4", "--jobs", "7", "a", "h:b"]
    assert parse_copy_options(words).transfer == {
        "resume": True,
        "verify": True,
        "sparse": True,
        "stripes": 4,
        "files_in_flight": 7,
    }


def test_options_behind_a_path_are_for_cp_alone() -> None:
    assert parse_copy_options(["a", "h:b", "-r"]).recursive
    scp = parse_copy_options(["a", "h:b", "-r"], as_scp=True)
    assert (scp.recursive, scp.destination, scp.follow_links) == (False, Location("-r"), True)


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["-O", "a", "h:b"], "the older protocol"),
        (["-t", "b"], "older protocol"),
        (["-f", "b"], "older protocol"),
        (["-1", "a", "h:b"], "version 1"),
        (["-A", "a", "h:b"], "not supported yet"),
        (["a"], "name at least one source"),
        ([], "name at least one source"),
        (["-l", "me", "a", "h:b"], "a number"),
        (["--delete", "a", "h:b"], "--delete is for --sync"),
        (["--dry-run", "a", "h:b"], "--dry-run is for --sync"),
        (["--checksum", "a", "h:b"], "--checksum is for --sync"),
        (["--sync", "a", "b"], "one is here"),
        (["--sync", "g:a", "h:b"], "one is here"),
        (["--sync", "a", "b", "h:c"], "one is here"),
        (["--sync", "--in-place", "a", "h:b"], "no --follow-links"),
        (["--jobs", "0", "a", "h:b"], "a number from 1"),
        (["-Z", "a", "h:b"], "not recognized"),
        (["--resume", "g:a", "h:b"], "--resume is for copies between this machine and a host"),
        (["--verify", "g:a", "h:b"], "--verify is for copies between this machine and a host"),
        (["--sparse", "g:a", "h:b"], "--sparse is for copies between this machine and a host"),
        (["--stripes", "2", "g:a", "h:b"], "--stripes is for copies between this machine and"),
        (["--stripes", "11", "a", "h:b"], "a number from 1 to 10"),
        (["--frob", "a", "h:b"], "not recognized"),
        (["-X", "buffer=0", "a", "h:b"], "size of a buffer"),
    ],
)
def test_wrong_command_line_is_refused(words: list[str], problem: str) -> None:
    with pytest.raises(UsageError, match=problem):
        parse_copy_options(words)


def test_identity_that_is_not_there_is_left_out_as_by_ssh(tmp_path: Path) -> None:
    (tmp_path / "half.pub").touch()
    words = ["-i", str(tmp_path / "gone"), "-i", str(tmp_path / "half"), "a", "host:b"]
    letters = parse_copy_options(words).letters

    assert letters.lines == [f'IdentityFile "{tmp_path / "half"}"']
    assert letters.missing == [str(tmp_path / "gone"), str(tmp_path / "half")]
