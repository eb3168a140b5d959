"""How the user is authenticated: methods, keys, and who is asked for secrets."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Final, Literal

from ssh_auth import AuthCredential, AuthLimits, AuthStrategy, PromptResponder
from ssh_keys import KeyPolicy
from ssh_stack.client.options import CertificateSource, KeySource, Prompter, Secret
from ssh_stack.client.plan.choice import choose
from ssh_stack.client.plan.transport import usual_signature_algorithms
from ssh_stack.sources import DEFAULT, Default, Path
from ssh_wire import lazy_attrs

if TYPE_CHECKING:
    from ssh_auth import GSSAPIIdentity
    from ssh_stack.client.options import ClientOptions
    from ssh_stack.config import HostConfig

__all__ = ["METHODS", "PASSPHRASE_PROMPTS", "IdentityPlan", "merge_identity"]

METHODS: Final = (
    "gssapi-with-mic",
    "hostbased",
    "publickey",
    "keyboard-interactive",
    "password",
)
"""Authentication methods in the order in which `ssh` prefers them (ssh_config(5))."""


PASSPHRASE_PROMPTS: Final = 3
"""How often a user is asked for one secret, as by ssh's NumberOfPasswordPrompts."""


@lazy_attrs.frozen(kw_only=True)
class IdentityPlan:
    """How the user is authenticated at one server.

    Attributes:
        user: The user to log in as.
        host: The server's name, for prompts.
        methods: The methods that may be tried, in the order of preference
            (PreferredAuthentications, PasswordAuthentication and its like).
        ask_methods_first: Whether the server is asked for its methods first.
        batch: Whether no prompter and no function is asked for anything (BatchMode).
        prompter: Asked for what is not given; None in batch mode.
        password: The password, or a function that asks for it.
        change_password: Asked for a new password when the server says that it has expired.
        interactive: Answers the prompts of keyboard-interactive.
        password_prompts: How often a password is asked for (NumberOfPasswordPrompts).
        devices: What the server is told of the devices for prompts (KbdInteractiveDevices).
        keys: Private keys, or public ones of keys in the agent, first to last (IdentityFile).
        keys_from: Who named them; "default" for the files that `ssh` tries.
        certificates: User certificates beyond those beside the key files (CertificateFile).
        passphrase: The passphrase of encrypted key files, or a function that asks for it.
        strict_permissions: Whether a private key file that others can read is refused.
        auth: What the caller gave instead of all that follows from other options and the
            configuration: credentials in order, or a strategy.
        host_keys: Keys of this host that vouch for the local user; None for the system's.
        hostbased_algorithms: Signature algorithms that they may use (HostbasedAcceptedAlgorithms).
        gssapi: Who is asked for by GSSAPI, and by whom; None where it is not used
            (GSSAPIAuthentication and its like).
        hostbound: Whether keys sign for this server alone, where it takes that.
        require_proof: Whether a server is refused that wants no key, secret or answer.
        pkcs11_provider: The library of PKCS#11 tokens whose keys are used; None for none.
        agent: The agent's socket; None for no agent; by default SSH_AUTH_SOCK (IdentityAgent).
        add_to_agent: Whether keys of files go to the agent when they are used: "ask" asks first,
            "confirm" has the agent ask before each use (AddKeysToAgent).
        agent_lifetime: Seconds for which the agent keeps them; 0 for ever.
        identities_only: Whether only those keys of the agent are used that `keys` names
            (IdentitiesOnly).
        public_key_algorithms: Signature algorithms that may be used; None for all
            (PubkeyAcceptedAlgorithms).
        min_rsa_bits: The fewest bits of an RSA key that is used; 0 for the profile's own
            (RequiredRSASize).
        key_policy: Which keys are strong enough to be read.
        limits: How often the client tries, and how much the server may ask for.
        on_banner: Takes the server's banner, escaped.
    """

    user: str
    host: str
    methods: tuple[str, ...] = METHODS
    ask_methods_first: bool = True
    batch: bool = False
    prompter: Prompter | None = lazy_attrs.field(default=None, repr=False)
    password: Secret | None = lazy_attrs.field(default=None, repr=False)
    change_password: Callable[[str], Awaitable[str | None] | str | None] | None = None
    interactive: PromptResponder | None = lazy_attrs.field(default=None, repr=False)
    password_prompts: int = PASSPHRASE_PROMPTS
    devices: str = ""
    keys: tuple[KeySource, ...] = lazy_attrs.field(default=(), repr=False)
    keys_from: Literal["option", "configuration", "default"] = "default"
    certificates: tuple[CertificateSource, ...] = ()
    passphrase: Secret | bytes | None = lazy_attrs.field(default=None, repr=False)
    strict_permissions: bool = True
    auth: Sequence[AuthCredential] | AuthStrategy | None = lazy_attrs.field(
        default=None, repr=False
    )
    host_keys: tuple[KeySource, ...] | None = lazy_attrs.field(default=None, repr=False)
    hostbased_algorithms: tuple[str, ...] | None = None
    hostbound: bool = True
    gssapi: GSSAPIIdentity | None = None
    require_proof: bool = False
    pkcs11_provider: str | None = None
    agent: Path | Default | None = DEFAULT
    add_to_agent: Literal["yes", "no", "ask", "confirm"] = "no"
    agent_lifetime: int = 0
    identities_only: bool = False
    public_key_algorithms: tuple[str, ...] | None = None
    min_rsa_bits: int = 0
    key_policy: KeyPolicy = KeyPolicy.DEFAULT
    limits: AuthLimits = lazy_attrs.field(factory=AuthLimits)
    on_banner: Callable[[str], None] | None = None

    @property
    def login(self) -> str:
        """The user and the host, "user@host", for prompts."""
        return f"{self.user}@{self.host}"


