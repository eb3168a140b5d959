"""OpenSSH certificates: a key, and what a certification authority says about it.

    string kind, string nonce, the key's own fields,
    uint64 serial, uint32 type, string key id, string valid principals,
    uint64 valid after, uint64 valid before, string critical options, string extensions,
    string reserved, string signature key, string signature

The source is OpenSSH's PROTOCOL.certkeys.  A `Certificate` exists only where its authority
signed it; whether that authority is trusted is for the caller to know, and whether the
certificate is good for a purpose is for `Certificate.check` to say.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Literal, Self

import attrs

from ssh_keys import registry
from ssh_keys.armor import to_base64
from ssh_keys.errors import CertificateRefused, KeyFormatError
from ssh_keys.patterns import matches
from ssh_keys.public import PublicKey
from ssh_wire import (
    Record,
    Repeated,
    Rest,
    Text,
    UInt32,
    UInt64,
    UsageError,
    WireError,
    record,
)
from ssh_wire.primitives import read_string, read_text, string
from ssh_wire.text import printable, raw

if TYPE_CHECKING:
    from ssh_keys.private import PrivateKey
    from ssh_wire.primitives import Buffer

__all__ = [
    "CA_ALGORITHMS",
    "FOREVER",
    "MAX_CERTIFICATE",
    "MAX_PRINCIPALS",
    "PERMISSIONS",
    "Certificate",
    "Grant",
    "Role",
    "issue",
]

Role = Literal["user", "host"]

FOREVER: Final = 2**64 - 1
"""The `valid_before` of a certificate that does not end."""

MAX_CERTIFICATE: Final = 1 << 16
"""The largest certificate that is looked at, in bytes."""

MAX_PRINCIPALS: Final = 256
"""The most principals that a certificate may list, as in OpenSSH."""

CA_ALGORITHMS: Final = (
    "ssh-ed25519",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "sk-ssh-ed25519@openssh.com",
    "sk-ecdsa-sha2-nistp256@openssh.com",
    "webauthn-sk-ecdsa-sha2-nistp256@openssh.com",
    "rsa-sha2-512",
    "rsa-sha2-256",
)
"""How an authority may have signed unless the caller says otherwise; SHA-1 is not among them.

The list is the default of OpenSSH's CASignatureAlgorithms.
"""

PERMISSIONS: Final[Mapping[str, bytes]] = MappingProxyType(
    {
        "permit-X11-forwarding": b"",
        "permit-agent-forwarding": b"",
        "permit-port-forwarding": b"",
        "permit-pty": b"",
        "permit-user-rc": b"",
    }
)
"""The extensions that `ssh-keygen` gives to a user certificate unless it is told otherwise."""

_ROLES: Final[dict[int, Role]] = {1: "user", 2: "host"}
_NUMBERS: Final = {role: number for number, role in _ROLES.items()}
_NONCE_SIZE: Final = 32


@record
class _Head(Record):
    """What stands in front of the key's own fields."""

    kind: str
    nonce: bytes


@record
class _Body(Record):
    """What stands behind the key's own fields, up to what is signed."""

    serial: UInt64
    role: UInt32
    key_id: Text
    principals: bytes
    valid_after: UInt64
    valid_before: UInt64
    critical_options: bytes
    extensions: bytes
    reserved: bytes
    ca_key: bytes


@record
class _Names(Record):
    """The principals, one string behind the other."""

    names: Repeated[Text]


@record
class _Option(Record):
    """One critical option or extension."""

    name: Text
    data: bytes


@record
class _Options(Record):
    """All of one field."""

    options: Repeated[_Option]


@record
class _Signed(Record):
    """The last field of all."""

    signature: bytes
    beyond: Rest


