"""Addresses of forwards, written and compared."""

from __future__ import annotations

from ssh_wire import UsageError

__all__ = ["format_address", "is_port", "parse_address"]

_MAX_PORT = 65535


def is_port(number: int) -> bool:
    """Return whether `number` is a TCP port; 0 is not."""
    return 0 < number <= _MAX_PORT


def format_address(host: str, port: int) -> str:
    """Return `host:port`, an IPv6 address in brackets."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def parse_address(text: str | tuple[str, int]) -> tuple[str, int]:
    """Return host and port of `host:port`, `[v6]:port` or a pair of both.

    Raises:
        UsageError: it has another form, or the port is none.
    """
    if isinstance(text, tuple):
        host, port = text
    else:
        host, colon, digits = text.rpartition(":")
        if not colon or not (digits.isascii() and digits.isdigit()):
            problem = f"{text!r} is not host:port"
            raise UsageError(problem)
        port = int(digits)
        if host.startswith("[") and host.endswith("]"):
            host = host[1:-1]
        elif ":" in host:
            problem = f"{text!r}: an IPv6 address is written in brackets"
            raise UsageError(problem)
    if port and not is_port(port):
        problem = f"{port} is not a port"
        raise UsageError(problem)
    return host, port
