"""What an authenticated user may do: one vocabulary for keys, certificates and functions.

The options of a key's line (sshd(8), AUTHORIZED_KEYS FILE FORMAT) and a certificate
(PROTOCOL.certkeys) are converted to it, several factors are intersected in it, and the
connection layer enforces it.
"""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv6Address, ip_address
from typing import TYPE_CHECKING, Final, TypeAlias, TypeVar, cast, final

from ssh_keys.patterns import matches
from ssh_keys.trust import KeyOptions
from ssh_wire import SSHError, UsageError, lazy_attrs
from ssh_wire.text import raw

if TYPE_CHECKING:
    from ssh_keys import Certificate

__all__ = ["NOTHING", "AddressPattern", "Permissions", "ip_text"]

T = TypeVar("T")


@final
@lazy_attrs.frozen
class AddressPattern:
    """Addresses that connections may be forwarded to, or listened for on.

    Attributes:
        host: where to connect, the host as the client must name it, or `*` for any; where to
            listen, a pattern of addresses with `*` and `?`.
        port: the port; None is every port.
    """

    host: str = "*"
    port: int | None = None

    def matches_open(self, host: str, port: int) -> bool:
        """Return whether a connection to `host:port` is among them (permitopen)."""
        return self.port in (None, port) and self.host in ("*", host)

    def matches_listen(self, address: str, port: int) -> bool:
        """Return whether listening on `address:port` is among them (permitlisten)."""
        if self.port not in (None, port):
            return False
        # as OpenSSH's remote_open_match: what is asked for, in lower case
        return matches(raw(self.host), raw(address).lower())


Addresses: TypeAlias = tuple[tuple[AddressPattern, ...], ...]

NOTHING: Final[Addresses] = ((),)
"""The patterns that no address matches."""


