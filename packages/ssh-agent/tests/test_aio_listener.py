from __future__ import annotations

import os
import socket
import stat
from pathlib import Path
from unittest.mock import Mock

import pytest

from ssh_agent.aio.listener import AgentListener
from ssh_wire import UsageError


def mode(path: str | Path) -> int:
    return stat.S_IMODE(os.lstat(path).st_mode)


@pytest.mark.row("G08")
def test_socket_without_a_path_is_in_a_folder_of_its_own_and_both_go() -> None:
    with AgentListener.open() as listener:
        folder = Path(listener.path).parent
        assert (mode(listener.path), mode(folder)) == (0o600, 0o700)

    assert not folder.exists()


@pytest.mark.row("G08")
def test_folder_of_the_path_is_made_for_the_user_alone(tmp_path: Path) -> None:
    path = tmp_path / "agent" / "socket"

    with AgentListener.open(path) as listener:
        assert listener.path == str(path)
        assert (mode(path), mode(path.parent)) == (0o600, 0o700)

    assert not path.exists()


@pytest.mark.row("G08")
@pytest.mark.parametrize("there", ["file", "folder", "socket", "link", "dangling link"])
def test_what_is_at_the_path_already_is_left_alone(tmp_path: Path, there: str) -> None:
    path = tmp_path / "socket"
    other = socket.socket(socket.AF_UNIX)
    if there == "file":
        path.write_text("mine")
    elif there == "folder":
        path.mkdir()
    elif there == "socket":
        other.bind(str(path))
    else:
        path.symlink_to(tmp_path / "target")
        if there == "link":
            (tmp_path / "target").write_text("mine")
    before = os.lstat(path)
    mask = os.umask(0o22)
    os.umask(mask)

    with pytest.raises(OSError, match="no agent can listen there"):
        AgentListener.open(path)

    other.close()
    assert os.lstat(path).st_ino == before.st_ino
    assert not (tmp_path / "target").exists() or there == "link"
    assert os.umask(mask) == mask


@pytest.mark.parametrize("name", ["x" * 120, "a\0b"])
def test_path_that_a_socket_cannot_have_is_an_error(tmp_path: Path, name: str) -> None:
    with pytest.raises(OSError, match="no agent can listen there"):
        AgentListener.open(tmp_path / name)


def test_folder_of_a_socket_that_cannot_be_made_goes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / ("x" * 120)))
    (tmp_path / ("x" * 120)).mkdir()

    with pytest.raises(OSError, match="too long"):
        AgentListener.open()

    assert list((tmp_path / ("x" * 120)).iterdir()) == []


@pytest.mark.row("G08")
def test_folder_that_every_user_may_change_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    with pytest.raises(UsageError, match="may be changed by every user"):
        AgentListener.open(tmp_path / "socket")

    tmp_path.chmod(0o1777)  # as /tmp: the sticky bit keeps others from moving the socket
    AgentListener.open(tmp_path / "socket").close()


@pytest.mark.row("G08")
def test_folder_of_another_user_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = tmp_path.stat().st_uid
    if owner == 0:
        os.chown(tmp_path, 12_345, -1)
    else:
        monkeypatch.setattr(os, "getuid", lambda: owner + 1)

    with pytest.raises(UsageError, match="another user"):
        AgentListener.open(tmp_path / "socket")


def test_socket_that_was_replaced_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "socket"
    listener = AgentListener.open(path)
    path.unlink()
    path.write_text("another")

    listener.close()

    assert path.read_text() == "another"


def test_socket_that_is_gone_and_a_folder_with_another_file_are_no_errors() -> None:
    listener = AgentListener.open()
    folder = Path(listener.path).parent
    Path(listener.path).unlink()
    (folder / "other").write_text("")

    listener.close()
    listener.close()

    assert folder.exists()
    (folder / "other").unlink()
    folder.rmdir()


def test_copy_in_another_process_removes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "socket"
    listener = AgentListener.open(path)
    with monkeypatch.context() as patch:
        patch.setattr(os, "getpid", Mock(return_value=os.getpid() + 1))
        listener.close()
        assert path.exists()
        listener.take_over()
        listener.close()
    assert not path.exists()


def test_socket_of_another_process_is_taken_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "socket"
    made = socket.socket(socket.AF_UNIX)
    made.bind(str(path))
    made.listen()

    with AgentListener.adopt(made.detach()) as listener:
        assert listener.path == ""
        assert listener.socket.getsockname() == str(path)

    assert path.exists()
