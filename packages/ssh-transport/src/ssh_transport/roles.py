"""The two roles of a transport: `ClientTransport` and `ServerTransport`."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import attrs

from ssh_transport.errors import HostKeyRefused, ServiceRefused
from ssh_transport.events import ServiceAccepted, ServiceRequested
from ssh_transport.extinfo import client_extensions, server_extensions, signature_algorithms
from ssh_transport.keyexchange.client import ClientKeyExchange
from ssh_transport.keyexchange.server import ServerKeyExchange
from ssh_transport.options import Guess
from ssh_transport.states import Action, TransportState
from ssh_transport.transport import Transport
from ssh_wire import ProtocolError, UsageError
from ssh_wire.messages.transport import ServiceAccept, ServiceRequest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ssh_keys import Certificate, PublicKey
    from ssh_transport.algorithms import Role
    from ssh_transport.kex.base import Random
    from ssh_transport.options import TransportOptions
    from ssh_wire.messages.transport import ExtInfo

__all__ = ["ClientTransport", "ServerTransport"]


class ClientTransport(Transport):
    """The client's side of a connection.

    Args:
        options: how it behaves.
        random: gives random bytes, as `os.urandom` does.
        now: the time, in seconds of a monotonic clock.
        host_key_algorithms: those that fit the keys which are known of the server: they
            are offered before the others.
    """

    role: ClassVar[Role] = "client"

    def __init__(
        self,
        options: TransportOptions,
        *,
        random: Random,
        now: float,
        host_key_algorithms: Sequence[str] | None = None,
    ) -> None:
        self._preferred = tuple(host_key_algorithms or ())
        self._asked: str | None = None
        super().__init__(options, random=random, now=now)

    def accept_host_key(self) -> None:
        """Answer `HostKeyReceived`: it is the right key."""
        self._check_open()
        self._own_keys_in_use(self._client_kex.accept())

    def reject_host_key(self, description: str = "the host key is not trusted") -> None:
        """Answer `HostKeyReceived`: it is not; this ends the connection."""
        self._check_open()
        if not self._client_kex.waiting:
            problem = "there is no host key to reject"
            raise UsageError(problem)
        self._fail(HostKeyRefused(description))

    def request_service(self, name: str) -> None:
        """Ask for a service (RFC 4253 section 10); it may be asked for at once."""
        if self._asked is not None:
            problem = "a service was asked for already"
            raise UsageError(problem)
        self.send(ServiceRequest(name=name))
        self._asked = name

    def _key_exchange(self) -> ClientKeyExchange:
        offer = self._context.options.algorithms
        known = [name for name in self._preferred if name in offer.host_keys]
        guess = self._context.options.guess
        if isinstance(guess, Guess) and guess.host_key in known:
            known.insert(0, known.pop(known.index(guess.host_key)))
        rest = [name for name in offer.host_keys if name not in known]
        ordered = attrs.evolve(offer, host_keys=(*known, *rest))
        self._client_kex = ClientKeyExchange(self._context, ordered)
        return self._client_kex

    def _ext_info(self) -> ExtInfo:
        return client_extensions()

    def _act(self, action: Action, payload: bytes) -> None:
        if action is Action.SERVICE_ACCEPT:
            self._on_service_accept(payload)
        else:
            super()._act(action, payload)

    def _on_service_accept(self, payload: bytes) -> None:
        # servers have sent it without the name, and OpenSSH's client takes that
        bare = len(payload) == 1
        name = (self._asked or "") if bare else ServiceAccept.decode(payload).name
        if name != self._asked:
            problem = "a service is granted that was not asked for"
            raise ProtocolError(problem)
        self._set_stage(TransportState.AUTH)
        self._events.append(ServiceAccepted(name))


class ServerTransport(Transport):
    """The server's side of a connection.

    Args:
        options: how it behaves.
        random: gives random bytes, as `os.urandom` does.
        now: the time, in seconds of a monotonic clock.
        host_keys: the public halves of the host keys, and certificates of them.
    """

    role: ClassVar[Role] = "server"

    def __init__(
        self,
        options: TransportOptions,
        *,
        random: Random,
        now: float,
        host_keys: Sequence[PublicKey | Certificate],
    ) -> None:
        self._host_keys = tuple(host_keys)
        self._requested: str | None = None
        self._granted: str | None = None
        self._second_sent = False  # whether EXT_INFO was sent a second time
        super().__init__(options, random=random, now=now)

    def ext_info_due(self, server_sig_algs: Sequence[str]) -> bool:
        """Return whether `send_ext_info` is due: the client takes it, and has other names."""
        told = signature_algorithms(self._context.options)
        takes = self._may_send_ext_info and self._extensions.in_auth
        return takes and set(told) != set(server_sig_algs)

    @property
    def _may_send_ext_info(self) -> bool:
        in_time = self._stage is TransportState.AUTH and not self._second_sent
        return in_time and self._context.session.extensions

    def send_ext_info(
        self, server_sig_algs: Sequence[str], *, before_success: bool = False
    ) -> None:
        """Say once more which signature algorithms users' keys may use.

        "If the server sends SSH_MSG_EXT_INFO ... immediately preceding the server's
        SSH_MSG_USERAUTH_SUCCESS" (RFC 8308 section 2.4), the caller sends that next; earlier
        it may come where the client said so (OpenSSH's PROTOCOL section 1.10).

        Args:
            server_sig_algs: the algorithms.
            before_success: whether SSH_MSG_USERAUTH_SUCCESS is sent next.

        Raises:
            UsageError: the client would not take it now, or it was sent already.
        """
        self._check_open()
        if not (self._may_send_ext_info and (before_success or self._extensions.in_auth)):
            problem = "the client takes no EXT_INFO now"
            raise UsageError(problem)
        self._second_sent = True
        options = attrs.evolve(self._context.options, server_sig_algs=tuple(server_sig_algs))
        self.send(server_extensions(options))

    def provide_signature(self, signature: bytes) -> None:
        """Answer `SignatureRequested`."""
        self._check_open()
        self._own_keys_in_use(self._server_kex.sign(signature))

    def accept_service(self, name: str) -> None:
        """Answer `ServiceRequested`: grant the service."""
        self._check_open()
        if self._requested != name:
            problem = f"the service {name!r} was not asked for"
            raise UsageError(problem)
        self.send(ServiceAccept(name=name))
        self._requested, self._granted = None, name
        self._halted = False
        self._set_stage(TransportState.AUTH)

    def _key_exchange(self) -> ServerKeyExchange:
        offer = self._context.options.algorithms
        self._server_kex = ServerKeyExchange(self._context, offer, self._host_keys)
        return self._server_kex

    def _ext_info(self) -> ExtInfo:
        return server_extensions(self._context.options)

    def _act(self, action: Action, payload: bytes) -> None:
        match action:
            case Action.SERVICE_REQUEST:
                self._on_service_request(payload)
            case Action.SERVICE_REPEATED:
                self._on_service_repeated(payload)
            case Action.SERVICE_LATE:
                problem = "a service request after authentication"
                raise ServiceRefused(problem)
            case _:
                super()._act(action, payload)

    def _on_service_request(self, payload: bytes) -> None:
        name = ServiceRequest.decode(payload).name
        # "If the server rejects the service request, it SHOULD send an appropriate
        # SSH_MSG_DISCONNECT message and MUST disconnect."
        if name not in self._context.options.services:
            problem = "a service that is not offered"
            raise ServiceRefused(problem)
        self._requested = name
        self._halted = True
        self._events.append(ServiceRequested(name))

    def _on_service_repeated(self, payload: bytes) -> None:
        name = ServiceRequest.decode(payload).name
        if name != self._granted:
            problem = "another service while one runs"
            raise ServiceRefused(problem)
        self._reply(ServiceAccept(name=name))
