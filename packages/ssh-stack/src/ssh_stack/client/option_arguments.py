"""The options of `connect` as keyword arguments."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Literal, TypedDict

if TYPE_CHECKING:
    from ssh_auth import AuthCredential, AuthLimits, AuthStrategy, PromptResponder
    from ssh_connection import ConnectionLimits
    from ssh_connection.aio import KeepaliveOptions, Timeouts
    from ssh_keys import KnownHosts
    from ssh_stack.client.connection import Connection
    from ssh_stack.client.options import (
        CertificateSource,
        HostKeyPolicy,
        HostKeyUpdateDecision,
        KeySource,
        Prompter,
        Secret,
    )
    from ssh_stack.client.sshfp_answer import SSHFPResolver
    from ssh_stack.client.x11_options import X11Forwarding
    from ssh_stack.sources import Default, Path, RevokedSource
    from ssh_stack.streams import Stream
    from ssh_transport import Algorithms, Limits
    from ssh_transport.trace import Trace

__all__ = ["ClientOptionsKw"]


class ClientOptionsKw(TypedDict, total=False):
    """The fields of `ClientOptions` as keyword arguments."""

    username: str | None
    password: Secret | None
    change_password: Callable[[str], Awaitable[str | None] | str | None] | None
    interactive: PromptResponder | None
    keys: Sequence[KeySource] | KeySource | Default | None
    certificates: Sequence[CertificateSource]
    strict_permissions: bool
    auth: Sequence[AuthCredential] | AuthStrategy | None
    host_keys: Sequence[KeySource] | KeySource | Default | None
    passphrase: Secret | bytes | None
    prompter: Prompter | None
    ask_methods_first: bool
    gssapi: bool | Default
    require_proof: bool | Default
    agent: Path | Default | None
    agent_forwarding: bool | Path | Default
    x11_forwarding: bool | X11Forwarding | Default
    known_hosts: Path | bytes | KnownHosts | Sequence[Path] | Default | None
    revoked_host_keys: RevokedSource | Sequence[RevokedSource] | Default | None
    host_key_alias: str | None
    host_key_policy: HostKeyPolicy | Default
    update_host_keys: bool | HostKeyUpdateDecision | Default
    dns_resolver: SSHFPResolver | None
    config: Path | Sequence[Path] | Default | None
    config_options: Sequence[str]
    config_command: str
    jump: str | Sequence[str] | Connection | Default | None
    proxy_command: str | Sequence[str] | Default | None
    stream: Stream | None
    control_path: Path | None
    algorithms: Literal["strict", "default", "legacy"] | Algorithms
    compression: bool | Default
    transport_limits: Limits
    auth_limits: AuthLimits
    limits: ConnectionLimits
    timeouts: Timeouts | Default
    keepalive: KeepaliveOptions | Default | None
    rekey_bytes: int
    rekey_seconds: float
    on_banner: Callable[[str], None] | None
    on_proxy_stderr: Callable[[bytes], None] | None
    trace: Trace | None