@attrs.frozen(kw_only=True)
class Grant:
    """What an authority grants: all that `issue` writes into a certificate beside the keys.

    Attributes:
        role: whether the key is a user's or a host's.
        key_id: free text that names the certificate in logs.
        principals: the user names or host names that it is good for; at least one.
        serial: a number by which it can be revoked; 0 where the authority does not number.
        valid_after: the first second in which it is good, since 1970.
        valid_before: the first second in which it is no longer good, since 1970.
        critical_options: what restricts it, by name; values as they are sent, so that of
            "force-command" is itself a string with its length in front.
        extensions: what it permits, by name; the values of `PERMISSIONS` are empty.
        algorithm: how the authority signs; the preferred algorithm of its key when None.
    """

    role: Role
    key_id: str
    principals: tuple[str, ...]
    serial: int = 0
    valid_after: int = 0
    valid_before: int = FOREVER
    critical_options: Mapping[str, bytes] = attrs.field(factory=dict[str, bytes])
    extensions: Mapping[str, bytes] = attrs.field(factory=dict[str, bytes])
    algorithm: str | None = None


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Certificate:
    """A key with what its authority says about it; equal to another when the blobs are.

    Attributes:
        kind: the certificate's type name, such as "ssh-ed25519-cert-v01@openssh.com".
        blob: the certificate as it is sent.
        comment: the free text that stood beside it; it plays no part in equality.
        public_key: the key that is certified.
        serial: the authority's number for it, 0 where it has none.
        role: whether the key is a user's or a host's.
        key_id: the authority's name for it, for logs.
        principals: the user names or host names that it is good for.
        valid_after: the first second in which it is good, since 1970.
        valid_before: the first second in which it is no longer good, since 1970.
        critical_options: what restricts it, by name; values as they are sent.
        extensions: what it permits, by name; values as they are sent.
        ca_key: the key of the authority that signed it.
        signature: that authority's signature.
    """

    kind: str
    blob: bytes
    comment: str = ""
    public_key: PublicKey
    serial: int
    role: Role
    key_id: str
    principals: tuple[str, ...]
    valid_after: int
    valid_before: int
    critical_options: Mapping[str, bytes]
    extensions: Mapping[str, bytes]
    ca_key: PublicKey
    signature: bytes

    @classmethod
    def from_blob(cls, blob: Buffer, comment: str = "", *, legacy: bool = False) -> Self:
        """Read a certificate and verify its authority's signature.

        Args:
            blob: the certificate as it is sent.
            comment: free text to keep beside it.
            legacy: take RSA keys down to 1024 bits instead of 2048.

        Raises:
            UnsupportedKey: it, or its authority's key, is of a kind that is refused or unknown.
            KeyFormatError: it is not one whole certificate within the limits, its authority's
                key is itself a certificate, or the authority did not sign it.
        """
        if len(blob) > MAX_CERTIFICATE:
            problem = f"a certificate of {len(blob)} bytes is longer than {MAX_CERTIFICATE}"
            raise KeyFormatError(problem)
        try:
            return cls._read(bytes(blob), comment, legacy=legacy)
        except WireError as error:
            problem = f"not a certificate: {error}"
            raise KeyFormatError(problem) from None

    @classmethod
    def _read(cls, blob: bytes, comment: str, *, legacy: bool) -> Self:
        head, pos = _Head.read(blob, 0)
        plain = registry.plain_kind(head.kind)
        if plain is None:
            problem = f"a key of kind '{printable(head.kind, 80)}' is no certificate"
            raise KeyFormatError(problem)
        key_blob, pos = _cut_key(plain, blob, pos)
        body, pos = _Body.read(blob, pos)
        signed = _Signed.decode(blob[pos:])
        if signed.beyond:
            problem = f"{len(signed.beyond)} bytes are left over behind the certificate"
            raise KeyFormatError(problem)
        # "Chained" certificates ... are NOT supported": no kind of certificate is a PublicKey
        ca_key = PublicKey.from_blob(body.ca_key, legacy=legacy)
        # SHA-1 is judged by `check`, which knows what the caller accepts
        if not ca_key.verify(blob[:pos], signed.signature, allow_sha1=True):
            problem = "the certificate is not signed by the authority that it names"
            raise KeyFormatError(problem)
        return cls(
            kind=head.kind,
            blob=blob,
            comment=comment,
            public_key=PublicKey.from_blob(key_blob, comment, legacy=legacy),
            serial=body.serial,
            role=_role(body.role),
            key_id=_text(body.key_id, "key id"),
            principals=_principals(body.principals),
            valid_after=body.valid_after,
            valid_before=body.valid_before,
            critical_options=_options(body.critical_options, "critical option"),
            extensions=_options(body.extensions, "extension"),
            ca_key=ca_key,
            signature=signed.signature,
        )

    @property
    def algorithms(self) -> tuple[str, ...]:
        """The algorithms of the certified key as they are negotiated, the preferred one first."""
        return tuple(map(registry.certified_name, self.public_key.algorithms))

    @property
    def ca_algorithm(self) -> str:
        """The algorithm that the authority signed with."""
        return read_text(self.signature, 0)[0]

    def verify(self, data: Buffer, signature: Buffer, algorithm: str | None = None) -> bool:
        """Say whether `signature` is the certified key's signature of `data`.

        Args:
            data: what was signed.
            signature: the signature as it is sent; it names the key's plain algorithm.
            algorithm: the one of `algorithms` that was agreed on.
        """
        if algorithm is None:
            return self.public_key.verify(data, signature)
        names = dict(zip(self.algorithms, self.public_key.algorithms, strict=True))
        plain = names.get(algorithm)
        return plain is not None and self.public_key.verify(data, signature, plain)

    def check(
        self,
        *,
        role: Role,
        principal: str | None,
        now: int,
        ca_algorithms: Collection[str] = CA_ALGORITHMS,
        understood_options: Collection[str] = (),
    ) -> None:
        """Return if the certificate is good for this purpose, and raise where it is not.

        Whether the authority is trusted, and whether it revoked the certificate, is not
        looked at.  An extension that nobody knows does no harm and is passed over.

        Args:
            role: what the key is used as.
            principal: the name that must be listed, or None where the caller compares
                `principals` itself.  A host's may be listed as a pattern with `*` and `?`.
            now: the time in seconds since 1970.
            ca_algorithms: how the authority may have signed.
            understood_options: the critical options that the caller enforces.

        Raises:
            CertificateRefused: it is not good; `reason` says in which respect.
        """
        if self.role != role:
            problem = f"a {self.role} certificate is not a {role} certificate"
            raise CertificateRefused("role", problem)
        # "valid after <= current time < valid before"
        if now < self.valid_after:
            problem = f"the certificate is not valid before {self.valid_after}"
            raise CertificateRefused("not-yet-valid", problem)
        if now >= self.valid_before:
            problem = f"the certificate has expired at {self.valid_before}"
            raise CertificateRefused("expired", problem)
        self._check_principal(principal)
        if self.ca_algorithm not in ca_algorithms:
            problem = f"the authority signed with {printable(self.ca_algorithm, 64)}"
            raise CertificateRefused("ca-algorithm", problem)
        for name in self.critical_options:
            # "if an implementation does not recognise a option, then the validating party
            # should refuse to accept the certificate"
            if name not in understood_options:
                problem = f"the critical option '{printable(name, 64)}' is not enforced here"
                raise CertificateRefused("critical-option", problem)

    def _check_principal(self, principal: str | None) -> None:
        # we choose otherwise than "valid for any principal": so does OpenSSH since 10.3
        if not self.principals:
            problem = "the certificate lists no principals, so it is good for nobody"
            raise CertificateRefused("no-principals", problem)
        if principal is None or principal in self.principals:
            return
        name = raw(principal)
        if self.role == "host" and any(matches(raw(p), name) for p in self.principals):
            return
        problem = f"the certificate is not good for '{printable(principal, 64)}'"
        raise CertificateRefused("principal", problem)

    def fingerprint(self, hash_name: Literal["sha256", "md5"] = "sha256") -> str:
        """Return the fingerprint of the certified key, as `ssh-keygen -l` does."""
        return self.public_key.fingerprint(hash_name)

    def to_openssh(self) -> str:
        """Return the certificate as one line of OpenSSH's format, without a newline."""
        encoded = to_base64(self.blob).decode()
        comment = printable(self.comment, len(self.comment))
        return f"{self.kind} {encoded} {comment}".rstrip(" ")

    def with_comment(self, comment: str) -> Self:
        """Return the same certificate with another comment."""
        public_key = self.public_key.with_comment(comment)
        return attrs.evolve(self, comment=comment, public_key=public_key)

    def __eq__(self, other: object) -> bool:
        return self.blob == other.blob if isinstance(other, Certificate) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.blob)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.kind} {self.fingerprint()} serial={self.serial}>"


