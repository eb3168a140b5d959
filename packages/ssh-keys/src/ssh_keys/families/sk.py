"""Keys in FIDO tokens (OpenSSH's PROTOCOL.u2f).

public    string "sk-ssh-ed25519@openssh.com", string A, string application
          string "sk-ecdsa-sha2-nistp256@openssh.com", string "nistp256", string Q,
          string application
private   the same, byte flags, string key handle, string reserved
signature `ssh_keys.fido`

The private key never leaves its token.  A file has the handle by which the token finds it, so
such a key is loaded and saved, but does not sign here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, NamedTuple, NoReturn

from ssh_keys.errors import KeyFormatError, TokenNeeded
from ssh_keys.fido import WEBAUTHN, FidoPolicy, read_assertion
from ssh_keys.policy import KeyPolicy
from ssh_keys.private import PrivateKey
from ssh_keys.public import PublicKey
from ssh_wire import Byte, Record, Text, UsageError, lazy_attrs, record
from ssh_wire.primitives import read_text, string

if TYPE_CHECKING:
    from ssh_keys.registry import Family
    from ssh_wire.primitives import Buffer

__all__ = ["FAMILY", "SecurityKeyPrivateKey", "SecurityKeyPublicKey", "token_key"]

_ED25519: Final = "sk-ssh-ed25519@openssh.com"
_ECDSA: Final = "sk-ecdsa-sha2-nistp256@openssh.com"


@record
class _Ed25519Public(Record):
    """The public key blob of an Ed25519 key in a token."""

    kind: Literal["sk-ssh-ed25519@openssh.com"] = lazy_attrs.field(default=_ED25519, init=False)
    point: bytes
    application: Text

    def plain(self) -> bytes:
        return string("ssh-ed25519") + string(self.point)


@record
class _Ed25519Section(_Ed25519Public):
    """The private key of openssh-key-v1 and of the agent protocol."""

    flags: Byte
    handle: bytes = lazy_attrs.field(repr=False)
    reserved: bytes


@record
class _ECDSAPublic(Record):
    """The public key blob of an ECDSA key in a token."""

    kind: Literal["sk-ecdsa-sha2-nistp256@openssh.com"] = lazy_attrs.field(
        default=_ECDSA, init=False
    )
    curve: Literal["nistp256"] = lazy_attrs.field(default="nistp256", init=False)
    point: bytes
    application: Text

    def plain(self) -> bytes:
        return string("ecdsa-sha2-nistp256") + string(self.curve) + string(self.point)


@record
class _ECDSASection(_ECDSAPublic):
    """The private key of openssh-key-v1 and of the agent protocol."""

    flags: Byte
    handle: bytes = lazy_attrs.field(repr=False)
    reserved: bytes


class _Kind(NamedTuple):
    public: type[_Ed25519Public | _ECDSAPublic]
    section: type[_Ed25519Section | _ECDSASection]
    algorithms: tuple[str, ...]


_KINDS: Final = {
    _ED25519: _Kind(_Ed25519Public, _Ed25519Section, (_ED25519,)),
    _ECDSA: _Kind(_ECDSAPublic, _ECDSASection, (_ECDSA, WEBAUTHN)),
}


@lazy_attrs.frozen(kw_only=True, eq=False, repr=False)
class SecurityKeyPublicKey(PublicKey):
    """The public key of a key in a FIDO token.

    Attributes:
        plain: the key that the token signs with.
        application: the application of the key, "ssh:" by default.
    """

    plain: PublicKey
    application: str

    @property
    def bits(self) -> int:
        """The size of the key that the token signs with."""
        return self.plain.bits

    @property
    def algorithms(self) -> tuple[str, ...]:
        """The algorithm of the token, and for ECDSA that of a browser."""
        return _KINDS[self.kind].algorithms

    def verify(
        self,
        data: Buffer,
        signature: Buffer,
        algorithm: str | None = None,
        *,
        allow_sha1: bool = False,
        fido: FidoPolicy | None = None,
    ) -> bool:
        """Say whether `signature` is this key's signature of `data`, and states enough.

        See `PublicKey.verify`; without a policy, the user must have touched the token.
        """
        del allow_sha1  # no token signs with it
        try:
            assertion = read_assertion(signature)
        except KeyFormatError:
            return False
        name = assertion.algorithm
        if name not in self.algorithms or algorithm not in (None, name):
            return False
        signed = assertion.signed(self.application, data)
        if signed is None or not self.verify_blob(signed, name, assertion.blob):
            return False
        return (fido or FidoPolicy()).accepts(assertion)

    def verify_blob(self, data: Buffer, algorithm: str, blob: bytes) -> bool:
        """Check the signature of the token; `data` is what it signed (`Assertion.signed`)."""
        del algorithm  # a browser changes what is signed, not how
        return self.plain.verify_blob(data, self.plain.algorithms[0], blob)

    def to_cryptography(self) -> NoReturn:
        """Raise UsageError: `cryptography` has no class with an application."""
        problem = f"a key of kind {self.kind} is saved in OpenSSH's format alone"
        raise UsageError(problem)


@lazy_attrs.frozen(kw_only=True, eq=False, repr=False)
class SecurityKeyPrivateKey(PrivateKey):
    """The handle of a key in a FIDO token.

    Attributes:
        flags: what the token requires: 0x01 a touch, 0x04 the user's PIN or fingerprint;
            0x20 marks a key that is resident in the token.
        handle: by which the token finds the key.
        reserved: not used yet; kept as it was read.
    """

    flags: int
    handle: bytes
    reserved: bytes = b""

    def sign(self, data: Buffer, algorithm: str | None = None) -> bytes:
        """Raise TokenNeeded: only the token can sign; an agent asks it."""
        del data, algorithm
        raise self._needed()

    def sign_blob(self, data: Buffer, algorithm: str) -> bytes:
        """Raise TokenNeeded: only the token can sign; an agent asks it."""
        return self.sign(data, algorithm)

    def private_fields(self) -> Record:
        """Return the fields as openssh-key-v1 and the agent protocol have them."""
        kind = _KINDS[self.public_key.kind]
        fields = kind.public.decode(self.public_key.blob)
        return kind.section(
            point=fields.point,
            application=fields.application,
            flags=self.flags,
            handle=self.handle,
            reserved=self.reserved,
        )

    def to_cryptography(self) -> NoReturn:
        """Raise UsageError: `cryptography` has no class with a handle."""
        problem = f"a key of kind {self.public_key.kind} is saved in OpenSSH's format alone"
        raise UsageError(problem)

    def _needed(self) -> TokenNeeded:
        return TokenNeeded(
            f"the key {self.public_key.fingerprint()} is in a FIDO token, which alone can sign; "
            "add the key to an agent that has access to the token"
        )


def token_key(
    kind: str, application: str, point: bytes, flags: int, handle: bytes
) -> SecurityKeyPrivateKey:
    """Return the key that a token has made, with its application as its comment.

    Args:
        kind: the kind of key.
        application: what it is for.
        point: the public key, as its curve has it.
        flags: what the token requires.
        handle: by which the token finds the key.

    Raises:
        KeyFormatError: this is not a public key of that kind.
    """
    blob = _KINDS[kind].public(point=point, application=application).encode()
    public = PublicKey.from_blob(blob, application)
    if not isinstance(public, SecurityKeyPublicKey):
        problem = f"a key of kind {public.kind} is not in a FIDO token"
        raise KeyFormatError(problem)
    return SecurityKeyPrivateKey(public_key=public, flags=flags, handle=handle)


class _SecurityKeys:
    """The family, as `ssh_keys.registry` knows it."""

    def public_from_blob(
        self, kind: str, blob: bytes, comment: str, *, policy: KeyPolicy
    ) -> SecurityKeyPublicKey:
        del policy  # no key in a token is weaker than another
        return _public(_KINDS[kind].public.decode(blob), blob, comment)

    def end_of_public(self, data: bytes) -> int:
        kind, _ = read_text(data, 0)
        return _KINDS[kind].public.read(data, 0)[1]

    def read_private(
        self, data: bytes, pos: int, *, policy: KeyPolicy
    ) -> tuple[SecurityKeyPrivateKey, int]:
        del policy
        kind, _ = read_text(data, pos)
        section, end = _KINDS[kind].section.read(data, pos)
        blob = data[pos : pos + self.end_of_public(data[pos:])]
        key = SecurityKeyPrivateKey(
            public_key=_public(section, blob),
            flags=section.flags,
            handle=section.handle,
            reserved=section.reserved,
        )
        return key, end

    def generate(self, kind: str, bits: int | None, comment: str) -> NoReturn:
        del bits, comment
        problem = f"a key of kind {kind} is made by its token: see FidoLibrary.enroll"
        raise UsageError(problem)


def _public(
    fields: _Ed25519Public | _ECDSAPublic, blob: bytes, comment: str = ""
) -> SecurityKeyPublicKey:
    if "\0" in fields.application:
        problem = "the application of the FIDO key holds a NUL"
        raise KeyFormatError(problem)
    return SecurityKeyPublicKey(
        kind=fields.kind,
        blob=blob,
        comment=comment,
        plain=PublicKey.from_blob(fields.plain()),
        application=fields.application,
    )


FAMILY: Final[Family] = _SecurityKeys()
