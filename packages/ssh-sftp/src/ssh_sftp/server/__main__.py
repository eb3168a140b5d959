"""`python -m ssh_sftp.server`: SFTP on standard input and output."""

from __future__ import annotations

import sys

from ssh_sftp.aio.server.stdio import main

__all__ = ["main"]

if __name__ == "__main__":
    sys.exit(main())
