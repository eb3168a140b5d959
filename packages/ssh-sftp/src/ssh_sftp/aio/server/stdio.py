"""The server as a program that speaks SFTP on its standard input and output.

It takes the options of sftp-server(8), so it can be the subsystem of another sshd, or the server
of `sftp -D`.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from ssh_sftp.aio.descriptors import DescriptorPipe
from ssh_sftp.aio.server.local_files import LocalFiles, Rooted, UnconfinedFiles
from ssh_sftp.aio.server.sftp_server import SFTPServer
from ssh_sftp.aio.server.stdio_options import StdioOptions, local_user, parse
from ssh_sftp.errors import SFTPProtocolError
from ssh_sftp.server.request_names import REQUEST_NAMES
from ssh_wire.text import printable

__all__ = ["main"]

_log: Final = logging.getLogger("ssh_sftp.server")


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve one session; return the exit status."""
    options = parse(sys.argv[1:] if arguments is None else arguments)
    if options.query:
        sys.stdout.write("".join(f"{name}\n" for name in dict.fromkeys(REQUEST_NAMES.values())))
        return 0
    logging.basicConfig(level=options.level, handlers=[_handler(options, os.environ)])
    if options.umask is not None:
        os.umask(options.umask)
    client = printable(os.environ.get("SSH_CONNECTION", "UNKNOWN").partition(" ")[0])
    _log.info("session opened for local user %s from [%s]", local_user(), client)
    try:
        asyncio.run(_serve(_files(options), options))
    except SFTPProtocolError as error:
        _log.error("%s", error)
        return 1
    except KeyboardInterrupt:
        return 130
    finally:
        _log.info("session closed for local user %s from [%s]", local_user(), client)
    return 0


def _files(options: StdioOptions) -> LocalFiles:
    if options.root is not None:
        return Rooted(options.root, read_only=options.read_only)
    start = "." if options.start is None else options.start
    if not Path(start).is_dir():  # sftp-server serves from where it is, too
        _log.error("-d %s: no such directory; relative paths start from %s", start, Path.cwd())
        start = "."
    return UnconfinedFiles(start, read_only=options.read_only)


async def _serve(files: LocalFiles, options: StdioOptions) -> None:
    pipe = DescriptorPipe(0, 1)
    logged = options.level <= logging.INFO
    await SFTPServer(pipe, files, denied=options.denied, log_requests=logged).serve()


def _handler(options: StdioOptions, environ: Mapping[str, str]) -> logging.Handler:
    """Return where to log.

    sftp-server logs to syslog unless `-e` is given; sshd discards the standard error of a
    subsystem.  Outside sshd, and without a facility, a user reads standard error.
    """
    behind_sshd = "SSH_CONNECTION" in environ
    if options.to_stderr or not (behind_sshd or options.facility):
        return logging.StreamHandler(sys.stderr)
    return _Syslog(options.facility or "AUTH")


class _Syslog(logging.Handler):
    """Write to syslog(3), which drops records without a syslogd: in a chroot, say."""

    def __init__(self, facility: str) -> None:
        super().__init__()
        import syslog

        syslog.openlog(
            "sftp-server", syslog.LOG_PID, getattr(syslog, f"LOG_{facility}", syslog.LOG_AUTH)
        )
        self._syslog = syslog.syslog
        self._priorities = {
            logging.CRITICAL: syslog.LOG_CRIT,
            logging.ERROR: syslog.LOG_ERR,
            logging.WARNING: syslog.LOG_WARNING,
            logging.INFO: syslog.LOG_INFO,
        }
        self._default = syslog.LOG_DEBUG

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record, one line of syslog for each of its lines."""
        priority = self._priorities.get(record.levelno, self._default)
        for line in self.format(record).splitlines():
            self._syslog(priority, line)
