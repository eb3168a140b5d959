"""What the options and the configuration come to; each function merges them for one purpose.

An option that is given decides; where it is `DEFAULT`, the configuration does.
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from pathlib import Path as FilePath
from typing import TYPE_CHECKING, Final, TypeAlias

import attrs

from ssh_connection.aio import KeepaliveOptions, Timeouts
from ssh_stack.client.authentication_plan import METHODS, AuthenticationPlan
from ssh_stack.client.encrypted_signer import PASSPHRASE_PROMPTS
from ssh_stack.client.options import ClientOptions, HostKeyPolicy
from ssh_stack.config import Config, HostConfig, load_config
from ssh_stack.config.lines import quoted
from ssh_stack.config.names import is_safe_host, is_safe_user
from ssh_stack.sources import DEFAULT, Default
from ssh_transport import Algorithms, profiles
from ssh_wire import UsageError

if TYPE_CHECKING:
    from ssh_keys import Certificate
    from ssh_stack.config.algorithms import AlgorithmList

__all__ = [
    "authentication_plan",
    "check_name",
    "host_key_policy",
    "keepalive_options",
    "keeps_host_key_order",
    "offered_algorithms",
    "read_config",
    "refuse_unsupported",
    "rekey_limits",
    "timeouts",
    "updates_known_hosts",
    "with_ca_signature_algorithms",
    "without_prompts",
]

_NO_FILES: Final = (FilePath("none"),)  # "no identity files should be loaded"
_Verify: TypeAlias = "Callable[[Certificate], Awaitable[bool]]"


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


def read_config(options: ClientOptions) -> Config:
    """Return the configuration that the options name.

    Raises:
        ConfigError: a line cannot be used.
        OSError: a file that was named cannot be read.
    """
    source, lines = options.config, list(options.config_options)
    if options.host_key_alias is not None:  # %k stands for it everywhere
        lines.insert(0, f"HostKeyAlias {quoted(options.host_key_alias)}")
    if source is None:
        return Config.parse(lines)
    if isinstance(source, Default):
        return load_config(None, lines)
    paths = [source] if isinstance(source, str | os.PathLike) else list(source)
    return load_config(paths, lines)


def refuse_unsupported(config: HostConfig) -> None:
    """Refuse to connect without what restricts or protects.

    Raises:
        ConfigError: a line does, and is not honoured yet.
    """
    for each in config.unsupported:
        if each.refuses:
            raise each.error()


def without_prompts(options: ClientOptions, config: HostConfig) -> ClientOptions:
    """Return the options without anybody to ask, where the configuration has BatchMode.

    "User interaction such as password prompts and host key confirmation requests will be
    disabled."  Functions that give a password are left to `AuthenticationPlan.batch`, which
    says why they are not asked.
    """
    if not config.batch:
        return options
    asks = options.update_host_keys
    decides = options.host_key_policy
    return attrs.evolve(
        options,
        prompter=None,
        host_key_policy="strict" if callable(decides) else decides,
        update_host_keys=False if callable(asks) else asks,
    )


def authentication_plan(
    options: ClientOptions, config: HostConfig, user: str, host: str
) -> AuthenticationPlan:
    """Return how the user is authenticated."""
    agent = options.agent
    if isinstance(agent, Default) and config.identity_agent is not None:
        agent = None if config.identity_agent == "none" else config.identity_agent
    accepted = config.public_key_algorithms
    usual = _user_algorithms(legacy=options.algorithms == "legacy")
    return AuthenticationPlan(
        user=user,
        host=host,
        identity_files=_NO_FILES if config.identity_files == () else config.identity_files or (),
        certificate_files=config.certificate_files,
        identities_only=config.identities_only,
        agent=agent,
        methods=_methods(config),
        devices=config.keyboard_interactive_devices,
        public_key_algorithms=usual if accepted is None else accepted.applied(usual),
        min_rsa_bits=config.required_rsa_size or 0,
        batch=config.batch,
        password_prompts=PASSPHRASE_PROMPTS
        if config.password_prompts is None
        else config.password_prompts,
    )


def _methods(config: HostConfig) -> tuple[str, ...]:
    switched = {
        "publickey": config.public_key_authentication,
        "keyboard-interactive": config.keyboard_interactive_authentication,
        "password": config.password_authentication,
    }
    preferred: tuple[str, ...] = METHODS
    if config.preferred_authentications is not None:
        preferred = tuple(dict.fromkeys(config.preferred_authentications))
    return tuple(method for method in preferred if switched.get(method, False))


def _user_algorithms(*, legacy: bool = False) -> tuple[str, ...]:
    """Return the default signature algorithms of user keys: SHA-1 only in the profile "legacy"."""
    from ssh_transport.algorithms import HOST_KEYS  # few connections need it

    return tuple(name for name in HOST_KEYS if legacy or name != "ssh-rsa")


def offered_algorithms(options: ClientOptions, config: HostConfig) -> Algorithms:
    """Return what is offered: the lists of the configuration change the profile's.

    They do not change `Algorithms` that the caller gives, and add nothing to "strict".

    Raises:
        ConfigError: a list leaves nothing.
    """
    if isinstance(options.algorithms, Algorithms):
        return options.algorithms
    base = profiles(options.algorithms, "client")
    closed = options.algorithms == "strict"
    return attrs.evolve(
        base,
        kex=_apply_change(base.kex, config.kex_algorithms, closed=closed),
        host_keys=_apply_change(base.host_keys, config.host_key_algorithms, closed=closed),
        ciphers=_apply_change(base.ciphers, config.ciphers, closed=closed),
        macs=_apply_change(base.macs, config.macs, closed=closed),
    )


def _apply_change(
    names: tuple[str, ...], change: AlgorithmList | None, *, closed: bool
) -> tuple[str, ...]:
    """Return a list with a change made to it; a closed one gets no name that it has not."""
    if change is None:
        return names
    found = change.applied(names)
    if closed:
        found = tuple(name for name in found if name in names)
    if not found:
        problem = f"leaves no {change.what} algorithm of the profile strict"
        raise change.line.error(problem)
    return found


def keeps_host_key_order(config: HostConfig) -> bool:
    """Return whether the order of the host key algorithms is the user's, whatever host is known.

    As sshconnect2.c has it: known keys decide the order where nothing is configured, or only what
    is to be added or removed.
    """
    change = config.host_key_algorithms
    return change is not None and change.sign in {"", "^"}


def rekey_limits(options: ClientOptions, config: HostConfig) -> tuple[int, float]:
    """Return bytes and seconds after which to rekey: the lower of both."""
    size, seconds = config.rekey_limit or (0, 0)
    return (
        min(options.rekey_bytes, size or options.rekey_bytes),
        min(options.rekey_seconds, seconds or options.rekey_seconds),
    )


def with_ca_signature_algorithms(verify: _Verify, accepted: AlgorithmList | None) -> _Verify:
    """Return a judge of host certificates that has CASignatureAlgorithms as well.

    A certificate with another signature is not used: its key is judged alone.
    """
    if accepted is None:
        return verify
    names = accepted.applied(_user_algorithms())

    async def judge(certificate: Certificate) -> bool:
        trusted = await verify(certificate)
        return trusted and certificate.ca_algorithm in names

    return judge


def host_key_policy(options: ClientOptions, config: HostConfig) -> HostKeyPolicy:
    """Return what becomes of a server that is not known."""
    if not isinstance(options.host_key_policy, Default):
        return options.host_key_policy
    if config.strict_host_key_checking == "ask" and options.prompter is not None:
        return options.prompter.confirm_host_key
    return config.host_key_policy


def updates_known_hosts(options: ClientOptions, config: HostConfig) -> bool:
    """UpdateHostKeys "is enabled by default if the user has not overridden" known_hosts."""
    if not isinstance(options.update_host_keys, Default):
        return bool(options.update_host_keys)
    if config.update_host_keys is not None:
        return config.update_host_keys == "yes"  # there is no user whom "ask" could ask
    return options.known_hosts is DEFAULT


def timeouts(options: ClientOptions, config: HostConfig) -> Timeouts:
    """ConnectTimeout bounds "the connection to the server", each of its two stages here."""
    if not isinstance(options.timeouts, Default):
        return options.timeouts
    if not config.connect_timeout:
        return Timeouts()
    return Timeouts(connect=config.connect_timeout, handshake=config.connect_timeout)


def keepalive_options(options: ClientOptions, config: HostConfig) -> KeepaliveOptions | None:
    """Return how a dead server is found."""
    if not isinstance(options.keepalive, Default):
        return options.keepalive
    usual = KeepaliveOptions()
    interval = usual.interval if config.alive_interval is None else config.alive_interval
    count_max = usual.count_max if config.alive_count_max is None else config.alive_count_max
    return KeepaliveOptions(interval=interval, count_max=count_max) if interval else None
