"""From the plan to what decides about host keys: the files of trust, read."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from ssh_stack.client.peer_address import PeerAddress
from ssh_stack.client.trust import Trust
from ssh_stack.trust_files import load_known_hosts, load_revoked_keys

if TYPE_CHECKING:
    from collections.abc import Callable

    from ssh_keys import PublicKey
    from ssh_stack.client.host_key_dns import HostKeyDNS
    from ssh_stack.client.known_hosts_command import KnownHostsCommand
    from ssh_stack.client.plan import ConnectionPlan, TrustPlan

__all__ = ["load_trust"]


def load_trust(plan: ConnectionPlan) -> Trust:
    """Read what is trusted and what is revoked; a file may be a pipe that is waited for.

    Raises:
        ConfigError: a list of revoked keys cannot be read, or a package is missing.
        KnownHostsCommandFailed: the command that prints keys fails.
        OSError: a file of the user's exists and cannot be read.
        KeyFormatError: it is not a regular file.
    """
    trust = plan.trust
    known, file = load_known_hosts(
        trust.known_hosts, system=trust.system_files, policy=trust.key_policy
    )
    found = Trust(
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
        command=_command(plan),
        dns=_dns(trust),
        peer=PeerAddress(trust.exempts_localhost, trust.checks_address),
        show=_show(trust),
    )
    if not plan.transport.keeps_host_key_order:
        found.order()
    return found


def _command(plan: ConnectionPlan) -> KnownHostsCommand | None:
    trust = plan.trust
    if trust.command is None:
        return None
    if trust.command_error is not None:
        raise trust.command_error
    from ssh_stack.client.known_hosts_command import KnownHostsCommand  # rarely used
    from ssh_stack.client.plan_tokens import plan_tokens  # the same

    tokens = plan_tokens(plan)
    return KnownHostsCommand(trust.command, tokens, trust.fingerprint_hash, trust.key_policy)


def _dns(trust: TrustPlan) -> HostKeyDNS | None:
    if trust.dns == "no":
        return None
    from ssh_stack.client.host_key_dns import HostKeyDNS  # rarely used

    resolver = trust.dns_resolver
    if resolver is None:
        from ssh_stack.client.system_dns import system_resolver  # the same

        resolver = system_resolver()
    return HostKeyDNS(resolver, trust.dns)


def _show(trust: TrustPlan) -> Callable[[PublicKey], None] | None:
    if not trust.visual:
        return None
    from ssh_stack.client.show_host_key import show_host_key  # rarely used

    return partial(show_host_key, hash_name=trust.fingerprint_hash)
