"""Pipes and devices in the place of files: read to their end, once, and checked as files are."""

from __future__ import annotations

import os
import threading
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from folders import fed, piped

from ssh_keys import KeyFormatError, PrivateKey, UnprotectedKey
from ssh_keys.files import (
    append_known_host,
    may_wait,
    read_authorized_keys,
    read_file,
    read_known_hosts,
    read_private_key,
    read_public_key,
    read_revoked_keys,
)

KEY = PrivateKey.generate("ed25519")
LINE = KEY.public_key.to_openssh().encode() + b"\n"


@pytest.mark.parametrize("pipe", ["named", "anonymous"])
def test_pipe_is_read_as_a_file_by_every_reader(pipe: str, tmp_path: Path) -> None:
    def content(data: bytes) -> AbstractContextManager[Path]:
        return fed(tmp_path / "pipe", data) if pipe == "named" else piped(data)

    with content(KEY.to_openssh()) as path:
        assert read_private_key(path, strict_permissions=True).public_key == KEY.public_key
    with content(LINE) as path:
        assert read_public_key(path) == KEY.public_key
    with content(b"host " + LINE) as path:
        assert read_known_hosts(path).lookup("host", 22).trusted == (KEY.public_key,)
    with content(LINE) as path:
        assert [each.key for each in read_authorized_keys(path).keys] == [KEY.public_key]
    with content(LINE) as path:
        assert read_revoked_keys(path).revokes(KEY.public_key)


def test_pipe_is_waited_for_until_somebody_writes(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    found: list[bytes] = []
    reader = threading.Thread(target=lambda: found.append(read_file(pipe, 100)))
    reader.start()
    descriptor = os.open(pipe, os.O_WRONLY)  # returns as soon as the reader has opened it
    for part in (b"one ", b"two"):
        os.write(descriptor, part)
    os.close(descriptor)
    reader.join()

    assert found == [b"one two"]


def test_pipe_of_more_than_it_holds_at_once_is_read_whole(tmp_path: Path) -> None:
    data = bytes(range(256)) * 4096
    with fed(tmp_path / "pipe", data) as pipe:
        assert read_file(pipe, 1 << 20) == data
    with fed(tmp_path / "pipe", data) as pipe, pytest.raises(KeyFormatError, match="is larger"):
        read_file(pipe, len(data) - 1)


def test_null_device_is_an_empty_file() -> None:
    assert not read_known_hosts(os.devnull).entries
    assert not read_known_hosts(os.devnull).unread
    assert not read_authorized_keys(os.devnull).keys
    assert not read_revoked_keys(os.devnull).revokes(KEY.public_key)
    for read in (read_private_key, read_public_key):
        with pytest.raises(KeyFormatError):
            read(os.devnull)


@pytest.mark.parametrize(("mode", "works"), [(0o600, True), (0o644, False), (0o620, False)])
def test_permissions_of_a_pipe_with_a_private_key_are_those_of_a_file(
    mode: int, works: bool, tmp_path: Path
) -> None:
    with fed(tmp_path / "pipe", KEY.to_openssh(), mode) as pipe:
        if works:
            assert read_private_key(pipe, strict_permissions=True).public_key == KEY.public_key
            return
        with pytest.raises(UnprotectedKey):
            read_private_key(pipe, strict_permissions=True)


def test_empty_pipe_revokes_everything_and_knows_that_it_knows_nothing() -> None:
    """It may have been read before: what it held cannot be told any more."""
    with piped(b"") as path:
        with pytest.raises(KeyFormatError, match="a pipe that holds nothing"):
            read_revoked_keys(path)
        (problem,) = read_known_hosts(path).unread

    assert (problem.source, "holds nothing" in problem.reason) == (str(path), True)


def test_nothing_is_added_to_a_pipe(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")

    with pytest.raises(KeyFormatError, match="is not a regular file"):
        append_known_host(tmp_path / "pipe", "host", 22, KEY.public_key)


def test_what_may_have_to_be_waited_for_is_neither_a_file_nor_a_directory(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("pipe")

    assert may_wait(tmp_path / "pipe")
    assert may_wait(tmp_path / "link")
    assert may_wait(os.devnull)
    for path in (file, tmp_path, tmp_path / "missing", "\0"):
        assert not may_wait(path)