@final
@lazy_attrs.frozen(kw_only=True)
class Permissions:
    """What an authenticated user may do within what the server allows.

    `forward_open`, `forward_listen` and `sources` are tuples of lists: each method that was
    completed may bring a list, and an address must match every list.  Without a list every
    address does; a list without entries matches none.

    Attributes:
        pty: ask for a terminal.
        forward_open: where to the server connects for the user.
        forward_listen: where the server listens for the user.
        agent: have the agent forwarded.
        x11: have X11 forwarded.
        user_rc: have ~/.ssh/rc run.
        forced_command: the command that runs whatever the client asks for.
        environment: variables to set, where the server allows it.
        sources: the addresses that the user may come from: patterns, networks, and both with a
            `!` before them (sshd(8), `from`).
        expires: the last second in which the user may log in, since 1970; None is any.

    Raises:
        UsageError: a list of lists has something else in it.
    """

    pty: bool = True
    forward_open: Addresses = ()
    forward_listen: Addresses = ()
    agent: bool = True
    x11: bool = True
    user_rc: bool = True
    forced_command: str | None = None
    environment: tuple[tuple[str, str], ...] = ()
    sources: tuple[tuple[str, ...], ...] = ()
    expires: int | None = None

    def __attrs_post_init__(self) -> None:
        for name, kind in _LISTS:
            lists: object = getattr(self, name)
            if not _are_lists(lists, kind):
                problem = f"{name} is a tuple of tuples of {kind.__name__}"
                raise UsageError(problem)

    @classmethod
    def from_options(cls, options: KeyOptions) -> Permissions:
        """Return what the options of a line grant (sshd(8))."""
        opened = tuple(AddressPattern(each.host, each.port) for each in options.permit_open)
        listened = tuple(AddressPattern(each.host, each.port) for each in options.permit_listen)
        forwarding = options.port_forwarding
        return cls(
            pty=options.pty,
            # without a list all is allowed; port forwarding that is not allowed counts first
            forward_open=((opened,) if opened else ()) if forwarding else NOTHING,
            forward_listen=((listened,) if listened else ()) if forwarding else NOTHING,
            agent=options.agent_forwarding,
            x11=options.x11_forwarding,
            user_rc=options.user_rc,
            forced_command=options.command,
            environment=options.environment,
            sources=() if options.sources is None else (options.sources,),
            expires=options.expiry_time,
        )

    @classmethod
    def from_certificate(cls, certificate: Certificate) -> Permissions:
        """Return what a certificate grants that is valid (PROTOCOL.certkeys).

        Raises:
            KeyFormatError: one of its options has a malformed value.
        """
        given = certificate.extensions
        networks = certificate.source_address
        forwarding = () if "permit-port-forwarding" in given else NOTHING
        return cls(
            pty="permit-pty" in given,
            forward_open=forwarding,
            forward_listen=forwarding,
            agent="permit-agent-forwarding" in given,
            x11="permit-X11-forwarding" in given,
            user_rc="permit-user-rc" in given,
            forced_command=certificate.force_command,
            sources=() if networks is None else (tuple(map(str, networks)),),
        )

    def intersect(self, other: Permissions) -> Permissions | None:
        """Return what both allow, or None where they force different commands.

        As OpenSSH's sshauthopt_merge; of a variable that both set, the first one counts.
        """
        commands = {self.forced_command, other.forced_command} - {None}
        if len(commands) > 1:
            return None
        known = dict(self.environment)
        added = (pair for pair in other.environment if pair[0] not in known)
        times = [each for each in (self.expires, other.expires) if each is not None]
        return Permissions(
            pty=self.pty and other.pty,
            forward_open=_joined(self.forward_open, other.forward_open),
            forward_listen=_joined(self.forward_listen, other.forward_listen),
            agent=self.agent and other.agent,
            x11=self.x11 and other.x11,
            user_rc=self.user_rc and other.user_rc,
            forced_command=next(iter(commands), None),
            environment=(*self.environment, *added),
            sources=_joined(self.sources, other.sources),
            expires=min(times, default=None),
        )

    def permits_open(self, host: str, port: int) -> bool:
        """Return whether the server may connect to `host:port` for the user."""
        return all(
            any(each.matches_open(host, port) for each in patterns)
            for patterns in self.forward_open
        )

    def permits_listen(self, address: str, port: int) -> bool:
        """Return whether the server may listen on `address:port` for the user."""
        return all(
            any(each.matches_listen(address, port) for each in patterns)
            for patterns in self.forward_listen
        )

    @property
    def permits_forwarding(self) -> bool:
        """Whether any port can be forwarded."""
        return () not in self.forward_open or () not in self.forward_listen

    def permits_source(self, peer: tuple[str, int] | None) -> bool:
        """Return whether the user may come from an address; without one, only from anywhere."""
        address = ip_text(peer)
        return all(_is_source(entries, address) for entries in self.sources)

    def refusal(self, peer: tuple[str, int] | None, now: float) -> str:
        """Return why a user from `peer` may not log in now, or an empty string.

        Args:
            peer: the client's address and port, if it has one.
            now: the time in seconds since 1970.
        """
        if self.expires is not None and now >= self.expires + 1:
            return "what authorizes it has expired"
        if not self.permits_source(peer):
            return f"it is not authorized from {ip_text(peer) or 'a client without an address'}"
        return ""


_LISTS: Final = (
    ("forward_open", AddressPattern),
    ("forward_listen", AddressPattern),
    ("sources", str),
)


def ip_text(peer: tuple[str, int] | None) -> str:
    """Return the client's IP address, or ""; an IPv4 address mapped into IPv6 is IPv4."""
    if peer is None:
        return ""
    try:
        address = ip_address(peer[0].partition("%")[0])
    except ValueError:
        return ""
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return str(mapped or address)


def _is_source(entries: tuple[str, ...], address: str) -> bool:
    if not address:
        return False
    try:
        return KeyOptions(sources=entries).accepts_source(address)
    except SSHError:  # an entry that cannot be read allows nothing
        return False


def _are_lists(lists: object, kind: type) -> bool:
    if not isinstance(lists, tuple):
        return False
    for each in cast("tuple[object, ...]", lists):
        if not isinstance(each, tuple):
            return False
        if not all(isinstance(entry, kind) for entry in cast("tuple[object, ...]", each)):
            return False
    return True


def _joined(*lists: Iterable[T]) -> tuple[T, ...]:
    return tuple(dict.fromkeys(each for some in lists for each in some))
