"""What `connect` is told: one frozen class, and the same as keyword arguments."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Final, Literal, Protocol, TypeAlias, cast

from ssh_auth import AuthLimits, PromptResponder, Signer
from ssh_connection import ConnectionLimits
from ssh_connection.aio import ClientConnection, KeepaliveOptions, Timeouts
from ssh_keys import KnownHosts, PrivateKey, PublicKey
from ssh_stack.arguments import Rule, as_list, check_values, is_number
from ssh_stack.client.connection import Connection
from ssh_stack.sources import DEFAULT, Default, Path, RevokedSource
from ssh_transport import Algorithms, Limits
from ssh_wire import UsageError, lazy_attrs

if TYPE_CHECKING:
    from ssh_auth import AuthCredential, AuthStrategy
    from ssh_keys import Certificate, HostKeyUpdate
    from ssh_stack.client.sshfp_answer import SSHFPResolver
    from ssh_stack.client.x11_options import X11Forwarding
    from ssh_stack.streams import Stream
    from ssh_transport.trace import Trace
    from ssh_wire.messages.auth import Prompt

__all__ = [
    "ClientOptions",
    "HostKeyDecision",
    "HostKeyPolicy",
    "HostKeyUpdateDecision",
    "Prompter",
]


def _is_sequence(value: object) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str | bytes | bytearray)


def _is_path(value: object) -> bool:
    """Return whether a value is the path of a file, and not text that a file holds."""
    return isinstance(value, os.PathLike) or (isinstance(value, str) and "\n" not in value)


def _is_key(value: object) -> bool:
    return isinstance(value, str | bytes | os.PathLike | PrivateKey) or hasattr(value, "sign")


HostKeyDecision: TypeAlias = Callable[[str, int, PublicKey], Awaitable[bool] | bool]
"""Asked about a server that is not known: host, port, key; only an exact True accepts.

An async function is awaited; a plain one is called in a thread.
"""

HostKeyPolicy: TypeAlias = Literal["strict", "accept-new", "off"] | HostKeyDecision
"""What becomes of a server that is not known.

"strict" refuses it, "accept-new" accepts it and adds its key to known_hosts, and a function
decides.  "off" accepts it and adds nothing.  It lets a server whose key has changed, or is
`@revoked` in known_hosts, pass with a warning to the logger `ssh_stack`; that connection sends
no password, answers no prompts and forwards nothing.  All others refuse such a key.  Without
anything known (`known_hosts=None`), "off" gives no protection.

`StrictHostKeyChecking no` of the configuration differs from "off" in one thing: like
"accept-new" it adds the key of a new server to known_hosts, as `ssh` does.
"""

HostKeyUpdateDecision: TypeAlias = "Callable[[str, int, HostKeyUpdate], Awaitable[bool] | bool]"
"""Asked whether known_hosts is to follow a server's keys: host, port, what is to change.

Only an exact True accepts.  An async function is awaited; a plain one is called in a thread.
"""

KeySource: TypeAlias = Path | bytes | PrivateKey | Signer
"""A private key: a file, its content, the key, or something that signs with it."""

CertificateSource: TypeAlias = "Path | bytes | Certificate"
"""A user certificate: a file, its content, or the certificate."""

Secret: TypeAlias = str | Callable[[], Awaitable[str | None] | str | None]
"""A secret, or a function that asks for it and returns None to give up.

