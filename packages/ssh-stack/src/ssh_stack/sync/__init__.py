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

import importlib
from typing import TYPE_CHECKING

from ssh_sftp.aio.operations import DirEntry as DirEntry
from ssh_stack.sync.connection import ClientOptionsKw as ClientOptionsKw
from ssh_stack.sync.connection import Connect as Connect
from ssh_stack.sync.connection import Connection as Connection
from ssh_stack.sync.connection import connect as connect
from ssh_stack.sync.file import RemoteFile as RemoteFile
from ssh_stack.sync.forward import LocalForward as LocalForward
from ssh_stack.sync.forward import RemoteForward as RemoteForward
from ssh_stack.sync.path import RemotePath as RemotePath
from ssh_stack.sync.process import Process as Process
from ssh_stack.sync.scope import Scope as Scope
from ssh_stack.sync.sftp import SFTPClient as SFTPClient
from ssh_stack.sync.streams import ByteReader as ByteReader
from ssh_stack.sync.streams import ByteStream as ByteStream
from ssh_stack.sync.streams import ByteWriter as ByteWriter

if TYPE_CHECKING:
    from ssh_stack.sync.server import Serve as Serve
    from ssh_stack.sync.server import Server as Server
    from ssh_stack.sync.server import ServerOptionsKw as ServerOptionsKw
    from ssh_stack.sync.server import serve as serve

# loaded when it is used: who only connects does not pay for it
_LATER = {
    "Server": "ssh_stack.sync.server",
    "Serve": "ssh_stack.sync.server",
    "ServerOptionsKw": "ssh_stack.sync.server",
    "serve": "ssh_stack.sync.server",
}


def __getattr__(name: str) -> object:
    module = _LATER.get(name)
    if module is None:
        problem = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(problem)
    return getattr(importlib.import_module(module), name)
