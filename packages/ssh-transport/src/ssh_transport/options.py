"""What a connection is made with, checked before any byte is sent."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, NamedTuple

from ssh_transport.algorithms import Algorithms
from ssh_transport.limits import Limits
from ssh_wire import UsageError, lazy_attrs

if TYPE_CHECKING:
    from ssh_transport.kex.groups import Group
    from ssh_transport.trace import Trace

__all__ = ["Guess", "TransportOptions"]

GIB = 1024**3


class Guess(NamedTuple):
    """What a server wants first."""

    kex: str
    """Its first key exchange method."""

    host_key: str
    """Its first host key algorithm."""


@lazy_attrs.frozen(kw_only=True)
class TransportOptions:
    """How a transport behaves."""

    algorithms: Algorithms
    """What is offered; `profiles` has sets to choose from."""

    limits: Limits = lazy_attrs.field(factory=Limits)
    """What is accepted of the peer."""

    software: str = "ssh_stack_0.1"
    """The softwareversion of the identification: printable, no space, no minus sign."""

    comments: str = ""
    """What follows it, behind a space: printable, chosen by the user (VersionAddendum)."""

    rekey_bytes: int = GIB
    """Bytes in one direction after which to rekey (RFC 4253 section 9)."""

    rekey_packets: int = 2**31
    """Packets in one direction after which to rekey (RFC 4344 section 3.1)."""

    rekey_seconds: float = 3600.0
    """Seconds after which to rekey (RFC 4253 section 9)."""

    guess: Guess | bool = False
    """Client: send the first key exchange packet with KEXINIT, before the server's arrived.

    It saves a round trip where the server prefers the same method and host key algorithm
    (RFC 4253 section 7), and costs nothing but the packet where it does not.  True guesses
    that it does; what a server preferred last time (`Transport.peer_first_choices`) guesses
    only where that will be right again.
    """

    trace: Trace | None = lazy_attrs.field(default=None, repr=False)
    """Takes every message and event as it happens; see `ssh_transport.trace`."""

    on_secret: Callable[[bytes, bytes], None] | None = lazy_attrs.field(default=None, repr=False)
    """Takes the secret of each key exchange: the cookie of the client's KEXINIT, and K.

    Whoever has it reads the whole connection: it is for debugging, and off.
    """

    services: tuple[str, ...] = ("ssh-userauth",)
    """Server: the services that a client may ask for."""

    server_sig_algs: tuple[str, ...] | None = None
    """Server: the signature algorithms that users' keys may use (RFC 8308 section 3.1).

    None means the host key algorithms, those of certificates left out.
    """

    groups: tuple[Group, ...] = ()
    """Server: the groups of group exchange, such as those of a file of moduli (RFC 4419).

    They are chosen before those of the same size that everybody has.
    """

    announced: Mapping[str, bytes] = lazy_attrs.field(factory=dict[str, bytes])
    """Server: further extensions of its first EXT_INFO, those of the layers above."""

    def check(self) -> None:
        """Raise `UsageError` for a value that cannot be used."""
        self.algorithms.check()
        name = self.software
        # "The 'protoversion' and 'softwareversion' strings MUST consist of printable
        # US-ASCII characters, with the exception of whitespace characters and the minus
        # sign (-)."
        good = name.isascii() and name.isprintable() and not {" ", "-"} & set(name)
        too_long = len(self.identification) + 2 > self.limits.identification_line
        if not name or not good or (too_long and not self.comments):
            problem = f"{name!r} cannot be a softwareversion"
            raise UsageError(problem)
        # "The identification MAY include comments ... MUST be separated by a 'space'"
        if too_long or not (self.comments.isascii() and self.comments.isprintable()):
            problem = f"{self.comments!r} cannot follow the softwareversion"
            raise UsageError(problem)

    @property
    def identification(self) -> bytes:
        """The identification line without CR and LF (RFC 4253 section 4.2)."""
        comments = f" {self.comments}" if self.comments else ""
        return f"SSH-2.0-{self.software}{comments}".encode()