def merge_identity(
    options: ClientOptions, config: HostConfig, user: str, host: str
) -> IdentityPlan:
    """Return how the user is authenticated.

    Args:
        options: what `connect` was told.
        config: what the configuration says about the host.
        user: the user to log in as.
        host: the server's name, as it was asked for.
    """
    accepted = config.public_key_algorithms
    of_hosts = config.hostbased_algorithms
    usual = usual_signature_algorithms(legacy=options.algorithms == "legacy")
    methods = _methods(options, config)
    keys, keys_from = _keys(options, config)
    return IdentityPlan(
        user=user,
        host=host,
        methods=methods,
        ask_methods_first=options.ask_methods_first,
        batch=config.batch,
        prompter=options.prompter,
        password=options.password,
        change_password=options.change_password,
        interactive=options.interactive,
        password_prompts=choose(DEFAULT, config.password_prompts, PASSPHRASE_PROMPTS),
        devices=config.keyboard_interactive_devices,
        keys=keys,
        keys_from=keys_from,
        certificates=(*options.certificates, *config.certificate_files),
        passphrase=options.passphrase,
        strict_permissions=options.strict_permissions,
        auth=options.auth,
        host_keys=_host_keys(options),
        hostbased_algorithms=usual if of_hosts is None else of_hosts.applied(usual),
        hostbound=config.public_key_authentication != "unbound",
        gssapi=_gssapi_identity(config, host) if "gssapi-with-mic" in methods else None,
        require_proof=choose(options.require_proof, None, options.algorithms == "strict"),
        pkcs11_provider=config.pkcs11_provider,
        agent=_agent(options, config),
        add_to_agent=config.add_keys_to_agent[0],
        agent_lifetime=config.add_keys_to_agent[1],
        identities_only=config.identities_only,
        public_key_algorithms=usual if accepted is None else accepted.applied(usual),
        min_rsa_bits=config.required_rsa_size or 0,
        key_policy=_key_policy(options, config),
        limits=options.auth_limits,
        on_banner=options.on_banner,
    )


def _keys(
    options: ClientOptions, config: HostConfig
) -> tuple[tuple[KeySource, ...], Literal["option", "configuration", "default"]]:
    """Return the keys that are named, and who named them."""
    given: Sequence[KeySource] | Default | None = options.keys
    if given is None:
        return (), "option"
    if not isinstance(given, Default):
        return tuple(given), "option"
    if config.identity_files is None:
        return (), "default"
    # "an argument of none may be used to indicate no identity files should be loaded"
    files = (file for file in config.identity_files if str(file).lower() != "none")
    return tuple(files), "configuration"


def _agent(options: ClientOptions, config: HostConfig) -> Path | Default | None:
    if not isinstance(options.agent, Default):
        return options.agent
    configured = config.identity_agent
    if configured is None:
        return DEFAULT
    return None if configured == "none" else configured


def _gssapi_identity(config: HostConfig, host: str) -> GSSAPIIdentity:
    from ssh_auth import GSSAPIIdentity  # rarely used

    return GSSAPIIdentity(
        host=config.gssapi_server_identity or config.hostname or host,
        client=config.gssapi_client_identity or "",
        delegate=config.gssapi_delegate_credentials,
    )


def _host_keys(options: ClientOptions) -> tuple[KeySource, ...] | None:
    given: Sequence[KeySource] | Default | None = options.host_keys
    return None if isinstance(given, Default) else tuple(given or ())


def _methods(options: ClientOptions, config: HostConfig) -> tuple[str, ...]:
    host_keys = _host_keys(options)
    switched = {
        "gssapi-with-mic": choose(options.gssapi, None, config.gssapi_authentication),
        "hostbased": config.hostbased_authentication if host_keys is None else bool(host_keys),
        "publickey": config.public_key_authentication != "no",
        "keyboard-interactive": config.keyboard_interactive_authentication,
        "password": config.password_authentication,
    }
    preferred: tuple[str, ...] = METHODS
    if config.preferred_authentications is not None:
        preferred = tuple(dict.fromkeys(config.preferred_authentications))
    return tuple(method for method in preferred if switched.get(method, False))


def _key_policy(options: ClientOptions, config: HostConfig) -> KeyPolicy:
    if options.algorithms == "legacy":
        return KeyPolicy.LEGACY
    bits = config.required_rsa_size
    return KeyPolicy.for_rsa(bits) if bits else KeyPolicy.DEFAULT
