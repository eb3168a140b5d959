"""For tests of programs that use SSH: servers, agents, and both ends of a connection in memory.

    async with testing.connected(session=handler) as pair:
        done = await pair.client.run("uptime", text=True)

    with testing.SSHServer(tmp_path) as server:
        server.answer("uptime", "up 3 days")
        assert my_program(server.host, server.port, **server.login) == "3 days"

Everything is the real thing: keys are exchanged, host keys checked, users authenticated.  A
program under test needs no change beyond a host, a port and the files that it is to read.

The modules behind the names:

memory     a byte stream in memory, which can be cut and frozen
joined     a client and a server at the two ends of one
answers    commands that a server answers without running them
server     a server on a port of loopback, for any client in any thread or process
agent      an agent on a Unix socket
plugin     the fixtures `ssh_server`, `sftp_server` and `ssh_agent` of pytest
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ssh_wire import lazy

_ORIGINS: Final = {
    "ssh_stack.testing.agent": "SSHAgent",
    "ssh_stack.testing.answers": "Answer Answers",
    "ssh_stack.testing.joined": "BlockingPair Connected Pair connected",
    "ssh_stack.testing.memory": "MemoryLink",
    "ssh_stack.testing.options": "LoginKw ServingKw",
    "ssh_stack.testing.server": "SFTPServer SSHServer",
}
"""Where each name is from; pytest imports this package with every test run."""

if TYPE_CHECKING:
    from ssh_stack.testing.agent import SSHAgent as SSHAgent
    from ssh_stack.testing.answers import Answer as Answer
    from ssh_stack.testing.answers import Answers as Answers
    from ssh_stack.testing.joined import BlockingPair as BlockingPair
    from ssh_stack.testing.joined import Connected as Connected
    from ssh_stack.testing.joined import Pair as Pair
    from ssh_stack.testing.joined import connected as connected
    from ssh_stack.testing.memory import MemoryLink as MemoryLink
    from ssh_stack.testing.options import LoginKw as LoginKw
    from ssh_stack.testing.options import ServingKw as ServingKw
    from ssh_stack.testing.server import SFTPServer as SFTPServer
    from ssh_stack.testing.server import SSHServer as SSHServer
else:
    __getattr__, __dir__, __all__ = lazy.names(__name__, _ORIGINS)
