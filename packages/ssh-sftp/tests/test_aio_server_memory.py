"""The file system in memory: what it does beside the one on disk, and its bounds."""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ssh_sftp import Attributes, OpenFlags
from ssh_sftp.aio import InMemory, Rooted
from ssh_sftp.messages import NameEntry
from ssh_sftp.server.statuses import status_of

WRITE = OpenFlags.WRITE | OpenFlags.CREATE
NEW = Attributes()
MODES = (0o600, 0o755)


@attrs.frozen
class Step:
    """A call: its name, its path, and another path, data or a number."""

    call: str
    path: str
    other: Any = None


def written(files: Any, path: str, other: tuple[OpenFlags, int, bytes]) -> object:
    flags, offset, data = other
    file = files.open(path, flags, NEW)
    try:
        if flags & (OpenFlags.WRITE | OpenFlags.APPEND):
            file.write(memoryview(data), offset)
        read = file.read(100, 0) if flags & OpenFlags.READ else b""
        return read, file.stat().size
    finally:
        file.close()


def listed(files: Any, path: str) -> list[tuple[str, object]]:
    directory = files.opendir(path)
    found: list[NameEntry] = []
    while entries := directory.read(3):
        found += entries
    directory.close()
    return sorted((each.filename, told(each.attributes)) for each in found)


def told(attributes: Attributes) -> object:
    """What both file systems tell alike: not the size of a directory."""
    size = None if attributes.is_dir else attributes.size
    return attributes.is_dir, attributes.is_file, attributes.is_symlink, size


CALLS: dict[str, Callable[[Any, str, Any], object]] = {
    "write": written,
    "list": lambda files, path, _: listed(files, path),
    "stat": lambda files, path, _: told(files.stat(path)),
    "lstat": lambda files, path, _: told(files.lstat(path)),
    "realpath": lambda files, path, _: files.realpath(path),
    "readlink": lambda files, path, _: files.readlink(path),
    "remove": lambda files, path, _: files.remove(path),
    "rmdir": lambda files, path, _: files.rmdir(path),
    "mkdir": lambda files, path, _: files.mkdir(path, NEW),
    "rename": lambda files, path, other: files.rename(path, other),
    "replace": lambda files, path, other: files.replace(path, other),
    "hardlink": lambda files, path, other: files.hardlink(path, other),
    "symlink": lambda files, path, other: files.symlink(other, path),
    "truncate": lambda files, path, size: files.setstat(path, Attributes(size=size)),
    "times": lambda files, path, _: files.lsetstat(path, Attributes(atime=1, mtime=2)),
}
NAMES = st.sampled_from(["a", "b", "a/a", "a/b", "b/a", "a/a/b", "", "/", "..", "b/../a", "a/."])
FLAGS = st.sampled_from(
    [
        OpenFlags.READ,
        WRITE,
        WRITE | OpenFlags.READ,
        WRITE | OpenFlags.EXCLUSIVE,
        WRITE | OpenFlags.TRUNCATE,
        WRITE | OpenFlags.READ | OpenFlags.APPEND,
        OpenFlags.WRITE,
        OpenFlags.READ | OpenFlags.EXCLUSIVE,
    ]
)
WRITING = st.tuples(FLAGS, st.integers(0, 20), st.binary(max_size=20))
PLAIN = ("list", "stat", "lstat", "realpath", "readlink", "remove", "rmdir", "times")
STEPS = st.one_of(
    st.builds(Step, st.just("write"), NAMES, WRITING),
    st.builds(Step, st.sampled_from(PLAIN), NAMES),
    st.builds(Step, st.just("mkdir"), NAMES),
    st.builds(Step, st.sampled_from(["rename", "replace", "hardlink"]), NAMES, NAMES),
    st.builds(Step, st.just("symlink"), NAMES, st.sampled_from(["a", "b", "a/b", "none", "."])),
    st.builds(Step, st.just("truncate"), NAMES, st.integers(0, 30)),
)


def outcome(files: Any, step: Step) -> object:
    try:
        return CALLS[step.call](files, step.path, step.other)
    except OSError as error:
        return status_of(1, error).code


def bytes_below(files: InMemory, path: str = "/") -> int:
    """Count the bytes of all files, each once."""
    seen: set[object] = set()
    total = 0
    directory = files.opendir(path)
    for each in directory.read(1000):
        below = f"{path.rstrip('/')}/{each.filename}"
        if each.attributes.is_dir:
            total += bytes_below(files, below)
        elif each.attributes.is_file:
            file = files.open(below, OpenFlags.READ, NEW)
            if file.identity not in seen:
                seen.add(file.identity)
                total += file.stat().size or 0
            file.close()
    return total


@settings(max_examples=300)
@given(steps=st.lists(STEPS, max_size=40))
def test_memory_does_what_the_disk_does(
    tmp_path_factory: pytest.TempPathFactory, steps: list[Step]
) -> None:
    memory, disk = InMemory(), Rooted(tmp_path_factory.mktemp("root"))
    try:
        for step in steps:
            assert outcome(memory, step) == outcome(disk, step), step
    finally:
        disk.close()


