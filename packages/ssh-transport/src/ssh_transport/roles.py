"""The two roles of a transport: `ClientTransport` and `ServerTransport`."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, TypeVar

from ssh_transport.errors import HostKeyRefused
from ssh_transport.extinfo import server_extensions, signature_algorithms
from ssh_transport.keyexchange.client import ClientKeyExchange
from ssh_transport.keyexchange.context import KexContext, SessionState
from ssh_transport.machine import Machine
from ssh_transport.options import Guess
from ssh_transport.output import directions
from ssh_transport.states import TransportState
from ssh_transport.transport import Transport
from ssh_wire import UsageError, lazy, lazy_attrs
from ssh_wire.messages.transport import ServiceAccept, ServiceRequest

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ssh_keys import Credential
    from ssh_transport.algorithms import Algorithms
    from ssh_transport.events import Event
    from ssh_transport.kex.base import Random
    from ssh_transport.keyexchange.base import KeyExchange
    from ssh_transport.options import TransportOptions

__all__ = ["ClientTransport", "ServerTransport"]

K = TypeVar("K", bound="KeyExchange")


def build_machine(
    options: TransportOptions, random: Random, now: float, kex: Callable[[KexContext], K]
) -> tuple[Machine, K]:
    """Return the machine of one side, and its key exchange."""
    options.check()
    events: deque[Event] = deque()
    inbound, output = directions(options, random)
    context = KexContext(options, random, inbound, output.outbound, SessionState(), events.append)
    exchange = kex(context)
    return Machine(context, exchange, output, events, now=now), exchange


class ClientTransport(Transport):
    """The client's side of a connection.

    Args:
        options: how it behaves.
        random: gives random bytes, as `os.urandom` does.
        now: the time, in seconds of a monotonic clock.
        host_key_algorithms: those that fit the keys which are known of the server: they
            are offered before the others.
    """

    def __init__(
        self,
        options: TransportOptions,
        *,
        random: Random,
        now: float,
        host_key_algorithms: Sequence[str] | None = None,
    ) -> None:
        offer = _offer(options, tuple(host_key_algorithms or ()))
        machine, self._client_kex = build_machine(
            options, random, now, lambda context: ClientKeyExchange(context, offer)
        )
        super().__init__(machine)

    def accept_host_key(self) -> None:
        """Answer `HostKeyReceived`: it is the right key."""
        self._machine.check_open()
        self._machine.own_keys_in_use(self._client_kex.accept())

    def reject_host_key(self, description: str = "the host key is not trusted") -> None:
        """Answer `HostKeyReceived`: it is not; this ends the connection."""
        self._machine.check_open()
        if not self._client_kex.waiting:
            problem = "there is no host key to reject"
            raise UsageError(problem)
        self._machine.fail(HostKeyRefused(description))

    def request_service(self, name: str) -> None:
        """Request a service (RFC 4253 section 10); this may come before any input."""
        if self._machine.services.asked is not None:
            problem = "a service was requested already"
            raise UsageError(problem)
        self.send(ServiceRequest(name=name))
        self._machine.services.asked = name


def _offer(options: TransportOptions, preferred: tuple[str, ...]) -> Algorithms:
    """Return what a client offers, with the algorithms that fit known keys first."""
    offer = options.algorithms
    known = [name for name in preferred if name in offer.host_keys]
    guess = options.guess
    if isinstance(guess, Guess) and guess.host_key in known:
        known.insert(0, known.pop(known.index(guess.host_key)))
    rest = [name for name in offer.host_keys if name not in known]
    return lazy_attrs.evolve(offer, host_keys=(*known, *rest))


class ServerTransport(Transport):
    """The server's side of a connection.

    Args:
        options: how it behaves.
        random: gives random bytes, as `os.urandom` does.
        now: the time, in seconds of a monotonic clock.
        host_keys: the public halves of the host keys, and certificates of them.
    """

    def __init__(
        self,
        options: TransportOptions,
        *,
        random: Random,
        now: float,
        host_keys: Sequence[Credential],
    ) -> None:
        from ssh_transport.keyexchange.server import ServerKeyExchange  # see `preload`

        machine, self._server_kex = build_machine(
            options,
            random,
            now,
            lambda context: ServerKeyExchange(context, options.algorithms, tuple(host_keys)),
        )
        super().__init__(machine)

    @staticmethod
    def preload() -> None:
        """Load what no client needs and every server does, before the first client connects.

        Later there may be no file descriptor left to load it with.
        """
        lazy.load("ssh_transport.keyexchange.server:ServerKeyExchange")

    def ext_info_due(self, server_sig_algs: Sequence[str]) -> bool:
        """Return whether `send_ext_info` is due: the client takes it, and has other names."""
        announced = signature_algorithms(self._machine.context.options)
        takes = self._may_send_ext_info and self._machine.extensions.in_auth
        return takes and set(announced) != set(server_sig_algs)

    @property
    def _may_send_ext_info(self) -> bool:
        machine = self._machine
        in_time = machine.stage is TransportState.AUTH and not machine.extensions.sent_again
        return in_time and machine.context.session.extensions

    def send_ext_info(
        self, server_sig_algs: Sequence[str], *, before_success: bool = False
    ) -> None:
        """Send SSH_MSG_EXT_INFO again, with the signature algorithms of this user's keys.

        "If the server sends SSH_MSG_EXT_INFO ... immediately preceding the server's
        SSH_MSG_USERAUTH_SUCCESS" (RFC 8308 section 2.4), the caller sends that next; earlier
        it may come where the client announced that it takes it (OpenSSH's PROTOCOL section
        1.10).

        Args:
            server_sig_algs: the algorithms.
            before_success: whether SSH_MSG_USERAUTH_SUCCESS is sent next.

        Raises:
            UsageError: the client would not take it now, or it was sent already.
        """
        machine = self._machine
        machine.check_open()
        if not (self._may_send_ext_info and (before_success or machine.extensions.in_auth)):
            problem = "the client takes no EXT_INFO now"
            raise UsageError(problem)
        machine.extensions.sent_again = True
        options = lazy_attrs.evolve(
            machine.context.options, server_sig_algs=tuple(server_sig_algs)
        )
        self.send(server_extensions(options))

    def provide_signature(self, signature: bytes) -> None:
        """Answer `SignatureRequested`."""
        self._machine.check_open()
        self._machine.own_keys_in_use(self._server_kex.sign(signature))

    def accept_service(self, name: str) -> None:
        """Answer `ServiceRequested`: grant the service."""
        machine = self._machine
        machine.check_open()
        services = machine.services
        if services.requested != name:
            problem = f"the service {name!r} was not requested"
            raise UsageError(problem)
        self.send(ServiceAccept(name=name))
        services.requested, services.granted = None, name
        machine.input.resume()
        machine.set_stage(TransportState.AUTH)