An async function is awaited; a plain one, `getpass.getpass` say, is called in a thread.
"""


def _listed(
    keys: Sequence[KeySource] | KeySource | Default | None,
) -> Sequence[KeySource] | Default | None:
    return cast("Sequence[KeySource] | Default | None", as_list(keys))


_RULES: Final[Mapping[str, Rule]] = {
    "username": Rule(lambda v: isinstance(v, str), "a user name, as text"),
    "password": Rule(lambda v: isinstance(v, str) or callable(v), "text, or a function"),
    "interactive": Rule(callable, "a function that answers prompts"),
    "keys": Rule(_is_sequence, "a list of paths, contents or keys", _is_key),
    "auth": Rule(
        lambda v: _is_sequence(v) or callable(getattr(v, "next_credential", None)),
        "a list of credentials, or an AuthStrategy",
    ),
    "gssapi": Rule(lambda v: isinstance(v, bool), "True or False"),
    "require_proof": Rule(lambda v: isinstance(v, bool), "True or False"),
    "host_keys": Rule(_is_sequence, "a list of paths, contents or keys", _is_key),
    "passphrase": Rule(
        lambda v: isinstance(v, str | bytes) or callable(v), "text, bytes or a function"
    ),
    "agent": Rule(
        lambda v: isinstance(v, str | os.PathLike),
        "the path of the agent's socket, or None for no agent",
    ),
    "agent_forwarding": Rule(
        lambda v: isinstance(v, bool | str | os.PathLike),
        "True, False, or the path of an agent's socket",
    ),
    "x11_forwarding": Rule(
        lambda v: isinstance(v, bool) or hasattr(v, "single_connection"),
        "True, False, or an X11Forwarding(…)",
    ),
    "known_hosts": Rule(
        lambda v: _is_path(v) or isinstance(v, bytes | KnownHosts) or _is_sequence(v),
        "a path, a list of paths, the content of a file as bytes, or a KnownHosts",
    ),
    "host_key_alias": Rule(
        lambda v: isinstance(v, str) and v.isprintable() and not set(v) & set(" ,") and bool(v),
        "a name, without spaces and commas",
    ),
    "dns_resolver": Rule(callable, "a function that returns an SSHFPAnswer"),
    "config": Rule(
        lambda v: isinstance(v, str | os.PathLike) or _is_sequence(v),
        "a path, a list of paths, or None for no configuration",
    ),
    "config_options": Rule(_is_sequence, 'a list of lines such as "Port 2222"'),
    "config_command": Rule(lambda v: isinstance(v, str), "a command, or an empty string"),
    "jump": Rule(
        lambda v: isinstance(v, str | Connection | ClientConnection) or _is_sequence(v),
        "a host, a list of hosts, or a connection",
    ),
    "control_path": Rule(
        lambda v: isinstance(v, str | os.PathLike), "the path of a master's socket"
    ),
    "proxy_command": Rule(lambda v: isinstance(v, str) or _is_sequence(v), "a command"),
    "algorithms": Rule(
        lambda v: v in ("strict", "default", "legacy") or isinstance(v, Algorithms),
        '"strict", "default", "legacy" or an Algorithms',
    ),
    "compression": Rule(lambda v: isinstance(v, bool), "True or False"),
    "transport_limits": Rule(lambda v: isinstance(v, Limits), "a Limits"),
    "auth_limits": Rule(lambda v: isinstance(v, AuthLimits), "an AuthLimits"),
    "limits": Rule(lambda v: isinstance(v, ConnectionLimits), "a ConnectionLimits"),
    "timeouts": Rule(lambda v: isinstance(v, Timeouts), "a Timeouts(connect=…, …)"),
    "keepalive": Rule(
        lambda v: isinstance(v, KeepaliveOptions), "a KeepaliveOptions(interval=…), or None"
    ),
    "rekey_bytes": Rule(is_number, "a number of bytes, more than 0"),
    "rekey_seconds": Rule(is_number, "seconds, more than 0"),
    "on_banner": Rule(callable, "a function that takes text"),
    "on_proxy_stderr": Rule(callable, "a function that takes bytes"),
}


class Prompter(Protocol):
    """Somebody to ask, about the host and about each jump host on the way to it.

    Each method may be async, or plain: a plain one is called in a thread.

    Texts of a server have to be escaped (`ssh_wire.text.printable`) before they are printed.
    A prompter may have a method `confirm_key_addition(path)` too, async and like
    `confirm_host_key`: it is asked whether the key of a file goes to the agent, where the
    configuration has "AddKeysToAgent ask".  And a method `token_pin(label)`, like `passphrase`:
    it is asked for the PIN of a PKCS#11 token, once.
    """

    def password(self, login: str, /) -> Awaitable[str | None] | str | None:
        """Return the password of `who`, "user@host", or None to give up."""
        ...

    def new_password(self, login: str, prompt: str, /) -> Awaitable[str | None] | str | None:
        """Return a new password of `who` in place of an expired one, or None to give up.

        `prompt` is the server's text about it, escaped.
        """
        ...

    def passphrase(self, source: str, /) -> Awaitable[str | None] | str | None:
        """Return what opens a key, "file /home/me/.ssh/id_rsa", or None to give up."""
        ...

    def answers(
        self, login: str, name: str, instruction: str, prompts: Sequence[Prompt], /
    ) -> Awaitable[Sequence[str] | None] | Sequence[str] | None:
        """Return the answers to a server's prompts, or None to give up."""
        ...

    def confirm_host_key(self, host: str, port: int, key: PublicKey, /) -> Awaitable[bool] | bool:
        """Return True if a key that is not known is the server's."""
        ...


