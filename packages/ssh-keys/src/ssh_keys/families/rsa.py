"""RSA keys (RFC 4253 section 6.6) with the SHA-2 signatures of RFC 8332.

public    string "ssh-rsa", mpint e, mpint n
private   string "ssh-rsa", mpint n, mpint e, mpint d, mpint iqmp, mpint p, mpint q
signature string "rsa-sha2-256" | "rsa-sha2-512" | "ssh-rsa", string S
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final, Literal

from cryptography.exceptions import InternalError, InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from ssh_keys.errors import KeyFormatError
from ssh_keys.policy import KeyPolicy
from ssh_keys.private import PrivateKey
from ssh_keys.public import PublicKey
from ssh_wire import MPInt, Record, UsageError, lazy_attrs, record

if TYPE_CHECKING:
    from ssh_keys.registry import PortableFamily
    from ssh_wire.primitives import Buffer

__all__ = ["FAMILY", "RSAPrivateKey", "RSAPublicKey"]

_KIND: Final = "ssh-rsa"
_HASHES: Final[dict[str, hashes.HashAlgorithm]] = {
    "rsa-sha2-512": hashes.SHA512(),
    "rsa-sha2-256": hashes.SHA256(),
    "ssh-rsa": hashes.SHA1(),  # noqa: S303 (used only where the caller names it)
}
_SHA2: Final = ("rsa-sha2-512", "rsa-sha2-256")

_MAX_BITS: Final = 16384
_NEW_BITS: Final = 3072
_MIN_NEW_BITS: Final = 2048
_MIN_EXPONENT: Final = 3
_MAX_EXPONENT_BITS: Final = 64
_NEW_EXPONENT: Final = 65537


@record
class _Public(Record):
    """The public key blob (RFC 4253 section 6.6)."""

    kind: Literal["ssh-rsa"] = lazy_attrs.field(default="ssh-rsa", init=False)
    e: MPInt
    n: MPInt


@record
class _Section(Record):
    """The private key of openssh-key-v1 (OpenSSH's PROTOCOL.key)."""

    kind: Literal["ssh-rsa"] = lazy_attrs.field(default="ssh-rsa", init=False)
    n: MPInt
    e: MPInt
    d: MPInt = lazy_attrs.field(repr=False)
    iqmp: MPInt = lazy_attrs.field(repr=False)
    p: MPInt = lazy_attrs.field(repr=False)
    q: MPInt = lazy_attrs.field(repr=False)


@record
class _PPK(Record):
    """The private key in PuTTY's format."""

    d: MPInt = lazy_attrs.field(repr=False)
    p: MPInt = lazy_attrs.field(repr=False)
    q: MPInt = lazy_attrs.field(repr=False)
    iqmp: MPInt = lazy_attrs.field(repr=False)


@lazy_attrs.frozen(kw_only=True, eq=False, repr=False)
class RSAPublicKey(PublicKey):
    """An RSA public key."""

    numbers: rsa.RSAPublicNumbers

    sha1_algorithms: ClassVar[tuple[str, ...]] = ("ssh-rsa",)

    @property
    def bits(self) -> int:
        """The length of the modulus."""
        return self.numbers.n.bit_length()

    @property
    def algorithms(self) -> tuple[str, ...]:
        """The SHA-2 algorithms (RFC 8332 section 3)."""
        return _SHA2

    def verify_blob(self, data: Buffer, algorithm: str, blob: bytes) -> bool:
        """Check S (RFC 8332 section 3)."""
        size = (self.bits + 7) // 8
        if len(blob) > size:
            return False
        # some signers drop leading zeros of S; OpenSSH restores them, and so does this
        padded = blob.rjust(size, b"\0")
        key = self.to_cryptography()
        try:
            key.verify(padded, bytes(data), padding.PKCS1v15(), _HASHES[algorithm])
        except InvalidSignature:
            return False
        return True

    def to_cryptography(self) -> rsa.RSAPublicKey:
        """Return the key as an object of `cryptography`."""
        return self.numbers.public_key()


@lazy_attrs.frozen(kw_only=True, eq=False, repr=False)
class RSAPrivateKey(PrivateKey):
    """An RSA private key."""

    secret: rsa.RSAPrivateKey

    def sign_blob(self, data: Buffer, algorithm: str) -> bytes:
        """Return S."""
        return self.secret.sign(bytes(data), padding.PKCS1v15(), _HASHES[algorithm])

    def private_fields(self) -> Record:
        """Return the fields as openssh-key-v1 has them."""
        return _section(self.secret.private_numbers())

    def ppk_fields(self) -> Record:
        """Return the secret fields as PuTTY's format has them."""
        numbers = self.secret.private_numbers()
        return _PPK(d=numbers.d, p=numbers.p, q=numbers.q, iqmp=numbers.iqmp)

    def to_cryptography(self) -> rsa.RSAPrivateKey:
        """Return the key as an object of `cryptography`."""
        return self.secret


class _RSA:
    """The family, as `ssh_keys.registry` knows it."""

    def public_from_blob(
        self, kind: str, blob: bytes, comment: str, *, policy: KeyPolicy
    ) -> RSAPublicKey:
        del kind  # there is only one
        fields = _Public.decode(blob)
        _check(fields.e, fields.n, policy=policy)
        numbers = rsa.RSAPublicNumbers(fields.e, fields.n)
        return RSAPublicKey(kind=_KIND, blob=blob, comment=comment, numbers=numbers)

    def end_of_public(self, data: bytes) -> int:
        return _Public.read(data, 0)[1]

    def read_private(
        self, data: bytes, pos: int, *, policy: KeyPolicy
    ) -> tuple[RSAPrivateKey, int]:
        section, end = _Section.read(data, pos)
        return _build(section, policy=policy), end

    def read_ppk(self, public_key: PublicKey, data: bytes) -> tuple[RSAPrivateKey, int]:
        public = _Public.decode(public_key.blob)
        secret, end = _PPK.read(data, 0)
        section = _Section(
            n=public.n, e=public.e, d=secret.d, iqmp=secret.iqmp, p=secret.p, q=secret.q
        )
        # the caller read the public key, and so has checked its size
        return _build(section, policy=KeyPolicy.LEGACY), end

    def generate(self, kind: str, bits: int | None, comment: str) -> RSAPrivateKey:
        del kind  # there is only one
        size = _NEW_BITS if bits is None else bits
        if not _MIN_NEW_BITS <= size <= _MAX_BITS:
            problem = f"a new RSA key has {_MIN_NEW_BITS} to {_MAX_BITS} bits, not {size}"
            raise UsageError(problem)
        secret = rsa.generate_private_key(_NEW_EXPONENT, size)
        return _from_cryptography(secret, policy=KeyPolicy.DEFAULT).with_comment(comment)

    def public_from_cryptography(self, key: object, *, policy: KeyPolicy) -> RSAPublicKey | None:
        return (
            _public_from_cryptography(key, policy=policy)
            if isinstance(key, rsa.RSAPublicKey)
            else None
        )

    def private_from_cryptography(self, key: object, *, policy: KeyPolicy) -> RSAPrivateKey | None:
        if not isinstance(key, rsa.RSAPrivateKey):
            return None
        return _build(_section(key.private_numbers()), policy=policy)


def _check(e: int, n: int, *, policy: KeyPolicy) -> None:
    """Refuse a key that is too weak to trust or too large to compute with."""
    least = policy.min_rsa_bits
    bits = n.bit_length()
    if not least <= bits <= _MAX_BITS:
        problem = f"an RSA key of {bits} bits is outside {least} to {_MAX_BITS}"
        raise KeyFormatError(problem)
    if n % 2 == 0:
        problem = "the modulus of the RSA key is even"
        raise KeyFormatError(problem)
    if e < _MIN_EXPONENT or e % 2 == 0 or e.bit_length() > _MAX_EXPONENT_BITS:
        problem = "the exponent of the RSA key is not an odd number of 3 or more in 64 bits"
        raise KeyFormatError(problem)


def _public_from_cryptography(key: rsa.RSAPublicKey, *, policy: KeyPolicy) -> RSAPublicKey:
    numbers = key.public_numbers()
    _check(numbers.e, numbers.n, policy=policy)
    blob = _Public(e=numbers.e, n=numbers.n).encode()
    return RSAPublicKey(kind=_KIND, blob=blob, numbers=numbers)


def _section(private: rsa.RSAPrivateNumbers) -> _Section:
    return _Section(
        n=private.public_numbers.n,
        e=private.public_numbers.e,
        d=private.d,
        iqmp=private.iqmp,
        p=private.p,
        q=private.q,
    )


def _build(section: _Section, *, policy: KeyPolicy) -> RSAPrivateKey:
    """Make a key of numbers that may contradict each other."""
    _check(section.e, section.n, policy=policy)
    p, q, d = section.p, section.q, section.d
    try:
        iqmp = rsa.rsa_crt_iqmp(p, q)
        dmp1, dmq1 = rsa.rsa_crt_dmp1(d, p), rsa.rsa_crt_dmq1(d, q)
        public = rsa.RSAPublicNumbers(section.e, section.n)
        numbers = rsa.RSAPrivateNumbers(p, q, d, dmp1, dmq1, iqmp, public)
        # the primality tests of the full check take 0.1 s at 3072 bits and a minute at
        # 16384; `_from_cryptography` signs with the key instead
        secret = numbers.private_key(unsafe_skip_rsa_key_validation=True)
    except (ValueError, ZeroDivisionError, InternalError):
        raise _contradiction() from None
    if iqmp != section.iqmp:
        raise _contradiction()
    return _from_cryptography(secret, policy=policy)


def _contradiction() -> KeyFormatError:
    return KeyFormatError("the numbers of the RSA private key contradict each other")


def _from_cryptography(secret: rsa.RSAPrivateKey, *, policy: KeyPolicy) -> RSAPrivateKey:
    key = RSAPrivateKey(
        public_key=_public_from_cryptography(secret.public_key(), policy=policy), secret=secret
    )
    trial = b"does the private key belong to the public key?"
    if not key.public_key.verify_blob(trial, _SHA2[0], key.sign_blob(trial, _SHA2[0])):
        problem = "the private and the public key of RSA differ"
        raise KeyFormatError(problem)
    return key


FAMILY: Final[PortableFamily] = _RSA()
