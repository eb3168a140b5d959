"""SSH for Python: client, server and SFTP, asyncio and blocking.

connection      connect: everything that `ssh` would do before the first command
options         what `connect` is told
config/         ssh_config(5): which options a host gets
plan            what options and configuration come to, for one connection
identities      what the user can prove itself with
trust           is this the right server
keylog          SSHKEYLOGFILE, for Wireshark
dial            ways to a server: TCP, a jump host, a proxy command
serving         serve: a listening socket and its connections
server_options  what `serve` is told
authorization   ready-made answers to who may log in
admission       how many strangers may stand at the door
forwarding      ready-made rules for what clients may forward
shell           commands and shells of the user who runs the server
local_process, local_streams, pty: what they are made of
sync/           the blocking API, generated from the asynchronous one
cli/            the command `ssh-stack`
errors          what goes wrong before a connection stands
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from ssh_stack.connection import Connect as Connect
from ssh_stack.connection import Connection as Connection
from ssh_stack.connection import connect as connect
from ssh_stack.errors import ConfigError as ConfigError
from ssh_stack.errors import HostCertificateRefused as HostCertificateRefused
from ssh_stack.errors import HostKeyChanged as HostKeyChanged
from ssh_stack.errors import HostKeyError as HostKeyError
from ssh_stack.errors import HostKeyRevoked as HostKeyRevoked
from ssh_stack.errors import HostKeyTooShort as HostKeyTooShort
from ssh_stack.errors import HostKeyUnknown as HostKeyUnknown
from ssh_stack.errors import ProxyFailed as ProxyFailed
from ssh_stack.options import ClientOptions as ClientOptions
from ssh_stack.options import ClientOptionsKw as ClientOptionsKw

if TYPE_CHECKING:
    from ssh_connection import ForwardingDisabled as ForwardingDisabled
    from ssh_sftp.aio import Rooted as Rooted
    from ssh_stack import sync as sync
    from ssh_stack.admission import MaxStartups as MaxStartups
    from ssh_stack.authorization import AuthorizedKeys as AuthorizedKeys
    from ssh_stack.authorization import InOrder as InOrder
    from ssh_stack.authorization import Passwords as Passwords
    from ssh_stack.forwarding import AllowForwarding as AllowForwarding
    from ssh_stack.forwarding import LoopbackForwarding as LoopbackForwarding
    from ssh_stack.server_options import ServerOptions as ServerOptions
    from ssh_stack.server_options import ServerOptionsKw as ServerOptionsKw
    from ssh_stack.serving import Serve as Serve
    from ssh_stack.serving import Server as Server
    from ssh_stack.serving import serve as serve
    from ssh_stack.shell import LocalShell as LocalShell

# what is loaded when it is used: who only connects does not pay for it
_LATER = {
    "AllowForwarding": "ssh_stack.forwarding",
    "AuthorizedKeys": "ssh_stack.authorization",
    "ForwardingDisabled": "ssh_connection",
    "InOrder": "ssh_stack.authorization",
    "LocalShell": "ssh_stack.shell",
    "LoopbackForwarding": "ssh_stack.forwarding",
    "MaxStartups": "ssh_stack.admission",
    "Passwords": "ssh_stack.authorization",
    "Rooted": "ssh_sftp.aio",
    "Serve": "ssh_stack.serving",
    "Server": "ssh_stack.serving",
    "ServerOptions": "ssh_stack.server_options",
    "ServerOptionsKw": "ssh_stack.server_options",
    "serve": "ssh_stack.serving",
}


def __getattr__(name: str) -> object:
    if name == "sync":
        return importlib.import_module("ssh_stack.sync")
    module = _LATER.get(name)
    if module is None:
        problem = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(problem)
    return getattr(importlib.import_module(module), name)
