"""`ReadOnce`: what pipes held is there for the second who reads them."""

from __future__ import annotations

import os
import threading
from contextvars import copy_context
from pathlib import Path

import pytest
from folders import fed, piped

from ssh_keys import KeyFormatError, UnprotectedKey
from ssh_keys.files import ReadOnce, read_file
from ssh_keys.files.disk import check_permissions

_LIMIT = 1000


def test_pipe_that_is_read_again_in_the_scope_has_what_it_had() -> None:
    with piped(b"content") as path:
        with ReadOnce().scope():
            assert [read_file(path, _LIMIT) for _ in range(3)] == [b"content"] * 3
        assert read_file(path, _LIMIT) == b""


def test_file_that_is_read_again_in_the_scope_is_opened_again(tmp_path: Path) -> None:
    path = tmp_path / "file"
    with ReadOnce().scope():
        for text in (b"one", b"two"):
            path.write_bytes(text)
            assert read_file(path, _LIMIT) == text


def test_scope_holds_in_threads_that_have_its_context_and_may_be_entered_again() -> None:
    once, found = ReadOnce(), list[bytes]()
    with piped(b"content") as path:

        def read() -> None:
            found.append(read_file(path, _LIMIT))

        with once.scope():
            assert ReadOnce.current() is once
            threads = [threading.Thread(target=copy_context().run, args=(read,)) for _ in range(4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        with once.scope():
            found.append(read_file(path, _LIMIT))

    assert found == [b"content"] * 5
    assert ReadOnce.current() is not once


def test_pipe_that_held_too_much_is_refused_each_time_and_not_its_rest_read(
    tmp_path: Path,
) -> None:
    with (
        fed(tmp_path / "pipe", bytes(100_000)) as path,
        ReadOnce().scope(),
    ):
        for _ in range(2):
            with pytest.raises(KeyFormatError, match="is larger than 1000 bytes"):
                read_file(path, _LIMIT)


def test_pipe_that_is_missing_is_looked_for_again(tmp_path: Path) -> None:
    with ReadOnce().scope():
        with pytest.raises(FileNotFoundError):
            read_file(tmp_path / "pipe", _LIMIT)
        with fed(tmp_path / "pipe", b"content") as path:
            assert read_file(path, _LIMIT) == b"content"


def test_permissions_are_checked_each_time(tmp_path: Path) -> None:
    with fed(tmp_path / "pipe", b"content", permissions=0o644) as path, ReadOnce().scope():
        assert read_file(path, _LIMIT) == b"content"
        if path.stat().st_uid == os.getuid():
            with pytest.raises(UnprotectedKey):
                read_file(path, _LIMIT, check_permissions)
