"""`python -m ssh_agent`: the agent, with the letters of OpenSSH's ssh-agent."""

from __future__ import annotations

import sys

from ssh_agent.program.command import main

__all__ = ["main"]

if __name__ == "__main__":
    sys.exit(main())
