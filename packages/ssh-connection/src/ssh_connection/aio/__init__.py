"""The asyncio endpoints: sockets, tasks and clocks around the connection protocol.

Public modules:

    ssh_connection.aio  connections of both roles, commands, streams, forwards
    callbacks           functions that are given to an endpoint: which are refused, how they run
    scope               things that are opened, used and closed
    testing             two endpoints joined in memory

Internal, for both roles:

    endpoint    a transport, a multiplexer, one certain end
    children    tasks and things that end with their connection
    keepalive   the clock of the keepalive
    settings    how long things take, how a dead peer is found
    channel     a channel with callbacks, as fast as it gets
    streams     byte streams with exact back-pressure
    tunnel      a channel in the place of a socket
    process/    a command on the other side, and its streams
    forward/    forwarded TCP ports and Unix sockets, from both ends

One role each, which never imports the other:

    client/     ClientConnection: how it comes to be, commands, forwards
    server/     ServerConnection: who may log in, sessions, forwards
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ssh_wire import lazy

if TYPE_CHECKING:
    from ssh_connection.aio.channel import Channel as Channel
    from ssh_connection.aio.channel import Receiver as Receiver
    from ssh_connection.aio.client.commands import Commands as Commands
    from ssh_connection.aio.client.connection import ClientConnection as ClientConnection
    from ssh_connection.aio.client.establish import Dialer as Dialer
    from ssh_connection.aio.client.forwards import Forwarding as Forwarding
    from ssh_connection.aio.client.forwards import Forwards as Forwards
    from ssh_connection.aio.client.session_forwarding import ForwardingRequest as ForwardingRequest
    from ssh_connection.aio.client.settings import CertificateVerifier as CertificateVerifier
    from ssh_connection.aio.client.settings import ClientSettings as ClientSettings
    from ssh_connection.aio.client.settings import HostKeyVerifier as HostKeyVerifier
    from ssh_connection.aio.client.settings import SessionForwards as SessionForwards
    from ssh_connection.aio.client.settings import SessionProof as SessionProof
    from ssh_connection.aio.client.x11_forwarding import LocalDisplay as LocalDisplay
    from ssh_connection.aio.endpoint import Endpoint as Endpoint
    from ssh_connection.aio.forward import Forward as Forward
    from ssh_connection.aio.forward.binding import bind as bind
    from ssh_connection.aio.forward.binding import stop_listening as stop_listening
    from ssh_connection.aio.forward.local import LocalForward as LocalForward
    from ssh_connection.aio.forward.remote import RemoteForward as RemoteForward
    from ssh_connection.aio.process.launch import Launch as Launch
    from ssh_connection.aio.process.launch import command_line as command_line
    from ssh_connection.aio.process.process import Process as Process
    from ssh_connection.aio.process.redirect import DEVNULL as DEVNULL
    from ssh_connection.aio.process.redirect import PIPE as PIPE
    from ssh_connection.aio.process.redirect import STDOUT as STDOUT
    from ssh_connection.aio.process.redirect import InputSource as InputSource
    from ssh_connection.aio.process.redirect import OutputTarget as OutputTarget
    from ssh_connection.aio.process.run import CommandInterrupted as CommandInterrupted
    from ssh_connection.aio.process.run import OutputTooLarge as OutputTooLarge
    from ssh_connection.aio.process.text import TextProcess as TextProcess
    from ssh_connection.aio.process.text import TextReader as TextReader
    from ssh_connection.aio.process.text import TextWriter as TextWriter
    from ssh_connection.aio.scope import Scope as Scope
    from ssh_connection.aio.server.authentication import Result as Result
    from ssh_connection.aio.server.authentication import (
        ServerAuthentication as ServerAuthentication,
    )
    from ssh_connection.aio.server.authentication import offered_methods as offered_methods
    from ssh_connection.aio.server.connection import ServerConnection as ServerConnection
    from ssh_connection.aio.server.forwarding import ForwardingRules as ForwardingRules
    from ssh_connection.aio.server.identity import HostSigner as HostSigner
    from ssh_connection.aio.server.session import Session as Session
    from ssh_connection.aio.server.session import User as User
    from ssh_connection.aio.server.session_policy import SessionHandler as SessionHandler
    from ssh_connection.aio.server.session_policy import SessionRequest as SessionRequest
    from ssh_connection.aio.server.settings import ServerSettings as ServerSettings
    from ssh_connection.aio.server.settings import SessionSettings as SessionSettings
    from ssh_connection.aio.server.x11_displays import SessionX11 as SessionX11
    from ssh_connection.aio.server.x11_displays import X11Displays as X11Displays
    from ssh_connection.aio.services.hostkeys import HostKeyProver as HostKeyProver
    from ssh_connection.aio.services.hostkeys import HostKeyUpdater as HostKeyUpdater
    from ssh_connection.aio.services.stream import StreamService as StreamService
    from ssh_connection.aio.settings import KeepaliveOptions as KeepaliveOptions
    from ssh_connection.aio.settings import Timeouts as Timeouts
    from ssh_connection.aio.streams import ByteReader as ByteReader
    from ssh_connection.aio.streams import ByteStream as ByteStream
    from ssh_connection.aio.streams import ByteWriter as ByteWriter
    from ssh_connection.aio.tunnel import connect_driver as connect_driver
    from ssh_connection.pty import Pty as Pty
else:
    # a client does not pay for the server, nor a server for the client
    __getattr__, __dir__, __all__ = lazy.names(
        __name__,
        {
            "ssh_connection.aio.channel": "Channel Receiver",
            "ssh_connection.aio.client.commands": "Commands",
            "ssh_connection.aio.client.connection": "ClientConnection",
            "ssh_connection.aio.client.establish": "Dialer",
            "ssh_connection.aio.client.forwards": "Forwarding Forwards",
            "ssh_connection.aio.client.session_forwarding": "ForwardingRequest",
            "ssh_connection.aio.client.x11_forwarding": "LocalDisplay",
            "ssh_connection.aio.client.settings": (
                "CertificateVerifier ClientSettings HostKeyVerifier SessionForwards SessionProof"
            ),
            "ssh_connection.aio.endpoint": "Endpoint",
            "ssh_connection.aio.forward.binding": "bind stop_listening",
            "ssh_connection.aio.forward": "Forward",
            "ssh_connection.aio.forward.local": "LocalForward",
            "ssh_connection.aio.forward.remote": "RemoteForward",
            "ssh_connection.aio.process.launch": "Launch command_line",
            "ssh_connection.aio.process.process": "Process",
            "ssh_connection.aio.process.redirect": "DEVNULL PIPE STDOUT InputSource OutputTarget",
            "ssh_connection.aio.process.run": "CommandInterrupted OutputTooLarge",
            "ssh_connection.aio.process.text": "TextProcess TextReader TextWriter",
            "ssh_connection.aio.scope": "Scope",
            "ssh_connection.aio.server.authentication": (
                "Result ServerAuthentication offered_methods"
            ),
            "ssh_connection.aio.server.connection": "ServerConnection",
            "ssh_connection.aio.server.forwarding": "ForwardingRules",
            "ssh_connection.aio.server.identity": "HostSigner",
            "ssh_connection.aio.server.session": "Session User",
            "ssh_connection.aio.server.session_policy": "SessionHandler SessionRequest",
            "ssh_connection.aio.server.settings": "ServerSettings SessionSettings",
            "ssh_connection.aio.services.hostkeys": "HostKeyProver HostKeyUpdater",
            "ssh_connection.aio.services.stream": "StreamService",
            "ssh_connection.aio.server.x11_displays": "SessionX11 X11Displays",
            "ssh_connection.aio.settings": "KeepaliveOptions Timeouts",
            "ssh_connection.aio.streams": "ByteReader ByteStream ByteWriter",
            "ssh_connection.aio.tunnel": "connect_driver",
            "ssh_connection.pty": "Pty",
        },
    )
