"""The SSH transport protocol as a state machine, both roles (RFC 4253).

roles          ClientTransport and ServerTransport: what the two sides differ in
transport      Transport: the interface that both share
machine        inside it: packets are found, and done with as their row says
phases         the table: what is done with each message number in each phase
version        the identification exchange
negotiation    a pure function of two KEXINITs
keyexchange    one key exchange as typed states; clientkex, serverkex: the roles' parts
kex/           key exchange methods        ciphers/    ciphers        macs    MACs
derivation     the exchange hash and the keys that follow from it
receiving      the receive buffer, from which packets are opened
sending        packets are sealed and gathered into writes
compression    payloads made smaller before, and expanded after; loaded where it is offered
rekey          when keys are exchanged anew
extinfo        EXT_INFO
algorithms     profiles of what is offered; lists: changes to them as ssh_config has them
trace          every message and event, told to one callback
limits, options, events, errors
aio/           the asyncio driver
testing        two transports joined in memory
"""

from __future__ import annotations

from ssh_transport.algorithms import Algorithms as Algorithms
from ssh_transport.algorithms import profiles as profiles
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
from ssh_transport.events import ServiceAccepted as ServiceAccepted
from ssh_transport.events import ServiceRequested as ServiceRequested
from ssh_transport.events import SignatureRequested as SignatureRequested
from ssh_transport.events import UnimplementedReceived as UnimplementedReceived
from ssh_transport.keyexchange.negotiation import Agreement as Agreement
from ssh_transport.keyexchange.negotiation import DirectionAgreement as DirectionAgreement
from ssh_transport.limits import Limits as Limits
from ssh_transport.options import Guess as Guess
from ssh_transport.options import TransportOptions as TransportOptions
from ssh_transport.roles import ClientTransport as ClientTransport
from ssh_transport.roles import ServerTransport as ServerTransport
from ssh_transport.transport import Transport as Transport
