"""The SSH transport protocol as a state machine, both roles (RFC 4253).

Public modules:

algorithms     profiles of what is offered
kex, ciphers, macs   tables of the methods that exist
events         what `next_event` returns
errors         what goes wrong
trace          every message and event, given to one callback
aio            the asyncio driver
testing        two transports joined in memory

Internal:

roles          ClientTransport and ServerTransport: what the two sides differ in
transport      Transport: the interface that both share
machine        what is inside: finds packets, and does with each what its row names
handlers       what is done with each message: a table for each role
input, output  the two directions, and what waits in them
states         the table: which message may arrive in which state
version        the identification exchange
keyexchange/   one key exchange as typed states, in both roles
packets/       packets opened, sealed, compressed
rekey          when to rekey
extinfo        SSH_MSG_EXT_INFO
lists          changes to lists of algorithms as ssh_config has them
limits, options
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ssh_wire import lazy

if TYPE_CHECKING:
    from ssh_transport.algorithms import Algorithms as Algorithms
    from ssh_transport.algorithms import profiles as profiles
    from ssh_transport.errors import ClosedBeforeIdentification as ClosedBeforeIdentification
    from ssh_transport.errors import CompressionFailed as CompressionFailed
    from ssh_transport.errors import ConnectionClosed as ConnectionClosed
    from ssh_transport.errors import ConnectionLost as ConnectionLost
    from ssh_transport.errors import HeldQueueFull as HeldQueueFull
    from ssh_transport.errors import HostKeyRefused as HostKeyRefused
    from ssh_transport.errors import IdentificationError as IdentificationError
    from ssh_transport.errors import KeyExchangeFailed as KeyExchangeFailed
    from ssh_transport.errors import MACFailed as MACFailed
    from ssh_transport.errors import NegotiationFailed as NegotiationFailed
    from ssh_transport.errors import PeerDisconnected as PeerDisconnected
    from ssh_transport.errors import RekeyTimeout as RekeyTimeout
    from ssh_transport.errors import ServiceRefused as ServiceRefused
    from ssh_transport.events import BannerLineReceived as BannerLineReceived
    from ssh_transport.events import ComputationRequested as ComputationRequested
    from ssh_transport.events import DebugReceived as DebugReceived
    from ssh_transport.events import Disconnected as Disconnected
    from ssh_transport.events import Event as Event
    from ssh_transport.events import ExtInfoReceived as ExtInfoReceived
    from ssh_transport.events import HostKeyReceived as HostKeyReceived
    from ssh_transport.events import IdentificationReceived as IdentificationReceived
    from ssh_transport.events import KexCompleted as KexCompleted
    from ssh_transport.events import PayloadReceived as PayloadReceived
    from ssh_transport.events import PongReceived as PongReceived
    from ssh_transport.events import ServiceAccepted as ServiceAccepted
    from ssh_transport.events import ServiceRequested as ServiceRequested
    from ssh_transport.events import SignatureRequested as SignatureRequested
    from ssh_transport.events import UnimplementedReceived as UnimplementedReceived
    from ssh_transport.kex.dh_modp import is_safe_prime as is_safe_prime
    from ssh_transport.kex.groups import Group as Group
    from ssh_transport.kex.moduli import Modulus as Modulus
    from ssh_transport.kex.moduli import groups_of as groups_of
    from ssh_transport.keyexchange.negotiation import Agreement as Agreement
    from ssh_transport.keyexchange.negotiation import DirectionAgreement as DirectionAgreement
    from ssh_transport.limits import Limits as Limits
    from ssh_transport.options import Guess as Guess
    from ssh_transport.options import TransportOptions as TransportOptions
    from ssh_transport.packets.compression import CompressionCounts as CompressionCounts
    from ssh_transport.roles import ClientTransport as ClientTransport
    from ssh_transport.roles import ServerTransport as ServerTransport
    from ssh_transport.transport import Transport as Transport
else:
    __getattr__, __dir__, __all__ = lazy.names(
        __name__,
        {
            "ssh_transport.algorithms": "Algorithms profiles",
            "ssh_transport.errors": (
                "ClosedBeforeIdentification CompressionFailed ConnectionClosed ConnectionLost "
                "HeldQueueFull HostKeyRefused IdentificationError KeyExchangeFailed MACFailed "
                "NegotiationFailed PeerDisconnected RekeyTimeout ServiceRefused"
            ),
            "ssh_transport.events": (
                "BannerLineReceived ComputationRequested DebugReceived Disconnected Event "
                "ExtInfoReceived HostKeyReceived IdentificationReceived KexCompleted "
                "PayloadReceived PongReceived ServiceAccepted ServiceRequested SignatureRequested "
                "UnimplementedReceived"
            ),
            "ssh_transport.kex.dh_modp": "is_safe_prime",
            "ssh_transport.kex.groups": "Group",
            "ssh_transport.kex.moduli": "Modulus groups_of",
            "ssh_transport.keyexchange.negotiation": "Agreement DirectionAgreement",
            "ssh_transport.limits": "Limits",
            "ssh_transport.options": "Guess TransportOptions",
            "ssh_transport.packets.compression": "CompressionCounts",
            "ssh_transport.roles": "ClientTransport ServerTransport",
            "ssh_transport.transport": "Transport",
        },
    )
