from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from folders import mode, names

from ssh_keys import (
    HostKeyStatus,
    HostKeyUpdate,
    KeyFormatError,
    PrivateKey,
)
from ssh_keys.files import (
    append_known_host,
    hash_known_hosts,
    read_known_hosts,
    remove_known_host,
    update_known_host,
)

if TYPE_CHECKING:
    from collections.abc import Callable

# ------------------------------------------------------------- known_hosts


@pytest.mark.usefixtures("no_umask")
@pytest.mark.parametrize("hashed", [False, True])
def test_host_is_appended(hashed: bool, keys: dict[str, PrivateKey], tmp_path: Path) -> None:
    path = tmp_path / ".ssh" / "known_hosts"
    for port, key in enumerate(keys.values(), 22):
        append_known_host(path, "host", port, key.public_key, hashed=hashed)
    assert mode(path) == 0o600
    assert mode(path.parent) == 0o700
    known = read_known_hosts(path)
    assert not known.problems
    for port, key in enumerate(keys.values(), 22):
        assert known.check(key.public_key, "host", port) is HostKeyStatus.TRUSTED
    assert len(path.read_text().splitlines()) == len(keys)


def test_previous_lines_stay_as_they_are(ed25519: PrivateKey, tmp_path: Path) -> None:
    path = tmp_path / "known_hosts"
    for before in ("# my hosts\r\n\nodd line\n", "# no newline at the end"):
        path.write_bytes(before.encode())
        path.chmod(0o644)
        append_known_host(path, "host", 22, ed25519.public_key)
        after = path.read_bytes().decode()
        assert after.startswith(before)
        assert (
            after[len(before) :].strip()
            == f"host {ed25519.public_key.with_comment('').to_openssh()}"
        )
        assert read_known_hosts(path).check(ed25519.public_key, "host") is HostKeyStatus.TRUSTED
        assert mode(path) == 0o644


def test_host_is_appended_through_a_link(ed25519: PrivateKey, tmp_path: Path) -> None:
    path = tmp_path / "known_hosts"
    path.symlink_to(tmp_path / "elsewhere")
    append_known_host(path, "host", 22, ed25519.public_key)
    assert path.is_symlink()
    assert read_known_hosts(tmp_path / "elsewhere").entries


@pytest.mark.row("K14")
def test_host_is_not_appended_to_a_path_that_is_not_a_regular_file(
    ed25519: PrivateKey, tmp_path: Path
) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    for path in (fifo, Path("/dev/null")):
        with pytest.raises(KeyFormatError, match="is not a regular file"):
            append_known_host(path, "host", 22, ed25519.public_key)
    with pytest.raises(IsADirectoryError):
        append_known_host(tmp_path, "host", 22, ed25519.public_key)


