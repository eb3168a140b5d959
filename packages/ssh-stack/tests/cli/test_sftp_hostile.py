"""sftp and cp with a server that chooses the names of its files to do harm."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Cli

SERVER = r"""
import stat, struct, sys
from ssh_sftp import Attributes, messages as m

names = [name.encode().decode("unicode_escape") for name in sys.argv[1:]]
directory = Attributes(size=0, uid=0, gid=0, permissions=stat.S_IFDIR | 0o755, atime=0, mtime=0)
file = Attributes(size=4, uid=0, gid=0, permissions=stat.S_IFREG | 0o644, atime=0, mtime=0)
listed = False

def attributes(path):
    return directory if path in {"/", ".", "/."} or path.rstrip("/").endswith("dir") else file

def answer(request):
    global listed
    match request:
        case m.RealPath():
            return m.Name(id=request.id, entries=(m.NameEntry(filename="/"),))
        case m.Stat() | m.LStat():
            return m.Attrs(id=request.id, attributes=attributes(request.path))
        case m.FStat():
            return m.Attrs(id=request.id, attributes=file)
        case m.OpenDir():
            listed = False
            return m.Handle(id=request.id, handle=b"d")
        case m.Open():
            return m.Handle(id=request.id, handle=b"f")
        case m.ReadDir() if not listed:
            listed = True
            found = (m.NameEntry(filename=n, longname=f"-rw {n}", attributes=file) for n in names)
            return m.Name(id=request.id, entries=tuple(found))
        case m.Read() if request.offset == 0:
            return m.Data(id=request.id, data=b"evil")
        case m.ReadDir() | m.Read():
            return m.Status(id=request.id, code=1)
        case _:
            return m.Status(id=request.id, code=0)

while True:
    head = sys.stdin.buffer.read(4)
    if len(head) < 4:
        break
    data = sys.stdin.buffer.read(struct.unpack(">I", head)[0])
    first = data[0] == 1
    reply = m.Version(version=3, extensions=()) if first else answer(m.REQUESTS.decode(data))
    payload = reply.encode()
    sys.stdout.buffer.write(struct.pack(">I", len(payload)) + payload)
    sys.stdout.buffer.flush()
"""
ESCAPES = r"ok\x1b]0;title\x07\x1b[2J"
OUTSIDE = ["../evil", "/evil", "a/../../evil", "..", ""]


@pytest.fixture
def here(tmp_path: Path) -> Path:
    folder = tmp_path / "outer" / "here"
    folder.mkdir(parents=True)
    return folder


def server(tmp_path: Path, *names: str) -> str:
    program = tmp_path / "server.py"
    program.write_text(SERVER)
    return shlex.join([sys.executable, str(program), *names])


@pytest.mark.parametrize("name", OUTSIDE)
@pytest.mark.parametrize("command", ["get *", "get -R dir", "get -R /dir/* ."])
def test_name_that_leads_outside_is_not_written(
    cli: Cli, tmp_path: Path, here: Path, command: str, name: str
) -> None:
    words = ["-b", "-", "-D", server(tmp_path, name, "plain")]
    done = cli.run("sftp", *words, input=f"lcd {here}\n{command}\n".encode(), cwd=here)
    written = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()}
    inside = {"outer/here/plain", "outer/here/dir/plain", "server.py"}
    assert written <= inside
    if name != "..":  # that one every server lists
        assert done.returncode == 1


@pytest.mark.parametrize("name", OUTSIDE)
def test_name_that_leads_outside_is_not_copied(
    cli: Cli, tmp_path: Path, here: Path, name: str
) -> None:
    words = ["-r", "-D", server(tmp_path, name, "plain"), "any:dir", str(here)]
    cli.run("cp", *words)
    written = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()}
    assert written <= {"outer/here/dir/plain", "server.py"}


@pytest.mark.parametrize("command", ["ls", "ls -1", "ls -l", "ls *", "ls -l *", "rm *", "get *"])
def test_controls_in_names_do_not_reach_the_terminal(
    cli: Cli, tmp_path: Path, here: Path, command: str
) -> None:
    words = ["-D", server(tmp_path, ESCAPES)]
    done = cli.run("sftp", *words, input=f"lcd {here}\n{command}\n".encode())
    assert b"\x1b" not in done.stdout + done.stderr
    assert b"\x07" not in done.stdout + done.stderr
    assert b"ok\\x1b]0;title" in done.stdout
