"""known_hosts changed by several at once: no line of one is lost to another."""

from __future__ import annotations

import errno
import fcntl
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from ssh_keys import HostKeyUpdate, KnownHosts, PrivateKey
from ssh_keys.files import (
    append_known_host,
    disk,
    hash_known_hosts,
    hosts,
    locking,
    remove_known_host,
    update_known_host,
)
from ssh_keys.files.locking import locked

KEY = PrivateKey.generate("ed25519").public_key
OTHER = PrivateKey.generate("ed25519").public_key

_APPEND = """
import sys
from ssh_keys import load_public_key
from ssh_keys.files import append_known_host
path, name, line = sys.argv[1:]
key = load_public_key(line)
for number in range(60):
    append_known_host(path, f"{name}-{number}", 22, key)
"""
_CHANGE = """
import sys
from ssh_keys import load_public_key
from ssh_keys.files import append_known_host, remove_known_host
path, name, line = sys.argv[1:]
key = load_public_key(line)
for number in range(60):
    append_known_host(path, name, 22, key)
    assert remove_known_host(path, name) == 1
"""


def test_processes_that_append_and_remove_lose_no_line(tmp_path: Path) -> None:
    path = tmp_path / "known_hosts"
    programs = {"one": _APPEND, "two": _APPEND, "three": _CHANGE, "four": _CHANGE}
    running = [
        subprocess.Popen([sys.executable, "-c", program, str(path), name, KEY.to_openssh()])
        for name, program in programs.items()
    ]
    assert [process.wait(60) for process in running] == [0] * 4
    known = KnownHosts.parse(path.read_bytes())
    assert not known.problems
    names = {entry.hosts for entry in known.entries}
    assert names == {(f"{writer}-{n}".encode(),) for writer in ("one", "two") for n in range(60)}


@pytest.mark.parametrize("what", ["remove", "update", "hash"])
def test_line_of_another_program_is_kept(
    what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "known_hosts"
    path.write_text(f"web1 {KEY.to_openssh()}\nweb2 {KEY.to_openssh()}\n")
    create = disk.create
    written: list[Path] = []

    def interfere(fresh: Path, content: bytes, mode: int = 0o600) -> None:
        create(fresh, content, mode)
        if not written:  # ssh adds a line to the file that was read
            with path.open("a") as file:
                file.write(f"web3 {OTHER.to_openssh()}\n")
        written.append(fresh)

    monkeypatch.setattr(disk, "create", interfere)
    if what == "remove":
        assert remove_known_host(path, "web1") == 1
    elif what == "update":
        update_known_host(path, "web1", 22, HostKeyUpdate(new=(OTHER,), old=(KEY,)))
    else:
        hash_known_hosts(path)
    known = KnownHosts.parse(path.read_bytes())
    assert known.lookup("web3").trusted == (OTHER,)
    expected = {"remove": (), "update": (OTHER,), "hash": (KEY,)}[what]
    assert known.lookup("web1").trusted == expected
    assert len(written) == 2
    assert sorted(each.name for each in tmp_path.iterdir()) == ["known_hosts", "known_hosts.old"]


def test_file_that_keeps_changing_is_left_unchanged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "known_hosts"
    path.write_text(f"web1 {KEY.to_openssh()}\n")
    create = disk.create

    def interfere(fresh: Path, content: bytes, mode: int = 0o600) -> None:
        create(fresh, content, mode)
        with path.open("a") as file:
            file.write("# more\n")

    monkeypatch.setattr(disk, "create", interfere)
    with pytest.raises(OSError, match="keeps changing it") as caught:
        remove_known_host(path, "web1")
    assert caught.value.errno == errno.EBUSY
    assert path.read_text() == f"web1 {KEY.to_openssh()}\n" + "# more\n" * hosts._TRIES
    assert [each.name for each in tmp_path.iterdir()] == ["known_hosts"]


def test_lock_is_on_the_current_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("one")
    opened = threading.Event()
    found: list[bytes] = []

    def wait() -> None:
        opened.set()
        with locked(path, os.O_RDONLY) as descriptor:
            found.append(os.read(descriptor, 10))

    with locked(path, os.O_RDONLY):
        thread = threading.Thread(target=wait)
        thread.start()
        opened.wait()
        fresh = tmp_path / "fresh"
        fresh.write_text("two")
        fresh.replace(path)
    thread.join(30)
    assert found == [b"two"]


def test_lock_is_waited_for_only_so_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "known_hosts"
    path.write_text("")
    monkeypatch.setattr(locking, "_MAX_WAIT", 0.0)
    with locked(path, os.O_RDONLY):
        append_known_host(path, "web1", 22, KEY)
    assert path.read_text() == f"web1 {KEY.with_comment('').to_openssh()}\n"


def test_file_system_without_locks_is_used_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_descriptor: int, _how: int) -> None:
        raise OSError(errno.ENOLCK, "no locks available")

    monkeypatch.setattr("fcntl.flock", refuse)
    path = tmp_path / "known_hosts"
    append_known_host(path, "web1", 22, KEY)
    assert remove_known_host(path, "web1") == 1


def test_system_without_locks_is_used_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "fcntl", None)
    path = tmp_path / "known_hosts"
    append_known_host(path, "web1", 22, KEY)
    assert remove_known_host(path, "web1") == 1


def test_lock_is_asked_for_again_until_it_is_free(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []
    attempts = iter([BlockingIOError(), BlockingIOError(), None])

    def flock(_descriptor: int, _how: int) -> None:
        if error := next(attempts):
            raise error

    monkeypatch.setattr("fcntl.flock", flock)
    monkeypatch.setattr("time.sleep", waits.append)
    append_known_host(tmp_path / "known_hosts", "web1", 22, KEY)
    assert waits == [locking._RETRY_INTERVAL] * 2


def test_file_that_is_removed_while_it_is_locked_is_opened_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "known_hosts"
    path.write_text("")
    flock, removed = fcntl.flock, False

    def remove(descriptor: int, how: int) -> None:
        nonlocal removed
        flock(descriptor, how)
        if not removed:
            removed = True
            path.unlink()

    monkeypatch.setattr("fcntl.flock", remove)
    append_known_host(path, "web1", 22, KEY)
    assert path.read_text() == f"web1 {KEY.with_comment('').to_openssh()}\n"
