"""OpenSSH certificates: a key, and what a certification authority states about it.

    string kind, string nonce, the key's own fields,
    uint64 serial, uint32 type, string key id, string valid principals,
    uint64 valid after, uint64 valid before, string critical options, string extensions,
    string reserved, string signature key, string signature

The source is OpenSSH's PROTOCOL.certkeys.  A `Certificate` exists only if its authority signed
it.  The caller decides whether that authority is trusted, and `Certificate.check` whether the
certificate is valid for a use.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING, Final, Self, TypeVar

from ssh_keys import kinds
from ssh_keys.certificates.certificate_spec import PERMISSIONS
from ssh_keys.certificates.fields import (
    Body,
    Head,
    Role,
    Signed,
    checked_text,
    read_addresses,
    read_command,
    read_options,
    read_principals,
    read_role,
    take_key,
)
from ssh_keys.errors import CertificateRefused, KeyFormatError
from ssh_keys.fido import NO_TOUCH, FidoPolicy, read_assertion
from ssh_keys.patterns import matches
from ssh_keys.policy import KeyPolicy
from ssh_keys.public import HashName, PublicKey
from ssh_keys.strict_base64 import to_base64
from ssh_wire import WireError, lazy, lazy_attrs
from ssh_wire.primitives import read_text
from ssh_wire.text import printable, raw

if TYPE_CHECKING:
    from ipaddress import IPv4Network, IPv6Network

    from ssh_wire.primitives import Buffer

__all__ = ["CA_ALGORITHMS", "MAX_CERTIFICATE", "Certificate", "Role"]

MAX_CERTIFICATE: Final = 1 << 16
"""The largest certificate that is read, in bytes."""

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
"""The algorithms with which an authority may have signed, by default; SHA-1 is not among them.

