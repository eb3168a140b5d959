"""Which algorithms are offered: profiles as data.

`strict` has what resists a quantum computer and a truncating attacker, `default` what
today's peers need, `legacy` what only old ones need.  Names are offered in this order, and
the client's order decides (RFC 4253 section 7.1).
"""

from __future__ import annotations

from collections.abc import Container
from typing import Literal, TypeAlias

from ssh_keys import certified_name
from ssh_transport.ciphers import CIPHERS
from ssh_transport.kex import METHODS
from ssh_transport.macs import MACS
from ssh_wire import UsageError, lazy_attrs

__all__ = ["HOST_KEYS", "Algorithms", "Profile", "Role", "profiles"]

Role: TypeAlias = Literal["client", "server"]
"""Which side of the connection."""

Profile: TypeAlias = Literal["strict", "default", "legacy"]
"""The name of a set of algorithms."""


@lazy_attrs.frozen
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
        _check("host key", self.host_keys, HOST_KEYS)

    def load_ahead(self) -> None:
        """Load what is likely to be negotiated, while the peer's first answer is on its way.

        The provider of cryptography takes longest, and most methods need the parts of it that
        Curve25519 needs.  What is missing is loaded when it is negotiated.
        """
        for name in self.kex:
            if name.startswith("curve25519"):
                METHODS[name].load()
                break
        CIPHERS[self.ciphers[0]].load()

    def adjusted(
        self,
        *,
        kex: str = "",
        host_keys: str = "",
        ciphers: str = "",
        macs: str = "",
        compression: str = "",
    ) -> Algorithms:
        """Return the algorithms with lists changed as `ssh_config` spells it.

        Each argument is names or patterns with commas between them: "+a,b" appends them,
        "^a,b" puts them first, "-a,b*" removes them, and "a,b" is the whole list.

        Raises:
            UsageError: nothing that is implemented has such a name, or nothing is left.
        """
        from ssh_transport.lists import adjusted  # loaded when first used

        found = lazy_attrs.evolve(
            self,
            kex=adjusted(self.kex, kex, tuple(METHODS)),
            host_keys=adjusted(self.host_keys, host_keys, HOST_KEYS),
            ciphers=adjusted(self.ciphers, ciphers, tuple(CIPHERS)),
            macs=adjusted(self.macs, macs, tuple(MACS)),
            compression=adjusted(self.compression, compression, _COMPRESSIONS),
        )
        found.check()
        return found

    @property
    def plain_keys(self) -> tuple[str, ...]:
        """The signature algorithms that are not those of certificates."""
        return tuple(name for name in self.host_keys if "-cert" not in name)

    @property
    def legacy(self) -> tuple[str, ...]:
        """What is offered although it is not safe any more: what only `legacy` has."""
        names = (*self.kex, *self.host_keys, *self.ciphers, *self.macs)
        return tuple(name for name in names if name in _LEGACY_NAMES)


def profiles(name: Profile, role: Role) -> Algorithms:
    """Return the algorithms of a profile.

    Args:
        name: the profile.
        role: the side that offers them.
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

_EDWARDS = ("ssh-ed25519", "sk-ssh-ed25519@openssh.com")
_ECDSA = (
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "sk-ecdsa-sha2-nistp256@openssh.com",
    "webauthn-sk-ecdsa-sha2-nistp256@openssh.com",
)
_RSA = ("rsa-sha2-512", "rsa-sha2-256")
_OTHER_KEYS = ("ssh-ed448", "ssh-mldsa44-ed25519", "ssh-mldsa44-ed25519@openssh.com")
_SHA1_KEYS = ("ssh-rsa",)


def _with_certificates(names: tuple[str, ...]) -> tuple[str, ...]:
    return (*map(certified_name, names), *names)


HOST_KEYS = (*_with_certificates(_EDWARDS + _ECDSA + _RSA + _OTHER_KEYS), *_SHA1_KEYS)
"""Every signature algorithm of host keys, and of certificates of host keys."""

_POST_QUANTUM = ("mlkem768x25519-sha256",)
_CLASSICAL = (
    "curve25519-sha256",
    "curve25519-sha256@libssh.org",
    "ecdh-sha2-nistp256",
    "ecdh-sha2-nistp384",
    "ecdh-sha2-nistp521",
)
_FINITE = (
    "diffie-hellman-group16-sha512",
    "diffie-hellman-group18-sha512",
    "diffie-hellman-group-exchange-sha256",
    "diffie-hellman-group14-sha256",
)
_AEAD = ("aes256-gcm@openssh.com", "aes128-gcm@openssh.com", "chacha20-poly1305@openssh.com")
_COUNTER = ("aes256-ctr", "aes192-ctr", "aes128-ctr")
_ETM = ("hmac-sha2-512-etm@openssh.com", "hmac-sha2-256-etm@openssh.com")
_MAC = ("hmac-sha2-512", "hmac-sha2-256")

# what only old peers need
_LEGACY_KEX = (
    "diffie-hellman-group14-sha1",
    "diffie-hellman-group-exchange-sha1",
    "diffie-hellman-group1-sha1",
)
_LEGACY_CIPHERS = ("aes256-cbc", "aes192-cbc", "aes128-cbc", "3des-cbc")
_LEGACY_MACS = ("hmac-sha1-etm@openssh.com", "hmac-sha1", "hmac-sha1-96")
_LEGACY_NAMES = frozenset(_LEGACY_KEX + _LEGACY_CIPHERS + _LEGACY_MACS + _SHA1_KEYS)

_STRICT = Algorithms(
    kex=_POST_QUANTUM,
    host_keys=_with_certificates(_EDWARDS + _RSA),
    ciphers=_AEAD,
    macs=_ETM,
    rsa_bits=3072,
    refuse_truncatable=True,
)
# a finite-field share costs a server much and an attacker nothing (CVE-2002-20001)
_DEFAULT_SERVER = Algorithms(
    kex=_POST_QUANTUM + _CLASSICAL,
    host_keys=_with_certificates(_EDWARDS + _ECDSA + _RSA),
    ciphers=_AEAD + _COUNTER,
    macs=_ETM + _MAC,
)
_DEFAULT_CLIENT = lazy_attrs.evolve(_DEFAULT_SERVER, kex=_DEFAULT_SERVER.kex + _FINITE)
_LEGACY = Algorithms(
    kex=_DEFAULT_CLIENT.kex + _LEGACY_KEX,
    host_keys=_DEFAULT_CLIENT.host_keys + _SHA1_KEYS,
    ciphers=_DEFAULT_CLIENT.ciphers + _LEGACY_CIPHERS,
    macs=_DEFAULT_CLIENT.macs + _LEGACY_MACS,
    compression=_COMPRESSIONS,
    rsa_bits=1024,
)

_PROFILES: dict[tuple[str, str], Algorithms] = {
    ("strict", "client"): _STRICT,
    ("strict", "server"): _STRICT,
    ("default", "client"): _DEFAULT_CLIENT,
    ("default", "server"): _DEFAULT_SERVER,
    ("legacy", "client"): _LEGACY,
    ("legacy", "server"): _LEGACY,
}