def issue(
    ca: PrivateKey, key: PublicKey, *, grant: Grant, random: Callable[[int], bytes]
) -> Certificate:
    """Certify a key.

    Args:
        ca: the authority's key.
        key: the key to certify.
        grant: what the certificate says about it.
        random: where the nonce comes from, such as `os.urandom`.

    Raises:
        UsageError: the grant cannot be written, or nobody would accept it.
    """
    _check_grant(grant)
    kind = registry.certified_name(key.kind)
    _, pos = read_string(key.blob, 0)
    body = _Body(
        serial=grant.serial,
        role=_NUMBERS[grant.role],
        key_id=grant.key_id,
        principals=_Names(names=grant.principals).encode(),
        valid_after=grant.valid_after,
        valid_before=grant.valid_before,
        critical_options=_encode_options(grant.critical_options),
        extensions=_encode_options(grant.extensions),
        reserved=b"",
        ca_key=ca.public_key.blob,
    )
    head = _Head(kind=kind, nonce=random(_NONCE_SIZE))
    signed = head.encode() + key.blob[pos:] + body.encode()
    signature = ca.sign(signed, grant.algorithm)
    try:
        return Certificate.from_blob(signed + string(signature), key.comment, legacy=True)
    except KeyFormatError as error:
        problem = f"no such certificate can be issued: {error}"
        raise UsageError(problem) from None


