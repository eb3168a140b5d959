"""What the user can prove itself with: agent, key files, password, answers."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path as FilePath
from typing import Final

from ssh_auth import (
    AgentSigner,
    Credential,
    InteractiveCredential,
    KeyCredential,
    KeySigner,
    NoneCredential,
    PasswordCredential,
    Signer,
    password_answers,
)
from ssh_keys import KeyFormatError, PassphraseNeeded, PrivateKey
from ssh_keys.files import read_private_key
from ssh_keys.load import load_private_key
from ssh_stack.locked import LockedSigner
from ssh_stack.options import ClientOptions, Default, Path
from ssh_stack.plan import AuthenticationPlan

__all__ = ["DEFAULT_IDENTITIES", "credentials"]

DEFAULT_IDENTITIES: Final = ("id_ed25519", "id_ecdsa", "id_rsa")
"""The key files in ~/.ssh that are tried when none are named."""

_ASKED: Final = 3  # times that a person is asked, as by ssh's NumberOfPasswordPrompts


async def credentials(
    options: ClientOptions, plan: AuthenticationPlan, stack: AsyncExitStack
) -> tuple[Credential, ...]:
    """Return what to log in with, in the order it is tried: agent, files, password.

    Args:
        options: what `connect` was told.
        plan: what it and the configuration come to.
        stack: closes the connection to the agent.

    Raises:
        OSError: a key file that was named cannot be read.
        KeyFormatError: a key that was named cannot be used.
    """
    signers: list[Signer] = []
    files = plan.identity_files
    sources, required = _sources(options, files)
    for source in sources:
        signer = await _load(source, options, required=required)
        if signer is not None:
            signers.append(signer)
    agent = await _agent_signers(plan, stack)
    if plan.identities_only:
        blobs = {signer.public_key.blob for signer in signers} | _public_blobs(files)
        agent = [signer for signer in agent if signer.public_key.blob in blobs]
    found: list[Credential] = [KeyCredential(s) for s in _distinct([*agent, *signers])]
    found += _secrets(options, plan.login)
    return tuple(found) or (NoneCredential(),)


def _sources(
    options: ClientOptions, files: Sequence[Path]
) -> tuple[Sequence[Path | bytes | PrivateKey | Signer], bool]:
    """The keys to load, and whether each of them was asked for by name."""
    if options.keys is None:
        return (), False
    if not isinstance(options.keys, Default):
        return options.keys, True
    if files:
        return files, False
    home = FilePath("~/.ssh").expanduser()
    return [home / name for name in DEFAULT_IDENTITIES], False


def _public_blobs(files: Sequence[Path]) -> set[bytes]:
    """The keys of `.pub` files beside named key files: the private half may be the agent's."""
    from ssh_keys.files import read_public_key  # noqa: PLC0415 (only with IdentitiesOnly)

    blobs: set[bytes] = set()
    for file in files:
        for path in (os.fspath(file), f"{os.fspath(file)}.pub"):
            try:
                blobs.add(read_public_key(path).blob)
            except (OSError, KeyFormatError):
                continue
    return blobs


async def _load(
    source: Path | bytes | PrivateKey | Signer, options: ClientOptions, *, required: bool
) -> Signer | None:
    if isinstance(source, PrivateKey):
        return KeySigner(source)
    if isinstance(source, bytes):
        return await _unlock(lambda p: load_private_key(source, p), "memory", options)
    if not isinstance(source, str | os.PathLike):
        return source
    path = FilePath(os.path.expanduser(source))  # noqa: PTH111, ASYNC240 (reads no disk)
    try:
        return await _unlock(lambda p: read_private_key(path, p), f"file {path}", options)
    except (FileNotFoundError, KeyFormatError):
        if required:
            raise
        return None  # a key that the caller did not name need not be there, or be open


async def _unlock(
    load: Callable[[str | bytes | None], PrivateKey], source: str, options: ClientOptions
) -> Signer:
    """Load a key, in a thread where deriving a key from a passphrase takes its time."""
    try:
        return KeySigner(load(None), source)
    except PassphraseNeeded as locked:
        passphrase = options.passphrase
        if isinstance(passphrase, str | bytes):
            return KeySigner(await asyncio.to_thread(load, passphrase), source)
        if passphrase is not None:
            ask = passphrase
        elif options.person is not None:
            ask = partial(options.person.passphrase, source)
        else:
            raise
        signer = LockedSigner(load, source, ask, locked.public_key)
        if locked.public_key is None:  # a format that hides it: whose key is it?
            await signer.unlock()
        return signer


async def _agent_signers(plan: AuthenticationPlan, stack: AsyncExitStack) -> list[Signer]:
    """The agent's keys; an agent that is not there has none, unless it was named."""
    if plan.agent is None:
        return []
    named = not isinstance(plan.agent, Default)
    default = os.environ.get("SSH_AUTH_SOCK", "")
    path = default if isinstance(plan.agent, Default) else os.fspath(plan.agent)
    if not path:
        return []
    from ssh_agent import AgentError  # noqa: PLC0415 (loads where there is an agent)
    from ssh_agent.aio import AgentClient  # noqa: PLC0415 (the same)

    try:
        agent = await stack.enter_async_context(AgentClient.connect(path))
        return [AgentSigner(agent, identity) for identity in await agent.identities()]
    except AgentError:
        if named:
            raise
        return []


def _distinct(signers: Sequence[Signer]) -> list[Signer]:
    """Each key once, from the first that has it."""
    found: dict[bytes, Signer] = {}
    for signer in signers:
        found.setdefault(signer.public_key.blob, signer)
    return list(found.values())


def _secrets(options: ClientOptions, who: str) -> list[Credential]:
    found: list[Credential] = []
    if options.interactive is not None:
        found += [InteractiveCredential(options.interactive, source="caller")] * _ASKED
    person = options.person
    if person is not None and options.interactive is None and options.password is None:
        found += [InteractiveCredential(partial(person.answers, who), source="person")] * _ASKED
        found += [PasswordCredential(partial(person.password, who), source="person")] * _ASKED
    if options.password is not None:
        times = _ASKED if callable(options.password) else 1
        found += [PasswordCredential(options.password, source="caller")] * times
        if options.interactive is None and isinstance(options.password, str):
            answers = password_answers(options.password)
            found.append(InteractiveCredential(answers, source="caller's password"))
    return found
