"""What the configuration says about one host."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, Literal

from ssh_stack.usage_errors import ConfigError
from ssh_wire import lazy_attrs

if TYPE_CHECKING:
    from pathlib import Path

    from ssh_stack.config.algorithms import AlgorithmList
    from ssh_stack.config.forward_specs import ForwardSpec
    from ssh_stack.config.found_value import FoundValue
    from ssh_stack.config.lines import Line

__all__ = ["HostConfig", "Unsupported"]


_MORE: Final = (
    "ignoring it would do more than it permits: remove the line, or give another value before it"
)


@lazy_attrs.frozen
class Unsupported:
    """A line that is for the host and is not honoured."""

    keyword: str
    """The keyword as it was written."""
    value: str
    """What follows it."""
    source: str
    """The file, or "option"."""
    line: int
    """The line in the file; 0 for an option."""
    refuses: bool = False
    """Whether it restricts or protects, so that no connection is made without it."""

    @classmethod
    def of(cls, line: Line, *, refuses: bool) -> Unsupported:
        """Return what is not honoured of a line."""
        return cls(line.spelling, line.rest, line.source, line.number, refuses)

    def __str__(self) -> str:
        if not self.line:
            return self.keyword
        return f"{self.keyword} ({self.source}, line {self.line})"

    def error(self, why: str = _MORE) -> ConfigError:
        """Return the error of a connection that cannot be made without it.

        Args:
            why: why it cannot, and what to do.
        """
        problem = f"{self.keyword} {self.value} is not supported yet, and {why}"
        return ConfigError(problem, self.source, self.line)


@lazy_attrs.frozen(kw_only=True)
class HostConfig:
    """What the configuration says about one host; None where it says nothing.

    The fields are those of ssh_config(5); tokens, variables and `~` are replaced.
    """

    # ------------------------------------------------------------- connecting

    hostname: str | None = None
    """The name or address to connect to."""
    user: str | None = None
    """The user to log in as."""
    port: int | None = None
    """The port to connect to."""
    address_family: Literal["any", "inet", "inet6"] = "any"
    """The addresses that may be used: all, IPv4, IPv6."""
    bind_address: str | None = None
    """The address of this machine to connect from."""
    bind_interface: str | None = None
    """The interface of this machine to connect from."""
    connection_attempts: int = 1
    """How often, once a second, connecting is tried."""
    connect_timeout: int | None = None
    """Seconds that connecting may take; None and 0 for the system's own bound."""
    ip_qos: tuple[int | None, int | None] | None = None
    """The DSCP byte for interactive sessions and for others; None for the system's."""
    tcp_keepalive: bool = True
    """Whether the system asks whether the server's machine is still there."""
    alive_interval: int | None = None
    """Seconds of silence after which the server is asked for a sign of life; 0 for never."""
    alive_count_max: int | None = None
    """Questions without an answer after which it counts as gone."""
    proxy_jump: tuple[str, ...] = ()
    """Hosts to go through, first to last."""
    proxy_command: str | None = None
    """A command for the user's shell, whose standard streams reach the host."""
    proxy_use_fdpass: bool = False
    """Whether the command passes an open socket instead."""

    # ------------------------------------------------------------- identity

    batch: bool = False
    """Whether no prompter and no function is asked for anything."""
    identity_files: tuple[Path, ...] | None = None
    """Key files to log in with; None for the usual ones, empty for none."""
    certificate_files: tuple[Path, ...] = ()
    """User certificates, beside those that lie beside the key files."""
    identities_only: bool = False
    """Whether the agent's other keys are left out."""
    identity_agent: Path | Literal["none"] | None = None
    """The agent's socket; "none" for no agent."""
    add_keys_to_agent: tuple[Literal["yes", "no", "ask", "confirm"], int] = ("no", 0)
    """Whether keys that are loaded go to the agent, and for how many seconds; 0 for ever."""
    pkcs11_provider: str | None = None
    """The library of a PKCS#11 token."""
    security_key_provider: str | None = None
    """The library for FIDO keys, "internal", or $ and the variable that names it."""
    keyboard_interactive_devices: str = ""
    """What the server is told of the devices whose prompts are wanted, with commas between."""
    password_authentication: bool = True
    """Whether a password may be used."""
    keyboard_interactive_authentication: bool = True
    """Whether the server's prompts may be answered."""
    public_key_authentication: Literal["yes", "no", "unbound", "host-bound"] = "yes"
    """Whether keys may be used; "unbound": without binding signatures to the server's key."""
    hostbased_authentication: bool = False
    """Whether this machine's host key may be used."""
    hostbased_algorithms: AlgorithmList | None = None
    """The signature algorithms of this machine's host keys."""
    enable_ssh_keysign: bool = False
    """Whether ssh-keysign signs for this machine."""
    gssapi_authentication: bool = False
    """Whether GSSAPI may be used."""
    gssapi_delegate_credentials: bool = False
    """Whether GSSAPI's credentials are forwarded."""
    gssapi_trust_dns: bool = False
    """Whether the DNS may canonicalize the server's name for GSSAPI."""
    gssapi_client_identity: str | None = None
    """The user's name in GSSAPI."""
    gssapi_server_identity: str | None = None
    """The server's name in GSSAPI."""
    preferred_authentications: tuple[str, ...] | None = None
    """The only methods of authentication, in the order in which they are tried."""
    password_prompts: int | None = None
    """How often a password is asked for."""
    public_key_algorithms: AlgorithmList | None = None
    """The signature algorithms of user keys."""

    # ------------------------------------------------------------- transport

    ciphers: AlgorithmList | None = None
    """The ciphers."""
    macs: AlgorithmList | None = None
    """The message authentication codes."""
    kex_algorithms: AlgorithmList | None = None
    """The methods of key exchange."""
    host_key_algorithms: AlgorithmList | None = None
    """The signature algorithms of host keys."""
    gssapi_key_exchange: bool = False
    """Whether GSSAPI may exchange keys."""
    gssapi_kex_algorithms: str | None = None
    """GSSAPI's methods of key exchange, with commas between."""
    gssapi_renewal_forces_rekey: bool = False
    """Whether renewed credentials cause a key exchange."""
    required_rsa_size: int | None = None
    """The fewest bits that an RSA key may have, the host's and the user's."""
    rekey_limit: tuple[int, int] | None = None
    """Bytes and seconds after which to rekey; 0 for the default."""
    compression: bool = False
    """Whether the streams are compressed."""
    warn_weak_crypto: bool = True
    """Whether algorithms that are not strong enough any more are warned of."""
    version_addendum: str = ""
    """What follows this program's version in the identification string."""

    # ------------------------------------------------------------- trust

    user_known_hosts: tuple[str, ...] = ()
    """The paths of files of trusted host keys; new ones go to the first."""
    system_known_hosts: tuple[str, ...] = ()
    """The paths of the system's files of trusted host keys."""
    known_hosts_command: str | None = None
    """A command that prints further trusted host keys."""
    host_key_alias: str | None = None
    """The name under which the host is looked for in those files."""
    revoked_host_keys: tuple[Path, ...] = ()
    """Files of revoked host keys."""
    ca_signature_algorithms: AlgorithmList | None = None
    """The algorithms with which an authority may have signed the host's certificate."""
    strict_host_key_checking: Literal["strict", "ask", "accept-new", "off"] = "ask"
    """What becomes of a host that is not known."""
    check_host_ip: bool = False
    """Whether the host's address must be known too."""
    no_host_authentication_for_localhost: bool = False
    """Whether the host key of this machine itself is not checked."""
    verify_host_key_dns: Literal["yes", "no", "ask"] = "no"
    """Whether the DNS is asked for the fingerprint of the host key."""
    hash_known_hosts: bool = False
    """Whether names are hashed when they are remembered."""
    update_host_keys: Literal["yes", "no", "ask"] | None = None
    """Whether known hosts follow the keys that a server names; "no" for other files of them."""
    fingerprint_hash: Literal["sha256", "md5", "sha1", "sha384", "sha512"] = "sha256"
    """The hash of fingerprints that are shown."""
    visual_host_key: bool = False
    """Whether a picture of the host key is shown."""

    # ------------------------------------------------------------- session

    send_env: tuple[str, ...] = ()
    """Patterns of local environment variables to send."""
    set_env: tuple[tuple[str, str], ...] = ()
    """Environment variables to send."""
    request_tty: Literal["yes", "no", "force", "auto"] | None = None
    """Whether the command line asks for a terminal."""
    session_type: Literal["none", "subsystem", "default"] | None = None
    """What the command line starts: nothing, a subsystem, a shell or command."""
    remote_command: str | None = None
    """What the command line runs where it is given no command itself."""
    permit_local_command: bool = False
    """Whether the local command may be run."""
    local_command: str | None = None
    """A command for the user's shell, to run here once the connection is made."""
    stdin_null: bool = False
    """Whether the command line reads nothing from its standard input."""
    escape_char: str | None = None
    """The command line's escape character; "none" for none."""
    enable_escape_commandline: bool = False
    """Whether the escape sequence C opens a command line."""
    obscure_keystroke_timing: int | None = None
    """Milliseconds between the packets of typed keys; 0 for as they are typed."""
    channel_timeouts: tuple[tuple[str, int], ...] = ()
    """Patterns of types of channels, each with the seconds of silence that close one."""
    forward_agent: Path | Literal["yes", "no", "none"] | None = "no"
    """Whether an agent is forwarded: the usual one, none, or the one of this socket."""
    forward_x11: bool = False
    """Whether X11 is forwarded."""
    forward_x11_trusted: bool = False
    """Whether X11 clients there have full access to the display."""
    forward_x11_timeout: int = 1200
    """Seconds after which X11 is forwarded no more; 0 for never."""
    xauth_location: str | None = None
    """The path of xauth."""

    # ------------------------------------------------------------- forwards

    local_forwards: tuple[ForwardSpec, ...] = ()
    """Forwards that listen here."""
    remote_forwards: tuple[ForwardSpec, ...] = ()
    """Forwards that listen there."""
    dynamic_forwards: tuple[ForwardSpec, ...] = ()
    """Forwards that listen here and speak SOCKS."""
    clear_all_forwardings: bool = False
    """Whether all forwards are left out, the command line's too."""
    exit_on_forward_failure: bool = False
    """Whether the command line ends where a forward cannot be opened."""
    gateway_ports: bool = False
    """Whether forwards listen on all addresses where none is named."""
    permit_remote_open: tuple[str, ...] = ("any",)
    """Where a remote forward with SOCKS may lead, a host and a port each; or "any", "none"."""
    stream_local_bind_mask: int = 0o177
    """The umask of Unix sockets that forwards listen on."""
    stream_local_bind_unlink: bool = False
    """Whether such a socket replaces what is at its path."""
    tunnel: Literal["no", "point-to-point", "ethernet"] = "no"
    """Whether network devices are tunnelled."""
    tunnel_device: tuple[int | None, int | None] = (None, None)
    """The devices here and there; None for the next free one."""

    # ------------------------------------------------------------- program

    log_level: str | None = None
    """How much the command line tells, from QUIET to DEBUG3."""
    log_verbose: tuple[str, ...] = ()
    """Patterns of source files, functions and lines that tell everything."""
    syslog_facility: str = "USER"
    """The facility of what goes to syslog."""
    fork_after_authentication: bool = False
    """Whether the command line goes to the background once it is authenticated."""
    control_master: Literal["yes", "no", "ask", "auto", "autoask"] = "no"
    """Whether this connection is shared with later calls."""
    control_path: Path | None = None
    """The socket by which a connection is shared."""
    control_persist: int | Literal["no"] = "no"
    """Seconds for which an idle shared connection is kept; 0 for ever, "no" for not at all."""

    # ------------------------------------------------------------- reading

    canonicalize_hostname: Literal["yes", "no", "always"] = "no"
    """Whether the host's name was canonicalized."""
    canonical_domains: tuple[str, ...] = ()
    """The domains in which it was looked for."""
    canonicalize_max_dots: int = 1
    """The most dots of a name that is canonicalized."""
    canonicalize_fallback_local: bool = True
    """Whether a name that no domain has is looked up as it is."""
    canonicalize_permitted_cnames: tuple[tuple[str, str], ...] = ()
    """Pairs of lists of patterns: which names may be replaced by which others."""
    ignore_unknown: str | None = None
    """Patterns of unknown keywords that are no error."""
    tag: str | None = None
    """What `Match tagged` is held against."""

    found: Mapping[str, Sequence[FoundValue]] = lazy_attrs.field(
        factory=dict[str, Any], eq=False, repr=False
    )
    """The values as they were read, and their lines, by the keyword."""
    texts: Mapping[str, Sequence[str]] = lazy_attrs.field(
        factory=dict[str, Any], eq=False, repr=False
    )
    """The values with what was replaced in them, by the keyword, as `ssh -G` writes them."""
    late_errors: Mapping[str, ConfigError] = lazy_attrs.field(
        factory=dict[str, Any], eq=False, repr=False
    )
    """Why a command cannot be used that is expanded when it is used, by its field."""
    unsupported: tuple[Unsupported, ...] = ()
    """Lines for this host that are not honoured."""
    notes: tuple[str, ...] = ()
    """What else is worth knowing: algorithms that are not supported, files left out."""

    @property
    def known_hosts_files(self) -> tuple[Path, ...]:
        """Files of trusted host keys; new ones go to the first."""
        return _paths(self.user_known_hosts)

    @property
    def global_known_hosts_files(self) -> tuple[Path, ...]:
        """The system's files of trusted host keys."""
        return _paths(self.system_known_hosts)

    @property
    def proxy_command_error(self) -> ConfigError | None:
        """Why no connection can be made with the proxy command: it has an unknown token."""
        return self.late_errors.get("proxy_command")

    @property
    def host_key_policy(self) -> Literal["strict", "accept-new", "off"]:
        """The policy where no user can be asked: "ask" refuses, as "yes" does."""
        policy = self.strict_host_key_checking
        return "strict" if policy == "ask" else policy


def _paths(names: Sequence[str]) -> tuple[Path, ...]:
    from pathlib import Path  # with what it imports, 3 ms

    return tuple(map(Path, names))
