"""What `ssh -G` of a peer prints, what we print, and which differences have a reason.

Both run as the same user, with the same home directory, environment and names of hosts, so that
every value can be compared as it is written.
"""

from __future__ import annotations

import os
import pwd
import shlex
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import attrs

from ssh_stack.cli.arguments import parse_arguments
from ssh_stack.cli.print_config import config_of, config_text
from ssh_stack.config.consistency import check_jump
from ssh_stack.local.user import local_user
from ssh_wire import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pytest

    from ssh_stack.config import HostConfig
    from tests.interop.peers import Peer

__all__ = ["Call", "Made", "Printed", "act_as_user", "ours", "prepare_peer", "theirs"]

Printed: TypeAlias = "dict[str, list[str]] | None"
"""The values by their keyword, in lower case; None where the program refuses."""

USER: Final = "alice"
_USER_ID: Final = 4321
ENVIRONMENT: Final = {
    "CORP": "corp.example",
    "CORP_USER": "alice.smith",
    "EMPTY": "",
    "SHELL": "/bin/sh",
    "SSH_AUTH_SOCK": "/run/agent.sock",
}
_ADDRESSES: Final = {
    # the canonical name is the first one of a line, as in /etc/hosts
    "192.0.2.10": ("web1.corp.example", "www.corp.example"),
    "192.0.2.11": ("db1.corp.example",),
    "192.0.2.12": ("git.dev.example", "git.corp.example"),
    "192.0.2.13": ("login.hpc.example", "login.hpc.example."),
}


@attrs.frozen
class Call:
    """One call of `ssh -G`."""

    file: Path
    """The configuration file."""
    words: tuple[str, ...]
    """What follows on the command line."""

    @property
    def arguments(self) -> list[str]:
        """All words of the command line."""
        return ["-G", "-F", str(self.file), *self.words]


@attrs.frozen
class Made:
    """What a program makes of a call."""

    printed: Printed
    """What it prints."""
    config: HostConfig | None = None
    """The options, where the program is ours."""
    refusal: str = ""
    """Why it refuses."""


def _hosts() -> str:
    """Return /etc/hosts; a name with a dot at its end is another one there."""
    lines = ""
    for address, names in _ADDRESSES.items():
        both = dict.fromkeys(form for name in names for form in (name, f"{name.rstrip('.')}."))
        lines += f"{address} {' '.join(both)}\n"
    return lines


def prepare_peer(peer: Peer, home: Path) -> None:
    """Give a peer the user, and the names of hosts that there are."""
    script = (
        f"getent passwd {USER} >/dev/null ||\n"
        f"useradd -M -u {_USER_ID} -d {home} -s /bin/sh {USER}\n"
        "sed -i 's/^hosts:.*/hosts: files/' /etc/nsswitch.conf\n"
        f"cat >>/etc/hosts <<'.'\n{_hosts()}.\n"
        "grep -q '^ssh' /etc/services 2>/dev/null || "
        "printf 'ssh 22/tcp\\nhttps 443/tcp\\n' >>/etc/services\n"
    )
    done = peer.run_client(["sh", "-ec", script])
    assert done.returncode == 0, done.stderr


def theirs(peer: Peer, calls: Sequence[Call]) -> list[Made]:
    """Return what a peer's `ssh -G` makes of each call; one shell makes all of them."""
    lines = ["E=/tmp/refusal-$$"]
    lines += [f"export {name}={shlex.quote(value)}" for name, value in ENVIRONMENT.items()]
    for call in calls:
        words = shlex.join(["ssh", *call.arguments])
        lines.append(f'echo "=== call"; {words} </dev/null 2>$E; s=$?; echo "status $s"')
        lines.append("[ $s = 0 ] || cat $E")
    script = "\n".join(lines).encode("utf-8", "surrogateescape")
    done = peer.run_client(["sh", "-s"], stdin=script, timeout=900, user=USER)
    parts = done.stdout.decode("utf-8", "surrogateescape").split("=== call\n")[1:]
    assert len(parts) == len(calls), done.stderr
    return [_read(part.split("\n")) for part in parts]


def _read(lines: Sequence[str]) -> Made:
    at = next(i for i, line in enumerate(lines) if line.startswith("status "))
    if lines[at] == "status 0":
        return Made(_collected(lines[:at]))
    return Made(None, refusal="\n".join(lines[at + 1 :]))


def _collected(lines: Sequence[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in lines:
        keyword, _, value = line.partition(" ")
        found.setdefault(keyword.lower(), []).append(value)
    return found


def ours(call: Call) -> Made:
    """Return what we make of a call."""
    try:
        arguments = parse_arguments(call.arguments)
        config = config_of(arguments)
        check_jump(config, config.hostname or arguments.host, config.user or local_user())
        text = config_text(config, arguments.host)
    except (UsageError, OSError) as error:
        return Made(None, refusal=str(error))
    return Made(_collected(text.removesuffix("\n").split("\n")), config)


def act_as_user(patch: pytest.MonkeyPatch, home: Path) -> None:
    """Make this process the user whom the peers have, with their names of hosts."""
    entry = pwd.struct_passwd((USER, "x", _USER_ID, _USER_ID, "", str(home), "/bin/sh"))

    def find_entry(_user: int) -> pwd.struct_passwd:
        return entry

    patch.setattr(pwd, "getpwuid", find_entry)
    patch.setattr(os, "getuid", lambda: _USER_ID)
    patch.setattr(socket, "getaddrinfo", _lookup)
    patch.setenv("HOME", str(home))
    for name, value in ENVIRONMENT.items():
        patch.setenv(name, value)


_getaddrinfo = socket.getaddrinfo


def _lookup(host: str, port: str | None, *args: Any, **options: Any) -> list[Any]:
    """Answer as the system's resolver with the hosts of the peers."""
    if options.get("flags", 0) & socket.AI_NUMERICHOST:
        return list(_getaddrinfo(host, port, *args, **options))
    family = args[0] if args else options.get("family", 0)
    for address, names in _ADDRESSES.items():
        if host.rstrip(".") in names and family != socket.AF_INET6:
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, names[0], (address, 0))]
    raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
