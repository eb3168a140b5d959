"""Ready-made rules for what clients may forward; without rules, nothing."""

from __future__ import annotations

from ssh_connection.aio import User

__all__ = ["AllowForwarding", "LoopbackForwarding"]

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


class AllowForwarding:
    """Clients may connect anywhere, and listen on loopback addresses.

    Args:
        gateway_ports: let them listen on all addresses too (sshd_config(5), GatewayPorts).
    """

    def __init__(self, *, gateway_ports: bool = False) -> None:
        self._gateway_ports = gateway_ports

    def may_connect(self, user: User, host: str, port: int) -> bool:
        """Anywhere."""
        del user, host, port
        return True

    def may_listen(self, user: User, address: str, port: int) -> bool:
        """On loopback, or anywhere with `gateway_ports`."""
        del user, port
        return self._gateway_ports or address in _LOOPBACK


class LoopbackForwarding:
    """Clients may connect to, and listen on, loopback addresses."""

    def may_connect(self, user: User, host: str, port: int) -> bool:
        """To this machine."""
        del user, port
        return host in _LOOPBACK

    def may_listen(self, user: User, address: str, port: int) -> bool:
        """On this machine."""
        del user, port
        return address in _LOOPBACK
