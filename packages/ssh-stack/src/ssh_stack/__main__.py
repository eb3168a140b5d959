"""`python -m ssh_stack` is `ssh-stack`."""

from __future__ import annotations

from ssh_stack.cli import main

if __name__ == "__main__":
    main()
