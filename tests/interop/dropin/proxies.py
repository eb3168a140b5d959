"""A client below another, as its way to the server.

What is in the place of ssh is below OpenSSH's ssh by `ProxyCommand` in one job, and above it in
another. `jump` and `target` are hosts of the configuration.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping
from typing import Final

from tests.interop.dropin.rig import OPENSSH, Job, Rig

__all__ = ["PROXIES"]

_SIZE: Final = 2_000_000


def below_openssh(rig: Rig) -> None:
    """`ssh -o "ProxyCommand=… -W %h:%p jump"`: OpenSSH's ssh through the client's -W."""
    openssh = (*OPENSSH.words, "-F", str(rig.config))
    _echo(rig, *openssh, "-o", f"ProxyCommand={rig.command} -W [%h]:%p jump")


def above_openssh(rig: Rig) -> None:
    """The client through `ProxyCommand ssh -W` of OpenSSH."""
    openssh = shlex.join((*OPENSSH.words, "-F", str(rig.config)))
    _echo(rig, *rig.words, "-o", f"ProxyCommand={openssh} -W [%h]:%p jump")


def through_itself(rig: Rig) -> None:
    """The client through its own -W."""
    _echo(rig, *rig.words, "-o", f"ProxyCommand={rig.command} -W [%h]:%p jump")


def jump(rig: Rig) -> None:
    """`-J jump`."""
    _echo(rig, *rig.words, "-J", "jump")


def jump_of_openssh(rig: Rig) -> None:
    """`-J jump` of OpenSSH's ssh, which runs the program that it was called as, with -W."""
    named = ("bash", "-c", 'exec -a "$0" ssh "$@"', str(rig.program))
    _echo(rig, *named, "-F", str(rig.config), "-J", "jump")


def run_command(rig: Rig) -> None:
    """One command, with nothing between."""
    _echo(rig, *rig.words)


def _echo(rig: Rig, *words: str) -> None:
    """Send data through `cat` on the other side, and get its status."""
    data = os.urandom(_SIZE)
    assert rig.run(*words, "target", "cat", stdin=data).stdout == data
    done = rig.attempt(*words, "target", "echo problem >&2; exit 7")
    assert (done.returncode, done.stdout) == (7, b""), done
    assert b"problem\n" in done.stderr


PROXIES: Final[Mapping[str, Job]] = {
    "one command": run_command,
    "-J": jump,
    "-J of OpenSSH, which runs the client": jump_of_openssh,
    "ProxyCommand -W, below OpenSSH": below_openssh,
    "ProxyCommand -W, above OpenSSH": above_openssh,
    "ProxyCommand -W, below itself": through_itself,
}
