"""The library that talks to FIDO tokens: OpenSSH's interface of middleware (sk-api.h).

OpenSSH's own one is inside its programs; libfido2 has been built with one (libsk-libfido2.so), and
a maker of tokens may have another.  It runs within the process: load the one that came with the
token, and none that somebody else names.
"""

from __future__ import annotations

import ctypes
from collections.abc import Mapping
from typing import Final

from ssh_keys.errors import KeyFormatError, PinNeeded, TokenFailed
from ssh_keys.families.sk import SecurityKeyPrivateKey, token_key
from ssh_wire import lazy_attrs
from ssh_wire.text import printable, raw

__all__ = [
    "RESIDENT",
    "TOUCH",
    "VERIFICATION",
    "Enrolled",
    "FidoLibrary",
    "ResidentKey",
]

TOUCH: Final = 0x01
"""The flag of a key that asks for a touch."""
VERIFICATION: Final = 0x04
"""The flag of a key that asks for the user's PIN or fingerprint."""
RESIDENT: Final = 0x20
"""The flag of a key that stays in the token."""

_VERSION: Final = 0x000A0000
_MAJOR: Final = 0xFFFF0000
_ALGORITHMS: Final = {
    "sk-ecdsa-sha2-nistp256@openssh.com": 0,
    "sk-ssh-ed25519@openssh.com": 1,
}
_KINDS: Final = {number: kind for kind, number in _ALGORITHMS.items()}
_PIN_REQUIRED: Final = -3
_PROBLEMS: Final = {
    -2: "it does not support what was asked for",
    -4: "there is no token",
    -5: "the token has a key for this application and this user already",
}

_Bytes = ctypes.POINTER(ctypes.c_ubyte)


class _Enrolled(ctypes.Structure):
    """struct sk_enroll_response."""

    _fields_ = (
        ("flags", ctypes.c_uint8),
        ("public_key", _Bytes),
        ("public_key_len", ctypes.c_size_t),
        ("key_handle", _Bytes),
        ("key_handle_len", ctypes.c_size_t),
        ("signature", _Bytes),
        ("signature_len", ctypes.c_size_t),
        ("attestation_cert", _Bytes),
        ("attestation_cert_len", ctypes.c_size_t),
        ("authdata", _Bytes),
        ("authdata_len", ctypes.c_size_t),
    )


class _Resident(ctypes.Structure):
    """struct sk_resident_key."""

    alg: int
    application: bytes
    key: _Enrolled
    flags: int

    _fields_ = (
        ("alg", ctypes.c_uint32),
        ("slot", ctypes.c_size_t),
        ("application", ctypes.c_char_p),
        ("key", _Enrolled),
        ("flags", ctypes.c_uint8),
        ("user_id", _Bytes),
        ("user_id_len", ctypes.c_size_t),
    )


class _Option(ctypes.Structure):
    """struct sk_option."""

    _fields_ = (
        ("name", ctypes.c_char_p),
        ("value", ctypes.c_char_p),
        ("required", ctypes.c_uint8),
    )


@lazy_attrs.frozen(kw_only=True)
class Enrolled:
    """A new key in a token.

    Attributes:
        key: its handle, and its public key.
        signature: the token's signature of the challenge.
        certificate: the certificate of the token's maker (X.509); empty where it gives none.
        authenticator_data: what the token has signed of itself.
    """

    key: SecurityKeyPrivateKey
    signature: bytes
    certificate: bytes
    authenticator_data: bytes


@lazy_attrs.frozen(kw_only=True)
class ResidentKey:
    """A key that stays in a token.

    Attributes:
        key: its handle, and its public key; the comment is its application.
        user: the user that it is for, as it was given to the token.
    """

    key: SecurityKeyPrivateKey
    user: bytes


