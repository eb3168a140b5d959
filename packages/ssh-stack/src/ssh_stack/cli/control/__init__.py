"""One connection for many calls of `ssh`: what a call does through a master (PROTOCOL.mux).

through_master  whether a call goes through a master, and what it does there
control_socket  a control socket, without an event loop
passenger       a session or stream with the descriptors of this process
commands        -O
requests        what a call asks for, as messages
open_master     a master, where its socket can be made
listener        that socket
master          the clients of a master, and when it ends
served_client   one client: its requests
shared_session  its session
served_proxy    its channels, where it speaks the connection protocol itself

A second call is to be quick: nothing here imports asyncio or cryptography.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ssh_stack.cli.arguments import Arguments

__all__ = ["may_share"]


def may_share(arguments: Arguments) -> bool:
    """Return whether anything may name a socket; reading the configuration twice takes time."""
    if arguments.control_command or arguments.config != "none":
        return True
    return any("control" in line.lower() for line in arguments.lines)
