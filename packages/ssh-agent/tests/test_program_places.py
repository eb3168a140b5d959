from __future__ import annotations

import os
import secrets
import socket
from pathlib import Path
from unittest.mock import Mock

import pytest

from ssh_agent.program import places

NOW = 10_000_000.0


@pytest.fixture
def home(short_path: Path) -> Path:
    return short_path


def make_socket(path: Path, *, age: float = 7200.0, listening: bool = False) -> socket.socket:
    made = socket.socket(socket.AF_UNIX)
    made.bind(str(path))
    if listening:
        made.listen()
    os.utime(path, (NOW - age, NOW - age))
    return made


def test_host_hash_has_ten_characters_and_differs_by_host() -> None:
    # tests/interop/test_agent_program.py compares it with OpenSSH's
    assert len(places.host_hash()) == len(places.host_hash("a")) == 10
    assert places.host_hash("a") != places.host_hash("b")


def test_socket_has_a_name_of_its_own_in_the_folder_of_the_user(home: Path) -> None:
    with places.open_default(home) as first, places.open_default(home) as second:
        folder = home / ".ssh" / "agent"
        for listener in (first, second):
            path = Path(listener.path)
            assert path.parent == folder
            assert path.name.startswith(f"s.{places.host_hash()}.agent.")
        assert first.path != second.path
        assert folder.stat().st_mode & 0o777 == 0o700
    assert list(folder.iterdir()) == []


def test_name_that_is_taken_is_not_used(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secrets, "choice", Mock(return_value="a"))
    with (
        places.open_default(home),
        pytest.raises(FileExistsError, match="every name"),
    ):
        places.open_default(home)


def test_folder_that_cannot_have_a_socket_is_an_error(tmp_path: Path) -> None:
    home = tmp_path / ("x" * 100)
    home.mkdir()

    with pytest.raises(OSError, match="too long"):
        places.open_default(home)


def test_socket_that_no_agent_listens_at_is_removed_when_it_is_old(home: Path) -> None:
    folder = home / ".ssh" / "agent"
    folder.mkdir(parents=True)
    mine, other = f"s.{places.host_hash()}.agent.", "s.anotherhost.agent."
    make_socket(folder / f"{mine}stale").close()
    make_socket(folder / f"{mine}recent", age=60.0).close()
    make_socket(folder / f"{other}stale").close()
    used = make_socket(folder / f"{mine}used", listening=True)
    (folder / f"{mine}file").write_text("")
    os.utime(folder / f"{mine}file", (0, 0))

    places.remove_stale(home, NOW)
    left = {path.name.rpartition(".agent.")[2] for path in folder.iterdir()}
    assert left == {"recent", "stale", "used", "file"}
    assert not (folder / f"{mine}stale").exists()

    places.remove_stale(home, NOW, every_host=True)
    used.close()
    assert not (folder / f"{other}stale").exists()


def test_socket_that_cannot_be_asked_is_left(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = home / ".ssh" / "agent"
    folder.mkdir(parents=True)
    path = folder / f"s.{places.host_hash()}.agent.busy"
    make_socket(path).close()

    def refuse(_: object, __: object) -> None:
        raise BlockingIOError

    monkeypatch.setattr(socket.socket, "connect", refuse)
    places.remove_stale(home, NOW)

    assert path.exists()


def test_folder_that_is_missing_has_no_stale_sockets(home: Path) -> None:
    places.remove_stale(home, NOW)

    assert list(home.iterdir()) == []