def _check_grant(grant: Grant) -> None:
    if not 1 <= len(grant.principals) <= MAX_PRINCIPALS:
        problem = f"a certificate lists 1 to {MAX_PRINCIPALS} principals"
        raise UsageError(problem)
    if grant.valid_after >= grant.valid_before:
        problem = "the certificate would have expired before it becomes valid"
        raise UsageError(problem)


def _cut_key(plain: str, blob: bytes, pos: int) -> tuple[bytes, int]:
    """Return the plain blob of the key whose fields begin at `pos`, and where they end."""
    head = string(plain)
    data = head + blob[pos:]
    end = registry.family(plain).end_of_public(data)
    return data[:end], pos + end - len(head)


def _role(number: int) -> Role:
    role = _ROLES.get(number)
    if role is None:
        problem = f"a certificate of type {number} is neither a user's nor a host's"
        raise KeyFormatError(problem)
    return role


def _principals(data: bytes) -> tuple[str, ...]:
    names = _Names.decode(data).names
    if len(names) > MAX_PRINCIPALS:
        problem = f"a certificate with {len(names)} principals; {MAX_PRINCIPALS} are allowed"
        raise KeyFormatError(problem)
    return tuple(_text(name, "principal") for name in names)


def _options(data: bytes, what: str) -> Mapping[str, bytes]:
    options: dict[str, bytes] = {}
    for option in _Options.decode(data).options:
        name = _text(option.name, f"name of the {what}")
        # "Each named option may only appear once in a certificate"
        if name in options:
            problem = f"the {what} '{printable(name, 64)}' appears twice"
            raise KeyFormatError(problem)
        options[name] = option.data
    return MappingProxyType(options)


def _encode_options(options: Mapping[str, bytes]) -> bytes:
    # "Options must be lexically ordered by "name""
    ordered: Iterable[tuple[str, bytes]] = sorted(options.items(), key=lambda item: raw(item[0]))
    return _Options(options=tuple(_Option(name=n, data=d) for n, d in ordered)).encode()


def _text(text: str, what: str) -> str:
    # a program in C would read only what stands before it
    if "\0" in text:
        problem = f"the {what} of the certificate holds a NUL"
        raise KeyFormatError(problem)
    return text
