"""The facts of a run: what it ran on, and which versions of what."""

from __future__ import annotations

import os
import platform
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from benchmarks.bed import Bed

_PACKAGES: Final = (
    *("ssh-stack", "ssh-sftp", "ssh-connection", "ssh-transport", "ssh-auth", "ssh-keys"),
    *("ssh-wire", "asyncssh", "paramiko", "attrs", "cryptography", "PyNaCl"),
)


def facts(bed: Bed) -> dict[str, str]:
    """Facts by name, none of which says whose machine it is."""
    return {
        "cpu": _cpu(),
        "cores": str(len(os.sched_getaffinity(0))),
        "memory": f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 1e9:.1f} GB",
        "kernel": f"{platform.system()} {platform.release()}",
        "files": _file_system(bed.folder),
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "OpenSSH, sshd and clients": bed.peer.version,
        **{package: version(package) for package in _PACKAGES},
    }


def load() -> str:
    """How busy the machine was during the last minute: waiting and running processes."""
    return f"{os.getloadavg()[0]:.1f}"


def _cpu() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "model name":
            return value.strip()
    return platform.machine()


def _file_system(folder: Path) -> str:
    """The kind of file system that a folder is on."""
    kinds = {
        Path(point): kind
        for _, point, kind, *_ in map(str.split, Path("/proc/mounts").read_text().splitlines())
    }
    return next(kinds[parent] for parent in folder.parents if parent in kinds)
