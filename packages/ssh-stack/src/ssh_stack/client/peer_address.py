"""The address that was connected to, and what trust makes of it."""

from __future__ import annotations

from ssh_wire import lazy_attrs

__all__ = ["PeerAddress"]


@lazy_attrs.define
class PeerAddress:
    """The address of a server, as far as it is known."""

    exempts_localhost: bool = False
    """Whether a server on this machine need not be known (NoHostAuthenticationForLocalhost)."""
    checked: bool = False
    """Whether the key must not be another one than that of the address (CheckHostIP)."""
    value: str = ""
    """The address; empty where it is not known: behind a proxy, say."""

    @property
    def is_loopback(self) -> bool:
        """Whether it is this machine's own, as sshconnect.c has it."""
        return self.value == "::1" or self.value.startswith("127.")

    @property
    def is_exempt(self) -> bool:
        """Whether the server need not be known."""
        return self.exempts_localhost and self.is_loopback

    def address_to_check(self, host: str) -> str:
        """Return the address whose key is compared; empty where none is.

        Args:
            host: the server's name; an address is not compared with itself.
        """
        return self.value if self.checked and self.value != host and not self.is_loopback else ""
