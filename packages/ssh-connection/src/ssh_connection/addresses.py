"""Addresses of forwards, written and compared."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias, cast

from ssh_wire import UsageError
from ssh_wire.numbers import MAX_PORT

__all__ = ["Address", "format_address", "is_port", "parse_address"]

Address: TypeAlias = str | int | tuple[str, int]
"""Host and port: "host:port", a pair of both, or a port of localhost."""


def is_port(number: int) -> bool:
    """Return whether `number` is a TCP port; 0 is not."""
    return 0 < number <= MAX_PORT


def format_address(host: str, port: int) -> str:
    """Return `host:port`, an IPv6 address in brackets."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def parse_address(address: Address) -> tuple[str, int]:
    """Return host and port of an address as people write it.

    Args:
        address: `host:port`, `[v6]:port` or a pair of both; a port alone is one of localhost.

    Raises:
        UsageError: it has another form, or the port is not one.
    """
    host, port = _split(address)
    if not isinstance(host, str) or not isinstance(port, int) or isinstance(port, bool):
        problem = f"{address!r} is not host:port"
        raise UsageError(problem)
    if port and not is_port(port):
        problem = f"{port} is not a port: it is a number from 0 to {MAX_PORT}"
        raise UsageError(problem)
    return host, port


def _split(address: object) -> tuple[object, object]:
    match address:
        case int():
            return "localhost", address
        case tuple() | list():
            return _pair(tuple(cast("Sequence[object]", address)))
        case str() if address.isascii() and address.isdigit():
            return "localhost", int(address)
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
