"""A bastion: a server through which users reach a list of addresses, and nothing else.

    python examples/bastion.py --listen 127.0.0.1:2222 --host-key KEY --authorized-keys FILE \\
        --allow db.internal:5432 --allow web1:22

Users connect through it with `ssh -J` or `connect(..., jump="bastion")`.  There is no shell, no
command, no SFTP, and no remote forward; what is not in the list is refused, and logged.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import logging
import sys
from collections.abc import Collection
from pathlib import Path

import ssh_stack

log = logging.getLogger("bastion")


class OnlyTo:
    """Rules of forwarding: connections to some addresses, no listeners."""

    def __init__(self, allowed: Collection[ssh_stack.Address]) -> None:
        self._allowed = frozenset(allowed)

    def may_connect(self, user: ssh_stack.User, address: ssh_stack.Address) -> bool:
        """Return whether a client may connect to an address; called for each connection."""
        allowed = address in self._allowed
        log.info("%s to %s: %s", user.name, address, "allowed" if allowed else "refused")
        return allowed

    def may_listen(self, user: ssh_stack.User, address: ssh_stack.Address) -> bool:
        """Return whether a client may listen on the bastion: never."""
        log.info("%s to listen on %s: refused", user.name, address)
        return False


def address(text: str) -> ssh_stack.TCPAddress:
    """Read `host:port`."""
    host, _, port = text.rpartition(":")
    return ssh_stack.TCPAddress(host.strip("[]"), int(port))


async def serve(
    listen: ssh_stack.TCPAddress,
    host_key: Path,
    keys: Path,
    allowed: Collection[ssh_stack.TCPAddress],
) -> None:
    """Serve until the task is cancelled."""
    async with ssh_stack.serve(
        listen.host,
        listen.port,
        host_keys=[host_key],
        auth=ssh_stack.AuthorizedKeys(keys),
        forwarding=OnlyTo(allowed),
        keepalive=ssh_stack.KeepaliveOptions(interval=60),
    ) as server:
        print(f"Listening on {server.host}:{server.port}", flush=True)
        await server.serve_forever()


def main() -> None:
    """Read the arguments and serve."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--listen", type=address, default=ssh_stack.TCPAddress("127.0.0.1", 2222))
    parser.add_argument("--host-key", type=Path, required=True)
    parser.add_argument("--authorized-keys", type=Path, required=True)
    parser.add_argument("--allow", type=address, action="append", default=[])
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, stream=sys.stderr)
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(
            serve(arguments.listen, arguments.host_key, arguments.authorized_keys, arguments.allow)
        )


if __name__ == "__main__":
    main()