@given(steps=st.lists(STEPS.filter(lambda step: step.call != "hardlink"), max_size=40))
def test_what_is_used_is_what_is_there_and_never_more_than_fits(steps: list[Step]) -> None:
    files = InMemory(max_bytes=60, max_entries=4)
    for step in steps:
        outcome(files, step)
        assert files.used_bytes == bytes_below(files) <= 60
        assert files.used_entries <= 4
        assert files.statvfs("/").free_files == 4 - files.used_entries


def refused(number: int, call: Callable[[], object]) -> None:
    with pytest.raises(OSError, match=re.escape(os.strerror(number))):
        call()


def test_write_far_beyond_the_end_is_refused_and_takes_no_memory() -> None:
    files = InMemory(max_bytes=1000)
    file = files.open("a", WRITE, NEW)
    refused(errno.ENOSPC, lambda: file.write(memoryview(b"x"), 2**62))
    refused(errno.ENOSPC, lambda: files.setstat("a", Attributes(size=2**62)))
    file.write(memoryview(b"x"), 999)
    file.close()
    assert files.used_bytes == 1000


def test_file_without_a_name_is_used_until_it_is_closed() -> None:
    files = InMemory()
    file = files.open("a", WRITE | OpenFlags.READ, NEW)
    file.write(memoryview(b"content"), 0)
    files.remove("a")
    assert (file.read(100, 0), files.used_bytes, files.used_entries) == (b"content", 7, 0)
    file.close()
    assert files.used_bytes == 0


def test_names_of_one_file_have_one_content_and_are_counted_once() -> None:
    files = InMemory()
    written(files, "a", (WRITE, 0, b"content"))
    files.hardlink("a", "b")
    files.remove("a")
    assert written(files, "b", (OpenFlags.READ, 0, b"")) == (b"content", 7)
    assert (files.used_bytes, files.used_entries) == (7, 1)


def test_attributes_are_kept() -> None:
    files = InMemory(clock=lambda: 1000.5)
    files.mkdir("a", Attributes(permissions=0o700))
    assert files.stat("a") == Attributes(0, 0, 0, 0o040700, 1000, 1000)
    given_ = Attributes(uid=5, gid=6, permissions=0o4755, atime=7, mtime=8)
    files.setstat("a", given_)
    assert files.stat("a") == Attributes(0, 5, 6, 0o044755, 7, 8)
    files.symlink("/a", "b")
    assert files.stat("b") == files.stat("a")
    assert files.lstat("b").size == 2
    refused(errno.EOPNOTSUPP, lambda: files.lsetstat("b", Attributes(permissions=0o600)))
    refused(errno.EINVAL, lambda: files.lsetstat("a", Attributes(size=0)))


def test_handle_does_what_it_was_opened_for() -> None:
    files = InMemory()
    writes = files.open("a", WRITE, NEW)
    reads = files.open("a", OpenFlags.READ, NEW)
    refused(errno.EBADF, lambda: writes.read(1, 0))
    refused(errno.EBADF, lambda: reads.write(memoryview(b"x"), 0))
    refused(errno.EINVAL, lambda: reads.setstat(Attributes(size=0)))
    writes.setstat(Attributes(size=3))
    writes.sync()
    assert reads.stat().size == 3
    assert reads.identity == writes.identity
    assert reads.statvfs().blocks == files.statvfs("/").blocks


def test_names_and_links_are_bounded() -> None:
    files = InMemory()
    refused(errno.ENAMETOOLONG, lambda: files.mkdir("x" * 256, NEW))
    files.symlink("b", "a")
    files.symlink("a", "b")
    refused(errno.ELOOP, lambda: files.stat("a"))
    refused(errno.ENOENT, lambda: files.symlink("", "c"))
    refused(errno.EBUSY, lambda: files.rmdir("/"))
    refused(errno.EINVAL, lambda: files.rename("/", "c"))


def test_directory_does_not_move_into_itself(tmp_path: Path) -> None:
    del tmp_path
    files = InMemory()
    for path in ("a", "a/b", "a/b/c"):
        files.mkdir(path, NEW)
    refused(errno.EINVAL, lambda: files.rename("a", "a/b/c/d"))
    files.rename("a/b", "b")
    assert listed(files, "b") == [("c", (True, False, False, None))]


def test_name_is_replaced_by_what_is_of_its_kind() -> None:
    files = InMemory()
    for path in ("empty", "full", "full/a"):
        files.mkdir(path, NEW)
    for path in ("file", "other"):
        written(files, path, (WRITE, 0, path.encode()))
    refused(errno.EISDIR, lambda: files.replace("file", "empty"))
    refused(errno.ENOTDIR, lambda: files.replace("empty", "file"))
    refused(errno.ENOTEMPTY, lambda: files.replace("empty", "full"))
    refused(errno.EBUSY, lambda: files.replace("empty", "/"))
    files.replace("full", "empty")
    files.replace("file", "other")
    files.replace("other", "other")
    assert [name for name, _ in listed(files, "/")] == ["empty", "other"]
    assert written(files, "other", (OpenFlags.READ, 0, b"")) == (b"file", 4)
    assert (files.used_bytes, files.used_entries) == (4, 3)
    assert files.realpath("empty/../new") == "/new"
    refused(errno.ENOTDIR, lambda: files.opendir("other"))
    refused(errno.EISDIR, lambda: files.setstat("empty", Attributes(size=0)))
