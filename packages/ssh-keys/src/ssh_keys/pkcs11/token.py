"""A token: its sessions, who has logged in, and the keys in it."""

from __future__ import annotations

import os
from threading import Lock
from typing import TYPE_CHECKING, Final, Self, TypeGuard, cast

from ssh_keys.errors import PinNeeded, TokenFailed
from ssh_keys.pkcs11.driver import load_library, reported
from ssh_keys.pkcs11.key import TokenPrivateKey
from ssh_keys.pkcs11.objects import public_key_of
from ssh_keys.policy import KeyPolicy
from ssh_wire.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

    import pkcs11
    from pkcs11.types import SignMixin

__all__ = ["Token", "open_tokens"]

_MAX_LABEL: Final = 64


class Token:
    """One token of a library.  Any number of threads may use it; their calls take turns.

    Args:
        token: the token, as python-pkcs11 has it.
        policy: which keys are strong enough to be used.
    """

    def __init__(self, token: pkcs11.Token, *, policy: KeyPolicy) -> None:
        self._token = token
        self._policy = policy
        self._turn = Lock()
        self._pin: str | None = None
        self._logged_in = False
        self._open: pkcs11.Session | None = token.open()

    @property
    def _session(self) -> pkcs11.Session:
        if self._open is None:
            problem = f"the PKCS#11 token '{self.label}' was closed"
            raise TokenFailed(problem)
        return self._open

    @property
    def label(self) -> str:
        """The name of the token, escaped."""
        return printable(self._token.label.strip(" \0"), _MAX_LABEL)

    @property
    def needs_pin(self) -> bool:
        """Whether its private keys can be used only after `log_in`."""
        from pkcs11 import TokenFlag

        return not self._logged_in and bool(self._token.flags & TokenFlag.LOGIN_REQUIRED)

    @property
    def keys(self) -> tuple[TokenPrivateKey, ...]:
        """The keys in the token that SSH can use; some tokens tell them only after `log_in`.

        Raises:
            TokenFailed: the token is gone, or fails.
        """
        with self._turn, reported(self.label):
            found: dict[bytes, TokenPrivateKey] = {}
            for each in self._public_objects():
                public_key = public_key_of(each, policy=self._policy)
                if public_key is not None:
                    key_id, comment = _id(each), _label(each)
                    key = public_key.with_comment(comment)
                    made = TokenPrivateKey(public_key=key, token=self, key_id=key_id)
                    found.setdefault(public_key.blob, made)
            return tuple(found.values())

    def _public_objects(self) -> Iterator[pkcs11.Object]:
        """Yield the public keys, then the certificates: many cards have nothing else."""
        from pkcs11 import Attribute, ObjectClass

        for kind in (ObjectClass.PUBLIC_KEY, ObjectClass.CERTIFICATE):
            # all at once: while one search runs, nothing else can be asked
            yield from list(self._session.get_objects({Attribute.CLASS: kind}))

    def log_in(self, pin: str) -> None:
        """Log in as the user.

        Args:
            pin: the user's PIN; "" where the token has a pad of its own to type it at.

        Raises:
            TokenFailed: the PIN is wrong or locked, or the token fails.
        """
        import pkcs11

        with self._turn, reported(self.label):
            before = self._session
            try:
                session = self._token.open(user_pin=pin or pkcs11.PROTECTED_AUTH)
            except pkcs11.UserAlreadyLoggedIn:  # in another session of this process
                session = self._token.open()
            except (pkcs11.PinIncorrect, pkcs11.PinInvalid, pkcs11.PinLenRange):
                problem = f"the PKCS#11 token '{self.label}' refuses the PIN"
                raise TokenFailed(problem) from None
            before.close()
            self._open, self._logged_in, self._pin = session, True, pin

    def sign(self, key_id: bytes, mechanism: str, data: bytes) -> bytes:
        """Sign with one of the private keys.

        Args:
            key_id: its CKA_ID.
            mechanism: the name of the mechanism, without "CKM_".
            data: what the mechanism takes.

        Raises:
            PinNeeded: the user has not logged in.
            TokenFailed: the key is not there, or the token fails.
        """
        from pkcs11 import Attribute, Mechanism, ObjectClass

        if self.needs_pin:
            problem = f"the PKCS#11 token '{self.label}' needs its PIN: log in first"
            raise PinNeeded(problem)
        wanted = {Attribute.CLASS: ObjectClass.PRIVATE_KEY, Attribute.ID: key_id}
        with self._turn, reported(self.label):
            found = [each for each in list(self._session.get_objects(wanted)) if _signs(each)]
            if not found:
                problem = f"the PKCS#11 token '{self.label}' has no such private key to sign with"
                raise TokenFailed(problem)
            # "always authenticate": the PIN again for each signature
            pin = self._pin if _always_asks(found[0]) else None
            return found[0].sign(data, mechanism=Mechanism[mechanism], pin=pin)

    def close(self) -> None:
        """Close the session; the keys sign no more."""
        with self._turn, reported(self.label):
            session, self._open, self._pin = self._open, None, None
            if session is not None:
                session.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.label!r}>"


def open_tokens(
    library: str | os.PathLike[str], *, policy: KeyPolicy = KeyPolicy.DEFAULT
) -> tuple[Token, ...]:
    """Open the tokens that a library finds; close each after use.

    Args:
        library: the path of the library of the token's maker.
        policy: which keys are strong enough to be used.

    Raises:
        UsageError: python-pkcs11 is not installed.
        TokenFailed: the library cannot be loaded, or fails.
    """
    path = os.fspath(library)
    loaded = load_library(path)
    with reported(path):
        from pkcs11 import TokenFlag

        return tuple(
            Token(token, policy=policy)
            for token in loaded.get_tokens()
            if token.flags & TokenFlag.TOKEN_INITIALIZED
        )


def _id(found: pkcs11.Object) -> bytes:
    from pkcs11 import Attribute

    return cast("bytes", _value(found, Attribute.ID, b""))


def _label(found: pkcs11.Object) -> str:
    from pkcs11 import Attribute

    return printable(cast("str", _value(found, Attribute.LABEL, "")))


def _signs(key: pkcs11.Object) -> TypeGuard[SignMixin]:
    from pkcs11 import Attribute

    return _value(key, Attribute.SIGN, default=True) is not False


def _always_asks(key: pkcs11.Object) -> bool:
    from pkcs11 import Attribute

    return _value(key, Attribute.ALWAYS_AUTHENTICATE, default=False) is True


def _value(found: pkcs11.Object, name: pkcs11.Attribute, default: object) -> object:
    """Return an attribute; the default where the token does not tell it."""
    from pkcs11.exceptions import AttributeTypeInvalid

    try:
        return found[name]
    except AttributeTypeInvalid:
        return default
