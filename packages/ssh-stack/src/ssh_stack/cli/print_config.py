"""What `ssh-stack ssh -G` prints: the options of a host, in the manner of `ssh -G`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from ssh_stack.client.options import ClientOptions
from ssh_stack.client.plan.transport import offered_algorithms
from ssh_stack.client.public_keys import DEFAULT_IDENTITIES

if TYPE_CHECKING:
    from ssh_stack.config import HostConfig

__all__ = ["config_text"]

# "yes" and "no" as `ssh -G` spells them: some of its tables begin with "true"
_POLICIES: Final = {"strict": "true", "off": "false"}
_UPDATES: Final = {"yes": "true", "no": "false", None: "true"}


def config_text(config: HostConfig, host: str) -> str:
    """Return the options that are honoured, one on each line.

    Args:
        config: the options of the host.
        host: the host, as it was written.
    """
    rows = (
        *_usual(config, host),
        *_numbers(config),
        *_words(config),
        *_algorithms(config),
        *_lists(config),
    )
    return "".join(f"{name} {value}\n" for name, value in rows if value)


def _usual(config: HostConfig, host: str) -> Iterator[tuple[str, str]]:
    from ssh_stack.local.user import local_user  # where no user is named

    yield "host", host
    yield "hostname", config.hostname or host
    yield "user", config.user or local_user()
    yield "port", str(config.port or 22)
    yield "addressfamily", config.address_family
    for name, value in (
        ("batchmode", config.batch),
        ("clearallforwardings", config.clear_all_forwardings),
        ("exitonforwardfailure", config.exit_on_forward_failure),
        ("hashknownhosts", config.hash_known_hosts),
        ("identitiesonly", config.identities_only),
        ("kbdinteractiveauthentication", config.keyboard_interactive_authentication),
        ("passwordauthentication", config.password_authentication),
        ("stdinnull", config.stdin_null),
        ("tcpkeepalive", config.tcp_keepalive),
    ):
        yield name, "yes" if value else "no"
    yield "pubkeyauthentication", "true" if config.public_key_authentication else "false"
    policy = config.strict_host_key_checking
    yield "stricthostkeychecking", _POLICIES.get(policy, policy)
    yield "updatehostkeys", _UPDATES.get(config.update_host_keys, "ask")


def _numbers(config: HostConfig) -> Iterator[tuple[str, str]]:
    for name, number, usual in (
        ("numberofpasswordprompts", config.password_prompts, 3),
        ("serveralivecountmax", config.alive_count_max, 3),
        ("serveraliveinterval", config.alive_interval, 0),
        ("requiredrsasize", config.required_rsa_size, 1024),
        ("connecttimeout", config.connect_timeout or None, "none"),
    ):
        yield name, str(usual if number is None else number)
    yield "rekeylimit", "{} {}".format(*(config.rekey_limit or (0, 0)))


def _words(config: HostConfig) -> Iterator[tuple[str, str]]:
    yield "requesttty", config.request_tty or "auto"
    yield "sessiontype", config.session_type or "default"
    yield "loglevel", config.log_level or "INFO"
    yield "escapechar", config.escape_char or "~"
    yield "bindaddress", config.bind_address or ""
    yield "hostkeyalias", config.host_key_alias or ""
    yield "identityagent", str(config.identity_agent or "")
    yield "preferredauthentications", ",".join(config.preferred_authentications or ())
    yield "kbdinteractivedevices", config.keyboard_interactive_devices
    yield "remotecommand", config.remote_command or ""
    yield "tag", config.tag or ""


def _algorithms(config: HostConfig) -> Iterator[tuple[str, str]]:
    offered = offered_algorithms(ClientOptions(), config)
    yield "ciphers", ",".join(offered.ciphers)
    yield "hostkeyalgorithms", ",".join(offered.host_keys)
    yield "kexalgorithms", ",".join(offered.kex)
    yield "macs", ",".join(offered.macs)


def _lists(config: HostConfig) -> Iterator[tuple[str, str]]:
    if config.identity_files is None:
        yield from (("identityfile", f"~/.ssh/{name}") for name in DEFAULT_IDENTITIES)
    else:
        yield from (("identityfile", str(path)) for path in config.identity_files or ("none",))
    yield from (("certificatefile", str(path)) for path in config.certificate_files)
    for name, paths in (
        ("globalknownhostsfile", config.global_known_hosts_files),
        ("userknownhostsfile", config.known_hosts_files),
        ("revokedhostkeys", config.revoked_host_keys),
    ):
        yield name, " ".join(map(str, paths)) or "none"
    yield from (("sendenv", pattern) for pattern in config.send_env)
    yield from (("setenv", f"{name}={value}") for name, value in config.set_env)
    *others, last = config.proxy_jump or ("",)
    # the last one is printed from its parts, the others as they are written
    yield "proxyjump", ",".join([*others, last.removeprefix("ssh://").rstrip("/")])
    yield "proxycommand", config.proxy_command or ""
