"""From the plan to what decides about host keys: the files of trust, read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ssh_stack.client.trust import Trust
from ssh_stack.trust_files import load_known_hosts, load_revoked_keys

if TYPE_CHECKING:
    from ssh_stack.client.plan import ConnectionPlan

__all__ = ["load_trust"]


def load_trust(plan: ConnectionPlan) -> Trust:
    """Read what is trusted and what is revoked; a file may be a pipe that is waited for.

    Raises:
        ConfigError: a list of revoked keys cannot be read.
        OSError: a file of the user's exists and cannot be read.
        KeyFormatError: it is not a regular file.
    """
    trust = plan.trust
    known, file = load_known_hosts(
        trust.known_hosts, system=trust.system_files, policy=trust.key_policy
    )
    return Trust(
        plan.hostname,
        plan.port,
        known,
        trust.policy,
        file,
        remembers=trust.remembers,
        hashed=trust.hashed,
        confirm=trust.confirm_update,
        alias=trust.alias,
        revoked=load_revoked_keys(trust.revoked),
        required_rsa_size=trust.required_rsa_size,
        key_policy=trust.key_policy,
        algorithms=plan.transport.algorithms.host_keys,
        ca_algorithms=trust.ca_signature_algorithms,
    )
