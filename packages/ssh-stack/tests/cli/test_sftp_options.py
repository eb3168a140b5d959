"""The command line of sftp."""

from __future__ import annotations

from pathlib import Path

import pytest

from ssh_stack.cli.locations import Location
from ssh_stack.cli.sftp.options import parse_options
from ssh_stack.cli.sftp_session import sftp_options
from ssh_wire import UsageError


@pytest.mark.parametrize(
    ("word", "location", "path"),
    [
        ("host", Location("", "host"), None),
        ("me@host", Location("", "host", "me"), None),
        ("me@host:dir", Location("dir", "host", "me"), "dir"),
        ("host:", Location(".", "host"), "."),
        ("[::1]", Location("", "::1"), None),
        ("me@[::1]:x", Location("x", "::1", "me"), "x"),
        ("sftp://me@host:2222", Location(".", "host", "me", 2222), None),
        ("sftp://host/a%20b", Location("a b", "host"), "a b"),
    ],
)
def test_destination_is_host_with_or_without_path(
    word: str, location: Location, path: str | None
) -> None:
    options = parse_options([word])
    assert (options.location, options.path) == (location, path)


def test_letters_are_those_of_sftp(tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.touch()
    words = ["-afpr", "-46Cv", "-c", "aes128-ctr", "-P", "2222", "-i", str(key), "-l", "800"]
    words += ["-B", "1024", "-R", "16", "-s", "sub", "-S", "prog", "-X", "nrequests=8", "-N"]
    options = parse_options([*words, "-o", "Compression=no", "-J", "jump", "host", "here"])
    letters = options.letters
    assert (options.resume, options.fsync, options.preserve, options.recursive) == (True,) * 4
    assert letters.lines[:3] == ["Port 2222", 'Ciphers "aes128-ctr"', "Compression yes"]
    assert {"AddressFamily inet6", "ProxyJump jump", "Compression=no"} <= set(letters.lines)
    assert (letters.bytes_per_second, letters.buffer, letters.requests) == (102_400, 1024, 8)
    assert (options.subsystem, letters.program, options.local) == ("sub", "prog", "here")
    assert "-oPort 2222" in letters.words


def test_batch_is_quiet_and_asks_no_user() -> None:
    options = parse_options(["-b", "-", "host"])
    assert (options.batch, options.quiet) == ("-", True)
    assert "BatchMode yes" in options.letters.lines
    assert not parse_options(["-Nb", "-", "host"]).quiet


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["a", "b", "c"],
        ["-A", "host"],
        ["-1", "host"],
        ["-l", "0", "host"],
        ["-l", "x", "host"],
        ["-P", "0", "host"],
        ["-B", "0", "host"],
        ["-B", "512K", "host"],
        ["-R", "0", "host"],
        ["-X", "what=1", "host"],
        ["-b", "x", "-b", "y", "host"],
        ["-Q", "host"],
        ["@host"],
        ["me@"],
    ],
)
def test_wrong_command_line_is_refused(words: list[str]) -> None:
    with pytest.raises(UsageError):
        parse_options(words)


def test_rate_size_and_number_of_requests_are_those_of_the_session() -> None:
    slow = sftp_options(parse_options(["-l", "8", "host"]).letters, atomic=True)
    assert (slow.limit, slow.read_size) == (1_024, None)
    told = sftp_options(parse_options(["-B", "1000", "-R", "7", "host"]).letters, atomic=True)
    assert (told.read_size, told.write_size, told.max_outstanding) == (1_000, 1_000, 7_000)
    assert told.limit is None
