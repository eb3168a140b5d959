"""The keys that somebody names: files of private keys, of public keys, and of certificates.

What cannot be used is described and never raised: another credential may be enough, and
when none is, whoever connects is told of each.
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Final, TypeAlias

from ssh_auth import KeySigner, Signer
from ssh_keys import (
    MAX_BLOB,
    KeyFormatError,
    KeyPolicy,
    PassphraseNeeded,
    PrivateKey,
    PublicKey,
    UnprotectedKey,
    is_key_text,
    load_private_key,
)
from ssh_keys.files import ReadOnce, may_wait, read_file, read_private_key, read_public_key
from ssh_stack.local.threads import run_in_thread
from ssh_wire import SSHError, lazy, lazy_attrs
from ssh_wire.text import printable

if TYPE_CHECKING:
    from ssh_keys import Certificate
    from ssh_stack.client import encrypted_signer
    from ssh_stack.client.options import KeySource
    from ssh_stack.client.plan.identity import IdentityPlan
    from ssh_stack.local import callbacks
    from ssh_stack.sources import Path
else:
    # rarely used
    encrypted_signer = lazy.module("ssh_stack.client.encrypted_signer")
    callbacks = lazy.module("ssh_stack.local.callbacks")

__all__ = ["KeyReader", "NamedCertificate", "NamedKey"]

_Load: TypeAlias = Callable[[str | bytes | None], PrivateKey]
_Beside: TypeAlias = Callable[[], PublicKey | None]
"""Reads the public key beside a private one, for a private key that does not tell it."""


@lazy_attrs.frozen(kw_only=True)
class NamedKey:
    """A key that was named, as far as it can be used.

    Attributes:
        source: where it comes from, such as "file /home/me/.ssh/id_rsa".
        public_key: its public half, where that is known.
        signer: who signs with it; None where the private half cannot be used.
        certificate: the certificate that lies beside it.
        problem: why there is no signer, and what to do about it.
        absent: whether there is nothing at all where it should be.
    """

    source: str
    public_key: PublicKey | None = None
    signer: Signer | None = None
    certificate: Certificate | None = None
    problem: str = ""
    absent: bool = False


@lazy_attrs.frozen(kw_only=True)
class NamedCertificate:
    """A certificate that was named.

    Attributes:
        source: where it comes from.
        certificate: the certificate; None where it cannot be used.
        problem: why it cannot.
    """

    source: str
    certificate: Certificate | None = None
    problem: str = ""


class KeyReader:
    """Reads keys and certificates.

    Args:
        plan: the passphrase and who is asked for it, how often, whether permissions are looked
            at, and which keys are strong enough to be read.
    """

    def __init__(self, plan: IdentityPlan) -> None:
        self._plan = plan
        self._policy = plan.key_policy

    async def read(self, source: KeySource) -> NamedKey:
        """Read a key: a file, its content, the key, or something that signs with it."""
        with ReadOnce.current().scope():  # as a public key, and as a private one
            return await self._read(source)

    async def _read(self, source: KeySource) -> NamedKey:
        if isinstance(source, str) and is_key_text(source):
            source = source.encode("utf-8", "surrogateescape")
        if isinstance(source, PrivateKey):
            source = _signer(source)
        if isinstance(source, bytes):
            content = source
            return await self._open(lambda p: self._load(content, p), "key data", _no_key)
        if isinstance(source, str | os.PathLike):
            return await self._read_file(_expand_home(source))
        return NamedKey(source=source.source, public_key=source.public_key, signer=source)

    async def read_certificate(self, source: Path | bytes | Certificate) -> NamedCertificate:
        """Read a certificate: a file, its content, or the certificate."""
        with ReadOnce.current().scope():
            if isinstance(source, str | os.PathLike):
                await _wait_for_content(_expand_home(source))
            return self._read_certificate(source)

    def _read_certificate(self, source: Path | bytes | Certificate) -> NamedCertificate:
        from ssh_keys import Certificate, load_public_key  # the first one loads it

        if isinstance(source, Certificate):
            return _user_certificate(source, f"certificate {source.key_id!r}")
        where = "certificate data"
        if not isinstance(source, bytes):
            source = _expand_home(source)
            where = f"file {source}"
        try:
            if isinstance(source, bytes):
                found = load_public_key(source, policy=self._policy)
            else:
                found = _read_public_key_beside(source, policy=self._policy)
        except (OSError, SSHError) as error:
            return NamedCertificate(source=where, problem=_reason(error))
        if isinstance(found, Certificate):
            return _user_certificate(found, where)
        return NamedCertificate(source=where, problem="it is a key and not a certificate")

    # ------------------------------------------------------------- files

    async def _read_file(self, path: str) -> NamedKey:
        source = f"file {path}"
        await _wait_for_content(path)
        content = self._public(path)
        if content is None:
            load, beside = partial(self._load_file, path), partial(self._public_beside, path)
            named = await self._open(load, source, beside)
            if named.public_key is None and not named.absent:  # an agent may have it
                named = lazy_attrs.evolve(named, public_key=self._public_half(path))
        elif isinstance(content, PublicKey):
            problem = _public_key_problem(path)
            named = NamedKey(source=source, public_key=content, problem=problem)
        else:
            return NamedKey(source=source, problem=_CERTIFICATE)
        certificate = self._certificate_beside(path, named.public_key)
        return lazy_attrs.evolve(named, certificate=certificate) if certificate else named

    def _public_beside(self, path: str) -> PublicKey | None:
        found = self._public(f"{path}.pub")
        return found if isinstance(found, PublicKey) else None

    def _public(self, path: str) -> PublicKey | Certificate | None:
        """Return the public key or certificate in a file, or None."""
        try:
            return read_public_key(path, policy=self._policy)
        except (OSError, KeyFormatError):
            return None

    def _public_half(self, path: str) -> PublicKey | None:
        """Return the public half of a key that is not used: others may read its file, say."""
        try:
            return read_private_key(path, policy=self._policy).public_key
        except PassphraseNeeded as locked:
            return locked.public_key
        except (OSError, SSHError):
            return None

    def _load_file(self, path: str, passphrase: str | bytes | None) -> PrivateKey:
        strict = self._plan.strict_permissions
        return read_private_key(path, passphrase, policy=self._policy, strict_permissions=strict)

    def _load(self, content: bytes, passphrase: str | bytes | None) -> PrivateKey:
        return load_private_key(content, passphrase, policy=self._policy)

    def _certificate_beside(self, path: str, public_key: PublicKey | None) -> Certificate | None:
        """Return the user certificate beside a key file, if it is of this key (ssh_config(5))."""
        found = self._public(f"{path}-cert.pub")
        if found is None or isinstance(found, PublicKey) or found.role != "user":
            return None
        return found if public_key in (None, found.public_key) else None

    # ------------------------------------------------------------- passphrases

    async def _open(self, load: _Load, source: str, beside: _Beside) -> NamedKey:
        try:
            key = load(None)
        except PassphraseNeeded as locked:
            return await self._unlock(load, source, locked.public_key or beside())
        except (OSError, SSHError) as error:
            if isinstance(error, UnprotectedKey):
                _warn(source, str(error))
            known = beside()
            absent = known is None and isinstance(error, FileNotFoundError)
            return NamedKey(source=source, public_key=known, problem=_reason(error), absent=absent)
        signer: Signer = KeySigner(key, source)
        if self._adds(source):

            async def return_key() -> PrivateKey:
                return key

            signer = self._adding(signer, return_key)
        return NamedKey(source=source, public_key=key.public_key, signer=signer)

    async def _unlock(self, load: _Load, source: str, public_key: PublicKey | None) -> NamedKey:
        """Return a signer that opens the key when the server wants its signature."""
        signer = self._encrypted_signer(load, source, public_key)
        if signer is None:
            asked = "batch mode asks nothing" if self._plan.batch else "no passphrase was given"
            problem = (
                f"it is encrypted, and {asked}; give a passphrase, or add the key to an agent"
            )
            return NamedKey(source=source, public_key=public_key, problem=problem)
        if public_key is None:  # a format that hides it: whose key is it?
            try:
                await signer.unlock()
            except KeyFormatError as error:
                return NamedKey(source=source, problem=_reason(error))
        public_key = signer.public_key
        adding = self._adding(signer, signer.unlock) if self._adds(source) else signer
        return NamedKey(source=source, public_key=public_key, signer=adding)

    def _adds(self, source: str) -> bool:
        """Return whether the key of a file is to be added to the agent (AddKeysToAgent)."""
        return self._plan.add_to_agent != "no" and source.startswith("file ")

    def _adding(self, signer: Signer, load: Callable[[], Awaitable[PrivateKey]]) -> Signer:
        from ssh_stack.client.agent_addition import AddingSigner, adds_keys  # rarely used

        return AddingSigner(signer, load, self._plan) if adds_keys(self._plan) else signer

    def _encrypted_signer(
        self, load: _Load, source: str, public_key: PublicKey | None
    ) -> encrypted_signer.EncryptedSigner | None:
        passphrase, prompter = self._plan.passphrase, self._plan.prompter
        if isinstance(passphrase, str | bytes):
            given = passphrase

            async def return_given() -> str | bytes:
                return given

            return encrypted_signer.EncryptedSigner(
                load, source, return_given, public_key, tries=1
            )
        if self._plan.batch:
            return None
        if passphrase is not None:
            ask = partial(callbacks.call_for_text, passphrase, what="passphrase")
            return encrypted_signer.EncryptedSigner(
                load, source, ask, public_key, self._plan.password_prompts
            )
        if prompter is not None:
            ask = partial(
                callbacks.call_for_text, prompter.passphrase, source, what="prompter.passphrase"
            )
            return encrypted_signer.EncryptedSigner(
                load, source, ask, public_key, self._plan.password_prompts
            )
        return None


def _signer(key: PrivateKey) -> Signer:
    if not key.waits:
        return KeySigner(key)
    from ssh_stack.client.token_keys import ThreadSigner  # rarely used

    return ThreadSigner(key)


def _no_key() -> None:
    """Return nothing: there is no file beside the content of a key."""


async def _wait_for_content(path: str) -> None:
    """Read what may have to be waited for in a thread, so that it is there."""
    if may_wait(path):
        with suppress(OSError, KeyFormatError):  # raised again by who wants it
            await run_in_thread(partial(read_file, path, MAX_BLOB))


_CERTIFICATE: Final = (
    "it is a certificate; name the file of its private key, and this file as a certificate"
)


def _public_key_problem(path: str) -> str:
    """Say of a file that it holds a public key, and which file may be meant."""
    private = path.removesuffix(".pub")
    is_there = private != path and os.path.exists(private)  # noqa: PTH110 (no Path is needed here)
    where = f", {private}," if is_there else ""
    return (
        "it is a public key, and no agent holds the private one;"
        f" name the file of the private key{where} instead"
    )


def _read_public_key_beside(path: str, *, policy: KeyPolicy) -> PublicKey | Certificate:
    """Read a public key or certificate at a path, or at the path with `.pub` behind it."""
    try:
        return read_public_key(path, policy=policy)
    except FileNotFoundError:
        return read_public_key(f"{path}.pub", policy=policy)


def _user_certificate(certificate: Certificate, source: str) -> NamedCertificate:
    if certificate.role != "user":
        return NamedCertificate(source=source, problem="it is a host certificate")
    return NamedCertificate(source=source, certificate=certificate)


def _expand_home(path: Path) -> str:
    return os.path.expanduser(os.fspath(path))  # noqa: PTH111 (an unknown user stays)


def _reason(error: Exception) -> str:
    if isinstance(error, OSError):
        return printable(error.strerror or str(error))
    return str(error)


def _warn(source: str, problem: str) -> None:
    import logging  # costs import time, and this is rare

    logging.getLogger("ssh_stack").warning("%s is not used: %s", source, problem)
