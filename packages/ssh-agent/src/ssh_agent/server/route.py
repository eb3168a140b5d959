"""Destination constraints along a chain of hops (PROTOCOL.agent sections 1 and 2).

The rules are those of `identity_permitted` in OpenSSH's ssh-agent.c.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Final

from ssh_keys import Certificate, CertificateRefused, Credential, PublicKey
from ssh_keys.fido import NO_TOUCH
from ssh_keys.patterns import matches
from ssh_wire import lazy_attrs
from ssh_wire.text import raw

if TYPE_CHECKING:
    from ssh_agent.destinations import DestinationConstraint, Hop
    from ssh_agent.server.bindings import SessionBinding, SessionBindings

__all__ = ["NOT_PERMITTED", "Permission", "Route"]


@lazy_attrs.frozen
class Permission:
    """Whether an identity may be used over a connection.

    Attributes:
        granted: whether it may.
        host: the name of the last hop, in the constraint that allows it; "" for no constraint.
    """

    granted: bool
    host: str = ""

    def __bool__(self) -> bool:
        return self.granted


NOT_PERMITTED: Final = Permission(granted=False)
_UNCONSTRAINED: Final = Permission(granted=True)


@lazy_attrs.frozen
class Route:
    """The way from the machine of the agent to where a request comes from.

    Attributes:
        sessions: the sessions that the connection is bound to.
        unix_time: returns the seconds since 1970, for certificates of hosts.
    """

    sessions: SessionBindings
    unix_time: Callable[[], int]

    def permits(
        self, destinations: tuple[DestinationConstraint, ...], user: bytes | None = None
    ) -> Permission:
        """Say whether an identity with these constraints may be used at the end of the route.

        Args:
            destinations: the constraints.
            user: the user name of a login that is to be signed for; None for a request that
                signs nothing, such as the list.
        """
        bound = self.sessions.bound
        if not destinations:
            return _UNCONSTRAINED
        if not bound:  # local use, unless a binding failed
            return NOT_PERMITTED if self.sessions.attempted else _UNCONSTRAINED
        *forwarding, last = bound
        # every session but the last forwards, and that in which a login is signed does not
        signed = user is not None
        if not all(hop.is_forwarding for hop in forwarding) or (last.is_forwarding and signed):
            return NOT_PERMITTED
        found = self._follow(destinations, bound, user)
        # a key that may log in to the host, but not from there to another, is not listed there
        if last.is_forwarding and self._find(destinations, last.host_key, None, None) is None:
            return NOT_PERMITTED
        return NOT_PERMITTED if found is None else Permission(granted=True, host=found.target.host)

    def _follow(
        self,
        destinations: tuple[DestinationConstraint, ...],
        bound: tuple[SessionBinding, ...],
        user: bytes | None,
    ) -> DestinationConstraint | None:
        """Return the constraint that allows the last hop, if every hop is allowed by one."""
        origin: Credential | None = None
        found = None
        for hop in bound:
            # the user name of the last hop alone is known
            tested = user if hop is bound[-1] else None
            found = self._find(destinations, origin, hop.host_key, tested)
            if found is None:
                return None
            origin = hop.host_key
        return found

    def _find(
        self,
        destinations: Iterable[DestinationConstraint],
        origin: Credential | None,
        target: Credential | None,
        user: bytes | None,
    ) -> DestinationConstraint | None:
        """Return the first constraint that allows the hop; a target of None is any."""
        for each in destinations:
            if not self._starts_at(each.origin, origin):
                continue
            if target is not None and not self._is_known_by(each.target, target):
                continue
            if user is not None and each.target.user and not matches(raw(each.target.user), user):
                continue
            return each
        return None

    def _starts_at(self, hop: Hop, origin: Credential | None) -> bool:
        if origin is None:
            return not hop.host and not hop.keys
        return self._is_known_by(hop, origin)

    def _is_known_by(self, hop: Hop, key: Credential) -> bool:
        if isinstance(key, PublicKey):
            return any(not each.is_ca and each.key == key for each in hop.keys)
        certified = any(each.is_ca and each.key == key.ca_key for each in hop.keys)
        return certified and self._is_valid(key, hop.host)

    def _is_valid(self, certificate: Certificate, host: str) -> bool:
        try:
            certificate.check(role="host", principal=host, now=self.unix_time(), ca_fido=NO_TOUCH)
        except CertificateRefused:
            return False
        return True
