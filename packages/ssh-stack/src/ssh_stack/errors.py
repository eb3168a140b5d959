"""What fails before a connection is open.

SSHError
├── HostKeyError (a HostKeyRefused)  the server is not known to be the right one
│   ├── HostKeyUnknown               no trusted key is known for it
│   ├── HostKeyChanged               other keys are known for it
│   ├── HostKeyRevoked               its key is marked as revoked
│   ├── HostKeyTooShort              its RSA key has too few bits
│   └── HostCertificateRefused       its certificate is not good for it
├── ConnectFailed                    the server cannot be reached (a ConnectionError)
│   ├── ConnectRefused               nothing listens there (a ConnectionRefusedError)
│   ├── ConnectTimedOut              no address answered in time (an SSHTimeout)
│   ├── HostUnreachable              no way leads to its addresses
│   └── HostNotFound                 its name has no address (a socket.gaierror)
├── ProxyFailed                      the proxy command ended or could not be started
└── UsageError
    ├── UnknownOption                an option that does not exist (a TypeError)
    └── ConfigError                  a configuration file that cannot be used
"""

from __future__ import annotations

import errno
import socket
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, TypeVar

from ssh_connection import SSHTimeout
from ssh_stack.usage_errors import ConfigError, UnknownOption
from ssh_transport import HostKeyRefused
from ssh_wire import SSHError, UsageError
from ssh_wire.text import printable

if TYPE_CHECKING:
    import os

    from ssh_connection import Completed
    from ssh_keys import Problem, PublicKey
    from ssh_keys.trust import HostLine

__all__ = [
    "ConfigError",
    "ConnectFailed",
    "ConnectRefused",
    "ConnectTimedOut",
    "HostCertificateRefused",
    "HostKeyChanged",
    "HostKeyError",
    "HostKeyRevoked",
    "HostKeyTooShort",
    "HostKeyUnknown",
    "HostNotFound",
    "HostUnreachable",
    "KnownHostsCommandFailed",
    "ProxyFailed",
    "UnknownOption",
    "connect_failure",
    "host_and_port",
    "removal_command",
    "without_frames",
]

_SSH_PORT: Final = 22


class HostKeyError(HostKeyRefused):
    """The server is not known to be the right one.

    Attributes:
        host: the server's name, as known_hosts has it.
        port: its port.
        key: the key that it presented.
        lines: the lines of known_hosts that say so.
        summary: the message without the advice at its end.
    """

    _text = "the host key of {host} is not trusted: {kind} {fingerprint}"

    def __init__(
        self,
        host: str,
        port: int,
        key: PublicKey,
        *,
        lines: Sequence[HostLine] = (),
        detail: str = "",
        advice: str = "",
    ) -> None:
        self.host = host
        self.port = port
        self.key = key
        self.lines: tuple[HostLine, ...] = tuple(lines)
        text = self._text.format(
            host=host_and_port(host, port), kind=key.kind, fingerprint=key.fingerprint()
        )
        self.summary: str = f"{text}{detail}"
        super().__init__(f"{self.summary}; {advice}" if advice else self.summary)


class HostCertificateRefused(HostKeyError):
    """A trusted authority signed the server's certificate, and it is not good for it now.

    Attributes:
        problem: in which respect.
    """

    _text = "the host certificate of {host} is refused: {kind} {fingerprint}"

    def __init__(self, host: str, port: int, key: PublicKey, problem: str) -> None:
        self.problem = problem
        super().__init__(host, port, key, detail=f": {problem}")


class HostKeyUnknown(HostKeyError):
    """No trusted key is known for the server.

    Attributes:
        line: the line of known_hosts that makes the key known; empty where the server has a
            name that no line can have.
        unread: the files of known hosts that could not be read, and may know the key.
    """

    _text = "no host key is known for {host}; it presented {kind} {fingerprint}"

    def __init__(
        self,
        host: str,
        port: int,
        key: PublicKey,
        *,
        file: str | os.PathLike[str] | None = None,
        unread: Sequence[Problem] = (),
    ) -> None:
        self.line: str = _line(host, port, key)
        self.unread: tuple[Problem, ...] = tuple(unread)
        ways = ['host_key_policy="accept-new"', "connecting with `ssh-stack ssh` once"]
        if file is not None:
            ways.append(f"a line in {printable(str(file), 1024)}")
        advice = f"if that is its fingerprint, accept it by {', or by '.join(ways)}"
        detail = ""
        if unread:  # nothing is accepted where the key may be known
            source = printable(unread[0].source, 1024)
            detail = f"; a file that may know it cannot be read: {source}: {unread[0].reason}"
            advice = f"correct that file first; {advice}"
        super().__init__(host, port, key, detail=detail, advice=advice)
        if self.line:
            self.add_note(f"the line for known_hosts: {self.line}")


