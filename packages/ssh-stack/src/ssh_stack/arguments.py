"""What `connect` and `serve` are given, checked before anything is done.

A value that cannot be used is refused with the name of its argument, what is expected there
and the type that was given; never with the value, which may be a secret.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Final, cast

from ssh_stack.usage_errors import UnknownOption
from ssh_wire import UsageError
from ssh_wire.numbers import MAX_PORT

if TYPE_CHECKING:
    from ssh_stack.client.options import ClientOptions
    from ssh_stack.server.options import ServerOptions

__all__ = [
    "Rule",
    "as_list",
    "check_host",
    "check_names",
    "check_port",
    "check_values",
    "is_number",
    "parse_destination",
]


_OTHER_NAMES: Final[Mapping[str, str]] = {
    "agent_path": "agent",
    "allow_agent": "agent (None for no agent)",
    "authorized_client_keys": "auth",
    "auth_timeout": "timeouts",
    "banner_timeout": "timeouts",
    "ciphers": "algorithms",
    "client_keys": "keys",
    "client_username": "username",
    "connect_timeout": "timeouts",
    "disabled_algorithms": "algorithms",
    "encryption_algs": "algorithms",
    "host_key_checking": "host_key_policy",
    "hostname": "host, the first argument",
    "identity_file": "keys",
    "kex_algs": "algorithms",
    "key_filename": "keys",
    "keepalive_interval": "keepalive",
    "login_timeout": "login_grace or timeouts",
    "look_for_keys": "keys (None for no keys)",
    "mac_algs": "algorithms",
    "missing_host_key_policy": "host_key_policy",
    "pkey": "keys",
    "preferred_auth": 'config_options, as ["PreferredAuthentications …"]',
    "private_key": "keys",
    "process_factory": "session",
    "proxy_jump": "jump",
    "pwd": "password",
    "server_host_key_algs": "algorithms",
    "server_factory": "session and auth",
    "server_host_keys": "host_keys",
    "sftp_factory": "sftp",
    "sock": "stream",
    "ssh_config": "config",
    "strict_host_key_checking": "host_key_policy",
    "tunnel": "jump",
    "timeout": "timeouts, as timeouts=Timeouts(connect=…)",
    "user": "username",
}
"""What other libraries call our options."""


class Rule:
    """What one option takes.

    Attributes:
        accepts: whether a value can be used.
        expected: what is expected, to be read behind "NAME is".
        each: whether an item of a sequence can be used; None where items are not looked at.
    """

    # there are many, all made when their module loads: no lazy attrs class
    __slots__ = ("accepts", "each", "expected")

    def __init__(
        self,
        accepts: Callable[[object], bool],
        expected: str,
        each: Callable[[object], bool] | None = None,
    ) -> None:
        self.accepts: Callable[[object], bool] = accepts
        self.expected: str = expected
        self.each: Callable[[object], bool] | None = each


def check_names(given: Collection[str], known: Sequence[str], function: str) -> None:
    """Refuse options that do not exist, and say which name is meant.

    Raises:
        UnknownOption: there is one.
    """
    for name in given:
        if name in known:
            continue
        from difflib import get_close_matches

        near = get_close_matches(name, known, n=1)
        meant = _OTHER_NAMES.get(name, near[0] if near else "")
        if meant.split(",")[0].split(" ")[0] not in (*known, "host"):
            meant = near[0] if near else ""
        hint = f": do you mean {meant}?" if meant else ""
        problem = f"{function} has no option {name!r}{hint}"
        raise UnknownOption(problem)


def check_values(
    options: ClientOptions | ServerOptions, rules: Mapping[str, Rule], allowed: Collection[object]
) -> None:
    """Refuse values that cannot be used.

    Args:
        options: all of them.
        rules: what each option takes.
        allowed: what every option may be: the value that stands for "not given", say.

    Raises:
        UsageError: there is one.
    """
    allowed_ids = {id(each) for each in allowed}
    for name, rule in rules.items():
        value: object = getattr(options, name)
        if id(value) in allowed_ids:
            continue
        if not rule.accepts(value):
            problem = f"{name} is {rule.expected}, not {_describe_value(value)}"
            raise UsageError(problem)
        if rule.each is not None and isinstance(value, Sequence):
            _check_items(name, cast("Sequence[object]", value), rule.expected, rule.each)


def _check_items(
    name: str, items: Sequence[object], expected: str, accepts: Callable[[object], bool]
) -> None:
    wrong = [item for item in items if not accepts(item)]
    if wrong:
        problem = f"{name} is {expected}, and one of them is {_describe_value(wrong[0])}"
        raise UsageError(problem)


def check_host(host: object) -> None:
    """Refuse what is not text.

    Raises:
        UsageError: it is not.
    """
    if not isinstance(host, str):
        problem = f"host is a name or an address as text, not {_describe_value(host)}"
        raise UsageError(problem)


def is_number(value: object) -> bool:
    """Return whether a value is a number of more than 0."""
    return isinstance(value, int | float) and not isinstance(value, bool) and value > 0


def check_port(port: object, *, zero: bool = False) -> None:
    """Refuse what is not a TCP port.

    Args:
        port: what was given.
        zero: whether 0 may be given, for a free port.

    Raises:
        UsageError: it is not a port.
    """
    number = isinstance(port, int) and not isinstance(port, bool)
    if number and (0 if zero else 1) <= int(str(port)) <= MAX_PORT:
        return
    given = str(port) if number else _describe_value(port)
    problem = f"port is a number from 1 to {MAX_PORT}, not {given}"
    raise UsageError(problem)


def _describe_value(value: object) -> str:
    """Describe a value for an error: its type, and its value where that tells no secret."""
    if value is None or isinstance(value, bool):
        return str(value)
    if isinstance(value, type):
        return f"the class {value.__name__}"
    name = type(value).__name__
    return f"an {name}" if name[0].lower() in "aeiou" else f"a {name}"


def parse_destination(host: str) -> tuple[str | None, str, int | None]:
    """Return user, host and port of a host as people write it.

    Args:
        host: a name or an address, or `[user@]host[:port]`, `ssh://[user@]host[:port]`.

    Raises:
        UsageError: it is not text, or has another form.
    """
    check_host(host)
    rest = host.removeprefix("ssh://")
    if rest != host:
        rest = rest.rstrip("/")
    user, at, place = rest.rpartition("@")
    name, port = place, ""
    if place.startswith("["):
        name, _, port = place[1:].partition("]")
        port = port.removeprefix(":")
    elif place.count(":") == 1:
        name, _, port = place.partition(":")
        port = port or "-"  # "host:" is a mistake
    if not name and not at:
        problem = f"{host!r} cannot be the name of a host"
        raise UsageError(problem)
    if not name or (at and not user) or (port and not (port.isascii() and port.isdigit())):
        problem = f"{host!r} is not [user@]host[:port]"
        raise UsageError(problem)
    return user or None, name, int(port) if port else None


def as_list(value: object) -> object:
    """Return a single path, content or key as a list of it, and anything else as it is."""
    if isinstance(value, str | bytes) or hasattr(value, "__fspath__") or hasattr(value, "sign"):
        return (value,)
    return value