The list is the default of OpenSSH's CASignatureAlgorithms.
"""

_FLAGS: Final = (*PERMISSIONS, "no-touch-required", "verify-required")

T = TypeVar("T")


@lazy_attrs.frozen(kw_only=True, eq=False, repr=False)
class Certificate:
    """A key with what its authority states about it; two are equal when their blobs are.

    Attributes:
        kind: the certificate's type name, such as "ssh-ed25519-cert-v01@openssh.com".
        blob: the certificate as it is sent.
        comment: the text beside it in its file; not part of equality.
        public_key: the key that is certified.
        serial: its serial number; 0 for no number.
        role: whether the key is a user's or a host's.
        key_id: the name that the authority gave it, for logs.
        principals: the user names or host names that it is valid for.
        valid_after: the second from which it is valid, since 1970.
        valid_before: the second from which it is not valid any more, since 1970.
        critical_options: its restrictions, by name; values as they are sent.
        extensions: its permissions, by name; values as they are sent.
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
    def from_blob(
        cls, blob: Buffer, comment: str = "", *, policy: KeyPolicy = KeyPolicy.DEFAULT
    ) -> Self:
        """Read a certificate and verify its authority's signature.

        Args:
            blob: the certificate as it is sent.
            comment: its comment.
            policy: which keys are strong enough to be read.

        Raises:
            UnsupportedKey: it, or its authority's key, is of a kind that is refused or unknown.
            KeyFormatError: it is not one complete certificate within the limits, its authority's
                key is itself a certificate, or the authority did not sign it.
        """
        if len(blob) > MAX_CERTIFICATE:
            problem = f"a certificate of {len(blob)} bytes is longer than {MAX_CERTIFICATE}"
            raise KeyFormatError(problem)
        try:
            return cls._read(bytes(blob), comment, policy=policy)
        except WireError as error:
            problem = f"not a certificate: {error}"
            raise KeyFormatError(problem) from None

    @classmethod
    def _read(cls, blob: bytes, comment: str, *, policy: KeyPolicy) -> Self:
        head, pos = Head.read(blob, 0)
        plain = kinds.plain_kind(head.kind)
        if plain is None:
            problem = f"a key of kind '{printable(head.kind, 80)}' is not a certificate"
            raise KeyFormatError(problem)
        key_blob, pos = take_key(plain, blob, pos)
        body, pos = Body.read(blob, pos)
        signed = Signed.decode(blob[pos:])
        # "Chained" certificates ... are NOT supported": no kind of certificate is a PublicKey
        ca_key = PublicKey.from_blob(body.ca_key, policy=policy)
        # `check` knows whether the caller accepts SHA-1 or a signature without a touch
        if not ca_key.verify(blob[:pos], signed.signature, allow_sha1=True, fido=NO_TOUCH):
            problem = "the certificate is not signed by the authority that it names"
            raise KeyFormatError(problem)
        return cls(
            kind=head.kind,
            blob=blob,
            comment=comment,
            public_key=PublicKey.from_blob(key_blob, comment, policy=policy),
            serial=body.serial,
            role=read_role(body.role),
            key_id=checked_text(body.key_id, "key id"),
            principals=read_principals(body.principals),
            valid_after=body.valid_after,
            valid_before=body.valid_before,
            critical_options=read_options(body.critical_options, "critical option"),
            extensions=read_options(body.extensions, "extension"),
            ca_key=ca_key,
            signature=signed.signature,
        )

    @property
    def algorithms(self) -> tuple[str, ...]:
        """The algorithms of the certified key as they are negotiated, the preferred one first."""
        return tuple(map(kinds.certified_name, self.public_key.algorithms))

    @property
    def ca_algorithm(self) -> str:
        """The algorithm that the authority signed with."""
        return read_text(self.signature, 0)[0]

    def verify(
        self,
        data: Buffer,
        signature: Buffer,
        algorithm: str | None = None,
        *,
        fido: FidoPolicy | None = None,
    ) -> bool:
        """Say whether `signature` is the certified key's signature of `data`.

        Args:
            data: what was signed.
            signature: the signature as it is sent; it names the key's plain algorithm.
            algorithm: the one of `algorithms` that was negotiated.
            fido: what the signature of a FIDO token must state.  When not given, a touch, and
                the user's PIN or fingerprint if the certificate has "verify-required"; the
                caller decides about its "no-touch-required".
        """
        policy = fido or FidoPolicy(verification="verify-required" in self.critical_options)
        plain = None
        if algorithm is not None:
            names = dict(zip(self.algorithms, self.public_key.algorithms, strict=True))
            if algorithm not in names:
                return False
            plain = names[algorithm]
        return self.public_key.verify(data, signature, plain, fido=policy)

    def check(
        self,
        *,
        role: Role,
        principal: str | None,
        now: int,
        ca_algorithms: Collection[str] = CA_ALGORITHMS,
        ca_fido: FidoPolicy | None = None,
        understood_options: Collection[str] = (),
    ) -> None:
        """Return if the certificate is valid for a use, and raise if it is not.

        Whether the authority is trusted, and whether it revoked the certificate, is not
        checked.  Unknown extensions are ignored.

        Args:
            role: the use of the key.
            principal: the name that must be listed, or None if the caller compares
                `principals` itself.  A host's may be listed as a pattern with `*` and `?`;
                case matters, so give its name in lower case.
            now: the time in seconds since 1970.
            ca_algorithms: the algorithms with which the authority may have signed.
            ca_fido: what the signature of an authority in a FIDO token must state; a touch
                when not given.  OpenSSH requires nothing.
            understood_options: the critical options that the caller enforces.

        Raises:
            CertificateRefused: it is not valid; `reason` says why.
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
        self._check_authority(ca_algorithms, ca_fido or FidoPolicy())
        self._check_options(understood_options)

    def _check_principal(self, principal: str | None) -> None:
        # we choose otherwise than "valid for any principal": so does OpenSSH since 10.3
        if not self.principals:
            problem = "the certificate lists no principals, so it is valid for no one"
            raise CertificateRefused("no-principals", problem)
        if principal is None or principal in self.principals:
            return
        name = raw(principal)
        if self.role == "host" and any(matches(raw(p), name) for p in self.principals):
            return
        problem = f"the certificate is not valid for '{printable(principal, 64)}'"
        raise CertificateRefused("principal", problem)

    def _check_authority(self, algorithms: Collection[str], fido: FidoPolicy) -> None:
        if self.ca_algorithm not in algorithms:
            problem = f"the authority signed with {printable(self.ca_algorithm, 64)}"
            raise CertificateRefused("ca-algorithm", problem)
        if not kinds.is_security_key(self.ca_key.kind):
            return
        assertion = read_assertion(self.signature)
        if not fido.accepts(assertion):
            stated = f"flags {assertion.flags:#04x}, counter {assertion.counter}"
            problem = f"what the authority's token states is not enough: {stated}"
            raise CertificateRefused("ca-token", problem)

    def _check_options(self, understood: Collection[str]) -> None:
        for name in self.critical_options:
            # "if an implementation does not recognise a option, then the validating party
            # should refuse to accept the certificate"
            if name not in understood:
                problem = f"the critical option '{printable(name, 64)}' is not enforced here"
                raise CertificateRefused("critical-option", problem)
        try:
            _ = self.force_command, self.source_address
        except KeyFormatError as error:
            raise CertificateRefused("critical-option", str(error)) from None
        for name in _FLAGS:
            if self.critical_options.get(name) or self.extensions.get(name):
                problem = f"'{name}' is a flag, but the certificate gives it a value"
                raise CertificateRefused("option-value", problem)

    @property
    def force_command(self) -> str | None:
        """The one command that the user may run; None for any.

        Raises:
            KeyFormatError: the value of the option is not a command.
        """
        return self._read_option("force-command", read_command)

    @property
    def source_address(self) -> tuple[IPv4Network | IPv6Network, ...] | None:
        """The networks that the user may connect from; None for any.

        Raises:
            KeyFormatError: the value of the option is not a list of networks.
        """
        return self._read_option("source-address", read_addresses)

    def _read_option(self, name: str, read: Callable[[bytes], T]) -> T | None:
        data = self.critical_options.get(name)
        if data is None:
            return None
        try:
            return read(data)
        except WireError as error:
            problem = f"the critical option '{name}' is malformed: {error}"
            raise KeyFormatError(problem) from None

    def fingerprint(self, hash_name: HashName = "sha256") -> str:
        """Return the fingerprint of the certified key, as `ssh-keygen -l` prints it."""
        return self.public_key.fingerprint(hash_name)

    def to_rfc4716(self) -> str:
        """Return the certificate in the format of RFC 4716, which PuTTY reads."""
        encode: Callable[[bytes, str], str] = lazy.load("ssh_keys.formats.rfc4716:encode")
        return encode(self.blob, self.comment)

    def to_openssh(self) -> str:
        """Return the certificate as one line of OpenSSH's format, without a newline."""
        encoded = to_base64(self.blob).decode()
        comment = printable(self.comment, len(self.comment))
        return f"{self.kind} {encoded} {comment}".rstrip(" ")

    def with_comment(self, comment: str) -> Self:
        """Return the certificate with another comment."""
        public_key = self.public_key.with_comment(comment)
        return lazy_attrs.evolve(self, comment=comment, public_key=public_key)

    def __eq__(self, other: object) -> bool:
        return self.blob == other.blob if isinstance(other, Certificate) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.blob)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.kind} {self.fingerprint()} serial={self.serial}>"