@lazy_attrs.frozen(kw_only=True)
class ClientOptions:
    """How to connect.  What is not given is as `ssh` would have it.

    Attributes:
        username: The user to log in as; without it the configuration's, then the local user's
            name.
        password: The password, or a function that asks for it, three times where it is wrong. It
            is for the host alone, as `interactive` is: jump hosts never see it.
        change_password: Asked for a new password, given the server's text, when the server says it
            has expired.
        interactive: Answers the prompts of keyboard-interactive; without it the password answers
            one.
        keys: Private keys to log in with, first to last; None for none; by default `ssh`'s files.
        certificates: User certificates beyond those beside the key files, each of a key that is
            there, too.
        strict_permissions: Whether a private key file of the user's that others can read is
            refused, as by `ssh`.
        auth: What to log in with, in order, instead of what the other options and the
            configuration say about it: `ssh_stack.KeyCredential`, `ssh_stack.PasswordCredential`
            and the like, or an `ssh_stack.AuthStrategy` that decides as it goes. It is for the
            host alone, as a password is.
        host_keys: Keys of this host that vouch for the local user (hostbased authentication):
            with any, the method is used whatever the configuration says. By default, where the
            configuration has HostbasedAuthentication, those in /etc/ssh; ssh-keysign(8) signs
            with those that the user may not read. None for none.
        passphrase: The passphrase of encrypted key files, or a function that asks for it. The
            function is called when the server would take a key and not before, and again while the
            answer does not open it.
        prompter: Asked for what is not given here, and about a host key where the configuration
            says so.
        ask_methods_first: Whether the server is asked for its methods before a credential is
            tried, as by `ssh`. A server that wants no authentication answers with success then.
            Without it, only credentials that are given here are tried, and a round
            trip is saved.
        gssapi: Whether the user's Kerberos ticket is tried, by the package `ssh-stack[gssapi]`; by
            default the configuration's GSSAPIAuthentication says.
        require_proof: Whether a server is refused that authenticates the user without a key, a
            secret or an answer: it may be another one that asks for a password in the session. By
            default with `algorithms="strict"`.
        agent: The agent's socket; None for no agent; by default SSH_AUTH_SOCK.
        agent_forwarding: Whether each session has the agent forwarded, so that programs on the
            server log in elsewhere with its keys; or the socket of another agent. Whoever
            administers the server can use the agent meanwhile. By default the configuration's
            ForwardAgent says, and where it says nothing, no. `start` decides for one session.
        x11_forwarding: Whether each session has X11 forwarded, so that programs on the server have
            windows here; or how, as an `X11Forwarding`. By default the configuration's ForwardX11
            says, and where it says nothing, no.
        known_hosts: The host keys that are trusted; None for no host. By default
            UserKnownHostsFile of the configuration, which is ~/.ssh/known_hosts and
            ~/.ssh/known_hosts2 where it says nothing, and the system's files. A key that is
            accepted is remembered in the first file.
        revoked_host_keys: Host keys and authorities that are never trusted, whatever else says so.
            A KRL or a text with a public key on each line: its path, its content or the list. By
            default RevokedHostKeys of the configuration. A list that cannot be read refuses every
            host.
        host_key_alias: The name under which the server's key is looked for in known_hosts, is
            added to it, and is to be in a host certificate, whatever the port; by default
            HostKeyAlias of the configuration. Jump hosts have none of it.
        host_key_policy: What becomes of a server that is not known; by default what the
            configuration says.
        update_host_keys: Whether known_hosts follows the server's keys: proven ones in, those that
            are gone out. Only for a server whose key stood there already or was accepted by a
            user; a function is asked each time. By default the configuration's UpdateHostKeys
            says, and "ask" there is "no": whoever wants to be asked gives a function. Where it
            says nothing they are followed if neither `known_hosts` nor UserKnownHostsFile is
            given.
        dns_resolver: Asked for the SSHFP records of a host where the configuration has
            VerifyHostKeyDNS; by default the system's name servers are, by the package
            `ssh-stack[dns]`.
        config: Configuration files; None for none; by default ~/.ssh/config and the system's.
        config_options: Configuration lines that go before the files, as `ssh -o` takes them.
        config_command: The command that `Match command` and `Match sessiontype` of the
            configuration look at, as of `ssh host command`; nothing is run.
        jump: Hosts to go through, `[user@]host[:port]`, or a connection; None for no jump.
        proxy_command: A command whose standard streams reach the server. The user's shell runs a
            string, as that of ProxyCommand; a list of arguments is run without a shell. The tokens
            of ProxyCommand are replaced in both.
        stream: A byte stream to the server that is connected already, instead of a TCP connection.
            A socket, a `Channel` of another connection, or a pair of a reader and a writer as
            asyncio has them. It is closed with the connection.
        control_path: The socket of a ControlMaster, of OpenSSH or of `ssh-stack ssh`: its
            connection is used, and no other is made. The user, the keys and the trust are those
            of the master. What is known of its keys, `ping`, and forwards that listen at the
            server are not to be had. A fault of masters of OpenSSH (8.4 to 10.6): where the
            server refused a channel, the master ends when this connection is closed.
        algorithms: A profile of algorithms, or the algorithms.
        compression: Whether data is compressed where the server can; by default the
            configuration's Compression. It pays on slow lines only. Jump hosts have their own.
        transport_limits: What is accepted of the server's transport.
        auth_limits: How often the client tries, and how much the server may ask for, until the
            user is in.
        limits: How much of everything the connection may have.
        timeouts: How long each stage may take; by default the configuration's ConnectTimeout
            counts.
        keepalive: How a dead server is found; None never asks; by default the configuration
            counts.
        rekey_bytes: Bytes in one direction after which to rekey.
        rekey_seconds: Seconds after which to rekey.
        on_banner: Takes the server's banner, escaped.
        on_proxy_stderr: Takes what the program of proxy_command or ProxyCommand writes to its
            standard error, as it arrives; the end of it is in `ProxyFailed` in any case.
        trace: Takes every message and event of the transport as it happens, without content.
    """

    username: str | None = None
    password: Secret | None = lazy_attrs.field(default=None, repr=False)
    change_password: Callable[[str], Awaitable[str | None] | str | None] | None = None
    interactive: PromptResponder | None = lazy_attrs.field(default=None, repr=False)
    keys: Sequence[KeySource] | Default | None = lazy_attrs.field(
        default=DEFAULT, repr=False, converter=_listed
    )
    certificates: Sequence[CertificateSource] = ()
    strict_permissions: bool = True
    auth: Sequence[AuthCredential] | AuthStrategy | None = lazy_attrs.field(
        default=None, repr=False
    )
    host_keys: Sequence[KeySource] | Default | None = lazy_attrs.field(
        default=DEFAULT, repr=False, converter=_listed
    )
    passphrase: Secret | bytes | None = lazy_attrs.field(default=None, repr=False)
    prompter: Prompter | None = lazy_attrs.field(default=None, repr=False)
    ask_methods_first: bool = True
    gssapi: bool | Default = DEFAULT
    require_proof: bool | Default = DEFAULT
    agent: Path | Default | None = DEFAULT
    agent_forwarding: bool | Path | Default = DEFAULT
    x11_forwarding: bool | X11Forwarding | Default = DEFAULT
    known_hosts: Path | bytes | KnownHosts | Sequence[Path] | Default | None = DEFAULT
    revoked_host_keys: RevokedSource | Sequence[RevokedSource] | Default | None = DEFAULT
    host_key_alias: str | None = None
    host_key_policy: HostKeyPolicy | Default = DEFAULT
    update_host_keys: bool | HostKeyUpdateDecision | Default = DEFAULT
    dns_resolver: SSHFPResolver | None = None
    config: Path | Sequence[Path] | Default | None = DEFAULT
    config_options: Sequence[str] = ()
    config_command: str = ""
    jump: str | Sequence[str] | Connection | Default | None = DEFAULT
    proxy_command: str | Sequence[str] | Default | None = DEFAULT
    stream: Stream | None = None
    control_path: Path | None = None
    algorithms: Literal["strict", "default", "legacy"] | Algorithms = "default"
    compression: bool | Default = DEFAULT
    transport_limits: Limits = lazy_attrs.field(factory=Limits)
    auth_limits: AuthLimits = lazy_attrs.field(factory=AuthLimits)
    limits: ConnectionLimits = lazy_attrs.field(factory=ConnectionLimits)
    timeouts: Timeouts | Default = DEFAULT
    keepalive: KeepaliveOptions | Default | None = DEFAULT
    rekey_bytes: int = 1024**3
    rekey_seconds: float = 3600.0
    on_banner: Callable[[str], None] | None = None
    on_proxy_stderr: Callable[[bytes], None] | None = None
    trace: Trace | None = lazy_attrs.field(default=None, repr=False)

    def __attrs_post_init__(self) -> None:
        check_values(self, _RULES, (None, DEFAULT))
        for name in ("agent_forwarding", "x11_forwarding"):
            if getattr(self, name) is None:  # it could mean either
                problem = f"{name} is {_RULES[name].expected}, not None"
                raise UsageError(problem)
        policies = ("strict", "accept-new", "off")
        policy = self.host_key_policy
        if policy is not DEFAULT and not callable(policy) and policy not in policies:
            problem = f"host_key_policy is one of {', '.join(policies)} or a function"
            raise UsageError(problem)
        given = (self.password, self.change_password, self.interactive)
        if self.auth is not None and given != (None, None, None):
            problem = "auth excludes password, change_password and interactive: put them into it"
            raise UsageError(problem)
        if self.stream is not None:
            from ssh_stack.streams import check_stream  # rarely given

            check_stream(self.stream)
            if any(each not in (None, DEFAULT) for each in (self.jump, self.proxy_command)):
                problem = "stream excludes jump and proxy_command"
                raise UsageError(problem)
        if self.jump not in (None, DEFAULT) and self.proxy_command not in (None, DEFAULT):
            problem = "jump and proxy_command exclude each other"
            raise UsageError(problem)
