"""The server as a program that speaks SFTP on its standard input and output.

It takes the options of OpenSSH's sftp-server, so it can be the subsystem of another sshd
or stand behind `sftp -D`.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from ssh_sftp.aio.descriptors import DescriptorPipe
from ssh_sftp.aio.local import LocalFiles, Rooted, Whole
from ssh_sftp.aio.server import SFTPServer
from ssh_sftp.errors import SFTPProtocolError
from ssh_sftp.service import EXTENSIONS

__all__ = ["main"]

_LEVELS = {
    "QUIET": logging.CRITICAL,
    "FATAL": logging.CRITICAL,
    "ERROR": logging.ERROR,
    "INFO": logging.INFO,
    "VERBOSE": logging.INFO,
    "DEBUG": logging.DEBUG,
    "DEBUG1": logging.DEBUG,
    "DEBUG2": logging.DEBUG,
    "DEBUG3": logging.DEBUG,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve one session; return the exit status."""
    options = _parser().parse_args(arguments)
    logging.basicConfig(level=_LEVELS[options.log_level], stream=sys.stderr)
    if options.umask is not None:
        os.umask(options.umask)
    if options.query is not None:
        print("\n".join(EXTENSIONS))  # noqa: T201 (what the option is for)
        return 0
    files: LocalFiles
    if options.root is not None:
        files = Rooted(options.root, read_only=options.read_only)
    else:
        files = Whole(_start(options.start), read_only=options.read_only)
    try:
        asyncio.run(_serve(files))
    except SFTPProtocolError as error:
        logging.getLogger("ssh_sftp").error("%s", error)  # noqa: TRY400 (the peer's fault: no trace)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


async def _serve(files: LocalFiles) -> None:
    pipe = DescriptorPipe(0, 1)
    await SFTPServer(pipe, files).serve()


def _start(start: str | None) -> str:
    """Return the start directory, where %d is the home directory and %u the user."""
    if start is None:
        return "."
    parts = start.split("%%")
    if any(word in part for part in parts for word in ("%d", "%u")):
        try:
            home = Path.home()
        except RuntimeError:
            sys.exit(f"-d {start}: the home directory is not known, set HOME")
        parts = [part.replace("%d", str(home)).replace("%u", home.name) for part in parts]
    return "%".join(parts)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m ssh_sftp.server",
        description="Serve SFTP on standard input and output.",
    )
    add = parser.add_argument
    add("-R", dest="read_only", action="store_true", help="refuse every change")
    add("-d", dest="start", metavar="DIR", help="directory that relative paths start from")
    add("--root", metavar="DIR", help="serve nothing outside this directory")
    add("-e", dest="to_stderr", action="store_true", help="log to standard error (always so)")
    add("-l", dest="log_level", choices=_LEVELS, default="ERROR", help="what to log")
    add("-u", dest="umask", type=lambda text: int(text, 8), help="umask, octal")
    add("-Q", dest="query", choices=["requests"], help="list the extensions and exit")
    return parser
