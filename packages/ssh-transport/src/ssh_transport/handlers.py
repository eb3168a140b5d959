"""What is done with a message: one function for each action, one table for each role."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final, TypeAlias

from ssh_transport.errors import PeerDisconnected, ServiceRefused
from ssh_transport.events import (
    DebugReceived,
    ExtInfoReceived,
    PayloadReceived,
    PongReceived,
    ServiceAccepted,
    ServiceRequested,
    UnimplementedReceived,
)
from ssh_transport.extinfo import client_extensions, server_extensions
from ssh_transport.input import Held
from ssh_transport.states import Action, TransportState
from ssh_wire import ProtocolError
from ssh_wire.messages.transport import (
    Debug,
    Disconnect,
    Ping,
    Pong,
    ServiceAccept,
    ServiceRequest,
    Unimplemented,
)
from ssh_wire.text import printable

if TYPE_CHECKING:
    from ssh_transport.algorithms import Role
    from ssh_transport.machine import Machine
    from ssh_transport.options import TransportOptions
    from ssh_wire.messages.transport import ExtInfo

__all__ = ["EXT_INFO", "HANDLERS"]

_Handler: TypeAlias = "Callable[[Machine, bytes], None]"


def _answer_unimplemented(machine: Machine, payload: bytes) -> None:  # noqa: ARG001 (a handler)
    # "An implementation MUST respond to all unrecognized messages with an
    # SSH_MSG_UNIMPLEMENTED message in the order in which the messages were received."
    machine.reply(Unimplemented(sequence=(machine.input.inbound.sequence - 1) % 2**32))


def _deliver(machine: Machine, payload: bytes) -> None:
    machine.events.append(PayloadReceived(payload))


def _hold(machine: Machine, payload: bytes) -> None:
    if not machine.input.hold_connection_messages:
        problem = f"message {payload[0]} before authentication"
        raise ProtocolError(problem)
    machine.input.state = Held(payload)


def _disconnect(machine: Machine, payload: bytes) -> None:
    message = Disconnect.decode(payload)
    description = printable(message.description)
    error = PeerDisconnected(message.code, description)
    machine.end(message.code, description, error, by_peer=True)


def _not_known(machine: Machine, payload: bytes) -> None:
    machine.events.append(UnimplementedReceived(Unimplemented.decode(payload).sequence))


def _debug(machine: Machine, payload: bytes) -> None:
    message = Debug.decode(payload)
    machine.events.append(DebugReceived(printable(message.message), message.always_display))


def _ext_info(machine: Machine, payload: bytes) -> None:
    machine.events.append(ExtInfoReceived(machine.extensions.receive(payload)))


def _ping(machine: Machine, payload: bytes) -> None:
    machine.reply(Pong(data=Ping.decode(payload).data))


def _pong(machine: Machine, payload: bytes) -> None:
    if machine.pings:  # one that nothing asked for is ignored
        machine.pings -= 1
        machine.events.append(PongReceived(Pong.decode(payload).data))


# ---------------------------------------------------------------- key exchange


def _kexinit(machine: Machine, payload: bytes) -> None:
    if machine.state is not TransportState.FIRST_KEXINIT:
        machine.rekey.began(machine.now)
    machine.go_on(machine.kex.kexinit(payload))


def _skip_guess(machine: Machine, payload: bytes) -> None:  # noqa: ARG001 (a handler)
    machine.enter(machine.kex.guess_skipped())


def _kex(machine: Machine, payload: bytes) -> None:
    machine.go_on(machine.kex.message(payload))


def _newkeys(machine: Machine, payload: bytes) -> None:
    machine.kex.newkeys(payload)
    machine.rekey.completed(machine.now)
    machine.enter(machine.stage)


# ---------------------------------------------------------------- services


def _service_accept(machine: Machine, payload: bytes) -> None:
    asked = machine.services.asked
    # servers have sent it without the name, and OpenSSH's client takes that
    bare = len(payload) == 1
    name = (asked or "") if bare else ServiceAccept.decode(payload).name
    if name != asked:
        problem = "a service is granted that was not requested"
        raise ProtocolError(problem)
    machine.set_stage(TransportState.AUTH)
    machine.events.append(ServiceAccepted(name))


def _service_request(machine: Machine, payload: bytes) -> None:
    name = ServiceRequest.decode(payload).name
    # "If the server rejects the service request, it SHOULD send an appropriate
    # SSH_MSG_DISCONNECT message and MUST disconnect."
    if name not in machine.context.options.services:
        problem = "a service that is not offered"
        raise ServiceRefused(problem)
    machine.services.requested = name
    machine.input.wait()
    machine.events.append(ServiceRequested(name))


def _service_repeated(machine: Machine, payload: bytes) -> None:
    name = ServiceRequest.decode(payload).name
    if name != machine.services.granted:
        problem = "another service while one runs"
        raise ServiceRefused(problem)
    machine.reply(ServiceAccept(name=name))


def _service_late(machine: Machine, payload: bytes) -> None:  # noqa: ARG001 (a handler)
    problem = "a service request after authentication"
    raise ServiceRefused(problem)


# ---------------------------------------------------------------- tables

_BOTH: Final[Mapping[Action, _Handler]] = {
    Action.UNIMPLEMENTED: _answer_unimplemented,
    Action.DELIVER: _deliver,
    Action.HOLD: _hold,
    Action.DISCONNECT: _disconnect,
    Action.NOT_KNOWN: _not_known,
    Action.DEBUG: _debug,
    Action.EXT_INFO: _ext_info,
    Action.PING: _ping,
    Action.PONG: _pong,
    Action.KEXINIT: _kexinit,
    Action.SKIP_GUESS: _skip_guess,
    Action.KEX: _kex,
    Action.NEWKEYS: _newkeys,
}

HANDLERS: Final[Mapping[Role, Mapping[Action, _Handler]]] = {
    "client": {**_BOTH, Action.SERVICE_ACCEPT: _service_accept},
    "server": {
        **_BOTH,
        Action.SERVICE_REQUEST: _service_request,
        Action.SERVICE_REPEATED: _service_repeated,
        Action.SERVICE_LATE: _service_late,
    },
}
"""The function for each action; an action without one ends the connection."""

EXT_INFO: Final[Mapping[Role, Callable[[TransportOptions], ExtInfo]]] = {
    "client": client_extensions,
    "server": server_extensions,
}
"""What each role announces (RFC 8308)."""
