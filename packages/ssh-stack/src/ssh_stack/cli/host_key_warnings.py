"""What the user is told about host keys: the warnings of ssh, and what was remembered."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

from ssh_stack.cli.program import program_name
from ssh_stack.errors import HostKeyChanged, HostKeyError, HostKeyRevoked
from ssh_wire.text import printable

if TYPE_CHECKING:
    from ssh_stack.cli.report import Report

__all__ = ["host_key_warning", "report_log_records"]

_LIMIT: Final = 2048
_FRAME: Final = "@" * 59
_TITLES: Final[dict[type[HostKeyError], str]] = {
    HostKeyChanged: "@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @",
    HostKeyRevoked: "@       WARNING: REVOKED HOST KEY DETECTED!               @",
}
_MEANINGS: Final[dict[type[HostKeyError], str]] = {
    HostKeyChanged: (
        "IT IS POSSIBLE THAT SOMEONE IS DOING SOMETHING NASTY!\n"
        "Someone could be eavesdropping on you right now (man-in-the-middle attack)!\n"
        "It is also possible that a host key has just been changed."
    ),
    HostKeyRevoked: "This could mean that a stolen key is being used to impersonate this host.",
}


def host_key_warning(error: BaseException) -> str:
    """Return the warning, in the words of ssh, that an error about a host key comes with.

    It is empty where there is none.
    """
    if not isinstance(error, HostKeyError) or type(error) not in _TITLES:
        return ""
    kind = type(error)
    return "\n".join([_FRAME, _TITLES[kind], _FRAME, _MEANINGS[kind]])


class _ReportHandler(logging.Handler):
    """Passes on what the library logs."""

    def __init__(self, report: Report) -> None:
        super().__init__()
        self.report = report

    def emit(self, record: logging.LogRecord) -> None:
        if record.levelno < logging.INFO:
            self.report.note(printable(record.getMessage(), _LIMIT))
            return
        error = getattr(record, "host_key_error", None)
        if isinstance(error, HostKeyError):
            self.report.alarm(host_key_warning(error))
        if getattr(record, "words_of_ssh", False):  # fixed words, in lines
            self.report.show(record.getMessage())
            return
        text = printable(record.getMessage(), _LIMIT)
        if record.levelno >= logging.WARNING:
            self.report.alarm(f"{program_name()}: {text}")
        else:  # the words of ssh, which programs look for
            self.report.show(f"Warning: {text}")


def report_log_records(report: Report) -> None:
    """Tell the user what the logger `ssh_stack` is told from now on, unless with -q.

    With -v they are told what is logged for debugging too, by `ssh_connection` as well.
    """
    ours = _ReportHandler(report)
    for name in ("ssh_stack", "ssh_connection") if report.verbose else ("ssh_stack",):
        log = logging.getLogger(name)
        for handler in log.handlers[:]:
            if isinstance(handler, _ReportHandler):
                log.removeHandler(handler)
        log.addHandler(ours)
        log.setLevel(logging.DEBUG if report.verbose else logging.INFO)
        log.propagate = False
