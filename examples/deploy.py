"""Deploy a folder: upload a release, switch to it, check it, and go back if the check fails.

    python examples/deploy.py HOST FOLDER TARGET --check "systemctl --user restart app"

On the server TARGET/releases/NAME has the files of each release, and TARGET/current is a
symbolic link to the one in use.
"""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime
from pathlib import Path

from ssh_stack import CommandFailed, SFTPNoSuchFile, SSHError, sync


def deploy(conn: sync.Connection, folder: Path, target: str, check: str) -> str:
    """Upload, switch, check; return the name of the release.

    Raises:
        CommandFailed: the check failed; what was in use before is in use again.
        SSHError: something else failed; what was in use still is.
    """
    with conn.sftp() as sftp:
        name = f"{datetime.now(UTC):%Y%m%d-%H%M%S-%f}"
        sftp.makedirs(f"{target}/releases", exist_ok=True)
        sftp.put(folder, f"{target}/releases/{name}", recursive=True, preserve=True)
        try:
            before = sftp.readlink(f"{target}/current")
        except SFTPNoSuchFile:
            before = None
        switch(sftp, target, f"releases/{name}")
        try:
            script = f'cd "$1/current" && {check}'
            conn.run(["sh", "-c", script, "sh", target], check=True, timeout=300)
        except CommandFailed:
            if before is not None:
                switch(sftp, target, before)
            else:
                sftp.remove(f"{target}/current")
            raise
    return name


def switch(sftp: sync.SFTPClient, target: str, release: str) -> None:
    """Let TARGET/current be a link to a release; there is no moment without it."""
    sftp.symlink(release, f"{target}/current.new")
    sftp.posix_rename(f"{target}/current.new", f"{target}/current")


def main() -> int:
    """Read the arguments and deploy."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("host")
    parser.add_argument("folder", type=Path)
    parser.add_argument("target")
    parser.add_argument("--check", default="true", metavar="COMMAND")
    arguments = parser.parse_args()
    try:
        with sync.connect(arguments.host) as conn:
            name = deploy(conn, arguments.folder, arguments.target, arguments.check)
    except CommandFailed as error:
        print(f"the check failed, and what was in use before is in use again: {error}")
        return 1
    except SSHError as error:
        print(f"nothing was changed: {error}")
        return 1
    print(f"release {name} is in use")
    return 0


if __name__ == "__main__":
    sys.exit(main())
