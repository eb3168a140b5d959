from __future__ import annotations

import errno
import os
import socket
import stat
from pathlib import Path

import pytest

from ssh_agent.aio import SocketFile, bind_unix, unsafe_folder


def test_socket_has_the_mode_that_its_mask_leaves_and_the_process_its_own_mask(
    tmp_path: Path,
) -> None:
    before = os.umask(0o022)
    try:
        bind_unix(str(tmp_path / "a")).close()
        bind_unix(str(tmp_path / "b"), mask=0o117).close()
        assert os.umask(0o022) == 0o022
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "b").stat().st_mode) == 0o660


def test_socket_with_a_backlog_can_be_connected_to(tmp_path: Path) -> None:
    path = str(tmp_path / "a")
    with bind_unix(path, backlog=1) as bound, socket.socket(socket.AF_UNIX) as client:
        assert not bound.getblocking()
        client.connect(path)


@pytest.mark.parametrize("there", ["file", "socket", "link"])
def test_what_is_there_is_left_alone(tmp_path: Path, there: str) -> None:
    path = tmp_path / "a"
    match there:
        case "file":
            path.write_text("kept")
        case "socket":
            bind_unix(str(path)).close()
        case _:
            path.symlink_to("elsewhere")
    before = path.lstat()

    with pytest.raises(OSError, match="in use") as found:
        bind_unix(str(path))

    assert (found.value.errno, found.value.filename) == (errno.EADDRINUSE, str(path))
    assert (path.lstat().st_ino, path.lstat().st_mode) == (before.st_ino, before.st_mode)


def test_path_that_is_too_long_has_a_number(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="too long") as found:
        bind_unix(str(tmp_path / ("a" * 120)))
    assert found.value.errno == errno.ENAMETOOLONG


def test_socket_is_removed_once(tmp_path: Path) -> None:
    path = tmp_path / "a"
    with bind_unix(str(path)):
        file = SocketFile(str(path))
        file.remove()
        assert not path.exists()
        path.write_text("another's")
        file.remove()
    assert path.read_text() == "another's"


def test_what_took_the_place_of_a_socket_is_not_removed(tmp_path: Path) -> None:
    path = tmp_path / "a"
    with bind_unix(str(path)):
        file = SocketFile(str(path))
        (tmp_path / "b").write_text("another's")
        (tmp_path / "b").replace(path)
        file.remove()
    assert path.read_text() == "another's"


@pytest.mark.parametrize(
    ("mode", "expected"),
    [(0o700, ""), (0o755, ""), (0o1777, ""), (0o777, "may be changed by every user")],
)
def test_folder_is_unsafe_where_everybody_may_change_it(
    tmp_path: Path, mode: int, expected: str
) -> None:
    tmp_path.chmod(mode)
    assert unsafe_folder(str(tmp_path)) == expected


def test_folder_of_another_user_is_unsafe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    owner = tmp_path.stat().st_uid
    monkeypatch.setattr(os, "getuid", lambda: owner + 1)
    found = unsafe_folder(str(tmp_path))
    assert found == ("belongs to another user" if owner else "")  # root may change every folder
