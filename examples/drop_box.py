"""An SFTP drop box: users put files into it, and can neither list, read nor replace them.

    python examples/drop_box.py --listen 127.0.0.1:2222 --host-key KEY --authorized-keys FILE BOX

Any SFTP client can be used: `sftp -P 2222 host`, then `put report.pdf`.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import errno
from pathlib import Path

import ssh_stack
from ssh_stack import Attributes, DirectoryHandle, FileHandle, OpenFlags


class DropBox(ssh_stack.Rooted):
    """A folder in which files can only be created.

    A file keeps its first content: neither opening nor renaming reaches one that exists.
    """

    def open(self, path: str, flags: OpenFlags, attributes: Attributes) -> FileHandle:
        """Create a file.

        Raises:
            PermissionError: the client wants to read.
            FileExistsError: a file of that name exists.
        """
        if flags & OpenFlags.READ or not flags & OpenFlags.CREATE:
            raise PermissionError(errno.EACCES, "files can only be put here")
        return super().open(path, flags | OpenFlags.EXCLUSIVE, attributes)

    def opendir(self, path: str) -> DirectoryHandle:  # noqa: ARG002 (of the interface)
        """Refuse to list.

        Raises:
            PermissionError: always.
        """
        raise PermissionError(errno.EACCES, "the drop box is not listed")

    def replace(self, old: str, new: str) -> None:
        """Rename a file where no other has the name, as clients do at the end of an upload."""
        self.rename(old, new)

    def setstat(self, path: str, attributes: Attributes) -> None:
        """Leave files as they are: clients want to set modes and times, and go on without."""

    def remove(self, path: str) -> None:  # noqa: ARG002 (of the interface)
        """Refuse to remove.

        Raises:
            PermissionError: always.
        """
        raise PermissionError(errno.EACCES, "files cannot be removed")


def address(text: str) -> tuple[str, int]:
    """Read `host:port`."""
    host, _, port = text.rpartition(":")
    return host.strip("[]"), int(port)


async def serve(listen: tuple[str, int], host_key: Path, keys: Path, box: Path) -> None:
    """Serve until the task is cancelled."""
    async with ssh_stack.serve(
        *listen, host_keys=[host_key], auth=ssh_stack.AuthorizedKeys(keys), sftp=DropBox(box)
    ) as server:
        print(f"Listening on {server.host}:{server.port}", flush=True)
        await server.serve_forever()


def main() -> None:
    """Read the arguments and serve."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--listen", type=address, default=("127.0.0.1", 2222))
    parser.add_argument("--host-key", type=Path, required=True)
    parser.add_argument("--authorized-keys", type=Path, required=True)
    parser.add_argument("box", type=Path)
    arguments = parser.parse_args()
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(
            serve(arguments.listen, arguments.host_key, arguments.authorized_keys, arguments.box)
        )


if __name__ == "__main__":
    main()
