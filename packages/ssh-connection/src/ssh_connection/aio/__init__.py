"""The asyncio endpoints: sockets, tasks and clocks around the connection protocol.

endpoint   what both roles share: transport, multiplexer, keepalive, one certain end
client     ClientConnection: run, start, streams, forwards
commands   run, start and subsystem, as a user calls them
sessions   a client's sessions: opened, and what is started in them
establish  how a client's connection comes to be
login      the client's authentication, driven
server     ServerConnection: sessions and forwards that were switched on
identity   the server's host keys, and how it signs with them
gate       who may log in
callbacks  functions that are given to a server: which are refused, how they are called
session    a client's session, as the server's handler sees it
process    a command, shell or subsystem on the other side
command    `run`: one command from start to end
redirect   where the streams of a command come from and go to
files      local files and descriptors, beside the event loop
text       the streams of a command as text
streams    byte streams with exact back-pressure
channel    a channel with callbacks, as fast as it gets
forward    forwarded TCP ports, from both ends
remote     a client's remote forwards
listening  a server's forwards, as far as its rules allow them
bridge     a socket and a channel, joined
binding    listening sockets
scope      things that are opened, used and closed
settings   what an endpoint is told when it is made
testing    two endpoints joined in memory
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from ssh_connection.aio.channel import Channel as Channel
from ssh_connection.aio.channel import Receiver as Receiver
from ssh_connection.aio.client import ClientConnection as ClientConnection
from ssh_connection.aio.command import CommandInterrupted as CommandInterrupted
from ssh_connection.aio.command import OutputTooLarge as OutputTooLarge
from ssh_connection.aio.commands import Commands as Commands
from ssh_connection.aio.endpoint import Endpoint as Endpoint
from ssh_connection.aio.establish import Dialer as Dialer
from ssh_connection.aio.forward import LocalForward as LocalForward
from ssh_connection.aio.forward import RemoteForward as RemoteForward
from ssh_connection.aio.identity import HostSigner as HostSigner
from ssh_connection.aio.process import Launch as Launch
from ssh_connection.aio.process import Process as Process
from ssh_connection.aio.process import Pty as Pty
from ssh_connection.aio.process import command_line as command_line
from ssh_connection.aio.redirect import DEVNULL as DEVNULL
from ssh_connection.aio.redirect import PIPE as PIPE
from ssh_connection.aio.redirect import STDOUT as STDOUT
from ssh_connection.aio.redirect import InputSource as InputSource
from ssh_connection.aio.redirect import OutputTarget as OutputTarget
from ssh_connection.aio.scope import Scope as Scope
from ssh_connection.aio.settings import CertificateVerifier as CertificateVerifier
from ssh_connection.aio.settings import ClientSettings as ClientSettings
from ssh_connection.aio.settings import HostKeyLearner as HostKeyLearner
from ssh_connection.aio.settings import HostKeyVerifier as HostKeyVerifier
from ssh_connection.aio.settings import KeepaliveOptions as KeepaliveOptions
from ssh_connection.aio.settings import Prove as Prove
from ssh_connection.aio.settings import Timeouts as Timeouts
from ssh_connection.aio.streams import ByteReader as ByteReader
from ssh_connection.aio.streams import ByteStream as ByteStream
from ssh_connection.aio.streams import ByteWriter as ByteWriter
from ssh_connection.aio.text import TextProcess as TextProcess
from ssh_connection.aio.text import TextReader as TextReader
from ssh_connection.aio.text import TextWriter as TextWriter

if TYPE_CHECKING:
    from ssh_connection.aio.gate import ServerAuthentication as ServerAuthentication
    from ssh_connection.aio.listening import ForwardingRules as ForwardingRules
    from ssh_connection.aio.server import ServerConnection as ServerConnection
    from ssh_connection.aio.server import ServerSettings as ServerSettings
    from ssh_connection.aio.session import Session as Session
    from ssh_connection.aio.session import SessionHandler as SessionHandler
    from ssh_connection.aio.session import User as User

# the server's side loads when it is used: a client does not pay for it
_LATER = {
    "ServerAuthentication": "ssh_connection.aio.gate",
    "ForwardingRules": "ssh_connection.aio.listening",
    "ServerConnection": "ssh_connection.aio.server",
    "ServerSettings": "ssh_connection.aio.server",
    "Session": "ssh_connection.aio.session",
    "SessionHandler": "ssh_connection.aio.session",
    "User": "ssh_connection.aio.session",
}


def __getattr__(name: str) -> object:
    module = _LATER.get(name)
    if module is None:
        problem = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(problem)
    return getattr(importlib.import_module(module), name)
