"""Wire encoding of the SSH protocol: data types, message declarations, framing, errors.

Public modules:

    ssh_wire         declarations, data types and errors
    aio              what every asyncio driver shares
    algorithms       the names of algorithms, with their sources and an assessment
    binary_packet    unencrypted binary packets
    dissect/         payloads, streams and captures as trees and text; `python -m ssh_wire`
    guarded          the boundary around functions and handlers of users
    lazy             imports that wait until something is used
    lazy_attrs       attrs classes that cost when they are used
    length_prefix    length-prefixed frames, as the agent protocol and SFTP have them
    messages/        every message, one module a protocol; `sets` has them by phase and method
    modes            encoded terminal modes
    numbers          assigned numbers and names: messages, reasons, signals, extensions
    primitives       strings, mpints and name-lists as functions
    testing          a connection recorded as a capture file
    text             text of the peer, with control characters escaped

Internal:

    assigned         numbers and names that few programs need
    declare          @message and @record: a message as the RFC prints it
    types            the data types of RFC 4251 as annotations
    wire_fields      the fields of a declaration, with their wire types
    codec            encodes and decodes field by field, while a class has been used a few times
    codegen          writes encoders and decoders as straight-line code, for what is used more
    lazy_fields      the fields of lazy attrs classes, and the methods that follow from them
    messageset       which message a number means in one phase
    errors           SSHError, ProtocolError, UsageError and what decoders raise
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ssh_wire import lazy
from ssh_wire.declare import Message as Message
from ssh_wire.declare import Record as Record
from ssh_wire.declare import message as message
from ssh_wire.declare import record as record
from ssh_wire.errors import BadValue as BadValue
from ssh_wire.errors import EncodeError as EncodeError
from ssh_wire.errors import InvalidText as InvalidText
from ssh_wire.errors import ProtocolError as ProtocolError
from ssh_wire.errors import SSHError as SSHError
from ssh_wire.errors import TrailingData as TrailingData
from ssh_wire.errors import Truncated as Truncated
from ssh_wire.errors import UsageError as UsageError
from ssh_wire.errors import WireError as WireError
from ssh_wire.errors import WrongConstant as WrongConstant
from ssh_wire.messageset import MessageSet as MessageSet
from ssh_wire.messageset import UnknownMessage as UnknownMessage
from ssh_wire.numbers import DisconnectReason as DisconnectReason
from ssh_wire.types import Byte as Byte
from ssh_wire.types import Cookie as Cookie
from ssh_wire.types import Counted as Counted
from ssh_wire.types import MPInt as MPInt
from ssh_wire.types import NameList as NameList
from ssh_wire.types import Repeated as Repeated
from ssh_wire.types import Rest as Rest
from ssh_wire.types import Text as Text
from ssh_wire.types import UInt32 as UInt32
from ssh_wire.types import UInt64 as UInt64
from ssh_wire.types import View as View

if TYPE_CHECKING:
    from ssh_wire.numbers import OpenFailureReason as OpenFailureReason
else:
    __getattr__, __dir__, _ = lazy.names(__name__, {"ssh_wire.assigned": "OpenFailureReason"})
