"""Addresses of forwards: a TCP port or a Unix socket, written and compared."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol, TypeAlias, cast, final, runtime_checkable

from ssh_wire import UsageError, lazy_attrs
from ssh_wire.numbers import MAX_PORT

__all__ = [
    "Address",
    "AddressLike",
    "PathLike",
    "TCPAddress",
    "UnixAddress",
    "format_address",
    "is_port",
    "parse_address",
    "parse_tcp_address",
    "parse_unix_address",
]

_LOCALHOST: Final = "localhost"


@runtime_checkable
class PathLike(Protocol):
    """What has a path, as `pathlib.Path` does; `os.PathLike` without the module `os`."""

    def __fspath__(self) -> str:
        """Return the path."""
        ...


@final
@lazy_attrs.frozen
class TCPAddress:
    """A host and a TCP port.

    Attributes:
        host: a name or an IP address; where to listen, "" is every address of the machine.
        port: the port; where to listen, 0 takes a free one.
    """

    host: str
    port: int

    def __str__(self) -> str:
        return format_address(self.host or "*", self.port)


@final
@lazy_attrs.frozen
class UnixAddress:
    """A Unix socket in the file system.

    Attributes:
        path: its path, as the side that has it resolves it.
    """

    path: str

    def __str__(self) -> str:
        return self.path


Address: TypeAlias = TCPAddress | UnixAddress
"""Where a forward listens, or what it connects to."""

AddressLike: TypeAlias = str | int | tuple[str, int] | PathLike | TCPAddress | UnixAddress
"""An address as people write it.

"host:port", a pair of both, or a port of localhost; a path is a Unix socket: text that begins
with "/", or a `Path`.
"""


def is_port(number: int) -> bool:
    """Return whether `number` is a TCP port; 0 is not."""
    return 0 < number <= MAX_PORT


def format_address(host: str, port: int) -> str:
    """Return `host:port`, an IPv6 address in brackets."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def parse_address(address: AddressLike) -> Address:
    """Return an address that people wrote.

    Args:
        address: `host:port`, `[v6]:port` or a pair of both; a port alone is one of localhost; a
            path that begins with "/", or a `Path`, is a Unix socket.

    Raises:
        UsageError: it has another form, or the port is not one.
    """
    path = _path(address)
    return _tcp(address) if path is None else parse_unix_address(path)


def parse_tcp_address(address: AddressLike) -> TCPAddress:
    """Return the host and port that people wrote, where a Unix socket will not do.

    Raises:
        UsageError: it has another form, or the port is not one.
    """
    found = parse_address(address)
    if isinstance(found, UnixAddress):
        problem = f"{found.path!r} is not host:port"
        raise UsageError(problem)
    return found


def parse_unix_address(path: str | PathLike) -> UnixAddress:
    """Return the Unix socket at a path, which may be relative.

    Raises:
        UsageError: no socket can have that path.
    """
    found = _path(path)
    found = path if found is None and isinstance(path, str) else found
    if not found or "\0" in found:
        problem = f"{path!r} is not the path of a Unix socket"
        raise UsageError(problem)
    return UnixAddress(found)


def _path(address: object) -> str | None:
    """Return the path of a Unix socket; None where it is something else."""
    match address:
        case UnixAddress(path=path):
            return path
        case str() if address.startswith("/"):
            return address
        case PathLike():
            found = cast("object", address.__fspath__())
            return found if isinstance(found, str) else ""  # one of bytes is refused
        case _:
            return None


def _tcp(address: object) -> TCPAddress:
    host, port = _split(address)
    if not isinstance(host, str) or not isinstance(port, int) or isinstance(port, bool):
        problem = f"{address!r} is not host:port"
        raise UsageError(problem)
    if port and not is_port(port):
        problem = f"{port} is not a port: it is a number from 0 to {MAX_PORT}"
        raise UsageError(problem)
    return TCPAddress(host, port)


def _split(address: object) -> tuple[object, object]:
    match address:
        case TCPAddress(host=host, port=port):
            return host, port
        case int():
            return _LOCALHOST, address
        case tuple() | list():
            return _pair(tuple(cast("Sequence[object]", address)))
        case str() if address.isascii() and address.isdigit():
            return _LOCALHOST, int(address)
        case str():
            return _split_text(address)
        case _:
            return None, None


def _pair(parts: tuple[object, ...]) -> tuple[object, object]:
    match parts:
        case (host, port):
            return host, port
        case _:
            return None, None


def _split_text(text: str) -> tuple[str, int]:
    host, colon, digits = text.rpartition(":")
    if not colon or not (digits.isascii() and digits.isdigit()):
        hint = "" if ":" in text or not text else f": do you mean {text}:PORT?"
        problem = f"{text!r} is not host:port{hint}"
        raise UsageError(problem)
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    elif ":" in host:
        problem = f"{text!r}: an IPv6 address is written in brackets, as [::1]:22"
        raise UsageError(problem)
    return host, int(digits)
