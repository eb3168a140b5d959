"""What git, rsync, and OpenSSH's scp and sftp do through a client in the place of ssh."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from tests.interop.dropin.rig import Job, Rig, need
from tests.interop.dropin.trees import content, plant

__all__ = ["TRANSFERS", "make_repository"]

_MANY: Final = 2000
_SOME: Final = 500
_LARGE: Final = 50_000_000


# ---------------------------------------------------------------- git


def make_repository(folder: Path, files: int = 200) -> Path:
    """Make a repository with one commit on `main`."""
    need("git")
    plant(folder, files, 10_000)
    _git(folder, "init", "-q", "-b", "main")
    _commit(folder, "one")
    return folder


def clone_with_git(rig: Rig) -> None:
    """`git clone` through GIT_SSH_COMMAND."""
    repository = make_repository(rig.folder / "repository")
    clone = rig.folder / "clone"
    rig.run("git", "clone", "-q", f"target:{repository}", clone, env=_by_command(rig))
    assert content(clone / "d00") == content(repository / "d00")


def fetch_with_git(rig: Rig) -> None:
    """`git fetch` of a new commit."""
    repository, clone = _repository_and_clone(rig)
    plant(repository / "new", 50)
    _commit(repository, "two")
    rig.run("git", "-C", clone, "fetch", "-q", "origin", env=_by_command(rig))
    assert _git(clone, "log", "--format=%s", "origin/main") == "two\none\n"


def push_with_git(rig: Rig) -> None:
    """`git push` of a new commit to a new branch."""
    repository, clone = _repository_and_clone(rig)
    plant(clone / "new", 50)
    _commit(clone, "two")
    push = ("push", "-q", "origin", "main:pushed")
    rig.run("git", "-C", clone, *push, env=_by_command(rig))
    assert _git(repository, "log", "--format=%s", "pushed") == "two\none\n"


def _by_command(rig: Rig) -> dict[str, str]:
    return {"GIT_SSH_COMMAND": rig.command}


def _repository_and_clone(rig: Rig) -> tuple[Path, Path]:
    repository, clone = make_repository(rig.folder / "repository"), rig.folder / "clone"
    _git(rig.folder, "clone", "-q", str(repository), str(clone))
    _git(clone, "remote", "set-url", "origin", f"target:{repository}")
    return repository, clone


def _commit(folder: Path, subject: str) -> None:
    _git(folder, "add", ".")
    author = ("-c", "user.name=A", "-c", "user.email=a@example.org")
    _git(folder, *author, "commit", "-q", "-m", subject)


def _git(folder: Path, *words: str) -> str:
    command = ["git", "-C", str(folder), *words]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout


# ---------------------------------------------------------------- files


def rsync_there(rig: Rig) -> None:
    """`rsync -e` of 2,000 files to the server."""
    need("rsync")
    source, there = plant(rig.folder / "source", _MANY), rig.folder / "there"
    rig.run("rsync", "-a", "-e", rig.command, f"{source}/", f"target:{there}/")
    assert content(there) == content(source)


def rsync_back(rig: Rig) -> None:
    """`rsync -e` of 2,000 files from the server."""
    need("rsync")
    there, back = plant(rig.folder / "there", _MANY), rig.folder / "back"
    rig.run("rsync", "-a", "-e", rig.command, f"target:{there}/", f"{back}/")
    assert content(back) == content(there)


def scp_there(rig: Rig) -> None:
    """OpenSSH's `scp -S` of 500 files to the server."""
    need("scp")
    source = plant(rig.folder / "source", _SOME)
    rig.run("scp", "-q", "-r", "-S", rig.program, source, f"target:{rig.folder}/there")
    assert content(rig.folder / "there") == content(source)


def scp_back(rig: Rig) -> None:
    """OpenSSH's `scp -S` of 500 files from the server."""
    need("scp")
    there = plant(rig.folder / "there", _SOME)
    rig.run("scp", "-q", "-r", "-S", rig.program, f"target:{there}", rig.folder / "back")
    assert content(rig.folder / "back") == content(there)


def scp_with_rcp(rig: Rig) -> None:
    """OpenSSH's `scp -O -S` of a large file, by the old protocol, both ways."""
    need("scp")
    [file] = plant(rig.folder / "source", 1, _LARGE).rglob("f*")
    there, back = rig.folder / "there", rig.folder / "back"
    rig.run("scp", "-q", "-O", "-S", rig.program, file, f"target:{there}")
    rig.run("scp", "-q", "-O", "-S", rig.program, f"target:{there}", back)
    assert back.read_bytes() == there.read_bytes() == file.read_bytes()


def sftp_batch(rig: Rig) -> None:
    """OpenSSH's `sftp -S -b` with what a batch does: put, rename, get, rm."""
    need("sftp")
    source = plant(rig.folder / "source", _SOME // 2)
    [file] = plant(rig.folder / "large", 1, _LARGE).rglob("f*")
    batch = rig.folder / "batch"
    batch.write_text(
        f"put -r source there\nput {file} large-there\nrename there moved\nls -l moved\n"
        f"get -r moved back\nget large-there large-back\nrm large-there\n"
    )
    rig.run("sftp", "-q", "-S", rig.program, "-b", batch, f"target:{rig.folder}")
    assert content(rig.folder / "back") == content(source)
    assert (rig.folder / "large-back").read_bytes() == file.read_bytes()
    assert not (rig.folder / "large-there").exists()


TRANSFERS: Final[Mapping[str, Job]] = {
    "git clone": clone_with_git,
    "git fetch": fetch_with_git,
    "git push": push_with_git,
    "rsync of 2,000 files, there": rsync_there,
    "rsync of 2,000 files, back": rsync_back,
    "scp -S of 500 files, there": scp_there,
    "scp -S of 500 files, back": scp_back,
    "scp -O -S of 50 MB, both ways": scp_with_rcp,
    "sftp -S -b": sftp_batch,
}