class HostKeyChanged(HostKeyError):
    """Other keys are known for the server: this may be a man-in-the-middle attack."""

    _text = "WARNING: the host key of {host} has changed; it presented {kind} {fingerprint}"

    def __init__(
        self, host: str, port: int, key: PublicKey, *, lines: Sequence[HostLine] = ()
    ) -> None:
        found = _best_line(key, lines)
        detail = "; this may be a man-in-the-middle attack"
        advice = "if the server really has a new key, correct that line"
        if found is not None:
            detail = f", but {_where(found)} has {found.summary}{detail}"
            if command := removal_command(host, port, found):
                advice = f"if the server really has a new key, remove the old one: {command}"
        super().__init__(host, port, key, lines=lines, detail=detail, advice=advice)


class HostKeyRevoked(HostKeyError):
    """The server's key is marked as revoked."""

    _text = "the host key of {host} is revoked: {kind} {fingerprint}"

    def __init__(
        self,
        host: str,
        port: int,
        key: PublicKey,
        *,
        lines: Sequence[HostLine] = (),
        source: str = "",
    ) -> None:
        detail = f" (by {printable(source, 1024)})" if source else ""
        if lines:
            detail = f" (by {_where(lines[0])}, which names {lines[0].summary})"
        super().__init__(host, port, key, lines=lines, detail=detail)


class HostKeyTooShort(HostKeyError):
    """The server's RSA key has fewer bits than are required (RequiredRSASize)."""

    _text = "the host key of {host} is too short: {kind} {fingerprint}"

    def __init__(self, host: str, port: int, key: PublicKey, required: int) -> None:
        detail = f" has {key.bits} bits, and {required} are required"
        super().__init__(host, port, key, detail=detail)


class KnownHostsCommandFailed(HostKeyRefused):
    """The command that prints trusted host keys failed: its keys are not known."""

    def __init__(self, command: str, problem: str) -> None:
        what = f"KnownHostsCommand {printable(command, 1024)!r}"
        super().__init__(f"{what} {printable(problem)}, so no host key is trusted")


def host_and_port(host: str, port: int) -> str:
    """Return a host as known_hosts and `ssh` write it: with its port where that is not 22."""
    return printable(host if port == _SSH_PORT else f"[{host}]:{port}")


def removal_command(host: str, port: int, line: HostLine) -> str:
    """Return the command that removes a line of known_hosts; empty where there is no line.

    A line that is about other hosts too is not to be removed as a whole, and one that ends
    before its key is left by `ssh-keygen -R`.
    """
    from ssh_keys.trust import UnusableLine, host_name, names_only

    if not line.source or not names_only(line, host_name(host, port)):
        return ""
    if isinstance(line, UnusableLine) and line.truncated:
        return ""
    from shlex import quote

    name, file = quote(host_and_port(host, port)), quote(printable(line.source, 1024))
    return f"ssh-stack keygen -R {name} -f {file}"


def _where(line: HostLine) -> str:
    source = printable(line.source, 1024) or "the given known_hosts"
    return f"{source}, line {line.line}"


def _best_line(key: PublicKey, lines: Sequence[HostLine]) -> HostLine | None:
    """Return the line with a key of the same kind, or the first one."""
    from ssh_keys.trust import HostEntry

    same = (each for each in lines if isinstance(each, HostEntry) and each.key.kind == key.kind)
    return next(same, next(iter(lines), None))


def _line(host: str, port: int, key: PublicKey) -> str:
    from ssh_keys.trust import format_host_line

    try:
        return format_host_line(host, port, key)
    except UsageError:
        return ""


