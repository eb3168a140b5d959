"""Ready-made rules for what clients may forward; without rules, nothing."""

from __future__ import annotations

from ipaddress import ip_address

from ssh_connection.aio import User

__all__ = ["AllowForwarding", "LoopbackForwarding"]


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
        return self._gateway_ports or _is_loopback(address)


class LoopbackForwarding:
    """Clients may connect to, and listen on, loopback addresses."""

    def may_connect(self, user: User, host: str, port: int) -> bool:
        """To this machine."""
        del user, port
        return _is_loopback(host)

    def may_listen(self, user: User, address: str, port: int) -> bool:
        """On this machine."""
        del user, port
        return _is_loopback(address)


def _is_loopback(host: str) -> bool:
    """Return whether a host is this machine, by its one fixed name or by address."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
