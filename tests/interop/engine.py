"""The container engine, as far as the interop tests need it.

Every call is bounded in time, and every container carries a label that names
the process it serves, so that one left behind by a killed run can be told
from one in use.
"""

from __future__ import annotations

import functools
import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_CONTAINERS = Path(__file__).parent / "containers"
_OWNER_LABEL = "ssh-stack.owner"
_BUILD_SECONDS = 30 * 60


class EngineError(Exception):
    """The container engine refused or did not answer in time."""


def docker(
    *argv: str, stdin: bytes | None = None, timeout: float = 60
) -> subprocess.CompletedProcess[bytes]:
    """Run one command of the engine's client and raise if it fails."""
    try:
        done = subprocess.run(
            ["docker", *argv], input=stdin, capture_output=True, timeout=timeout, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise EngineError(str(error)) from error
    if done.returncode != 0:
        message = f"docker {argv[0]}: {done.stderr.decode(errors='replace').strip()}"
        raise EngineError(message)
    return done


@functools.cache
def unavailable() -> str | None:
    """Say why there is no engine, or give None when one answers."""
    try:
        docker("info", timeout=20)
    except EngineError as error:
        return str(error).partition("\n")[0]
    return None


def build_image(suite: str) -> str:
    """Build the image of a Debian suite's OpenSSH unless the engine has it; give its name."""
    try:
        done = subprocess.run(
            [_CONTAINERS / "image", suite],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_BUILD_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise EngineError(str(error)) from error
    if done.returncode != 0:
        message = f"image {suite}:\n{done.stderr.decode(errors='replace')[-4000:]}"
        raise EngineError(message)
    return done.stdout.decode().strip()


def run_detached(image: str, argv: Sequence[str], *, owner: str, volumes: Sequence[str]) -> str:
    """Start a container on the host's network and give its identifier."""
    options = ["--detach", "--network=host", f"--label={_OWNER_LABEL}={owner}"]
    options += ["--tmpfs=/srv/ram:mode=1777,exec"]
    options += [f"--volume={volume}" for volume in volumes]
    return docker("run", *options, image, *argv).stdout.decode().strip()


def owned_containers() -> dict[str, str]:
    """Every peer container, running or not, and the owner it was started for."""
    listing = docker(
        *("ps", "--all", "--no-trunc", "--filter", f"label={_OWNER_LABEL}"),
        *("--format", f'{{{{.ID}}}} {{{{.Label "{_OWNER_LABEL}"}}}}'),
    )
    return dict(line.split(" ", 1) for line in listing.stdout.decode().splitlines())


def remove(containers: Sequence[str]) -> None:
    """Stop and remove these containers."""
    if containers:  # none was started with --rm: an engine that removes one twice can hang
        docker("rm", "--force", *containers)


def remove_abandoned() -> None:
    """Stop containers whose owning process is gone."""
    remove(
        [
            container
            for container, owner in owned_containers().items()
            if owner.isdigit() and not _is_alive(int(owner))
        ]
    )


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
