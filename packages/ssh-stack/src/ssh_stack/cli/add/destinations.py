"""-h and -H of ssh-add: the hosts that a key may be used to log in to, and their keys.

[user@]host                    from this machine to the host
host>[user@]host               from the first host to the second
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ssh_agent import DestinationConstraint, DestinationKey, Hop
from ssh_keys import KnownHosts
from ssh_keys.files import read_known_hosts
from ssh_stack.cli.command_exit import CommandExit
from ssh_stack.local.user import expand_home
from ssh_wire.text import printable

if TYPE_CHECKING:
    from ssh_stack.cli.add.options import Options

__all__ = ["parse_destinations"]

_FILES: Final = (
    "~/.ssh/known_hosts",
    "~/.ssh/known_hosts2",
    "/etc/ssh/ssh_known_hosts",
    "/etc/ssh/ssh_known_hosts2",
)


def parse_destinations(options: Options) -> tuple[DestinationConstraint, ...]:
    """Return the constraints of -h, with the keys that known_hosts has for each host.

    Raises:
        CommandExit: one cannot be understood, or the keys of its host are not known.
    """
    if not options.destinations:
        return ()
    paths = [expand_home(path) for path in options.host_key_files or _FILES]
    known = KnownHosts().merge(*map(read_known_hosts, paths))
    return tuple(_constraint(text, known) for text in options.destinations)


def _constraint(text: str, known: KnownHosts) -> DestinationConstraint:
    first, separator, second = text.partition(">")
    if not separator:
        return DestinationConstraint(_hop(first, known))
    origin, target = _hop(first, known), _hop(second, known)
    if origin.user:
        problem = f"Invalid key constraint {printable(text)}: cannot specify user on 'from' host"
        raise CommandExit(problem)
    return DestinationConstraint(target, origin)


def _hop(text: str, known: KnownHosts) -> Hop:
    user, _, host = text.rpartition("@")
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    if not host:
        problem = (
            f'Invalid key destination constraint "{printable(text)}": it does not specify a host'
        )
        raise CommandExit(problem)
    found = known.lookup(host)
    keys = [DestinationKey(key) for key in found.trusted]
    keys += [DestinationKey(key, is_ca=True) for key in found.authorities]
    if not keys:
        problem = f'No host keys found for destination "{printable(host)}"'
        raise CommandExit(problem)
    return Hop(host, tuple(keys), user)