def test_line_that_is_not_written_completely_is_an_error(
    ed25519: PrivateKey, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def short(_descriptor: int, data: bytes) -> int:
        return len(data) - 1

    monkeypatch.setattr(os, "write", short)
    with pytest.raises(OSError, match="not written completely"):
        append_known_host(tmp_path / "known_hosts", "host", 22, ed25519.public_key)


# ------------------------------------------------------------- changes to known_hosts


@pytest.fixture
def hosts(ed25519: PrivateKey, tmp_path: Path) -> Path:
    path = tmp_path / "known_hosts"
    path.write_text("# mine\r\n\nodd line\n")
    path.chmod(0o640)
    for host in ("alpha", "beta"):
        append_known_host(path, host, 22, ed25519.public_key)
    return path


def clean(path: Path) -> None:
    """Take the line away that no change can be about."""
    path.write_bytes(path.read_bytes().replace(b"odd line\n", b""))


@pytest.mark.usefixtures("no_umask")
def test_removed_host_leaves_the_rest_and_a_copy_of_the_file(hosts: Path) -> None:
    before, inode = hosts.read_bytes(), hosts.stat().st_ino
    assert remove_known_host(hosts, "Beta") == 1
    assert hosts.read_bytes() == b"".join(before.splitlines(keepends=True)[:-1])
    assert hosts.stat().st_ino != inode
    old = hosts.with_name("known_hosts.old")
    assert (old.read_bytes(), old.stat().st_ino) == (before, inode)
    assert mode(hosts) == mode(old) == 0o640
    assert sorted(names(hosts.parent)) == ["known_hosts", "known_hosts.old"]
    assert remove_known_host(hosts, "alpha") == 1
    assert b"beta" not in old.read_bytes()  # of the last change only


def test_removing_an_unlisted_host_changes_nothing(hosts: Path) -> None:
    inode = hosts.stat().st_ino
    assert remove_known_host(hosts, "gamma") == 0
    assert hosts.stat().st_ino == inode
    assert names(hosts.parent) == ["known_hosts"]


@pytest.mark.usefixtures("no_umask")
@pytest.mark.parametrize("hashed", [False, True])
def test_changed_keys_of_a_host_leave_the_rest_and_a_copy_of_the_file(
    hashed: bool, hosts: Path, ed25519: PrivateKey, ecdsa: PrivateKey
) -> None:
    before = hosts.read_bytes()
    update = HostKeyUpdate(new=(ecdsa.public_key,), old=(ed25519.public_key,))
    update_known_host(hosts, "alpha", 22, update, hashed=hashed)
    *kept, last = hosts.read_bytes().splitlines(keepends=True)
    lines = before.splitlines(keepends=True)
    assert kept == [*lines[:3], *lines[4:]]
    assert last.startswith(b"|1|" if hashed else b"alpha ecdsa")
    assert read_known_hosts(hosts).lookup("alpha").trusted == (ecdsa.public_key,)
    assert hosts.with_name("known_hosts.old").read_bytes() == before
    assert mode(hosts) == 0o640
    inode = hosts.stat().st_ino
    update_known_host(hosts, "alpha", 22, update)  # it is so already
    assert hosts.stat().st_ino == inode


def test_names_of_hosts_are_hashed(hosts: Path, ed25519: PrivateKey) -> None:
    clean(hosts)
    before = hosts.read_bytes()
    hash_known_hosts(hosts)
    assert b"alpha" not in hosts.read_bytes()
    assert hosts.read_bytes().startswith(b"# mine\r\n\n|1|")
    assert hosts.with_name("known_hosts.old").read_bytes() == before
    assert mode(hosts) == 0o640
    assert read_known_hosts(hosts).check(ed25519.public_key, "alpha") is HostKeyStatus.TRUSTED


def test_line_that_cannot_be_hashed_leaves_the_file_unchanged(hosts: Path) -> None:
    before = hosts.read_bytes()
    with pytest.raises(KeyFormatError, match="nothing was hashed"):
        hash_known_hosts(hosts)
    assert hosts.read_bytes() == before
    assert names(hosts.parent) == ["known_hosts"]


def test_change_follows_a_link(hosts: Path, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(hosts.name)
    assert remove_known_host(link, "alpha") == 1
    assert link.is_symlink()
    assert b"alpha" not in hosts.read_bytes()
    assert hosts.with_name("known_hosts.old").exists()


@pytest.mark.parametrize("function", ["fsync", "chmod", "link", "replace"])
@pytest.mark.parametrize("update", [False, True])
def test_failed_change_leaves_the_file_unchanged(
    function: str,
    update: bool,
    hosts: Path,
    ed25519: PrivateKey,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    change: Callable[[], object] = partial(remove_known_host, hosts, "alpha")
    if update:
        gone = HostKeyUpdate(old=(ed25519.public_key,))
        change = partial(update_known_host, hosts, "alpha", 22, gone)

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    before = hosts.read_bytes()
    monkeypatch.setattr(os, function, full)
    with pytest.raises(OSError, match="No space left"):
        change()
    monkeypatch.undo()
    assert hosts.read_bytes() == before
    assert {"known_hosts"} <= set(names(hosts.parent)) <= {"known_hosts", "known_hosts.old"}


def test_owner_of_the_file_stays(hosts: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[tuple[str, int, int]] = []
    real = Path.stat

    def other(path: Path, *, follow_symlinks: bool = True) -> os.stat_result:
        status = real(path, follow_symlinks=follow_symlinks)
        if path.name != "known_hosts":
            return status
        exact = {"st_mtime_ns": status.st_mtime_ns}
        return os.stat_result([*status[:4], 4_000, 5_000, *status[6:10]], exact)

    monkeypatch.setattr(Path, "stat", other)

    def chown(path: Path, user: int, group: int) -> None:
        given.append((path.name, user, group))

    monkeypatch.setattr(os, "chown", chown)
    remove_known_host(hosts, "alpha")
    ((name, user, group),) = given
    assert name.startswith(".known_hosts.")
    assert (user, group) == (4_000, 5_000)


def test_directory_that_cannot_be_synced_is_not_an_error(
    hosts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.open

    def refuse(path: Any, flags: int, *rest: int) -> int:
        if path == hosts.parent:
            raise PermissionError(13, "Permission denied")
        return real(path, flags, *rest)

    monkeypatch.setattr(os, "open", refuse)
    assert remove_known_host(hosts, "alpha") == 1
