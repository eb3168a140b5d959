# Generated from the async classes by tools/generate_sync.py; not to be edited.
"""SSH that blocks: the names of `ssh_stack` and no `await`.

    with sync.connect("web1") as conn:
        print(conn.run("id", text=True, check=True).stdout)

Everything happens in one event-loop thread of the process; any number of threads may use
it, also one connection from several.  Ctrl-C cancels what the main thread waits for, as
far as the other side.  A connection belongs to the process that made it: a fork is refused.

Functions that are given to it (sinks, progress, decisions, secrets, session handlers) run
in the event-loop thread: they are what the async API takes, must not block, and cannot use
the blocking API themselves.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ssh_wire import lazy

_ORIGINS: Final = {
    "ssh_agent": (
        "AgentError AgentMisbehaved AgentRefused AgentTimeout AgentUnavailable WrongReply"
    ),
    "ssh_auth": (
        "Accept AcceptedToken AddressPattern AgentSigner AuthAttempt AuthContext "
        "AuthCredential AuthLimits AuthProgress AuthStrategy AuthenticationFailed "
        "ChangePassword CompletedMethod GSSAPICredential GSSAPIFailed GSSAPIIdentity "
        "HostbasedCredential InteractiveCredential KeyCredential KeySigner NoneCredential "
        "OrderedStrategy Outcome Partial PasswordCredential Permissions PromptResponder "
        "Reject SecurityContext Signer SigningAgent TooManyAttempts password_answers"
    ),
    "ssh_connection": (
        "ChannelClosed ChannelOpenRefused ChannelTimedOut ChannelType ChannelViolation "
        "CommandFailed Completed ConnectionLimits ExitSignal ExpectTimeout Expected "
        "ForwardingDisabled GlobalRequestType NoExitStatus PatternNotFound RedirectFailed "
        "RequestRefused SSHTimeout TerminalMode"
    ),
    "ssh_connection.addresses": "Address AddressLike TCPAddress UnixAddress",
    "ssh_connection.aio": (
        "ClientConnection CommandInterrupted DEVNULL ForwardingRequest ForwardingRules "
        "HostSigner InputSource KeepaliveOptions Launch OutputTarget OutputTooLarge PIPE "
        "Pty Receiver STDOUT ServerAuthentication Session SessionHandler SessionRequest "
        "SessionX11 StreamService Timeouts User X11Displays"
    ),
    "ssh_connection.control.errors": "ControlRefused ControlViolation MasterLost",
    "ssh_connection.services": "Service",
    "ssh_keys": (
        "Certificate CertificateRefused Credential FidoPolicy HostKeyStatus HostKeyUpdate "
        "KeyDecryptError KeyFormatError KeyPolicy KnownHosts PassphraseNeeded PinNeeded "
        "PrivateKey PublicKey RevocationList SSHFP Signature SignatureRefused SigningFailed "
        "TokenFailed TokenNeeded TooCostly UnprotectedKey UnsupportedKey load_private_key "
        "load_public_key"
    ),
    "ssh_sftp": (
        "Attributes BinaryMode BytesFile DirectoryHandle DropBox EntriesDirectory EntryKind "
        "FileHandle FileSystem Found MaybeLater OpenFlags PathFilter Progress Quota "
        "ReadOnly SFTPConnectionLost SFTPEOF SFTPError SFTPNoSuchFile SFTPOptions "
        "SFTPPermissionDenied SFTPProtocolError SFTPTimeout SFTPTransferError "
        "SFTPTransferErrors SFTPUnsafeName SFTPUnsupported Select ServerLimits Skipped "
        "StatVFSReply StatusCode SyncAction SyncDirection SyncPlan SyncResult SyncStep "
        "TextMode TransferFailure TransferRefusal Transferred TreeEntry VirtualFileSystem "
        "WriteOnly canonical file_attributes"
    ),
    "ssh_sftp.aio": "DirEntry InMemory InThreads Rooted RunningFile TransferProgress",
    "ssh_stack.client.options": (
        "CertificateSource ClientOptions HostKeyDecision HostKeyPolicy "
        "HostKeyUpdateDecision KeySource Prompter Secret"
    ),
    "ssh_stack.client.plan": (
        "ConnectionPlan ControlPlan ForwardsPlan IdentityPlan RoutePlan SessionPlan "
        "TransportPlan TrustPlan X11Plan"
    ),
    "ssh_stack.client.sshfp_answer": "SSHFPAnswer SSHFPResolver",
    "ssh_stack.client.x11_options": "X11Forwarding",
    "ssh_stack.config": "Config HostConfig Unsupported load_config",
    "ssh_stack.config.forward_specs": "ForwardSpec",
    "ssh_stack.errors": (
        "ConfigError ConnectFailed ConnectRefused ConnectTimedOut HostCertificateRefused "
        "HostKeyChanged HostKeyError HostKeyRevoked HostKeyTooShort HostKeyUnknown "
        "HostNotFound HostUnreachable KnownHostsCommandFailed ProxyFailed UnknownOption"
    ),
    "ssh_stack.many.results": "HostResult HostResults",
    "ssh_stack.server.admission": "MaxStartups",
    "ssh_stack.server.authorization": (
        "Authorization AuthorizedKeys InOrder KerberosTickets Passwords TrustedHosts "
        "TrustedUserCAKeys"
    ),
    "ssh_stack.server.forwarding": "AllowForwarding LoopbackForwarding",
    "ssh_stack.server.options": "HostKeySource ServerOptions",
    "ssh_stack.server.penalties": "Penalties",
    "ssh_stack.server.sessions": "SessionOptions",
    "ssh_stack.server.shell": "LocalShell",
    "ssh_stack.server.system_passwords": "CryptPasswords PAMPasswords",
    "ssh_stack.sources": "DEFAULT Default RevokedSource",
    "ssh_stack.streams": "Stream",
    "ssh_stack.sync._hosts": "HostRun OnHosts on_hosts run_on_hosts",
    "ssh_stack.sync.channel": "Channel",
    "ssh_stack.sync.connection": "ClientOptionsKw Connect Connection connect",
    "ssh_stack.sync.file": "RemoteFile RemoteTextFile",
    "ssh_stack.sync.forward": "LocalForward RemoteForward",
    "ssh_stack.sync.path": "RemotePath",
    "ssh_stack.sync.process": "Process",
    "ssh_stack.sync.reverse": "ReverseListener listen_reverse",
    "ssh_stack.sync.scope": "Scope",
    "ssh_stack.sync.server": "Serve Server ServerConnection ServerOptionsKw serve",
    "ssh_stack.sync.sftp": "SFTPClient",
    "ssh_stack.sync.streams": "ByteReader ByteStream ByteWriter",
    "ssh_stack.sync.text": "TextProcess TextReader TextWriter",
    "ssh_transport": (
        "Agreement Algorithms ClosedBeforeIdentification CompressionCounts "
        "CompressionFailed ConnectionClosed ConnectionLost DirectionAgreement HeldQueueFull "
        "HostKeyRefused IdentificationError KeyExchangeFailed Limits MACFailed "
        "NegotiationFailed PeerDisconnected RekeyTimeout ServiceRefused"
    ),
    "ssh_wire": (
        "BadValue DisconnectReason EncodeError InvalidText MessageSet OpenFailureReason "
        "ProtocolError SSHError TrailingData Truncated UnknownMessage UsageError WireError "
        "WrongConstant"
    ),
    "ssh_wire.messages.auth": "InfoRequest Prompt",
    "ssh_wire.messages.connection": "GlobalHead OpenHead RequestHead",
}

if TYPE_CHECKING:
    from ssh_agent import AgentError as AgentError
    from ssh_agent import AgentMisbehaved as AgentMisbehaved
    from ssh_agent import AgentRefused as AgentRefused
    from ssh_agent import AgentTimeout as AgentTimeout
    from ssh_agent import AgentUnavailable as AgentUnavailable
    from ssh_agent import WrongReply as WrongReply
    from ssh_auth import Accept as Accept
    from ssh_auth import AcceptedToken as AcceptedToken
    from ssh_auth import AddressPattern as AddressPattern
    from ssh_auth import AgentSigner as AgentSigner
    from ssh_auth import AuthAttempt as AuthAttempt
    from ssh_auth import AuthContext as AuthContext
    from ssh_auth import AuthCredential as AuthCredential
    from ssh_auth import AuthenticationFailed as AuthenticationFailed
    from ssh_auth import AuthLimits as AuthLimits
    from ssh_auth import AuthProgress as AuthProgress
    from ssh_auth import AuthStrategy as AuthStrategy
    from ssh_auth import ChangePassword as ChangePassword
    from ssh_auth import CompletedMethod as CompletedMethod
    from ssh_auth import GSSAPICredential as GSSAPICredential
    from ssh_auth import GSSAPIFailed as GSSAPIFailed
    from ssh_auth import GSSAPIIdentity as GSSAPIIdentity
    from ssh_auth import HostbasedCredential as HostbasedCredential
    from ssh_auth import InteractiveCredential as InteractiveCredential
    from ssh_auth import KeyCredential as KeyCredential
    from ssh_auth import KeySigner as KeySigner
    from ssh_auth import NoneCredential as NoneCredential
    from ssh_auth import OrderedStrategy as OrderedStrategy
    from ssh_auth import Outcome as Outcome
    from ssh_auth import Partial as Partial
    from ssh_auth import PasswordCredential as PasswordCredential
    from ssh_auth import Permissions as Permissions
    from ssh_auth import PromptResponder as PromptResponder
    from ssh_auth import Reject as Reject
    from ssh_auth import SecurityContext as SecurityContext
    from ssh_auth import Signer as Signer
    from ssh_auth import SigningAgent as SigningAgent
    from ssh_auth import TooManyAttempts as TooManyAttempts
    from ssh_auth import password_answers as password_answers
    from ssh_connection import ChannelClosed as ChannelClosed
    from ssh_connection import ChannelOpenRefused as ChannelOpenRefused
    from ssh_connection import ChannelTimedOut as ChannelTimedOut
    from ssh_connection import ChannelType as ChannelType
    from ssh_connection import ChannelViolation as ChannelViolation
    from ssh_connection import CommandFailed as CommandFailed
    from ssh_connection import Completed as Completed
    from ssh_connection import ConnectionLimits as ConnectionLimits
    from ssh_connection import ExitSignal as ExitSignal
    from ssh_connection import Expected as Expected
    from ssh_connection import ExpectTimeout as ExpectTimeout
    from ssh_connection import ForwardingDisabled as ForwardingDisabled
    from ssh_connection import GlobalRequestType as GlobalRequestType
    from ssh_connection import NoExitStatus as NoExitStatus
    from ssh_connection import PatternNotFound as PatternNotFound
    from ssh_connection import RedirectFailed as RedirectFailed
    from ssh_connection import RequestRefused as RequestRefused
    from ssh_connection import SSHTimeout as SSHTimeout
    from ssh_connection import TerminalMode as TerminalMode
    from ssh_connection.addresses import Address as Address
    from ssh_connection.addresses import AddressLike as AddressLike
    from ssh_connection.addresses import TCPAddress as TCPAddress
    from ssh_connection.addresses import UnixAddress as UnixAddress
    from ssh_connection.aio import DEVNULL as DEVNULL
    from ssh_connection.aio import PIPE as PIPE
    from ssh_connection.aio import STDOUT as STDOUT
    from ssh_connection.aio import ClientConnection as ClientConnection
    from ssh_connection.aio import CommandInterrupted as CommandInterrupted
    from ssh_connection.aio import ForwardingRequest as ForwardingRequest
    from ssh_connection.aio import ForwardingRules as ForwardingRules
    from ssh_connection.aio import HostSigner as HostSigner
    from ssh_connection.aio import InputSource as InputSource
    from ssh_connection.aio import KeepaliveOptions as KeepaliveOptions
    from ssh_connection.aio import Launch as Launch
    from ssh_connection.aio import OutputTarget as OutputTarget
    from ssh_connection.aio import OutputTooLarge as OutputTooLarge
    from ssh_connection.aio import Pty as Pty
    from ssh_connection.aio import Receiver as Receiver
    from ssh_connection.aio import ServerAuthentication as ServerAuthentication
    from ssh_connection.aio import Session as Session
    from ssh_connection.aio import SessionHandler as SessionHandler
    from ssh_connection.aio import SessionRequest as SessionRequest
    from ssh_connection.aio import SessionX11 as SessionX11
    from ssh_connection.aio import StreamService as StreamService
    from ssh_connection.aio import Timeouts as Timeouts
    from ssh_connection.aio import User as User
    from ssh_connection.aio import X11Displays as X11Displays
    from ssh_connection.control.errors import ControlRefused as ControlRefused
    from ssh_connection.control.errors import ControlViolation as ControlViolation
    from ssh_connection.control.errors import MasterLost as MasterLost
    from ssh_connection.services import Service as Service
    from ssh_keys import SSHFP as SSHFP
    from ssh_keys import Certificate as Certificate
    from ssh_keys import CertificateRefused as CertificateRefused
    from ssh_keys import Credential as Credential
    from ssh_keys import FidoPolicy as FidoPolicy
    from ssh_keys import HostKeyStatus as HostKeyStatus
    from ssh_keys import HostKeyUpdate as HostKeyUpdate
    from ssh_keys import KeyDecryptError as KeyDecryptError
    from ssh_keys import KeyFormatError as KeyFormatError
    from ssh_keys import KeyPolicy as KeyPolicy
    from ssh_keys import KnownHosts as KnownHosts
    from ssh_keys import PassphraseNeeded as PassphraseNeeded
    from ssh_keys import PinNeeded as PinNeeded
    from ssh_keys import PrivateKey as PrivateKey
    from ssh_keys import PublicKey as PublicKey
    from ssh_keys import RevocationList as RevocationList
    from ssh_keys import Signature as Signature
    from ssh_keys import SignatureRefused as SignatureRefused
    from ssh_keys import SigningFailed as SigningFailed
    from ssh_keys import TokenFailed as TokenFailed
    from ssh_keys import TokenNeeded as TokenNeeded
    from ssh_keys import TooCostly as TooCostly
    from ssh_keys import UnprotectedKey as UnprotectedKey
    from ssh_keys import UnsupportedKey as UnsupportedKey
    from ssh_keys import load_private_key as load_private_key
    from ssh_keys import load_public_key as load_public_key
    from ssh_sftp import SFTPEOF as SFTPEOF
    from ssh_sftp import Attributes as Attributes
    from ssh_sftp import BinaryMode as BinaryMode
    from ssh_sftp import BytesFile as BytesFile
    from ssh_sftp import DirectoryHandle as DirectoryHandle
    from ssh_sftp import DropBox as DropBox
    from ssh_sftp import EntriesDirectory as EntriesDirectory
    from ssh_sftp import EntryKind as EntryKind
    from ssh_sftp import FileHandle as FileHandle
    from ssh_sftp import FileSystem as FileSystem
    from ssh_sftp import Found as Found
    from ssh_sftp import MaybeLater as MaybeLater
    from ssh_sftp import OpenFlags as OpenFlags
    from ssh_sftp import PathFilter as PathFilter
    from ssh_sftp import Progress as Progress
    from ssh_sftp import Quota as Quota
    from ssh_sftp import ReadOnly as ReadOnly
    from ssh_sftp import Select as Select
    from ssh_sftp import ServerLimits as ServerLimits
    from ssh_sftp import SFTPConnectionLost as SFTPConnectionLost
    from ssh_sftp import SFTPError as SFTPError
    from ssh_sftp import SFTPNoSuchFile as SFTPNoSuchFile
    from ssh_sftp import SFTPOptions as SFTPOptions
    from ssh_sftp import SFTPPermissionDenied as SFTPPermissionDenied
    from ssh_sftp import SFTPProtocolError as SFTPProtocolError
    from ssh_sftp import SFTPTimeout as SFTPTimeout
    from ssh_sftp import SFTPTransferError as SFTPTransferError
    from ssh_sftp import SFTPTransferErrors as SFTPTransferErrors
    from ssh_sftp import SFTPUnsafeName as SFTPUnsafeName
    from ssh_sftp import SFTPUnsupported as SFTPUnsupported
    from ssh_sftp import Skipped as Skipped
    from ssh_sftp import StatusCode as StatusCode
    from ssh_sftp import StatVFSReply as StatVFSReply
    from ssh_sftp import SyncAction as SyncAction
    from ssh_sftp import SyncDirection as SyncDirection
    from ssh_sftp import SyncPlan as SyncPlan
    from ssh_sftp import SyncResult as SyncResult
    from ssh_sftp import SyncStep as SyncStep
    from ssh_sftp import TextMode as TextMode
    from ssh_sftp import TransferFailure as TransferFailure
    from ssh_sftp import Transferred as Transferred
    from ssh_sftp import TransferRefusal as TransferRefusal
    from ssh_sftp import TreeEntry as TreeEntry
    from ssh_sftp import VirtualFileSystem as VirtualFileSystem
    from ssh_sftp import WriteOnly as WriteOnly
    from ssh_sftp import canonical as canonical
    from ssh_sftp import file_attributes as file_attributes
    from ssh_sftp.aio import DirEntry as DirEntry
    from ssh_sftp.aio import InMemory as InMemory
    from ssh_sftp.aio import InThreads as InThreads
    from ssh_sftp.aio import Rooted as Rooted
    from ssh_sftp.aio import RunningFile as RunningFile
    from ssh_sftp.aio import TransferProgress as TransferProgress
    from ssh_stack.client.options import CertificateSource as CertificateSource
    from ssh_stack.client.options import ClientOptions as ClientOptions
    from ssh_stack.client.options import HostKeyDecision as HostKeyDecision
    from ssh_stack.client.options import HostKeyPolicy as HostKeyPolicy
    from ssh_stack.client.options import HostKeyUpdateDecision as HostKeyUpdateDecision
    from ssh_stack.client.options import KeySource as KeySource
    from ssh_stack.client.options import Prompter as Prompter
    from ssh_stack.client.options import Secret as Secret
    from ssh_stack.client.plan import ConnectionPlan as ConnectionPlan
    from ssh_stack.client.plan import ControlPlan as ControlPlan
    from ssh_stack.client.plan import ForwardsPlan as ForwardsPlan
    from ssh_stack.client.plan import IdentityPlan as IdentityPlan
    from ssh_stack.client.plan import RoutePlan as RoutePlan
    from ssh_stack.client.plan import SessionPlan as SessionPlan
    from ssh_stack.client.plan import TransportPlan as TransportPlan
    from ssh_stack.client.plan import TrustPlan as TrustPlan
    from ssh_stack.client.plan import X11Plan as X11Plan
    from ssh_stack.client.sshfp_answer import SSHFPAnswer as SSHFPAnswer
    from ssh_stack.client.sshfp_answer import SSHFPResolver as SSHFPResolver
    from ssh_stack.client.x11_options import X11Forwarding as X11Forwarding
    from ssh_stack.config import Config as Config
    from ssh_stack.config import HostConfig as HostConfig
    from ssh_stack.config import Unsupported as Unsupported
    from ssh_stack.config import load_config as load_config
    from ssh_stack.config.forward_specs import ForwardSpec as ForwardSpec
    from ssh_stack.errors import ConfigError as ConfigError
    from ssh_stack.errors import ConnectFailed as ConnectFailed
    from ssh_stack.errors import ConnectRefused as ConnectRefused
    from ssh_stack.errors import ConnectTimedOut as ConnectTimedOut
    from ssh_stack.errors import HostCertificateRefused as HostCertificateRefused
    from ssh_stack.errors import HostKeyChanged as HostKeyChanged
    from ssh_stack.errors import HostKeyError as HostKeyError
    from ssh_stack.errors import HostKeyRevoked as HostKeyRevoked
    from ssh_stack.errors import HostKeyTooShort as HostKeyTooShort
    from ssh_stack.errors import HostKeyUnknown as HostKeyUnknown
    from ssh_stack.errors import HostNotFound as HostNotFound
    from ssh_stack.errors import HostUnreachable as HostUnreachable
    from ssh_stack.errors import KnownHostsCommandFailed as KnownHostsCommandFailed
    from ssh_stack.errors import ProxyFailed as ProxyFailed
    from ssh_stack.errors import UnknownOption as UnknownOption
    from ssh_stack.many.results import HostResult as HostResult
    from ssh_stack.many.results import HostResults as HostResults
    from ssh_stack.server.admission import MaxStartups as MaxStartups
    from ssh_stack.server.authorization import Authorization as Authorization
    from ssh_stack.server.authorization import AuthorizedKeys as AuthorizedKeys
    from ssh_stack.server.authorization import InOrder as InOrder
    from ssh_stack.server.authorization import KerberosTickets as KerberosTickets
    from ssh_stack.server.authorization import Passwords as Passwords
    from ssh_stack.server.authorization import TrustedHosts as TrustedHosts
    from ssh_stack.server.authorization import TrustedUserCAKeys as TrustedUserCAKeys
    from ssh_stack.server.forwarding import AllowForwarding as AllowForwarding
    from ssh_stack.server.forwarding import LoopbackForwarding as LoopbackForwarding
    from ssh_stack.server.options import HostKeySource as HostKeySource
    from ssh_stack.server.options import ServerOptions as ServerOptions
    from ssh_stack.server.penalties import Penalties as Penalties
    from ssh_stack.server.sessions import SessionOptions as SessionOptions
    from ssh_stack.server.shell import LocalShell as LocalShell
    from ssh_stack.server.system_passwords import CryptPasswords as CryptPasswords
    from ssh_stack.server.system_passwords import PAMPasswords as PAMPasswords
    from ssh_stack.sources import DEFAULT as DEFAULT
    from ssh_stack.sources import Default as Default
    from ssh_stack.sources import RevokedSource as RevokedSource
    from ssh_stack.streams import Stream as Stream
    from ssh_stack.sync._hosts import HostRun as HostRun
    from ssh_stack.sync._hosts import OnHosts as OnHosts
    from ssh_stack.sync._hosts import on_hosts as on_hosts
    from ssh_stack.sync._hosts import run_on_hosts as run_on_hosts
    from ssh_stack.sync.channel import Channel as Channel
    from ssh_stack.sync.connection import ClientOptionsKw as ClientOptionsKw
    from ssh_stack.sync.connection import Connect as Connect
    from ssh_stack.sync.connection import Connection as Connection
    from ssh_stack.sync.connection import connect as connect
    from ssh_stack.sync.file import RemoteFile as RemoteFile
    from ssh_stack.sync.file import RemoteTextFile as RemoteTextFile
    from ssh_stack.sync.forward import LocalForward as LocalForward
    from ssh_stack.sync.forward import RemoteForward as RemoteForward
    from ssh_stack.sync.path import RemotePath as RemotePath
    from ssh_stack.sync.process import Process as Process
    from ssh_stack.sync.reverse import ReverseListener as ReverseListener
    from ssh_stack.sync.reverse import listen_reverse as listen_reverse
    from ssh_stack.sync.scope import Scope as Scope
    from ssh_stack.sync.server import Serve as Serve
    from ssh_stack.sync.server import Server as Server
    from ssh_stack.sync.server import ServerConnection as ServerConnection
    from ssh_stack.sync.server import ServerOptionsKw as ServerOptionsKw
    from ssh_stack.sync.server import serve as serve
    from ssh_stack.sync.sftp import SFTPClient as SFTPClient
    from ssh_stack.sync.streams import ByteReader as ByteReader
    from ssh_stack.sync.streams import ByteStream as ByteStream
    from ssh_stack.sync.streams import ByteWriter as ByteWriter
    from ssh_stack.sync.text import TextProcess as TextProcess
    from ssh_stack.sync.text import TextReader as TextReader
    from ssh_stack.sync.text import TextWriter as TextWriter
    from ssh_transport import Agreement as Agreement
    from ssh_transport import Algorithms as Algorithms
    from ssh_transport import ClosedBeforeIdentification as ClosedBeforeIdentification
    from ssh_transport import CompressionCounts as CompressionCounts
    from ssh_transport import CompressionFailed as CompressionFailed
    from ssh_transport import ConnectionClosed as ConnectionClosed
    from ssh_transport import ConnectionLost as ConnectionLost
    from ssh_transport import DirectionAgreement as DirectionAgreement
    from ssh_transport import HeldQueueFull as HeldQueueFull
    from ssh_transport import HostKeyRefused as HostKeyRefused
    from ssh_transport import IdentificationError as IdentificationError
    from ssh_transport import KeyExchangeFailed as KeyExchangeFailed
    from ssh_transport import Limits as Limits
    from ssh_transport import MACFailed as MACFailed
    from ssh_transport import NegotiationFailed as NegotiationFailed
    from ssh_transport import PeerDisconnected as PeerDisconnected
    from ssh_transport import RekeyTimeout as RekeyTimeout
    from ssh_transport import ServiceRefused as ServiceRefused
    from ssh_wire import BadValue as BadValue
    from ssh_wire import DisconnectReason as DisconnectReason
    from ssh_wire import EncodeError as EncodeError
    from ssh_wire import InvalidText as InvalidText
    from ssh_wire import MessageSet as MessageSet
    from ssh_wire import OpenFailureReason as OpenFailureReason
    from ssh_wire import ProtocolError as ProtocolError
    from ssh_wire import SSHError as SSHError
    from ssh_wire import TrailingData as TrailingData
    from ssh_wire import Truncated as Truncated
    from ssh_wire import UnknownMessage as UnknownMessage
    from ssh_wire import UsageError as UsageError
    from ssh_wire import WireError as WireError
    from ssh_wire import WrongConstant as WrongConstant
    from ssh_wire.messages.auth import InfoRequest as InfoRequest
    from ssh_wire.messages.auth import Prompt as Prompt
    from ssh_wire.messages.connection import GlobalHead as GlobalHead
    from ssh_wire.messages.connection import OpenHead as OpenHead
    from ssh_wire.messages.connection import RequestHead as RequestHead
else:
    __getattr__, __dir__, __all__ = lazy.names(__name__, _ORIGINS)
