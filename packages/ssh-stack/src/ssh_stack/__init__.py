"""SSH for Python: client, server and SFTP, asyncio and blocking."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from ssh_stack.connection import Connect as Connect
from ssh_stack.connection import Connection as Connection
from ssh_stack.connection import connect as connect
from ssh_stack.errors import ConfigError as ConfigError
from ssh_stack.errors import HostKeyChanged as HostKeyChanged
from ssh_stack.errors import HostKeyError as HostKeyError
from ssh_stack.errors import HostKeyRevoked as HostKeyRevoked
from ssh_stack.errors import HostKeyUnknown as HostKeyUnknown
from ssh_stack.errors import ProxyFailed as ProxyFailed
from ssh_stack.options import ClientOptions as ClientOptions
from ssh_stack.options import ClientOptionsKw as ClientOptionsKw

if TYPE_CHECKING:
    from ssh_stack import sync as sync

# a part that is loaded when it is used: who does not need it does not pay for it
_LATER = {"sync"}


def __getattr__(name: str) -> object:
    if name not in _LATER:
        problem = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(problem)
    return importlib.import_module(f"{__name__}.{name}")
