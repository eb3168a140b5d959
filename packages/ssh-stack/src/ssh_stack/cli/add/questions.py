"""Passphrases and PINs: asked at the terminal or by SSH_ASKPASS, or read from standard input."""

from __future__ import annotations

import asyncio
import sys

from ssh_stack.cli.prompts import TerminalPrompter

__all__ = ["secret"]


def secret(question: str) -> str:
    """Ask for something that is not displayed; return "" where there is no answer.

    Without a terminal and a program of SSH_ASKPASS it is a line of standard input, as with
    ssh-add.
    """
    prompter = TerminalPrompter.if_available(stdin=True)
    if prompter is not None:
        return asyncio.run(prompter.secret(question)) or ""
    sys.stderr.write(question)
    sys.stderr.flush()
    return sys.stdin.readline().rstrip("\r\n")
