"""The program `ssh-agent`: `python -m ssh_agent`, with the letters of OpenSSH's.

    command    from the words to the exit status
    options    the command line
    output     what a shell is to evaluate
    places     where the socket is, and sockets that no agent has any more
    process    the agent's process: in the background, not traced, its signals
    askpass    the question to the user before a key is used

The source is ssh-agent(1) of OpenSSH 10.6.
"""

from __future__ import annotations

from ssh_agent.program.command import main as main