class FidoLibrary:
    """The functions of a library.

    Args:
        path: the library.

    Raises:
        TokenFailed: it cannot be loaded, or has another version of the interface.
    """

    def __init__(self, path: str) -> None:
        self._name = printable(path)
        try:
            self._library = ctypes.CDLL(path)
            version = ctypes.CFUNCTYPE(ctypes.c_uint32)(("sk_api_version", self._library))()
        except (OSError, AttributeError) as error:
            problem = f"the FIDO library {self._name} cannot be loaded: {printable(str(error))}"
            raise TokenFailed(problem) from None
        if version & _MAJOR != _VERSION:
            problem = f"the FIDO library {self._name} has version {version:#x} of the interface"
            raise TokenFailed(problem)

    def enroll(
        self,
        kind: str,
        application: str,
        challenge: bytes,
        flags: int,
        *,
        pin: str | None = None,
        options: Mapping[str, str] | None = None,
    ) -> Enrolled:
        """Have a token make a key; the user may have to touch it.

        Args:
            kind: the kind of key.
            application: what the key is for, beginning with "ssh:".
            challenge: random bytes, which the token signs.
            flags: `TOUCH`, `VERIFICATION`, `RESIDENT`, added.
            pin: the token's PIN.
            options: which token ("device"), and the name of a resident key ("user").

        Raises:
            PinNeeded: the token asks for its PIN, or this is not the right one.
            TokenFailed: there is no token, or it cannot do it.
        """
        answer = ctypes.POINTER(_Enrolled)()
        self._check(
            self._library.sk_enroll(
                ctypes.c_uint32(_ALGORITHMS[kind]),
                challenge,
                ctypes.c_size_t(len(challenge)),
                raw(application),
                ctypes.c_uint8(flags),
                None if pin is None else raw(pin),
                _options(options or {}),
                ctypes.byref(answer),
            )
        )
        made = answer.contents
        return Enrolled(
            key=_key(kind, application, flags, made),
            signature=_taken(made, "signature"),
            certificate=_taken(made, "attestation_cert"),
            authenticator_data=_taken(made, "authdata"),
        )

    def resident_keys(self, pin: str | None, options: Mapping[str, str]) -> list[ResidentKey]:
        """Return the keys of SSH that stay in the tokens.

        Args:
            pin: the token's PIN.
            options: which token ("device").

        Raises:
            PinNeeded: the token asks for its PIN, or this is not the right one.
            TokenFailed: there is no token, or it cannot do it.
        """
        found = ctypes.POINTER(ctypes.POINTER(_Resident))()
        count = ctypes.c_size_t()
        self._check(
            self._library.sk_load_resident_keys(
                None if pin is None else raw(pin),
                _options(options),
                ctypes.byref(found),
                ctypes.byref(count),
            )
        )
        return [_resident(found[number].contents) for number in range(count.value)]

    def _check(self, status: int) -> None:
        if status == _PIN_REQUIRED:
            problem = "the FIDO token asks for its PIN"
            raise PinNeeded(problem)
        if status:
            reason = _PROBLEMS.get(status, f"error {status}")
            problem = f"the FIDO library {self._name} failed: {reason}"
            raise TokenFailed(problem)


def _resident(found: _Resident) -> ResidentKey:
    kind = _KINDS.get(found.alg)
    if kind is None:
        problem = f"the FIDO token has a key of algorithm {found.alg}, which SSH has not"
        raise KeyFormatError(problem)
    application = found.application.decode("utf-8", "replace")
    key = _key(kind, application, found.flags | RESIDENT, found.key)
    return ResidentKey(key=key, user=_taken(found, "user_id").rstrip(b"\0"))


def _key(kind: str, application: str, flags: int, made: _Enrolled) -> SecurityKeyPrivateKey:
    point, handle = _taken(made, "public_key"), _taken(made, "key_handle")
    return token_key(kind, application, point, flags, handle)


def _taken(structure: ctypes.Structure, name: str) -> bytes:
    """Return bytes that the library has allocated."""
    where, size = getattr(structure, name), getattr(structure, f"{name}_len")
    return ctypes.string_at(where, size) if where and size else b""


def _options(options: Mapping[str, str]) -> object:
    """Return an array of options, with a null pointer at its end; None for none."""
    if not options:
        return None
    made = [ctypes.pointer(_Option(raw(name), raw(value), 1)) for name, value in options.items()]
    return (ctypes.POINTER(_Option) * (len(made) + 1))(*made)
