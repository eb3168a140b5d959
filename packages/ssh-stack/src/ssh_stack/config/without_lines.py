"""The options of a host for which there is no configuration: neither a file nor an option.

`resolve` comes to the same with no lines; this module does not need the table of keywords.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ssh_stack.config.found_value import FoundValue
from ssh_stack.config.host_config import HostConfig
from ssh_stack.config.host_name import canonical_name
from ssh_stack.local.user import expand_home_text
from ssh_wire import UsageError

__all__ = ["CANONICAL", "SYSTEM_KNOWN_HOSTS", "USER_KNOWN_HOSTS", "host_config_without_lines"]

USER_KNOWN_HOSTS: Final = ("~/.ssh/known_hosts", "~/.ssh/known_hosts2")
"""The default of UserKnownHostsFile."""
SYSTEM_KNOWN_HOSTS: Final = ("/etc/ssh/ssh_known_hosts", "/etc/ssh/ssh_known_hosts2")
"""The default of GlobalKnownHostsFile."""
CANONICAL: Final[Mapping[str, object]] = {
    "CanonicalizeFallbackLocal": True,
    "CanonicalizeHostname": "no",
    "CanonicalizeMaxDots": 1,
}
"""What is filled in before the name of a host is settled."""


def host_config_without_lines(host: str) -> HostConfig:
    """Return the options of a host without any configuration.

    Args:
        host: the name as the user wrote it.
    """
    name = canonical_name(host)
    found = {key: [FoundValue(value, None)] for key, value in CANONICAL.items()}
    found["Hostname"] = [FoundValue(name, None)]
    return HostConfig(
        hostname=None if name == host else name,
        user_known_hosts=_users_files(),
        system_known_hosts=SYSTEM_KNOWN_HOSTS,
        found=found,
    )


def _users_files() -> tuple[str, ...]:
    try:
        return tuple(expand_home_text(name) for name in USER_KNOWN_HOSTS)
    except UsageError:  # a user without a home directory has none
        return ()
