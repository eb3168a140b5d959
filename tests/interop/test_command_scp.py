"""The program `scp` of ssh-stack beside OpenSSH's: the same words, the same files and status.

A failure has status 1 or 255 in both, but not always the same one: OpenSSH's ends with 255 at a
local file that is missing, and ours goes on with the next one.
"""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
from typing import TYPE_CHECKING, Final

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.interop.local import LocalSshd

_SECONDS: Final = 60
_OURS: Final = [sys.executable, "-c", "from ssh_stack.cli.programs import scp; scp()"]

CASES: Final = {
    "file to a name": ["one", "@/there/name"],
    "file to a directory": ["one", "@/there"],
    "file to a directory with a slash": ["one", "@/there/"],
    "file to a missing directory": ["one", "@/there/none/name"],
    "files to a directory": ["one", "two", "@/there"],
    "files to a missing directory": ["one", "two", "@/there/new"],
    "files to a file": ["one", "two", "@/there/file"],
    "file that is missing": ["none", "@/there"],
    "file of the server that is missing": ["@/there/none", "here"],
    "file among missing ones": ["one", "@/there/none", "@/there/other", "here"],
    "directory without -r": ["tree", "@/there"],
    "tree to a directory": ["-r", "tree", "@/there"],
    "tree to a name": ["-r", "tree", "@/there/name"],
    "tree back": ["-r", "@/there/deep", "here"],
    "tree back to a name": ["-r", "@/there/deep", "name"],
    "directory back without -r": ["@/there/deep", "here"],
    "pattern": ["@/there/f*", "here"],
    "pattern without a match": ["@/there/x*", "here"],
    "times": ["-p", "two", "@/there/file", "here"],
    "several to a missing local directory": ["@/there/file", "@/there/fine", "none"],
    "from host to host": ["-3", "@/there/file", "@/there/copy"],
    "tree from host to host": ["-r", "@/there/deep", "@/there/copy"],
    "here to here": ["one", "copy"],
    "tree here to here": ["-r", "tree", "copy"],
    "dot": ["-r", "tree/.", "@/there/dot"],
    "no target": ["one"],
    "unknown letter": ["-Z", "one", "@/there"],
    "rate": ["-l", "8000", "one", "@/there"],
}


def make(folder: Path) -> None:
    for name in ("tree/below", "there/deep/er", "here"):
        (folder / name).mkdir(parents=True)
    files = ("one", "two", "tree/leaf", "tree/below/leaf", "there/file", "there/fine")
    for name in (*files, "there/deep/a", "there/deep/er/b"):
        (folder / name).write_text(name)
    (folder / "tree" / "link").symlink_to("leaf")
    (folder / "there" / "deep" / "link").symlink_to("a")
    (folder / "two").chmod(0o640)
    os.utime(folder / "two", (1_000_000_000, 1_100_000_000))


def seen(folder: Path) -> dict[str, object]:
    """Return every path with its kind, mode and content, and a time that was set on purpose."""
    found: dict[str, object] = {}
    for path in sorted(folder.rglob("*")):
        state = path.lstat()
        old = int(state.st_mtime) if state.st_mtime < 1_200_000_000 else None
        content = path.read_bytes() if path.is_file() else b""
        # a directory that is made for several files gets the permissions of one of them from scp
        mode = stat.S_IFMT(state.st_mode) if path.name == "new" else state.st_mode
        found[str(path.relative_to(folder))] = (mode, content, old)
    return found


@pytest.mark.parametrize("case", CASES)
def test_copy_has_the_effect_and_status_of_scp(
    local_sshd: LocalSshd, tmp_path: Path, case: str
) -> None:
    if shutil.which("scp") is None:
        pytest.skip("scp is not on this machine")
    login = ["-F", "none", "-P", str(local_sshd.port), "-i", str(local_sshd.key), "-q"]
    login += ["-o", f"UserKnownHostsFile={local_sshd.known_hosts}", "-o", "BatchMode=yes"]
    results: list[tuple[bool, dict[str, object]]] = []
    for name, program in (("theirs", ["scp"]), ("ours", _OURS)):
        folder = tmp_path / name
        make(folder)
        host = f"{local_sshd.user}@127.0.0.1:{folder}/"
        words = [each.replace("@/", host) for each in CASES[case]]
        done = subprocess.run(
            [*program, *login, *words],
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
            cwd=folder,
        )
        assert done.returncode in {0, 1, 255}
        results.append((done.returncode == 0, seen(folder)))
    assert results[1] == results[0], done.stderr
