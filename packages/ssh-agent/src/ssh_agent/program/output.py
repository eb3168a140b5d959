"""What `ssh-agent` prints for a shell to evaluate, as OpenSSH's prints it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

__all__ = ["Shell", "announce", "choose_shell", "retract"]

Shell = Literal["csh", "sh"]

_SOCKET: Final = "SSH_AUTH_SOCK"
_PID: Final = "SSH_AGENT_PID"
_SET: Final = {"csh": "setenv {0} {1};\n", "sh": "{0}={1}; export {0};\n"}
_UNSET: Final = {"csh": "unsetenv {0};\n", "sh": "unset {0};\n"}


def choose_shell(wanted: Literal["csh", "sh", ""], environ: Mapping[str, str]) -> Shell:
    """Return the shell whose commands are printed: the one that was asked for, or SHELL's."""
    if wanted:
        return wanted
    return "csh" if environ.get("SHELL", "").endswith("csh") else "sh"


def announce(shell: Shell, path: str, pid: int, *, with_pid: bool) -> str:
    """Return the commands that let programs find the agent.

    Args:
        shell: whose commands they are.
        path: the agent's socket; "" where programs know it already.
        pid: the agent's process.
        with_pid: whether `ssh-agent -k` is to find the process.
    """
    lines = [_SET[shell].format(_SOCKET, _quote(path))] if path else []
    if with_pid:
        lines.append(_SET[shell].format(_PID, pid))
    if path:
        lines.append(f"echo Agent pid {pid};\n")
    return "".join(lines)


def retract(shell: Shell, pid: int) -> str:
    """Return the commands for an agent that was ended."""
    lines = [_UNSET[shell].format(name) for name in (_SOCKET, _PID)]
    return "".join([*lines, f"echo Agent pid {pid} killed;\n"])


def _quote(text: str) -> str:
    """Quote as OpenSSH's argv_assemble does."""
    escaped = "".join(f"\\{char}" if char in "\\'\"" else char for char in text)
    return f'"{escaped}"' if " " in text or "\t" in text else escaped
