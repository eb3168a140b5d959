"""Which servers are trusted, and what becomes of one that is not known."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from ssh_keys import KeyPolicy, KnownHosts
from ssh_stack.client.options import HostKeyPolicy, HostKeyUpdateDecision
from ssh_stack.client.plan.choice import choose
from ssh_stack.client.plan.transport import usual_signature_algorithms
from ssh_stack.sources import DEFAULT, Default, Path, RevokedSource
from ssh_wire import lazy_attrs

if TYPE_CHECKING:
    from ssh_keys.randomart import HashName
    from ssh_stack.client.options import ClientOptions
    from ssh_stack.client.plan.transport import TransportPlan
    from ssh_stack.client.sshfp_answer import SSHFPResolver
    from ssh_stack.config import HostConfig
    from ssh_stack.usage_errors import ConfigError

__all__ = ["TrustPlan", "merge_trust"]


@lazy_attrs.frozen(kw_only=True)
class TrustPlan:
    """Which host keys are trusted.

    Attributes:
        known_hosts: The user's files, or what they hold; accepted keys go to the first file
            (UserKnownHostsFile).
        system_files: The system's files, which are only read (GlobalKnownHostsFile).
        revoked: Keys that are never trusted (RevokedHostKeys).
        policy: What becomes of a server that is not known (StrictHostKeyChecking).
        remembers: Whether the key of a new server is written to known_hosts.
        hashed: Whether the name is hashed there (HashKnownHosts).
        updates: Whether known_hosts follows the keys that a server names (UpdateHostKeys).
        confirm_update: Asked before it does; None where the user is not asked.
        command: A command that prints further keys, with its %-tokens (KnownHostsCommand).
        command_error: Why that command cannot be used.
        dns: Whether the DNS may make a key trusted, or is a hint for the user (VerifyHostKeyDNS).
        dns_resolver: Asked for the records; None for the system's name servers.
        checks_address: Whether the key is compared with that of the address (CheckHostIP).
        exempts_localhost: Whether a server on this machine need not be known
            (NoHostAuthenticationForLocalhost).
        fingerprint_hash: The hash of fingerprints that are shown (FingerprintHash).
        visual: Whether a picture of the key is shown (VisualHostKey).
        alias: The name that known_hosts and certificates have for the server (HostKeyAlias).
        required_rsa_size: The fewest bits of an RSA key (RequiredRSASize).
        key_policy: Which keys of the files are strong enough to be read.
        ca_signature_algorithms: With which an authority may have signed; None for all
            (CASignatureAlgorithms).
    """

    known_hosts: Path | bytes | KnownHosts | Sequence[Path] | None = None
    system_files: tuple[Path, ...] = ()
    revoked: RevokedSource | Sequence[RevokedSource] | None = lazy_attrs.field(
        default=None, repr=False
    )
    policy: HostKeyPolicy = "strict"
    remembers: bool = True
    hashed: bool = False
    updates: bool = False
    confirm_update: HostKeyUpdateDecision | None = None
    command: str | None = None
    command_error: ConfigError | None = lazy_attrs.field(default=None, eq=False)
    dns: Literal["yes", "ask", "no"] = "no"
    dns_resolver: SSHFPResolver | None = None
    checks_address: bool = False
    exempts_localhost: bool = False
    fingerprint_hash: HashName = "sha256"
    visual: bool = False
    alias: str = ""
    required_rsa_size: int = 0
    key_policy: KeyPolicy = KeyPolicy.DEFAULT
    ca_signature_algorithms: tuple[str, ...] | None = None


def merge_trust(options: ClientOptions, config: HostConfig, transport: TransportPlan) -> TrustPlan:
    """Return which host keys are trusted.

    Args:
        options: what `connect` was told.
        config: what the configuration says about the host.
        transport: the algorithms that were found.
    """
    asks = options.update_host_keys
    accepted = config.ca_signature_algorithms
    files = config.system_known_hosts if options.known_hosts is DEFAULT else ()
    return TrustPlan(
        known_hosts=choose(options.known_hosts, config.user_known_hosts, ()),
        system_files=files,
        revoked=choose(options.revoked_host_keys, config.revoked_host_keys, ()),
        policy=_policy(options, config),
        remembers=options.host_key_policy != "off",
        hashed=config.hash_known_hosts,
        updates=_updates(options, config),
        confirm_update=asks if callable(asks) else None,
        command=config.known_hosts_command,
        command_error=config.late_errors.get("known_hosts_command"),
        dns=config.verify_host_key_dns,
        dns_resolver=options.dns_resolver,
        checks_address=config.check_host_ip,
        exempts_localhost=config.no_host_authentication_for_localhost,
        fingerprint_hash=config.fingerprint_hash,
        visual=config.visual_host_key,
        alias=(options.host_key_alias or config.host_key_alias or "").lower(),
        required_rsa_size=config.required_rsa_size or 0,
        key_policy=KeyPolicy.for_rsa(transport.algorithms.rsa_bits),
        ca_signature_algorithms=(
            None if accepted is None else accepted.applied(usual_signature_algorithms())
        ),
    )


def _policy(options: ClientOptions, config: HostConfig) -> HostKeyPolicy:
    """Return what becomes of a server that is not known; without a user, "ask" refuses it."""
    if not isinstance(options.host_key_policy, Default):
        return options.host_key_policy
    if config.strict_host_key_checking == "ask" and options.prompter is not None:
        return options.prompter.confirm_host_key
    return config.host_key_policy


def _updates(options: ClientOptions, config: HostConfig) -> bool:
    """UpdateHostKeys "is enabled by default if the user has not overridden" known_hosts."""
    if not isinstance(options.update_host_keys, Default):
        return bool(options.update_host_keys)
    if config.update_host_keys is not None:
        return config.update_host_keys == "yes"  # there is no user whom "ask" could ask
    return options.known_hosts is DEFAULT
