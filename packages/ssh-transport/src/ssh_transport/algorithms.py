"""Which algorithms are offered: profiles as data.

`strict` has what resists a quantum computer and a truncating attacker, `default` what
today's peers need, `legacy` what only old ones need.  Names are offered in this order, and
the client's order decides (RFC 4253 section 7.1).
"""

from __future__ import annotations

from collections.abc import Container
from typing import Literal, TypeAlias

import attrs

from ssh_transport.ciphers import CIPHERS
from ssh_transport.kex import METHODS
from ssh_transport.macs import MACS
from ssh_wire import UsageError

__all__ = ["Algorithms", "Profile", "Role", "profiles"]

Role: TypeAlias = Literal["client", "server"]
"""Which side of the connection."""

Profile: TypeAlias = Literal["strict", "default", "legacy"]
"""The name of a set of algorithms."""


@attrs.frozen
class Algorithms:
    """What one side offers, each list with the most wanted first."""

    kex: tuple[str, ...]
    """Key exchange methods."""

    host_keys: tuple[str, ...]
    """Signature algorithms of host keys; a server offers those that its keys can make."""

    ciphers: tuple[str, ...]
    """Ciphers, for both directions."""

    macs: tuple[str, ...]
    """Message authentication codes, for both directions; an AEAD cipher needs none."""

    compression: tuple[str, ...] = ("none",)
    """Compression methods, for both directions."""

    rsa_bits: int = 2048
    """The fewest bits that an RSA host key may have."""

    refuse_truncatable: bool = False
    """Refuse chacha20-poly1305 and encrypt-then-MAC with a peer without strict key exchange.

    An attacker can delete the first packets of such a connection (CVE-2023-48795).
    """

    def check(self) -> None:
        """Raise `UsageError` for an empty list or a name that is not implemented."""
        _check("kex", self.kex, METHODS)
        _check("cipher", self.ciphers, CIPHERS)
        _check("MAC", self.macs, MACS)
        _check("compression", self.compression, _COMPRESSIONS)
        _check("host key", self.host_keys, self.host_keys)


def profiles(name: Profile, role: Role) -> Algorithms:
    """Return the algorithms of a profile.

    Args:
        name: the profile.
        role: the side that offers them; a server has no finite-field Diffie-Hellman,
            which costs it much and an attacker nothing (CVE-2002-20001).
    """
    try:
        return _PROFILES[name, role]
    except KeyError:
        problem = f"no profile {name!r} for a {role}"
        raise UsageError(problem) from None


def _check(what: str, names: tuple[str, ...], known: Container[str]) -> None:
    if not names:
        problem = f"no {what} algorithm"
        raise UsageError(problem)
    for name in names:
        if name not in known:
            problem = f"unknown {what} algorithm {name!r}"
            raise UsageError(problem)


# never `zlib`, which begins before the user is known
_COMPRESSIONS = ("none", "zlib@openssh.com")

_POST_QUANTUM = ("mlkem768x25519-sha256",)
_CLASSICAL = (
    "curve25519-sha256",
    "curve25519-sha256@libssh.org",
    "ecdh-sha2-nistp256",
    "ecdh-sha2-nistp384",
    "ecdh-sha2-nistp521",
)
_AEAD = ("aes256-gcm@openssh.com", "aes128-gcm@openssh.com", "chacha20-poly1305@openssh.com")
_COUNTER = ("aes256-ctr", "aes192-ctr", "aes128-ctr")
_ETM = ("hmac-sha2-512-etm@openssh.com", "hmac-sha2-256-etm@openssh.com")
_MAC = ("hmac-sha2-512", "hmac-sha2-256")
_EDWARDS = ("ssh-ed25519",)
_ECDSA = ("ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521")
_RSA = ("rsa-sha2-512", "rsa-sha2-256")

_STRICT = Algorithms(
    kex=_POST_QUANTUM,
    host_keys=_EDWARDS + _RSA,
    ciphers=_AEAD,
    macs=_ETM,
    rsa_bits=3072,
    refuse_truncatable=True,
)
_DEFAULT = Algorithms(
    kex=_POST_QUANTUM + _CLASSICAL,
    host_keys=_EDWARDS + _ECDSA + _RSA,
    ciphers=_AEAD + _COUNTER,
    macs=_ETM + _MAC,
)
_LEGACY = attrs.evolve(_DEFAULT, rsa_bits=1024)

_PROFILES: dict[tuple[str, str], Algorithms] = {
    ("strict", "client"): _STRICT,
    ("strict", "server"): _STRICT,
    ("default", "client"): _DEFAULT,
    ("default", "server"): _DEFAULT,
    ("legacy", "client"): _LEGACY,
    ("legacy", "server"): _LEGACY,
}
