"""File systems of fsspec, over SFTP: `sftp://` and `ssh://`.

filesystem   `SSHFileSystem`, which `ssh-stack[fsspec]` registers for both
"""

from __future__ import annotations

from ssh_stack.fsspec.filesystem import SSHFileSystem as SSHFileSystem
