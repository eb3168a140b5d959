"""`ssh-stack sftp` beside OpenSSH's sftp: the same batch, against the same servers.

Output, errors, exit status and what it leaves behind are compared.  The server's clock decides
what `ls -l` prints of new files: only names and sizes of those are looked at.
"""

from __future__ import annotations

import difflib
import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Final, TypeAlias

import pytest

from tests.interop.peers import USER, Peer

if TYPE_CHECKING:
    from pathlib import Path

_SECONDS: Final = 60

BATCH: Final = """\
mkdir place
-mkdir place
cd place
lcd local
pwd
put one
put one copy
put l* .
-put none
-put tree
-put one none/x
put -R tree
put -p two
mkdir "a b"
put one 'a b'
put one "odd[1]*"
ls -1
ls -1 "odd[1]*"
ls -1 odd\\[1\\]\\*
ls
ls *o*
ls t*
ls -1a tree
ls -1r
ls -1S
ls -1 {one,two}
-ls none
-ls n*
cd tree
ls
cd ..
-cd one
-cd none
rename one first
-rename none x
rename -l copy second
ln first hard
ln -s first soft
symlink none dangling
-symlink none dangling
chmod 600 first
chmod 644 *d
-chmod 644 none
-chmod 9 x
-chown x y
get first
get first again
-get tree
get -R tree back
get *d .
-get none
-get first none/x
-get dangling
reget first cut
-reput one first
rm soft
-rm soft
-rm n*
-rm tree
-rmdir tree
mkdir empty
rmdir empty
lmkdir made
-lmkdir made
-put * second
!echo shell
!exit 3
lumask 022
version
help
-frob
-get
-ls -Z
-rename a
-"unterminated
# comment
@pwd
-@rm none
   -   pwd
@ls -1
-rm *
rm "a b/one"
rm tree/*
rmdir tree
rmdir 'a b'
cd ..
rmdir place
rmdir place
never
"""


Result: TypeAlias = "tuple[subprocess.CompletedProcess[str], dict[str, tuple[int, bytes]]]"


def make_local(folder: Path) -> None:
    (folder / "local" / "tree").mkdir(parents=True)
    files = {"one": b"1", "two": b"22", "l1": b"333", "l2": b"4444", "tree/leaf": b"5"}
    for name, data in {**files, "cut": b""}.items():
        (folder / "local" / name).write_bytes(data)
    os.utime(folder / "local" / "two", (1_000_000_000, 1_000_000_000))


def run(program: list[str], words: list[str], folder: Path, batch: str) -> Result:
    """Run a program in a folder of its own; return what it printed, and the files there."""
    make_local(folder)
    done = subprocess.run(
        [*program, *words],
        input=batch,
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
        cwd=folder,
    )
    files = {
        str(path.relative_to(folder)): (path.stat().st_mode, path.read_bytes())
        for path in folder.rglob("*")
        if path.is_file()
    }
    return done, files


def difference(theirs: str, ours: str) -> list[str]:
    """Return the lines that differ; the folders of the two programs have their own names."""
    first, second = (text.replace("/ours", "/theirs").splitlines() for text in (theirs, ours))
    return [line for line in difflib.ndiff(first, second) if line[:1] in {"-", "+"}]


def compare(words: list[str], tmp_path: Path, batch: str, peer: Peer | None = None) -> None:
    if shutil.which("sftp") is None:
        pytest.skip("sftp is not on this machine")
    results: list[Result] = []
    for name, program in (
        ("theirs", ["sftp"]),
        ("ours", [sys.executable, "-m", "ssh_stack", "sftp"]),
    ):
        (tmp_path / name).mkdir()
        if peer is not None:
            peer.run_client(["rm", "-rf", f"/home/{USER}/place"])
        results.append(run(program, words, tmp_path / name, batch))
    (theirs, their_files), (ours, our_files) = results
    assert difference(theirs.stdout, ours.stdout) == []
    assert difference(theirs.stderr, ours.stderr) == []
    assert ours.returncode == theirs.returncode
    assert our_files == their_files


def login(peer: Peer) -> list[str]:
    key = str(peer.keys.private["ed25519"])
    words = ["-F", "none", "-P", str(peer.port), "-i", key]
    return [*words, "-o", f"UserKnownHostsFile={peer.known_hosts}", "-o", "LogLevel=ERROR"]


def test_batch_has_the_output_and_effect_of_sftp(peer: Peer, tmp_path: Path) -> None:
    if peer.name == "openssh-8.4":  # it has no copy-data, and its names of owners are its own
        batch = BATCH
    else:
        batch = BATCH.replace("rm soft\n", "cp first copied\n-cp none x\n-cp tree x\nrm soft\n", 1)
    compare([*login(peer), "-b", "-", f"{USER}@127.0.0.1"], tmp_path, batch, peer)


def test_lines_of_a_pipe_have_the_output_of_sftp(peer: Peer, tmp_path: Path) -> None:
    """Without -b it says what it does, and goes on after a failure."""
    compare([*login(peer), f"{USER}@127.0.0.1"], tmp_path, BATCH.replace("\n-", "\n"), peer)


def test_local_server_is_used_as_sftp_uses_it(tmp_path: Path) -> None:
    server = "/usr/lib/openssh/sftp-server"
    if not os.access(server, os.X_OK):
        pytest.skip("sftp-server is not on this machine")
    batch = BATCH.replace("mkdir place", "ls -la /etc\nls -l /etc/host*\nls -lh /etc\nmkdir place")
    compare(["-b", "-", "-D", server], tmp_path, batch)
