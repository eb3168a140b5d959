"""The keys of this host that vouch for its users (HostbasedAuthentication of ssh_config(5))."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ssh_auth import AuthCredential, HostbasedCredential, Signer, UnusableCredential
from ssh_keys import PublicKey
from ssh_keys.files import read_public_key
from ssh_stack.client.key_files import KeyReader, NamedKey
from ssh_stack.client.keysign import KeysignSigner, find_keysign
from ssh_stack.local.threads import run_in_thread
from ssh_stack.local.user import local_user
from ssh_wire import SSHError

if TYPE_CHECKING:
    from ssh_keys import Certificate
    from ssh_stack.client.plan.identity import IdentityPlan

__all__ = ["HOST_KEYS", "hostbased_credentials", "name_of_this_host"]

HOST_KEYS: Final = tuple(
    Path(f"/etc/ssh/ssh_host_{kind}_key")
    for kind in ("ecdsa", "ed25519", "rsa", "mldsa44_ed25519")
)
"""The host keys that `ssh` tries, in this order (ssh.c)."""

_METHOD: Final = "hostbased"


async def hostbased_credentials(
    plan: IdentityPlan, connected: Callable[[], socket.socket | None]
) -> list[AuthCredential]:
    """Return the keys of this host that may be used, certificates first, as OpenSSH's client.

    A private key that the user may read signs itself; for others ssh-keysign does.

    Args:
        plan: how the user is authenticated.
        connected: returns the connection's socket, once there is one.
    """
    files = plan.host_keys is None
    named = await _named(plan)
    user = local_user()
    name = partial(name_of_this_host, connected)
    program = find_keysign() if files else None
    certified: list[AuthCredential] = []
    plain: list[AuthCredential] = []
    for key in named:
        signer = key.signer
        if signer is None and program is not None and key.public_key is not None:
            signer = KeysignSigner(program, key.public_key, key.source, connected)
        if signer is None:
            plain.append(UnusableCredential(_METHOD, key.source, key.problem))
            continue
        certificate = _certificate_beside(key, signer)
        if certificate is not None:
            certified.append(HostbasedCredential(signer, name, user, certificate))
        plain.append(HostbasedCredential(signer, name, user))
    if not plain:
        problem = f"there is no host key in {HOST_KEYS[0].parent}"
        return [UnusableCredential(_METHOD, "HostbasedAuthentication", problem)]
    return _in_order([*certified, *plain], plan.hostbased_algorithms)


async def _named(plan: IdentityPlan) -> list[NamedKey]:
    """Return the keys that were named, or those of the system that there are."""
    reader = KeyReader(plan)
    if plan.host_keys is not None:
        return [await reader.read(source) for source in plan.host_keys]
    found: list[NamedKey] = []
    for path in HOST_KEYS:
        if os.access(path, os.R_OK):
            found.append(await reader.read(path))
        elif (public := _public(path)) is not None:
            problem = "its private key cannot be read, and ssh-keysign is not installed"
            found.append(NamedKey(source=f"file {path}", public_key=public, problem=problem))
    return found


def _public(path: Path) -> PublicKey | None:
    try:
        found = read_public_key(f"{path}.pub")
    except (OSError, SSHError):
        return None
    return found if isinstance(found, PublicKey) else None


def _certificate_beside(key: NamedKey, signer: Signer) -> Certificate | None:
    """Return the host certificate beside the file of a key, if there is one of this key."""
    if not key.source.startswith("file "):
        return None
    try:
        found = read_public_key(f"{key.source.removeprefix('file ')}-cert.pub")
    except (OSError, SSHError):
        return None
    if isinstance(found, PublicKey) or found.role != "host":
        return None
    return found if found.public_key == signer.public_key else None


def _in_order(
    keys: list[AuthCredential], algorithms: Sequence[str] | None
) -> list[AuthCredential]:
    """Sort keys as HostbasedAcceptedAlgorithms lists their algorithms; others come last."""
    ranks = {name: place for place, name in enumerate(algorithms or ())}

    def rank(credential: AuthCredential) -> int:
        if not isinstance(credential, HostbasedCredential):
            return len(ranks)
        return min(ranks.get(name, len(ranks)) for name in credential.offered.algorithms)

    return sorted(keys, key=rank)


async def name_of_this_host(connected: Callable[[], socket.socket | None]) -> str:
    """Return the name of this host, as the network has it for the address of the connection.

    As `get_local_name` of OpenSSH's canohost.c: where the address has no name, or there is no
    address, the name that the system has been given.
    """
    return await run_in_thread(partial(_name_of, connected()))


def _name_of(sock: socket.socket | None) -> str:
    try:
        if sock is not None:
            return socket.getnameinfo(sock.getsockname(), socket.NI_NAMEREQD)[0]
    except OSError:  # gaierror is one
        pass
    return socket.gethostname()
