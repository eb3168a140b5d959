from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING

import pytest

from ssh_stack.cli.control import listener as listeners
from ssh_stack.cli.control.listener import ControlListener
from ssh_wire import UsageError

if TYPE_CHECKING:
    from pathlib import Path


def _other_user(_connected: socket.socket) -> int:
    return 12345


def connect(path: Path) -> socket.socket:
    connected = socket.socket(socket.AF_UNIX)
    connected.connect(str(path))
    return connected


@pytest.mark.row("C24")
def test_socket_is_for_its_user_alone_and_gone_at_the_end(tmp_path: Path) -> None:
    path = tmp_path / "m"
    listener = ControlListener.open(str(path))

    assert path.stat().st_mode & 0o777 == 0o600
    assert [*tmp_path.iterdir()] == [path]  # the temporary name is gone
    listener.close()
    listener.close()
    assert not path.exists()


def test_client_is_taken(tmp_path: Path) -> None:
    listener = ControlListener.open(str(tmp_path / "m"))
    assert listener.accept() is None

    with connect(tmp_path / "m"):
        taken = listener.accept()
        assert taken is not None
        taken.close()
    listener.close()


@pytest.mark.row("C24")
def test_client_of_another_user_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listeners, "peer_uid", _other_user)
    listener = ControlListener.open(str(tmp_path / "m"))

    with connect(tmp_path / "m") as connected:
        assert listener.accept() is None
        assert connected.recv(1) == b""
    listener.close()


@pytest.mark.row("C24")
@pytest.mark.parametrize("kind", ["file", "socket", "link", "dangling link"])
def test_what_is_there_is_neither_replaced_nor_followed(tmp_path: Path, kind: str) -> None:
    path, other = tmp_path / "m", tmp_path / "other"
    match kind:
        case "file":
            path.write_text("kept")
        case "socket":
            with socket.socket(socket.AF_UNIX) as left_over:
                left_over.bind(str(path))
        case "link":
            other.write_text("kept")
            path.symlink_to(other)
        case _:
            path.symlink_to(other)
    before = path.lstat()

    with pytest.raises(FileExistsError):
        ControlListener.open(str(path))

    assert path.lstat() == before
    assert {each.name for each in tmp_path.iterdir()} <= {"m", "other"}


@pytest.mark.row("C24")
def test_folder_that_everybody_may_change_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "open"
    folder.mkdir()
    folder.chmod(0o777)

    with pytest.raises(UsageError, match="may be changed by every user"):
        ControlListener.open(str(folder / "m"))
    folder.chmod(0o1777)
    ControlListener.open(str(folder / "m")).close()


@pytest.mark.row("C24")
def test_folder_of_another_user_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "getuid", lambda: 12345)
    if not tmp_path.stat().st_uid:
        os.chown(tmp_path, 54321, -1)

    with pytest.raises(UsageError, match="belongs to another user"):
        ControlListener.open(str(tmp_path / "m"))


def test_path_that_is_too_long_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="too long"):
        ControlListener.open(str(tmp_path / ("m" * 100)))


def test_folder_that_is_missing_is_told(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        ControlListener.open(str(tmp_path / "missing" / "m"))


def test_socket_of_another_master_is_left_at_the_end(tmp_path: Path) -> None:
    path = tmp_path / "m"
    listener = ControlListener.open(str(path))
    path.unlink()
    other = ControlListener.open(str(path))

    listener.close()
    assert path.exists()
    other.close()