class ConnectFailed(SSHError, ConnectionError):
    """No TCP connection to the server could be made.

    `errno` is that of the first failure that is not only an address without a way to it.

    Attributes:
        host: the server's name, as it was given.
        port: the port.
        failures: what became of each address that was tried; `filename` is the address.
    """

    def __init__(
        self, host: str, port: int, failures: Sequence[OSError | UnicodeError], problem: str = ""
    ) -> None:
        self.host = host
        self.port = port
        self.failures: tuple[OSError | UnicodeError, ...] = tuple(failures)
        where = f"connect to host {host} port {port}"  # as ssh begins
        numbers = [each.errno for each in decisive(self.failures)]
        text = printable(problem or f"{where}: {self._why()}")
        # of the kinds below some are timeouts too, which are made of other things
        OSError.__init__(self, next(iter(numbers), None), text)

    def __str__(self) -> str:
        return self.strerror or ""

    def _why(self) -> str:
        """Each reason once, with the addresses that it is about."""
        reasons: dict[str, list[str]] = {}
        for each in self.failures:
            reason = each.strerror if isinstance(each, OSError) and each.strerror else str(each)
            reasons.setdefault(reason, []).append(str(getattr(each, "filename", "") or ""))
        told = [
            reason if addresses == [self.host] else f"{reason} ({', '.join(addresses)})"
            for reason, addresses in reasons.items()
        ]
        return "; ".join(told)


class ConnectRefused(ConnectFailed, ConnectionRefusedError):
    """Every address that can be reached refused the connection: nothing listens on the port."""


class HostUnreachable(ConnectFailed):
    """No way leads to any address of the server (EHOSTUNREACH, ENETUNREACH)."""


class ConnectTimedOut(ConnectFailed, SSHTimeout):
    """No address of the server answered in time.

    Attributes:
        seconds: how long was waited.
    """

    def __init__(
        self, host: str, port: int, failures: Sequence[OSError | UnicodeError], seconds: float
    ) -> None:
        problem = ""
        if not any(each.errno == errno.ETIMEDOUT for each in decisive(failures)):
            told = ConnectFailed(host, port, failures).strerror if failures else ""
            where = told or f"connect to host {host} port {port}"
            problem = f"{where}{'; ' if told else ': '}timed out after {seconds:g} s"
        ConnectFailed.__init__(self, host, port, failures, problem)
        self.errno: int | None = errno.ETIMEDOUT
        self.name = "connect"
        self.seconds = seconds
        self.completed: Completed[bytes] | Completed[str] | None = None


class HostNotFound(ConnectFailed, socket.gaierror):
    """The server's name has no address."""


class ProxyFailed(SSHError, ConnectionError):
    """The proxy command ended or could not be started.

    Attributes:
        stderr: the end of what it wrote to standard error, escaped.
    """

    def __init__(self, command: str, problem: str, stderr: str = "") -> None:
        self.stderr = stderr
        detail = f": {stderr}" if stderr else ""
        super().__init__(f"the proxy command {printable(command)!r} {problem}{detail}")


_NO_WAY: Final = frozenset(
    {errno.EHOSTUNREACH, errno.ENETUNREACH, errno.ENETDOWN, getattr(errno, "EHOSTDOWN", 0)}
)


def decisive(failures: Sequence[Exception]) -> list[OSError]:
    """Return the failures that say most: where there is another, not a missing way (IPv6)."""
    found = [each for each in failures if isinstance(each, OSError)]
    return [each for each in found if each.errno not in _NO_WAY] or found


def connect_failure(
    host: str, port: int, failures: Sequence[OSError], seconds: float
) -> ConnectFailed:
    """Return the error for a server of which no address could be connected to.

    Args:
        host: the server's name, as it was given.
        port: the port.
        failures: what became of each address.
        seconds: how long all of it took.
    """
    numbers = {each.errno for each in decisive(failures)}
    if numbers == {errno.ECONNREFUSED}:
        return ConnectRefused(host, port, failures)
    if numbers == {errno.ETIMEDOUT}:
        return ConnectTimedOut(host, port, failures, seconds)
    kind = HostUnreachable if numbers and numbers <= _NO_WAY else ConnectFailed
    return kind(host, port, failures)


E = TypeVar("E", bound=BaseException)


def without_frames(error: E) -> E:
    """Return an error without the frames that lead to it, its causes likewise.

    Whoever connects has a use for the line of theirs and for the error, and not for the
    frames of the event loop between them.
    """
    each: BaseException | None = error
    while each is not None:
        each.__traceback__ = None
        each.__suppress_context__ = True
        each = each.__cause__
    return error
