"""The lists of algorithms that those of the configuration change.

They are names alone: nothing that computes is imported.
"""

from __future__ import annotations

from typing import Final

__all__ = ["default_algorithms"]

_OFFERED: Final = {
    "ciphers": "ciphers",
    "host_key_algorithms": "host_keys",
    "kex_algorithms": "kex",
    "macs": "macs",
}


def default_algorithms(field: str) -> tuple[str, ...]:
    """Return what the profile "default" has for a field of `HostConfig`."""
    from ssh_transport.algorithms import HOST_KEYS, profiles  # where they are asked for

    if field in _OFFERED:
        names: tuple[str, ...] = getattr(profiles("default", "client"), _OFFERED[field])
        return names
    # signatures with SHA-1 are in the profile "legacy" alone
    names = tuple(name for name in HOST_KEYS if name != "ssh-rsa")
    if field == "ca_signature_algorithms":
        return tuple(name for name in names if "-cert" not in name)
    return names
