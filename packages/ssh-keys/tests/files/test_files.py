from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from folders import fed, mode, names

from ssh_keys import (
    HostKeyUpdate,
    KeyDecryptError,
    KeyFormatError,
    PassphraseNeeded,
    PrivateKey,
    RevocationList,
    UnprotectedKey,
)
from ssh_keys.files import (
    check_private_permissions,
    hash_known_hosts,
    hosts,
    name_file_in_errors,
    read_allowed_signers,
    read_authorized_keys,
    read_authorized_principals,
    read_chunks,
    read_known_hosts,
    read_private_key,
    read_public_key,
    read_revoked_keys,
    remove_known_host,
    trust_files,
    update_known_host,
    write_key_file,
    write_private_key,
    write_revoked_keys,
)
from ssh_keys.signatures import sign

if TYPE_CHECKING:
    from collections.abc import Callable

read_strictly = partial(read_private_key, strict_permissions=True)
PIPED: tuple[Callable[..., object], ...] = (
    read_private_key,
    read_public_key,
    read_known_hosts,
    read_authorized_keys,
    read_allowed_signers,
    read_revoked_keys,
)
CHANGING: tuple[Callable[..., object], ...] = (
    hash_known_hosts,
    partial(remove_known_host, host="host"),
    partial(update_known_host, host="host", port=22, update=HostKeyUpdate()),
    read_authorized_principals,  # as sshd: the file may be of another user
)
READERS = PIPED + CHANGING


# ------------------------------------------------------------- permissions


