"""The keywords of ssh_config: how each is read, and what becomes of it.

This table has every keyword that OpenSSH 8.4 to 10.6 know, Debian's and Red Hat's included.
A keyword that is not in it is an error, unless IgnoreUnknown names it.

Every value is read, since a bad one is an error for OpenSSH, and kept in `HostConfig`.  What is
not honoured is reported, or the connection is refused where the keyword restricts or protects
and ignoring it would do more than was asked for.  Values that ask for what is the case anyway
are silent.

The rows are in the order in which `ssh -G` prints them; `docs/reference/directives.md` is drawn
from them.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Final

from ssh_stack.config import builders, canonical, choices, rare_values, values
from ssh_stack.config.algorithms import read_algorithms
from ssh_stack.config.directive import ALL_TOKENS, Directive, Expansion
from ssh_stack.config.values import flag, number, one, seconds, whole
from ssh_stack.config.without_lines import SYSTEM_KNOWN_HOSTS, USER_KNOWN_HOSTS

__all__ = ["ALIASES", "BLOCKS", "DIRECTIVES"]

_PATH: Final = Expansion(ALL_TOKENS, variables=True, home=True)
_HOME: Final = Expansion(home=True)
_VALUE: Final = Expansion(ALL_TOKENS, variables=True)
_TOKENS: Final = Expansion(ALL_TOKENS)
# "User ... cannot contain %r (itself) or %C"
_USER: Final = Expansion("Ldhijklnpu", variables=True)
_HOST: Final = Expansion("h")
_JUMP: Final = Expansion("hnpr")
_PROXY: Final = Expansion("hknpr", late=True)
_HOST_KEY: Final = Expansion("CHIKLdfhijklnprtu", late=True)
_LOCAL: Final = Expansion(f"{ALL_TOKENS}T", late=True)

_IDENTITIES: Final = (
    "~/.ssh/id_rsa ~/.ssh/id_ecdsa ~/.ssh/id_ecdsa_sk ~/.ssh/id_ed25519 ~/.ssh/id_ed25519_sk "
    "~/.ssh/id_mldsa44_ed25519"
)
_KNOWN_HOSTS: Final = " ".join(USER_KNOWN_HOSTS)
_NOT_CLEARED: Final = ("ClearAllForwardings", False)
_IGNORED: Final = "OpenSSH ignores it too"
_GSSAPI: Final = "this part of GSSAPI is not implemented yet"
_TUNNELS: Final = "tunnel devices are not implemented yet"
_later = partial(Directive, status="later")

# fmt: off
_CONNECTION: Final = (
    Directive("User", one, "user", "identity", "user", build=builders.text, expand=_USER),
    Directive("Hostname", one, "hostname", "connection", "hostname", expand=_HOST),
    Directive("Port", values.port, "port", "connection", "text", "22"),
)

_FLAGS: Final = (
    Directive("AddressFamily", choices.FAMILY, "address_family", "connection", "text", "any"),
    Directive("BatchMode", flag, "batch", "identity", "flag", "no"),
    Directive("CanonicalizeFallbackLocal", flag, "canonicalize_fallback_local", "reading",
        "flag", "yes"),
    Directive("CanonicalizeHostname", choices.CANONICAL, "canonicalize_hostname", "reading",
        "truth", "false"),
    Directive("CheckHostIP", flag, "check_host_ip", "trust", "flag", "no"),
    Directive("Compression", choices.COMPRESSION, "compression", "transport", "flag", "no",
        build=builders.is_yes),
    Directive("ControlMaster", choices.MASTER, "control_master", "program", "truth", "false"),
    Directive("EnableSSHKeysign", flag, "enable_ssh_keysign", "identity", "flag", "no",
        status="never", reason="only ssh-keysign reads it"),
    Directive("ClearAllForwardings", flag, "clear_all_forwardings", "forwards", "flag", "no"),
    Directive("ExitOnForwardFailure", flag, "exit_on_forward_failure", "forwards", "flag",
        "no"),
    Directive("FingerprintHash", choices.HASHES, "fingerprint_hash", "trust", "upper", "SHA256"),
    Directive("ForwardX11", flag, "forward_x11", "session", "flag", "no"),
    Directive("ForwardX11Trusted", flag, "forward_x11_trusted", "session", "flag", "no"),
    Directive("GatewayPorts", flag, "gateway_ports", "forwards", "flag", "no"),
    Directive("GSSAPIAuthentication", flag, "gssapi_authentication", "identity"),
    _later("GSSAPIKeyExchange", flag, "gssapi_key_exchange", "transport",
        neutral=(False,), reason=_GSSAPI),
    Directive("GSSAPIDelegateCredentials", flag, "gssapi_delegate_credentials", "identity"),
    _later("GSSAPITrustDNS", flag, "gssapi_trust_dns", "identity", reason=_GSSAPI),
    _later("GSSAPIRenewalForcesRekey", flag, "gssapi_renewal_forces_rekey", "transport",
        reason=_GSSAPI),
    Directive("GSSAPIClientIdentity", one, "gssapi_client_identity", "identity"),
    Directive("GSSAPIServerIdentity", one, "gssapi_server_identity", "identity"),
    _later("GSSAPIKexAlgorithms", one, "gssapi_kex_algorithms", "transport", reason=_GSSAPI),
    Directive("HashKnownHosts", flag, "hash_known_hosts", "trust", "flag", "no"),
    Directive("HostbasedAuthentication", flag, "hostbased_authentication", "identity", "flag",
        "no"),
    Directive("IdentitiesOnly", flag, "identities_only", "identity", "flag", "no"),
    Directive("KbdInteractiveAuthentication", flag, "keyboard_interactive_authentication",
        "identity", "flag", "yes"),
    Directive("NoHostAuthenticationForLocalhost", flag, "no_host_authentication_for_localhost",
        "trust", "flag", "no"),
    Directive("PasswordAuthentication", flag, "password_authentication", "identity", "flag",
        "yes"),
    Directive("PermitLocalCommand", flag, "permit_local_command", "session", "flag", "no"),
    Directive("ProxyUseFdpass", flag, "proxy_use_fdpass", "connection", "fdpass", "no"),
    Directive("PubkeyAuthentication", choices.PUBLIC_KEY, "public_key_authentication",
        "identity", "raw truth", "true"),
    Directive("RequestTTY", choices.TERMINAL, "request_tty", "session", "truth", "auto"),
    Directive("SessionType", choices.SESSION, "session_type", "session", "text", "default"),
    Directive("StdinNull", flag, "stdin_null", "session", "flag", "no"),
    Directive("ForkAfterAuthentication", flag, "fork_after_authentication", "program", "flag",
        "no"),
    Directive("StreamLocalBindUnlink", flag, "stream_local_bind_unlink", "forwards", "flag",
        "no"),
    Directive("StrictHostKeyChecking", choices.HOST_KEYS, "strict_host_key_checking", "trust",
        "truth", "ask"),
    Directive("TCPKeepAlive", flag, "tcp_keepalive", "connection", "flag", "yes"),
    _later("Tunnel", choices.TUNNEL, "tunnel", "forwards", "tunnel", "false", neutral=("no",),
        needs=_NOT_CLEARED, reason=_TUNNELS),
    Directive("VerifyHostKeyDNS", choices.YES_NO_ASK, "verify_host_key_dns", "trust", "truth",
        "false"),
    Directive("VisualHostKey", flag, "visual_host_key", "trust", "flag", "no"),
    Directive("UpdateHostKeys", choices.YES_NO_ASK, "update_host_keys", "trust", "update"),
    Directive("EnableEscapeCommandline", flag, "enable_escape_commandline", "session", "flag",
        "no"),
    Directive("WarnWeakCrypto", choices.WARN, "warn_weak_crypto", "transport", "flag", "yes",
        build=builders.is_yes),
)

_NUMBERS: Final = (
    Directive("CanonicalizeMaxDots", number, "canonicalize_max_dots", "reading", "text", "1"),
    Directive("ConnectionAttempts", number, "connection_attempts", "connection", "text", "1"),
    Directive("ForwardX11Timeout", seconds, "forward_x11_timeout", "session", "text", "1200"),
    Directive("NumberOfPasswordPrompts", number, "password_prompts", "identity", "text", "3"),
    Directive("ServerAliveCountMax", number, "alive_count_max", "connection", "text", "3"),
    Directive("ServerAliveInterval", seconds, "alive_interval", "connection", "text", "0"),
    Directive("RequiredRSASize", number, "required_rsa_size", "transport", "text", "1024"),
    Directive("ObscureKeystrokeTiming", rare_values.keystroke_timing,
        "obscure_keystroke_timing", "session", "timing", "yes",
        reason="the default of `connect` is no"),
)

_TEXTS: Final = (
    Directive("BindAddress", one, "bind_address", "connection", "text"),
    Directive("BindInterface", one, "bind_interface", "connection", "text"),
    Directive("Ciphers", read_algorithms("cipher"), "ciphers", "transport", "algorithms"),
    Directive("ControlPath", one, "control_path", "program", "text", build=builders.path,
        expand=_PATH),
    Directive("HostKeyAlgorithms", read_algorithms("key"), "host_key_algorithms", "transport",
        "algorithms"),
    Directive("HostKeyAlias", one, "host_key_alias", "trust", "text", build=builders.lower),
    Directive("HostbasedAcceptedAlgorithms", read_algorithms("key"), "hostbased_algorithms",
        "identity", "algorithms"),
    Directive("IdentityAgent", values.agent_socket, "identity_agent", "identity", "agent",
        build=builders.agent, expand=_PATH),
    Directive("IgnoreUnknown", one, "ignore_unknown", "reading", "text"),
    Directive("KbdInteractiveDevices", one, "keyboard_interactive_devices", "identity", "text"),
    Directive("KexAlgorithms", read_algorithms("key exchange"), "kex_algorithms", "transport",
        "algorithms"),
    Directive("CASignatureAlgorithms", read_algorithms("key"), "ca_signature_algorithms",
        "trust", "algorithms"),
    Directive("LocalCommand", whole, "local_command", "session", "text", build=builders.command,
        expand=_LOCAL, needs=("PermitLocalCommand", True)),
    Directive("RemoteCommand", whole, "remote_command", "session", "text",
        build=builders.command, expand=_TOKENS),
    Directive("LogLevel", choices.LEVELS, "log_level", "program", "level", "INFO"),
    Directive("MACs", read_algorithms("MAC"), "macs", "transport", "algorithms",
        reason="left out: umac, which the package cryptography lacks, and MD5, which is broken"),
    Directive("PKCS11Provider", one, "pkcs11_provider", "identity", "text",
        build=builders.word_or_none,
        reason="with the extra pkcs11; without it one line says so"),
    Directive("SecurityKeyProvider", one, "security_key_provider", "identity", "text",
        "internal", build=builders.word_or_none, neutral=("none", "internal"), status="never",
        reason="no foreign library is loaded: give its keys to an agent"),
    Directive("PreferredAuthentications", one, "preferred_authentications", "identity", "raw",
        build=builders.methods),
    Directive("PubkeyAcceptedAlgorithms", read_algorithms("key"), "public_key_algorithms",
        "identity", "algorithms"),
    Directive("XAuthLocation", one, "xauth_location", "session", "text", "/usr/bin/xauth"),
    Directive("KnownHostsCommand", whole, "known_hosts_command", "trust", "text",
        build=builders.command, expand=_HOST_KEY),
    Directive("Tag", one, "tag", "reading", "text"),
    Directive("VersionAddendum", rare_values.addendum, "version_addendum", "transport", "text",
        build=builders.text, expand=_VALUE),
)

_LISTS: Final = (
    Directive("DynamicForward", rare_values.dynamic_forward, "dynamic_forwards", "forwards",
        "forwards", build=builders.forwards, accumulates=True, expand=_TOKENS),
    Directive("LocalForward", rare_values.local_forward, "local_forwards", "forwards",
        "forwards", build=builders.forwards, accumulates=True, expand=_TOKENS),
    Directive("RemoteForward", rare_values.remote_forward, "remote_forwards", "forwards",
        "forwards", build=builders.forwards, accumulates=True, expand=_TOKENS),
    Directive("IdentityFile", one, "identity_files", "identity", "raw each", _IDENTITIES,
        build=builders.key_files, accumulates=True, expand=_PATH),
    Directive("CanonicalDomains", canonical.domains, "canonical_domains", "reading",
        "raw line", "none"),
    Directive("CertificateFile", one, "certificate_files", "identity", "raw each",
        build=builders.key_files, accumulates=True, expand=_PATH),
    Directive("GlobalKnownHostsFile", values.files, "system_known_hosts", "trust",
        "raw line", " ".join(SYSTEM_KNOWN_HOSTS), build=builders.names,
        expand=_HOME),
    Directive("UserKnownHostsFile", values.files, "user_known_hosts", "trust", "known hosts",
        _KNOWN_HOSTS, build=builders.names, expand=_PATH),
    Directive("RevokedHostKeys", values.files, "revoked_host_keys", "trust", "line", "none",
        build=builders.paths, expand=_PATH),
    Directive("SendEnv", values.variable_patterns, "send_env", "session", "each",
        build=builders.patterns, accumulates=True),
    Directive("SetEnv", values.variables, "set_env", "session", "pairs",
        build=builders.environment, expand=_VALUE),
    Directive("LogVerbose", values.files, "log_verbose", "program", "line", "none",
        build=builders.words),
    Directive("ChannelTimeout", rare_values.channel_timeouts, "channel_timeouts", "session",
        "timeouts", "none"),
    Directive("PermitRemoteOpen", rare_values.remote_targets, "permit_remote_open", "forwards",
        "line", "any"),
)

_OTHERS: Final = (
    Directive("AddKeysToAgent", rare_values.keys_to_agent, "add_keys_to_agent", "identity",
        "keys", "false"),
    Directive("ForwardAgent", rare_values.forwarded_agent, "forward_agent", "session", "agent",
        "no", build=builders.agent, expand=_PATH),
    Directive("ConnectTimeout", seconds, "connect_timeout", "connection", "text", "none"),
    _later("TunnelDevice", rare_values.tunnel_device, "tunnel_device", "forwards", "device",
        "any:any", reason=_TUNNELS),
    Directive("CanonicalizePermittedCNAMEs", canonical.permitted_cnames,
        "canonicalize_permitted_cnames", "reading", "cnames", "none"),
    Directive("ControlPersist", rare_values.persistence, "control_persist", "program", "persist",
        "no"),
    Directive("EscapeChar", rare_values.escape_char, "escape_char", "session", "escape", "~"),
    Directive("IPQoS", rare_values.quality_of_service, "ip_qos", "connection", "qos", "ef cs0"),
    Directive("RekeyLimit", rare_values.limit_of_rekey, "rekey_limit", "transport", "rekey",
        "0 0", build=builders.rekey_limit, accumulates=True),
    Directive("StreamLocalBindMask", rare_values.octal, "stream_local_bind_mask", "forwards",
        "octal", "0177"),
    Directive("SyslogFacility", choices.FACILITY, "syslog_facility", "program", "text", "USER"),
    Directive("ProxyCommand", whole, "proxy_command", "connection", "proxy",
        build=builders.command, expand=_PROXY),
    Directive("ProxyJump", values.jumps, "proxy_jump", "connection", "proxy",
        build=builders.hops, expand=_JUMP, competes_with="ProxyCommand"),
    Directive("RefuseConnection", one, "", "reading", refuses=True),
)
# fmt: on

_UNUSED: Final = tuple(
    Directive(name, values.anything, "", "reading", status="ignored", reason=_IGNORED)
    for name in (
        *("AFSTokenPassing", "Cipher", "CompressionLevel", "FallBackToRsh"),
        *("GlobalKnownHostsFile2", "KerberosAuthentication", "KerberosTGTPassing"),
        *("Protocol", "RhostsAuthentication", "RhostsRSAAuthentication"),
        *("RSAAuthentication", "UseBlacklistedKeys", "UsePrivilegedPort"),
        *("UserKnownHostsFile2", "UseRoaming", "UseRsh"),
    )
)

DIRECTIVES: Final[Mapping[str, Directive]] = {
    row.name.lower(): row
    for row in (*(*_CONNECTION, *_FLAGS, *_NUMBERS, *_TEXTS, *_LISTS, *_OTHERS, *_UNUSED),)
}
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

BLOCKS: Final = frozenset({"host", "include", "match"})
"""The keywords that say for whom the others are."""
