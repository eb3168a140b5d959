"""What the configuration says about one host."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

import attrs

from ssh_stack.config.algorithms import AlgorithmList
from ssh_stack.errors import ConfigError

if TYPE_CHECKING:
    from ssh_stack.config.lines import Line

__all__ = ["HostConfig", "Unsupported"]


_MORE: Final = (
    "ignoring it would do more than it permits: remove the line, or give another value before it"
)


@attrs.frozen
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


@attrs.frozen(kw_only=True)
class HostConfig:
    """What the configuration says about one host; None where it says nothing.

    The fields are those of ssh_config(5); tokens, variables and `~` are replaced.
    """

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
    tcp_keepalive: bool = True
    """Whether the system asks whether the server's machine is still there."""
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
    keyboard_interactive_devices: str = ""
    """What the server is told of the devices whose prompts are wanted, with commas between."""
    password_authentication: bool = True
    """Whether a password may be used."""
    keyboard_interactive_authentication: bool = True
    """Whether the server's prompts may be answered."""
    public_key_authentication: bool = True
    """Whether keys may be used."""
    preferred_authentications: tuple[str, ...] | None = None
    """The only methods of authentication, in the order in which they are tried."""
    password_prompts: int | None = None
    """How often a password is asked for."""
    public_key_algorithms: AlgorithmList | None = None
    """The signature algorithms of user keys."""

    ciphers: AlgorithmList | None = None
    """The ciphers."""
    macs: AlgorithmList | None = None
    """The message authentication codes."""
    kex_algorithms: AlgorithmList | None = None
    """The methods of key exchange."""
    host_key_algorithms: AlgorithmList | None = None
    """The signature algorithms of host keys."""
    ca_signature_algorithms: AlgorithmList | None = None
    """The algorithms with which an authority may have signed the host's certificate."""
    required_rsa_size: int | None = None
    """The fewest bits that an RSA key may have, the host's and the user's."""
    rekey_limit: tuple[int, int] | None = None
    """Bytes and seconds after which to rekey; 0 for the default."""

    proxy_jump: tuple[str, ...] = ()
    """Hosts to go through, first to last."""
    proxy_command: str | None = None
    """A command for the user's shell, whose standard streams reach the host."""
    proxy_command_error: ConfigError | None = attrs.field(default=None, eq=False)
    """Why no connection can be made with that command: it has an unknown token."""

    known_hosts_files: tuple[Path, ...] = ()
    """Files of trusted host keys; new ones go to the first."""
    global_known_hosts_files: tuple[Path, ...] = ()
    """The system's files of trusted host keys."""
    host_key_alias: str | None = None
    """The name under which the host is looked for in those files."""
    revoked_host_keys: tuple[Path, ...] = ()
    """Files of revoked host keys."""
    strict_host_key_checking: Literal["strict", "ask", "accept-new", "off"] = "ask"
    """What becomes of a host that is not known."""
    hash_known_hosts: bool = False
    """Whether names are hashed when they are remembered."""
    update_host_keys: Literal["yes", "no", "ask"] | None = None
    """Whether known hosts follow the keys that a server names; "no" for other files of them."""

    alive_interval: int | None = None
    """Seconds of silence after which the server is asked for a sign of life; 0 for never."""
    alive_count_max: int | None = None
    """Questions without an answer after which it counts as gone."""
    connect_timeout: int | None = None
    """Seconds that connecting may take; 0 for the system's own bound."""

    send_env: tuple[str, ...] = ()
    """Patterns of local environment variables to send."""
    set_env: tuple[tuple[str, str], ...] = ()
    """Environment variables to send."""
    clear_all_forwardings: bool = False
    """Whether the command line's forwards are left out."""
    exit_on_forward_failure: bool = False
    """Whether the command line ends where a forward cannot be opened."""
    request_tty: Literal["yes", "no", "force", "auto"] | None = None
    """Whether the command line asks for a terminal."""
    session_type: Literal["none", "subsystem", "default"] | None = None
    """What the command line starts: nothing, a subsystem, a shell or command."""
    remote_command: str | None = None
    """What the command line runs where it is given no command itself."""
    stdin_null: bool = False
    """Whether the command line reads nothing from its standard input."""
    escape_char: str | None = None
    """The command line's escape character; "none" for none."""
    log_level: str | None = None
    """How much the command line tells, from QUIET to DEBUG3."""
    tag: str | None = None
    """What `Match tagged` is held against."""

    unsupported: tuple[Unsupported, ...] = ()
    """Lines for this host that are not honoured."""
    notes: tuple[str, ...] = ()
    """What else is worth knowing: algorithms that are not supported, files left out."""

    @property
    def host_key_policy(self) -> Literal["strict", "accept-new", "off"]:
        """The policy where no user can be asked: "ask" refuses, as "yes" does."""
        policy = self.strict_host_key_checking
        return "strict" if policy == "ask" else policy
