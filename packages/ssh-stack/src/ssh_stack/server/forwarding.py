"""Ready-made rules for what clients may forward; without rules, nothing."""

from __future__ import annotations

from ipaddress import ip_address

from ssh_connection.addresses import Address, UnixAddress
from ssh_connection.aio import User

__all__ = ["AllowForwarding", "LoopbackForwarding"]


class AllowForwarding:
    """Clients may connect to any TCP port, and listen on loopback addresses.

    Args:
        tcp: whether TCP is forwarded at all (sshd_config(5), AllowTcpForwarding).
        gateway_ports: let them listen on all addresses too (sshd_config(5), GatewayPorts).
        unix_sockets: let them connect to Unix sockets and listen on them, as far as the file
            system lets the server's user (sshd_config(5), AllowStreamLocalForwarding).
    """

    def __init__(
        self, *, tcp: bool = True, gateway_ports: bool = False, unix_sockets: bool = False
    ) -> None:
        self._tcp = tcp
        self._gateway_ports = gateway_ports
        self._unix_sockets = unix_sockets

    def may_connect(self, user: User, address: Address) -> bool:
        """To any TCP port with `tcp`, and to a Unix socket with `unix_sockets`."""
        del user
        return self._unix_sockets if isinstance(address, UnixAddress) else self._tcp

    def may_listen(self, user: User, address: Address) -> bool:
        """On loopback, anywhere with `gateway_ports`, and on paths with `unix_sockets`."""
        del user
        if isinstance(address, UnixAddress):
            return self._unix_sockets
        return self._tcp and (self._gateway_ports or _is_loopback(address.host))


class LoopbackForwarding:
    """Clients may connect to, and listen on, TCP ports of loopback addresses."""

    def may_connect(self, user: User, address: Address) -> bool:
        """To TCP ports of this machine."""
        del user
        return _is_on_loopback(address)

    def may_listen(self, user: User, address: Address) -> bool:
        """On TCP ports of this machine."""
        del user
        return _is_on_loopback(address)


def _is_on_loopback(address: Address) -> bool:
    return not isinstance(address, UnixAddress) and _is_loopback(address.host)


def _is_loopback(host: str) -> bool:
    """Return whether a host is this machine, by its one fixed name or by address."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