def test_permissions_are_checked_without_reading_the_key(tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_text("not read")
    path.chmod(0o600)
    check_private_permissions(path)
    path.chmod(0o640)
    with pytest.raises(UnprotectedKey, match=f"chmod 600 {path}"):
        check_private_permissions(path)
    check_private_permissions(tmp_path)  # a directory is not a key


@pytest.mark.parametrize("check", [check_private_permissions, read_strictly])
def test_public_key_in_the_place_of_a_private_key_is_reported(
    check: Callable[[Path], object], ed25519: PrivateKey, tmp_path: Path
) -> None:
    path = tmp_path / "key.pub"
    path.write_text(ed25519.public_key.to_openssh())
    path.chmod(0o644)
    with pytest.raises(KeyFormatError, match=r"key\.pub holds a public key") as caught:
        check(path)
    assert not isinstance(caught.value, UnprotectedKey)


def test_path_is_put_into_an_error_once() -> None:
    for text in ("wrong", "dir/key: wrong"):
        with pytest.raises(KeyFormatError) as caught, name_file_in_errors("dir/key"):
            raise KeyFormatError(text)
        assert str(caught.value) == "dir/key: wrong"


@pytest.mark.parametrize("mode", [0o604, 0o640, 0o644, 0o660, 0o601, 0o610, 0o620])
def test_private_key_that_others_may_read_is_refused(
    key: PrivateKey, tmp_path: Path, mode: int
) -> None:
    path = tmp_path / "my key"
    path.write_bytes(key.to_openssh())
    path.chmod(mode)

    for check in (partial(read_private_key, strict_permissions=True), check_private_permissions):
        with pytest.raises(UnprotectedKey) as caught:
            check(path)
        assert (caught.value.path, caught.value.mode) == (str(path), mode)
        assert f"permissions {mode:04o}" in str(caught.value)
        assert str(caught.value).endswith(f"run: chmod 600 '{path}'")
    assert read_private_key(path).public_key == key.public_key


@pytest.mark.parametrize("mode", [0o400, 0o600, 0o700])
def test_private_key_of_its_owner_alone_is_read(
    key: PrivateKey, tmp_path: Path, mode: int
) -> None:
    path = tmp_path / "key"
    path.write_bytes(key.to_openssh())
    path.chmod(mode)

    check_private_permissions(path)
    assert read_private_key(path, strict_permissions=True).public_key == key.public_key


def test_private_key_of_another_user_is_read(
    key: PrivateKey, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "key"
    path.write_bytes(key.to_openssh())
    path.chmod(0o644)
    owner = path.stat().st_uid
    monkeypatch.setattr(os, "getuid", lambda: owner + 1)

    check_private_permissions(path)
    assert read_private_key(path, strict_permissions=True).public_key == key.public_key


# ------------------------------------------------------------- reading


def test_private_and_public_keys_are_read(key: PrivateKey, tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_bytes(key.to_openssh("pass", rounds=1))
    public = path.with_suffix(".pub")
    public.write_text(key.public_key.to_openssh())
    assert read_private_key(path, "pass").public_key == key.public_key
    assert read_public_key(str(public)) == key.public_key
    with pytest.raises(PassphraseNeeded):
        read_private_key(path)
    with pytest.raises(KeyDecryptError):
        read_private_key(path, "wrong")


@pytest.mark.row("K08")
@pytest.mark.parametrize("read", CHANGING)
def test_only_a_regular_file_is_changed(read: Callable[..., object], tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    for path in (fifo, tmp_path, "/dev/zero", "/dev/null"):
        with pytest.raises(KeyFormatError, match="is not a regular file"):
            read(path)


@pytest.mark.row("K08")
@pytest.mark.parametrize("read", PIPED)
def test_directory_and_a_device_that_does_not_end_are_not_read(
    read: Callable[..., object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (trust_files, hosts):
        monkeypatch.setattr(module, "MAX_TRUST_FILE", 1 << 20)
    with pytest.raises(KeyFormatError, match="is a directory"):
        read(tmp_path)
    with pytest.raises(KeyFormatError, match="is larger than"):
        read("/dev/zero")


@pytest.mark.row("K08")
@pytest.mark.parametrize("read", READERS)
def test_too_large_file_is_refused(
    read: Callable[..., object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (trust_files, hosts):
        monkeypatch.setattr(module, "MAX_TRUST_FILE", 1 << 20)
    path = tmp_path / "large"
    with path.open("wb") as file:
        file.truncate((1 << 20) + 1)
    with pytest.raises(KeyFormatError, match="larger than 1048576"):
        read(path)


@pytest.mark.row("K14")
@pytest.mark.parametrize("read", READERS)
def test_file_that_cannot_be_read_is_an_error(
    read: Callable[..., object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(PermissionError):
        read(tmp_path / "file")


def test_missing_file_is_an_error(tmp_path: Path) -> None:
    assert read_known_hosts(tmp_path / "none").entries == ()
    for read in set(READERS) - {read_known_hosts}:
        with pytest.raises(FileNotFoundError):
            read(tmp_path / "none")


def test_descriptors_are_closed(tmp_path: Path) -> None:
    before = len(names(Path("/proc/self/fd")))
    for read in READERS:
        with pytest.raises(KeyFormatError):
            read(tmp_path)
    assert len(names(Path("/proc/self/fd"))) == before


def test_trust_file_is_named_in_its_problems(ed25519: PrivateKey, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text(f"bad\n{ed25519.public_key.to_openssh()}\n")
    assert read_known_hosts(path).problems[0].source == str(path)
    listed = read_authorized_keys(path)
    assert listed.problems[0].source == str(path)
    assert listed.lookup(ed25519.public_key) is not None
    assert read_allowed_signers(path).problems[0].source == str(path)
    path.write_text("root\nbad one\n")
    principals = read_authorized_principals(path)
    assert principals.lookup(["root"])
    assert principals.problems[0].source == str(path)
    with pytest.raises(KeyFormatError, match=f"^{path}:1: "):
        read_revoked_keys(path)


# ------------------------------------------------------------- private keys


@pytest.mark.row("K09")
@pytest.mark.usefixtures("no_umask")
@pytest.mark.parametrize("replace", [False, True])
def test_private_key_is_written_for_its_owner_alone(
    replace: bool, ed25519: PrivateKey, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[tuple[int, int]] = []
    real_open = os.open

    def spy(path: Any, flags: int, mode: int = 0o777) -> int:
        opened.append((flags, mode))
        return real_open(path, flags, mode)

    monkeypatch.setattr(os, "open", spy)
    path = tmp_path / "key"
    write_private_key(path, ed25519, replace=replace)
    monkeypatch.undo()
    ((flags, first_mode),) = opened
    assert first_mode == 0o600
    for flag in (os.O_CREAT, os.O_EXCL, os.O_NOFOLLOW):
        assert flags & flag
    assert mode(path) == 0o600
    assert read_private_key(path).public_key == ed25519.public_key
    assert names(tmp_path) == ["key"]


@pytest.mark.row("K09")
def test_existing_file_is_not_overwritten(ed25519: PrivateKey, tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_text("something else")
    path.chmod(0o644)
    with pytest.raises(FileExistsError):
        write_private_key(path, ed25519)
    assert path.read_text() == "something else"
    assert names(tmp_path) == ["key"]


@pytest.mark.row("K09")
@pytest.mark.parametrize("replace", [False, True])
@pytest.mark.parametrize("dangling", [False, True])
def test_symbolic_link_is_not_followed(
    replace: bool, dangling: bool, ed25519: PrivateKey, tmp_path: Path
) -> None:
    target = tmp_path / "target"
    if not dangling:
        target.write_text("something else")
    path = tmp_path / "key"
    path.symlink_to(target)
    with pytest.raises(FileExistsError):
        write_private_key(path, ed25519, replace=replace)
    assert path.is_symlink()
    assert dangling or target.read_text() == "something else"
    assert target.exists() is not dangling


@pytest.mark.row("K09")
@pytest.mark.usefixtures("no_umask")
def test_replacement_is_one_step(ed25519: PrivateKey, ecdsa: PrivateKey, tmp_path: Path) -> None:
    path = tmp_path / "key"
    write_private_key(path, ed25519)
    path.chmod(0o644)
    inode = path.stat().st_ino
    write_private_key(path, ecdsa, "pass", replace=True)
    assert path.stat().st_ino != inode
    assert mode(path) == 0o600
    assert read_private_key(path, "pass").public_key == ecdsa.public_key
    assert names(tmp_path) == ["key"]


@pytest.mark.row("K09")
@pytest.mark.parametrize("replace", [False, True])
def test_failed_write_leaves_nothing(
    replace: bool, ed25519: PrivateKey, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_private_key(tmp_path / "key", ed25519, replace=replace)
    assert names(tmp_path) == []


def test_failed_replacement_leaves_the_previous_file(ed25519: PrivateKey, tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.mkdir()
    with pytest.raises(OSError, match=r"directory|key"):
        write_private_key(path, ed25519, replace=True)
    assert names(tmp_path) == ["key"]


# ------------------------------------------------------------- revoked keys and signatures


@pytest.mark.usefixtures("no_umask")
def test_revoked_keys_are_read_back(ed25519: PrivateKey, rsa: PrivateKey, tmp_path: Path) -> None:
    path = tmp_path / "revoked"
    revoked = RevocationList()
    revoked.revoke(ed25519.public_key)
    write_revoked_keys(path, revoked)
    assert mode(path) == 0o644
    path.chmod(0o600)
    revoked.revoke(rsa.public_key)
    write_revoked_keys(path, revoked)
    assert mode(path) == 0o600
    assert names(tmp_path) == ["revoked"]
    read = read_revoked_keys(path)
    assert read.revokes(ed25519.public_key)
    assert read.revokes(rsa.public_key)
    path.write_text(ed25519.public_key.to_openssh())
    assert read_revoked_keys(path).revokes(ed25519.public_key)


def test_file_is_signed_in_chunks(ed25519: PrivateKey, tmp_path: Path) -> None:
    path = tmp_path / "data"
    path.write_bytes(bytes(200_000))
    made = sign(ed25519, read_chunks(path), "file")
    assert made.verify(read_chunks(path), "file")
    assert made.verify(bytes(200_000), "file")
    assert len(list(read_chunks(path))) == 4
    with fed(tmp_path / "pipe", bytes(200_000)) as pipe:
        assert made.verify(read_chunks(pipe), "file")
    with pytest.raises(KeyFormatError, match="is a directory"):
        sign(ed25519, read_chunks(tmp_path), "file")


def test_public_key_is_written_for_all_users(tmp_path: Path) -> None:
    path = tmp_path / "key.pub"

    write_key_file(path, b"one\n", public=True)
    write_key_file(path, b"two\n", public=True, replace=True)

    assert path.read_bytes() == b"two\n"
    assert mode(path) == 0o644
    with pytest.raises(FileExistsError):
        write_key_file(path, b"three\n", public=True)
