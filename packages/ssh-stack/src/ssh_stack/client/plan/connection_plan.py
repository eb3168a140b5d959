"""`merge`: what options and configuration come to, for one connection."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ssh_stack.client.plan.forwards import ForwardsPlan, merge_forwards
from ssh_stack.client.plan.identity import IdentityPlan, merge_identity
from ssh_stack.client.plan.route import RoutePlan, merge_route
from ssh_stack.client.plan.session import SessionPlan, merge_session
from ssh_stack.client.plan.transport import TransportPlan, attempt_seconds, merge_transport
from ssh_stack.client.plan.trust import TrustPlan, merge_trust
from ssh_stack.config.names import is_safe_host, is_safe_user
from ssh_wire import UsageError, lazy_attrs

if TYPE_CHECKING:
    from ssh_stack.client.options import ClientOptions
    from ssh_stack.config import HostConfig, Unsupported

__all__ = ["ConnectionPlan", "Target", "check_name", "merge"]

_PORT: Final = 22


@lazy_attrs.frozen(kw_only=True)
class Target:
    """Where to, as it was asked for.

    Attributes:
        host: The name, the address or the alias.
        port: The port; None where none was named.
        local_user: Who connects: the user to log in as where neither the options nor the
            configuration name one.
    """

    host: str
    port: int | None = None
    local_user: str = ""


@lazy_attrs.frozen(kw_only=True)
class ConnectionPlan:
    """What one connection is to do.

    Attributes:
        host: The host as it was asked for.
        hostname: The name or address to connect to (Hostname).
        port: The port to connect to (Port).
        user: The user to log in as (User).
        batch: Whether the user is asked for nothing (BatchMode).
        route: The way to the server.
        trust: Which host keys are trusted.
        identity: How the user is authenticated.
        transport: Algorithms, limits and timeouts.
        session: What a session asks for.
        forwards: What is forwarded.
        unsupported: Lines of the configuration that are not honoured.
        notes: What else is worth knowing of the configuration.
    """

    host: str
    hostname: str
    port: int
    user: str
    batch: bool
    route: RoutePlan
    trust: TrustPlan
    identity: IdentityPlan
    transport: TransportPlan
    session: SessionPlan
    forwards: ForwardsPlan
    unsupported: tuple[Unsupported, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def proxy_tokens(self) -> dict[str, str]:
        """The %-tokens of a proxy command (ssh_config(5), TOKENS)."""
        return {
            "h": self.hostname,
            "k": self.trust.alias or self.host,
            "n": self.host,
            "p": str(self.port),
            "r": self.user,
        }


def merge(options: ClientOptions, config: HostConfig, target: Target) -> ConnectionPlan:
    """Return what a connection is to do: an option decides, else the configuration.

    Args:
        options: what `connect` was told.
        config: what the configuration says about the host.
        target: where to.

    Raises:
        UsageError: a name of a host or a user is unsafe, or connecting is to be tried 0 times.
        ConfigError: a list of algorithms leaves nothing.
    """
    hostname = config.hostname or target.host
    user = options.username or config.user or target.local_user
    for what, name in (("host", target.host), ("host", hostname), ("user", user)):
        check_name(what, name)
    if config.connection_attempts < 1:  # ssh.c: "Invalid number of ConnectionAttempts"
        problem = f"ConnectionAttempts is at least 1, not {config.connection_attempts}"
        raise UsageError(problem)
    if config.batch:
        options = _without_prompts(options)
    transport = merge_transport(options, config)
    identity = merge_identity(options, config, user, target.host)
    return ConnectionPlan(
        host=target.host,
        hostname=hostname,
        port=target.port or config.port or _PORT,
        user=user,
        batch=config.batch,
        route=merge_route(options, config, attempt_seconds(options, config)),
        trust=merge_trust(options, config, transport),
        identity=identity,
        transport=transport,
        session=merge_session(options, config, identity.agent),
        forwards=merge_forwards(config),
        unsupported=config.unsupported,
        notes=config.notes,
    )


def check_name(what: str, name: str) -> None:
    """Refuse names that could be taken for an option or for shell syntax somewhere.

    Args:
        what: "host" or "user".
        name: the name.

    Raises:
        UsageError: it is empty or unsafe.
    """
    if not (is_safe_host(name) if what == "host" else is_safe_user(name)):
        problem = f"{name!r} cannot be the name of a {what}"
        raise UsageError(problem)


def _without_prompts(options: ClientOptions) -> ClientOptions:
    """Return the options without anybody to ask, as BatchMode wants it.

    "User interaction such as password prompts and host key confirmation requests will be
    disabled."  Functions that give a password are left to `IdentityPlan.batch`, which says why
    they are not asked.
    """
    asks = options.update_host_keys
    decides = options.host_key_policy
    return lazy_attrs.evolve(
        options,
        prompter=None,
        host_key_policy="strict" if callable(decides) else decides,
        update_host_keys=False if callable(asks) else asks,
    )
