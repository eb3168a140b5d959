"""How a key that an agent holds may be used (draft-miller-ssh-agent section 4.2.6).

    byte 1, uint32 seconds                                   lifetime
    byte 2                                                   confirm each use
    byte 255, string "sk-provider@openssh.com", string       library for a FIDO token
    byte 255, string "restrict-destination-v00@openssh.com", string (destination constraints)
    byte 255, string "associated-certs-v00@openssh.com", bool certificates only, string (blobs)

The extensions are OpenSSH's (PROTOCOL.agent sections 2 and 3).  "If an agent does not recognise
or support a requested constraint it MUST refuse the request": what is not known, comes twice, is
cut short or contradicts itself raises, and nothing is ever skipped.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from ssh_agent.destinations import (
    DestinationConstraint,
    decode_destinations,
    encode_destinations,
)
from ssh_keys import Certificate, KeyPolicy
from ssh_wire import (
    BadValue,
    Byte,
    Record,
    Repeated,
    Text,
    UInt32,
    UsageError,
    lazy_attrs,
    record,
)
from ssh_wire.primitives import string
from ssh_wire.text import printable, raw

__all__ = ["MAX_CERTIFICATES", "Constraints"]

MAX_CERTIFICATES: Final = 1024
"""The most certificates for one token (OpenSSH's AGENT_MAX_EXT_CERTS)."""

_MAX_SECONDS: Final = 2**32 - 1
_NAME: Final = "constraints"
_LIFETIME, _CONFIRM, _EXTENSION = 1, 2, 255
_PROVIDER: Final = "sk-provider@openssh.com"
_DESTINATIONS: Final = "restrict-destination-v00@openssh.com"
_CERTIFICATES: Final = "associated-certs-v00@openssh.com"


@lazy_attrs.frozen(kw_only=True)
class Constraints:
    """All constraints of one key, or of the keys of one token; false when there are none.

    Attributes:
        lifetime: the seconds after which the agent forgets the key, 0 for at once; None for
            never.
        confirm: whether the agent asks its user before each use.
        destinations: the ways that the key may be used; empty for every way.
        provider: the library by which the agent reaches the FIDO token of the key, "internal"
            for its own; empty for none.
        certificates: certificates of keys in the token.
        certificates_only: whether a token's key without its certificate is not loaded.
    """

    lifetime: int | None = None
    confirm: bool = False
    destinations: tuple[DestinationConstraint, ...] = ()
    provider: str = ""
    certificates: tuple[Certificate, ...] = ()
    certificates_only: bool = False

    def __bool__(self) -> bool:
        return self != Constraints()

    def encode(self) -> bytes:
        """Return the constraints as they are sent, one after the other.

        Raises:
            UsageError: no agent takes such constraints.
        """
        data = b""
        if self.lifetime is not None:
            if not 0 <= self.lifetime <= _MAX_SECONDS:
                problem = f"an agent cannot keep a key for {self.lifetime} seconds"
                raise UsageError(problem)
            data += bytes([_LIFETIME]) + self.lifetime.to_bytes(4)
        if self.confirm:
            data += bytes([_CONFIRM])
        if self.provider:
            data += _extension(_PROVIDER, string(raw(self.provider)))
        if self.destinations:
            data += _extension(_DESTINATIONS, string(encode_destinations(self.destinations)))
        return data + self._encode_certificates()

    def _encode_certificates(self) -> bytes:
        if len(self.certificates) > MAX_CERTIFICATES:
            count = len(self.certificates)
            problem = f"{count} certificates for one token; an agent takes {MAX_CERTIFICATES}"
            raise UsageError(problem)
        if self.certificates:
            blobs = b"".join(string(each.blob) for each in self.certificates)
            return _extension(_CERTIFICATES, bytes([self.certificates_only]) + string(blobs))
        if self.certificates_only:
            problem = "certificates_only needs the certificates"
            raise UsageError(problem)
        return b""

    @staticmethod
    def decode(
        data: bytes, *, for_token: bool = False, policy: KeyPolicy = KeyPolicy.DEFAULT
    ) -> Constraints:
        """Read everything in `data` as constraints.

        Args:
            data: the end of a request to add a key: what follows the comment or the PIN.
            for_token: whether the request is about a token, which may have certificates and
                no provider.
            policy: which keys are strong enough to be read.

        Raises:
            WireError: a constraint is not known, not valid in such a request, comes twice, is
                cut short, or contradicts itself.
            KeyFormatError: a key or a certificate in it is not valid.
        """
        found = Constraints()
        seen: set[_Kind] = set()
        pos = 0
        while pos < len(data):
            kind, pos = _kind(data, pos, for_token=for_token)
            content, pos = kind.content.read(data, pos)
            if kind in seen:
                raise BadValue(_NAME, kind.content.__name__, "is there twice")
            seen.add(kind)
            found = kind.set(found, content, policy)
        return found


@record
class _Number(Record):
    """The number of a constraint."""

    number: Byte


@record
class _Name(Record):
    """The name of an extension."""

    name: Text


@record
class _Confirm(Record):
    """The content of "confirm"."""


@record
class _Lifetime(Record):
    """The content of "lifetime"."""

    seconds: UInt32


@record
class _Provider(Record):
    """The content of "sk-provider@openssh.com"."""

    provider: Text


@record
class _Destinations(Record):
    """The content of "restrict-destination-v00@openssh.com"."""

    constraints: bytes


@record
class _Certificates(Record):
    """The content of "associated-certs-v00@openssh.com"."""

    only: bool
    blobs: bytes


@record
class _Blobs(Record):
    """Certificates, one after the other."""

    blobs: Repeated[bytes]


def _lifetime(found: Constraints, content: _Lifetime, policy: KeyPolicy) -> Constraints:
    del policy
    return lazy_attrs.evolve(found, lifetime=content.seconds)


def _confirm(found: Constraints, content: _Confirm, policy: KeyPolicy) -> Constraints:
    del content, policy
    return lazy_attrs.evolve(found, confirm=True)


def _provider(found: Constraints, content: _Provider, policy: KeyPolicy) -> Constraints:
    del policy
    if not content.provider or "\0" in content.provider:
        raise BadValue(_NAME, "the provider", "is empty or holds a NUL")
    return lazy_attrs.evolve(found, provider=content.provider)


def _destinations(found: Constraints, content: _Destinations, policy: KeyPolicy) -> Constraints:
    destinations = decode_destinations(content.constraints, policy=policy)
    if not destinations:  # "no way" must not become "every way"
        raise BadValue(_NAME, "the list of destinations", "is empty")
    return lazy_attrs.evolve(found, destinations=destinations)


def _certificates(found: Constraints, content: _Certificates, policy: KeyPolicy) -> Constraints:
    blobs = _Blobs.decode(content.blobs).blobs
    if not 1 <= len(blobs) <= MAX_CERTIFICATES:  # "one or more certificates"
        raise BadValue(_NAME, "the number of certificates", f"is not 1 to {MAX_CERTIFICATES}")
    certificates = tuple(Certificate.from_blob(each, policy=policy) for each in blobs)
    return lazy_attrs.evolve(found, certificates=certificates, certificates_only=content.only)


@lazy_attrs.frozen
class _Kind:
    """One kind of constraint: its content, what it sets, and where it is valid."""

    content: type[Record]
    set: Callable[..., Constraints]
    with_identity: bool = True
    with_token: bool = True


_KINDS: Final = {
    _LIFETIME: _Kind(_Lifetime, _lifetime),
    _CONFIRM: _Kind(_Confirm, _confirm),
}
_EXTENSIONS: Final = {
    _PROVIDER: _Kind(_Provider, _provider, with_token=False),
    _DESTINATIONS: _Kind(_Destinations, _destinations),
    _CERTIFICATES: _Kind(_Certificates, _certificates, with_identity=False),
}


def _kind(data: bytes, pos: int, *, for_token: bool) -> tuple[_Kind, int]:
    head, pos = _Number.read(data, pos)
    if head.number != _EXTENSION:
        kind, name = _KINDS.get(head.number), f"type {head.number}"
    else:
        extension, pos = _Name.read(data, pos)
        kind, name = _EXTENSIONS.get(extension.name), printable(extension.name, 64)
    if kind is None:
        raise BadValue(_NAME, name, "is not known")
    if not (kind.with_token if for_token else kind.with_identity):
        raise BadValue(_NAME, name, "is not valid in this request")
    return kind, pos


def _extension(name: str, content: bytes) -> bytes:
    return bytes([_EXTENSION]) + string(name) + content
