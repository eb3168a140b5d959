"""Where a client may have a server connect to, and listen.

Nothing is forwarded without rules, and whatever a rule fails to decide is refused.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

from ssh_connection.addresses import Address, UnixAddress

if TYPE_CHECKING:
    from ssh_connection.aio.server.session import User

__all__ = ["ForwardingPolicy", "ForwardingRules"]

_NO_PORT: Final = -2
"""OpenSSH's PORT_STREAMLOCAL."""


class ForwardingRules(Protocol):
    """Where a client may have the server connect to, and listen."""

    def may_connect(self, user: User, address: Address) -> bool:
        """Return whether the server connects to `address` for `user`."""
        ...

    def may_listen(self, user: User, address: Address) -> bool:
        """Return whether the server listens on `address` for `user`.

        The host of a TCP address is as the client wrote it: "" and "*" are all addresses.  The
        path of a Unix socket is absolute and has no "..".
        """
        ...


class ForwardingPolicy:
    """Decides by the permissions of a user, and by the rules after them.

    Args:
        user: who is logged in.
        rules: what it may.
    """

    def __init__(self, user: User, rules: ForwardingRules) -> None:
        self._user = user
        self._rules = rules

    def may_connect(self, address: Address) -> bool:
        """Return whether the user may have the server connect to an address."""
        permitted = self._user.permissions.permits_open(*_for_permissions(address))
        return permitted and self._rules.may_connect(self._user, address)

    def may_listen(self, address: Address) -> bool:
        """Return whether the user may have the server listen on an address."""
        permitted = self._user.permissions.permits_listen(*_for_permissions(address))
        return permitted and self._rules.may_listen(self._user, address)


def _for_permissions(address: Address) -> tuple[str, int]:
    """Return the host and port that lists of permissions are asked about.

    As in OpenSSH, a path counts as a host whose port only a list of all ports has.
    """
    if isinstance(address, UnixAddress):
        return address.path, _NO_PORT
    return address.host, address.port
