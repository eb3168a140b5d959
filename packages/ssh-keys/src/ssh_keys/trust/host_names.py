"""Host names as known_hosts spells them: patterns, `[name]:port`, and hashed names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Self

from ssh_keys.errors import KeyFormatError
from ssh_keys.patterns import matches_list
from ssh_keys.strict_base64 import from_base64, to_base64
from ssh_wire import lazy, lazy_attrs

if TYPE_CHECKING:
    import hashlib
    import hmac
else:
    # only for hashed names
    hashlib = lazy.module("hashlib")
    hmac = lazy.module("hmac")

__all__ = [
    "DEFAULT_PORT",
    "SALT_SIZE",
    "HashedName",
    "host_name",
    "names_host",
    "parse_hosts",
    "random_salt",
]

DEFAULT_PORT: Final = 22
"""The port that is not part of the name."""
SALT_SIZE: Final = 20
"""The length of the salt of a hashed name, in bytes."""
_HASHED: Final = b"|1|"
_DIGEST_SIZE: Final = 20


@lazy_attrs.frozen
class HashedName:
    """A hashed host name: HMAC-SHA1 of the name, with the salt as its key."""

    salt: bytes
    digest: bytes

    @classmethod
    def make(cls, salt: bytes, name: bytes) -> Self:
        """Hash a name."""
        return cls(salt, hmac.digest(salt, name, hashlib.sha1))

    def names(self, name: bytes) -> bool:
        """Say whether this is the hash of `name`."""
        return hmac.compare_digest(self.digest, hmac.digest(self.salt, name, hashlib.sha1))

    def to_field(self) -> bytes:
        """Return the name as a field of a line."""
        return b"|".join([b"", b"1", to_base64(self.salt), to_base64(self.digest)])


def random_salt(size: int) -> bytes:
    """Return the salt of a name that is to be hashed."""
    import secrets  # few programs hash a name

    return secrets.token_bytes(size)


def host_name(host: str, port: int = 22) -> bytes:
    """Return a host as known_hosts has it: in lower case, with its port unless it is 22."""
    # bytes, because lower() of text maps other letters to ASCII ones
    name = host.encode("utf-8", "surrogatepass").lower()
    return name if port == DEFAULT_PORT else b"[%b]:%d" % (name, port)


def parse_hosts(field: bytes) -> tuple[bytes, ...] | HashedName:
    """Parse the hosts of a line: patterns, or one hashed name.

    Raises:
        KeyFormatError: the hashed name is damaged.
    """
    if not field.startswith(b"|"):
        return tuple(pattern for pattern in field.lower().split(b",") if pattern)
    salt, separator, digest = field.removeprefix(_HASHED).partition(b"|")
    name = "the hashed host"
    made = HashedName(from_base64(salt, name), from_base64(digest, name))
    wrong_size = len(made.digest) != _DIGEST_SIZE or not made.salt
    if not field.startswith(_HASHED) or not separator or wrong_size:
        problem = "the hashed host is damaged"
        raise KeyFormatError(problem)
    return made


def names_host(hosts: tuple[bytes, ...] | HashedName, name: bytes) -> bool:
    """Say whether hosts include one, given as `host_name` returns it."""
    return hosts.names(name) if isinstance(hosts, HashedName) else matches_list(hosts, name)
