"""What goes wrong before a connection stands.

SSHError
├── HostKeyError (a HostKeyRefused)  the server is not known to be the right one
│   ├── HostKeyUnknown               no trusted key is known for it
│   ├── HostKeyChanged               other keys are known for it
│   └── HostKeyRevoked               its key is marked as revoked
├── ProxyFailed                      the proxy command ended or could not be started
└── UsageError
    └── ConfigError                  a configuration file that cannot be used
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ssh_transport import HostKeyRefused
from ssh_wire import SSHError, UsageError
from ssh_wire.text import printable

if TYPE_CHECKING:
    from ssh_keys import PublicKey

__all__ = [
    "ConfigError",
    "HostKeyChanged",
    "HostKeyError",
    "HostKeyRevoked",
    "HostKeyUnknown",
    "ProxyFailed",
]


class HostKeyError(HostKeyRefused):
    """The server is not known to be the right one.

    Attributes:
        host: the server's name.
        port: its port.
        key: the key that it showed.
    """

    _text = "the host key of {host} is not trusted: {kind} {fingerprint}"

    def __init__(self, host: str, port: int, key: PublicKey) -> None:
        self.host = host
        self.port = port
        self.key = key
        name = printable(host if port == 22 else f"[{host}]:{port}")  # noqa: PLR2004 (ssh)
        text = self._text.format(host=name, kind=key.kind, fingerprint=key.fingerprint())
        super().__init__(text)


class HostCertificateRefused(HostKeyError):
    """A trusted authority signed the server's certificate, and it is not good for it now.

    Attributes:
        problem: in which respect.
    """

    _text = "the host certificate of {host} is refused: {kind} {fingerprint}"

    def __init__(self, host: str, port: int, key: PublicKey, problem: str) -> None:
        super().__init__(host, port, key)
        self.problem = problem

    def __str__(self) -> str:
        return f"{super().__str__()}: {self.problem}"


class HostKeyUnknown(HostKeyError):
    """No trusted key is known for the server."""

    _text = "no host key is known for {host}; it showed {kind} {fingerprint}"


class HostKeyChanged(HostKeyError):
    """Other keys are known for the server: somebody may be in between."""

    _text = "the host key of {host} has changed; it showed {kind} {fingerprint}"


class HostKeyRevoked(HostKeyError):
    """The server's key is marked as revoked."""

    _text = "the host key of {host} is revoked: {kind} {fingerprint}"


class ProxyFailed(SSHError, ConnectionError):
    """The proxy command ended or could not be started.

    Attributes:
        stderr: the end of what it wrote to standard error, made safe to show.
    """

    def __init__(self, command: str, problem: str, stderr: str = "") -> None:
        self.stderr = stderr
        detail = f": {stderr}" if stderr else ""
        super().__init__(f"the proxy command {printable(command)!r} {problem}{detail}")


class ConfigError(UsageError):
    """A configuration file, or an option, that cannot be used.

    Attributes:
        source: the file, or where the option came from.
        line: the line in it, from 1; 0 when it has none.
    """

    def __init__(self, problem: str, source: str = "", line: int = 0) -> None:
        self.source = source
        self.line = line
        where = f"{source}, line {line}: " if line else f"{source}: " if source else ""
        super().__init__(f"{where}{problem}")
