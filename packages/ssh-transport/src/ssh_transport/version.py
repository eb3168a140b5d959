"""The identification exchange (RFC 4253 section 4.2).

Reads lines and nothing behind them.  A client takes other lines before the identification,
a server takes none.
"""

from __future__ import annotations

from ssh_transport.errors import IdentificationError
from ssh_transport.limits import Limits
from ssh_wire import lazy_attrs
from ssh_wire.text import printable

__all__ = ["Identification", "IdentificationReader"]

_QUOTED = 255
_PARTS = 3  # SSH, protocol version, softwareversion
_LF = 10
_PREFIX = b"SSH-"


@lazy_attrs.frozen
class Identification:
    """The peer's identification line."""

    line: bytes
    """The line without CR and LF, as the exchange hash takes it."""

    @property
    def software(self) -> str:
        """The softwareversion, escaped."""
        return printable(self.line.split(b"-", 2)[2].split(b" ", 1)[0])


class IdentificationReader:
    """Finds the identification in the first bytes of the peer."""

    def __init__(self, limits: Limits, *, banner: bool) -> None:
        self._limits = limits
        self._banner = banner
        self._lines = 0
        self._bytes = 0
        self._cut = False
        self._first = b""

    def read(
        self, data: memoryview, start: int, end: int
    ) -> tuple[Identification | str | None, int]:
        """Read the line at `start`, and those behind it that are not to be reported.

        Returns:
            The identification, or the text of a line before it, or None when the line is
            not complete; and the position behind the line.

        Raises:
            IdentificationError: a line breaks a rule or a limit.
        """
        while True:
            found, behind = self._read(data, start, end)
            if found is not None or behind == start:
                return found, behind
            start = behind

    def _read(
        self, data: memoryview, start: int, end: int
    ) -> tuple[Identification | str | None, int]:
        """Read the line at `start`; None with a position behind it is a line that is skipped."""
        window = bytes(data[start : min(end, start + self._limits.banner_line)])
        size = window.find(_LF) + 1
        line = window[:size] if size else window
        if line.startswith(_PREFIX):
            self._check_size(len(line), self._limits.identification_line, complete=bool(size))
            return (_parse(line), start + size) if size else (None, start)
        if not _PREFIX.startswith(line[: len(_PREFIX)]):
            self._refuse_banner(line)
        if not size:
            self._check_size(len(line), self._limits.banner_line, complete=False)
            return None, start
        return self._reported(line), start + size

    def _refuse_banner(self, line: bytes) -> None:
        # "The server MAY send other lines of data before sending the version string."
        # Nothing allows it to a client.
        if not self._banner:
            problem = f"the first line is not an identification string: {printable(line, 64)}"
            raise IdentificationError(problem)

    def _check_size(self, size: int, limit: int, *, complete: bool) -> None:
        if size > limit or (size == limit and not complete):
            problem = f"a line of more than {limit} bytes before the first packet"
            raise IdentificationError(problem)

    def _reported(self, line: bytes) -> str | None:
        """Return the text of a line before the identification; None where it is skipped.

        OpenSSH's client takes as many lines, of any length together.
        """
        self._lines += 1
        self._first = self._first or line.rstrip(b"\r\n")
        if self._lines > self._limits.banner_lines:
            first = printable(self._first, _QUOTED)
            problem = f"too many lines before the identification, beginning with {first!r}"
            raise IdentificationError(problem)
        room = self._limits.banner_bytes - self._bytes
        self._bytes += len(line)
        text = line.rstrip(b"\r\n")
        if self._cut:
            return None
        if len(line) <= room:
            return printable(text, self._limits.banner_line)
        self._cut = True
        return f"{printable(text[:room])}… [cut after {self._limits.banner_bytes} bytes]"


def _parse(line: bytes) -> Identification:
    # "terminated by a single Carriage Return (CR) and a single Line Feed (LF)"; a line
    # without CR is taken, as section 4.2 allows for old servers
    line = line[:-2] if line.endswith(b"\r\n") else line[:-1]
    # "The null character MUST NOT be sent."
    if b"\0" in line or b"\r" in line:
        problem = f"a control character in the identification: {printable(line, 255)}"
        raise IdentificationError(problem)
    parts = line.split(b"-", 2)
    if len(parts) < _PARTS or not parts[2].split(b" ", 1)[0]:
        problem = f"the identification is not complete: {printable(line, 255)}"
        raise IdentificationError(problem)
    # "Clients using protocol 2.0 MUST be able to identify [1.99] as identical to 2.0"
    if parts[1] not in {b"2.0", b"1.99"}:
        problem = f"protocol version {printable(parts[1], 16)} is not supported"
        raise IdentificationError(problem)
    return Identification(line)
