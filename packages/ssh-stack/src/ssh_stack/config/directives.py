"""The keywords of ssh_config: how each is read, and what becomes of it.

This table has every keyword that OpenSSH 8.4 to 10.6 know, Debian's and Red Hat's included.
A keyword that is not in it is an error, unless IgnoreUnknown names it.

A row with a field is honoured.  A row without one is read too, since a bad value is an error
for OpenSSH; then it is reported, or the connection is refused where the keyword restricts or
protects and ignoring it would do more than was asked for.  Values that ask for what is the
case anyway are silent.

`docs/reference/directives.md` is drawn from it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, TypeAlias

import attrs

from ssh_stack.config import canonical, checks, values
from ssh_stack.config.algorithms import read_algorithms
from ssh_stack.config.values import Reader, choice, flag, number, one, seconds, whole, yes_or_no

__all__ = ["ALIASES", "BLOCKS", "DIRECTIVES", "FORWARDS", "READING", "Directive", "Treatment"]

Treatment: TypeAlias = Literal["honoured", "reported", "refused", "silent"]
"""What becomes of a keyword, where its value does not ask for what is the case anyway."""


READING: Final = "-"
"""The field of a keyword that is used up while the configuration is read."""


@attrs.frozen
class Directive:
    """How a keyword is read, and what becomes of it."""

    name: str
    """The keyword, as ssh_config(5) spells it."""
    read: Reader
    """Reads its value."""
    field: str = ""
    """The field of `HostConfig` that it sets, where it is honoured; or `READING`."""
    accumulates: bool = False
    """Whether every line adds to the value; otherwise the first one counts."""
    if_not_honoured: Literal["reported", "refused", "silent"] = "silent"
    """What becomes of a value that is not honoured."""
    silent_values: tuple[object, ...] | None = None
    """The values that need nothing done; None for all of a keyword with a field."""

    @property
    def treatment(self) -> Treatment:
        """What becomes of the keyword."""
        return "honoured" if self.field else self.if_not_honoured

    def is_satisfied_by(self, value: object) -> bool:
        """Return whether a value needs no report."""
        if self.silent_values is None:
            return bool(self.field) or self.if_not_honoured == "silent"
        return (value.lower() if isinstance(value, str) else value) in self.silent_values


def _honoured(name: str, read: Reader, field: str, *, accumulates: bool = False) -> Directive:
    return Directive(name, read, field, accumulates)


def _reported(
    name: str, read: Reader, *silent_values: object, accumulates: bool = False
) -> Directive:
    return Directive(name, read, "", accumulates, "reported", silent_values)


def _refused(name: str, read: Reader, *silent_values: object) -> Directive:
    return Directive(
        name, read, "", accumulates=False, if_not_honoured="refused", silent_values=silent_values
    )


def _silent(name: str, read: Reader) -> Directive:
    return Directive(name, read)


_YES_NO_ASK: Final = {"yes": "yes", "true": "yes", "no": "no", "false": "no", "ask": "ask"}
_POLICY: Final = choice(
    {
        "yes": "strict",
        "true": "strict",
        "ask": "ask",
        "accept-new": "accept-new",
        "no": "off",
        "off": "off",
        "false": "off",
    }
)
_LEVELS: Final = choice(
    {
        **{name.lower(): name for name in ("QUIET", "FATAL", "ERROR", "INFO", "VERBOSE")},
        "silent": "QUIET",
        **{name.lower(): name for name in ("DEBUG1", "DEBUG2", "DEBUG3")},
        "debug": "DEBUG1",
    }
)
_PUBLIC_KEY: Final = choice(
    {**_YES_NO_ASK, "unbound": "yes", "host-bound": "yes"} | {"ask": "yes"}
)
_TERMINAL: Final = choice(
    {"yes": "yes", "true": "yes", "no": "no", "false": "no", "force": "force", "auto": "auto"}
)
_SESSION: Final = choice({"none": "none", "subsystem": "subsystem", "default": "default"})
_FAMILY: Final = choice({"inet": "inet", "inet6": "inet6", "any": "any"})
_CANONICAL: Final = choice(
    {"yes": "yes", "true": "yes", "no": "no", "false": "no", "always": "always"}
)
_MASTER: Final = choice({**_YES_NO_ASK, "auto": "auto", "autoask": "autoask"})
_TUNNEL: Final = choice(
    {
        "yes": "yes",
        "true": "yes",
        "no": "no",
        "false": "no",
        "ethernet": "ethernet",
        "point-to-point": "point-to-point",
    }
)
_WARN: Final = choice({"yes": "yes", "true": "yes", "no": "no", "false": "no", "no-pq-kex": "no"})
_HASHES: Final = choice({n: n for n in ("sha256", "md5", "sha1", "sha384", "sha512")})

_ROWS: Final = (
    # ------------------------------------------------------------- honoured
    _honoured("AddressFamily", _FAMILY, "address_family"),
    _honoured("BatchMode", flag, "batch"),
    _honoured("BindAddress", one, "bind_address"),
    _honoured("CanonicalDomains", canonical.domains, READING),
    _honoured("CanonicalizeFallbackLocal", yes_or_no, READING),
    _honoured("CanonicalizeHostname", _CANONICAL, READING),
    _honoured("CanonicalizeMaxDots", number, READING),
    _honoured("CanonicalizePermittedCNAMEs", canonical.permitted_cnames, READING),
    _honoured("CASignatureAlgorithms", read_algorithms("key"), "ca_signature_algorithms"),
    _honoured("CertificateFile", one, "certificate_files", accumulates=True),
    _honoured("Ciphers", read_algorithms("cipher"), "ciphers"),
    _honoured("ClearAllForwardings", flag, "clear_all_forwardings"),
    _honoured("ConnectTimeout", seconds, "connect_timeout"),
    Directive("EscapeChar", values.escape_char, "escape_char", False, "reported", ("none", "~")),
    _honoured("ExitOnForwardFailure", flag, "exit_on_forward_failure"),
    _honoured("GlobalKnownHostsFile", values.files, "global_known_hosts_files"),
    _honoured("HashKnownHosts", flag, "hash_known_hosts"),
    _honoured("HostKeyAlgorithms", read_algorithms("key"), "host_key_algorithms"),
    _honoured("HostKeyAlias", one, "host_key_alias"),
    _honoured("Hostname", one, "hostname"),
    _honoured("IdentitiesOnly", flag, "identities_only"),
    _honoured("IdentityAgent", values.agent_socket, "identity_agent"),
    _honoured("IdentityFile", one, "identity_files", accumulates=True),
    _honoured("IgnoreUnknown", one, READING),
    _honoured("KbdInteractiveAuthentication", flag, "keyboard_interactive_authentication"),
    _honoured("KbdInteractiveDevices", one, "keyboard_interactive_devices"),
    _honoured("KexAlgorithms", read_algorithms("key exchange"), "kex_algorithms"),
    _honoured("LogLevel", _LEVELS, "log_level"),
    _honoured("MACs", read_algorithms("MAC"), "macs"),
    _honoured("NumberOfPasswordPrompts", number, "password_prompts"),
    _honoured("PasswordAuthentication", flag, "password_authentication"),
    _honoured("Port", values.port, "port"),
    _honoured("PreferredAuthentications", one, "preferred_authentications"),
    _honoured("ProxyCommand", whole, "proxy_command"),
    _honoured("ProxyJump", values.jumps, "proxy_jump"),
    _honoured("PubkeyAcceptedAlgorithms", read_algorithms("key"), "public_key_algorithms"),
    _honoured("PubkeyAuthentication", _PUBLIC_KEY, "public_key_authentication"),
    _honoured("RefuseConnection", one, READING),
    _honoured("RekeyLimit", values.rekey_limit, "rekey_limit"),
    _honoured("RemoteCommand", whole, "remote_command"),
    _honoured("RequestTTY", _TERMINAL, "request_tty"),
    _honoured("RequiredRSASize", number, "required_rsa_size"),
    _honoured("RevokedHostKeys", values.files, "revoked_host_keys"),
    _honoured("SendEnv", values.variable_patterns, "send_env", accumulates=True),
    _honoured("ServerAliveCountMax", number, "alive_count_max"),
    _honoured("ServerAliveInterval", seconds, "alive_interval"),
    _honoured("SessionType", _SESSION, "session_type"),
    _honoured("SetEnv", values.variables, "set_env"),
    _honoured("StdinNull", flag, "stdin_null"),
    _honoured("StrictHostKeyChecking", _POLICY, "strict_host_key_checking"),
    _honoured("Tag", one, "tag"),
    _honoured("TCPKeepAlive", flag, "tcp_keepalive"),
    _honoured("UpdateHostKeys", choice(_YES_NO_ASK), "update_host_keys"),
    _honoured("User", one, "user"),
    _honoured("UserKnownHostsFile", values.files, "known_hosts_files"),
    # ------------------------------------------------------------- refused where they restrict
    _refused("BindInterface", one),
    _refused("ChannelTimeout", checks.channel_timeouts, "none"),
    _refused("CheckHostIP", yes_or_no, "no"),
    _refused("KnownHostsCommand", whole, "none"),
    _refused("ObscureKeystrokeTiming", checks.keystroke_timing, "no"),
    _refused("ProxyUseFdpass", yes_or_no, "no"),
    # ------------------------------------------------------------- reported
    _reported("AddKeysToAgent", checks.keys_to_agent, "no"),
    _reported("Compression", yes_or_no, "no"),
    _reported("ConnectionAttempts", number, 1),
    _reported("ControlMaster", _MASTER, "no"),
    _reported("ControlPath", one, "none"),
    _reported("ControlPersist", values.persistence, "no"),
    _reported("DynamicForward", checks.dynamic_forward, accumulates=True),
    _reported("EnableEscapeCommandline", yes_or_no, "no"),
    _reported("FingerprintHash", _HASHES, "sha256"),
    _reported("ForkAfterAuthentication", yes_or_no, "no"),
    _reported("ForwardAgent", values.socket_or_flag, "no"),
    _reported("ForwardX11", yes_or_no, "no"),
    _reported("GatewayPorts", yes_or_no, "no"),
    _reported("GSSAPIAuthentication", yes_or_no, "no"),
    _reported("GSSAPIDelegateCredentials", yes_or_no, "no"),
    _reported("GSSAPIKeyExchange", yes_or_no, "no"),
    _reported("HostbasedAuthentication", yes_or_no, "no"),
    _reported("IPQoS", checks.quality_of_service, "none"),
    _reported("LocalCommand", whole, "none"),
    _reported("LocalForward", checks.forward, accumulates=True),
    _reported("LogVerbose", values.files, ("none",)),
    _reported("NoHostAuthenticationForLocalhost", yes_or_no, "no"),
    _reported("PermitLocalCommand", yes_or_no, "no"),
    _reported("PKCS11Provider", one, "none"),
    _reported("RemoteForward", checks.forward, accumulates=True),
    _reported("SecurityKeyProvider", one, "none", "internal"),
    _reported("Tunnel", _TUNNEL, "no"),
    _reported("VerifyHostKeyDNS", choice(_YES_NO_ASK), "no"),
    _reported("VersionAddendum", whole, "none"),
    _reported("VisualHostKey", yes_or_no, "no"),
    # ------------------------------------------------------------- for what is never done here
    _silent("EnableSSHKeysign", yes_or_no),
    _silent("ForwardX11Timeout", seconds),
    _silent("ForwardX11Trusted", yes_or_no),
    _silent("GSSAPIClientIdentity", one),
    _silent("GSSAPIKexAlgorithms", one),
    _silent("GSSAPIRenewalForcesRekey", yes_or_no),
    _silent("GSSAPIServerIdentity", one),
    _silent("GSSAPITrustDNS", yes_or_no),
    _silent("HostbasedAcceptedAlgorithms", read_algorithms("key")),
    _silent("PermitRemoteOpen", values.alone("any", "none")),
    _silent("StreamLocalBindMask", values.octal),
    _silent("StreamLocalBindUnlink", yes_or_no),
    _silent("SyslogFacility", checks.facility),
    _silent("TunnelDevice", checks.tunnel_device),
    _silent("WarnWeakCrypto", _WARN),
    _silent("XAuthLocation", one),
    # ------------------------------------------------------------- what OpenSSH ignores
    *(
        _silent(name, values.anything)
        for name in (
            *("AFSTokenPassing", "Cipher", "CompressionLevel", "FallBackToRsh"),
            *("GlobalKnownHostsFile2", "KerberosAuthentication", "KerberosTGTPassing"),
            *("Protocol", "RhostsAuthentication", "RhostsRSAAuthentication"),
            *("RSAAuthentication", "UseBlacklistedKeys", "UsePrivilegedPort"),
            *("UserKnownHostsFile2", "UseRoaming", "UseRsh"),
        )
    ),
)

DIRECTIVES: Final[Mapping[str, Directive]] = {row.name.lower(): row for row in _ROWS}
"""Every keyword that OpenSSH knows, in lower case, but `BLOCKS` and `ALIASES`."""

ALIASES: Final[Mapping[str, str]] = {
    "challengeresponseauthentication": "kbdinteractiveauthentication",
    "dsaauthentication": "pubkeyauthentication",
    "hostbasedkeytypes": "hostbasedacceptedalgorithms",
    "identityfile2": "identityfile",
    "keepalive": "tcpkeepalive",
    "protocolkeepalives": "serveraliveinterval",  # Debian
    "pubkeyacceptedkeytypes": "pubkeyacceptedalgorithms",
    "rsaminsize": "requiredrsasize",  # Red Hat
    "setuptimeout": "serveraliveinterval",  # Debian
    "skeyauthentication": "kbdinteractiveauthentication",
    "smartcarddevice": "pkcs11provider",
    "tisauthentication": "kbdinteractiveauthentication",
}
"""Other names of keywords."""

FORWARDS: Final = frozenset({"DynamicForward", "LocalForward", "RemoteForward"})
"""The keywords that ask for a forward."""

BLOCKS: Final = frozenset({"host", "include", "match"})
"""The keywords that say for whom the others are."""
