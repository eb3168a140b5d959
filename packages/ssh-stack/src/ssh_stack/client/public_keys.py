"""The keys that a user may log in with, in the order of OpenSSH's pubkey_prepare.

    1. certificates that were named
    2. keys of the agent that were named, too
    3. other keys of the agent
    4. the other named keys, and the certificates beside them

Keys that the caller gives as such come before other keys of the agent: a server counts each
key that it does not know.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Sequence
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Final

from ssh_auth import (
    AgentSigner,
    AuthCredential,
    KeyCredential,
    KeySigner,
    Signer,
    UnusableCredential,
)
from ssh_keys import PublicKey
from ssh_stack.client.key_files import KeyReader, NamedCertificate, NamedKey
from ssh_stack.client.plan.identity import IdentityPlan
from ssh_stack.local.user import expand_home
from ssh_stack.sources import Default
from ssh_wire import UsageError, lazy_attrs

if TYPE_CHECKING:
    from ssh_connection.aio import SessionProof
    from ssh_keys import Certificate
    from ssh_stack.client.options import KeySource

__all__ = ["DEFAULT_IDENTITIES", "KeyOrder", "public_keys"]

DEFAULT_IDENTITIES: Final = (
    "id_rsa",
    "id_ecdsa",
    "id_ecdsa_sk",
    "id_ed25519",
    "id_ed25519_sk",
    "id_mldsa44_ed25519",
)
"""The key files in ~/.ssh that are tried when none are named, as ssh_config(5) lists them."""

_METHOD: Final = "publickey"
_WINDOWS: Final = sys.platform == "win32"


async def public_keys(
    plan: IdentityPlan, stack: AsyncExitStack, session: Callable[[], SessionProof | None]
) -> list[AuthCredential]:
    """Return the keys, and among them what was named and cannot be used.

    Args:
        plan: how the user is authenticated.
        stack: closes the connection to the agent.
        session: returns the session that the agent signs for, once the keys are exchanged.
    """
    reader = KeyReader(plan)
    explicit = plan.keys_from != "default"
    named = [await reader.read(source) for source in _sources(plan)]
    if plan.pkcs11_provider is not None:
        from ssh_stack.client.token_keys import token_keys  # rarely used

        named = [*await token_keys(plan.pkcs11_provider, plan, stack), *named]
    named = [key for key in named if explicit or not key.absent]
    certificates = [await reader.read_certificate(source) for source in plan.certificates]
    agent, unusable = await _agent_keys(plan, stack, session)
    order = KeyOrder(
        named=named,
        certificates=certificates,
        agent=agent,
        explicit=explicit,
        others=not plan.identities_only,
    )
    found = order.named_order() if plan.keys_from == "option" else order.openssh_order()
    return [_check_rsa_size(each, plan.min_rsa_bits) for each in (*found, *unusable)]


def _sources(plan: IdentityPlan) -> Sequence[KeySource]:
    """Return the keys to read: those that are named, or the files that `ssh` tries."""
    if plan.keys_from != "default":
        return plan.keys
    try:
        home = expand_home("~/.ssh")
    except UsageError:  # a user without a home directory has no keys in it
        return ()
    return [home / name for name in DEFAULT_IDENTITIES]


async def _agent_keys(
    plan: IdentityPlan, stack: AsyncExitStack, session: Callable[[], SessionProof | None]
) -> tuple[dict[bytes, KeyCredential], list[AuthCredential]]:
    """Return the agent's keys by their blobs, and what of it cannot be used."""
    if plan.agent is None:
        return {}, []
    default = os.environ.get("SSH_AUTH_SOCK", "")
    path = default if isinstance(plan.agent, Default) else os.fspath(plan.agent)
    # an agent of Windows has a place of its own
    if not path and not (_WINDOWS and isinstance(plan.agent, Default)):
        return {}, []
    from ssh_agent import AgentError  # loads where there is an agent
    from ssh_agent.aio import AgentClient  # the same
    from ssh_stack.client.bound_agent import BoundAgent  # the same

    try:
        agent = await stack.enter_async_context(AgentClient.connect(path or None))
        identities = await agent.identities(policy=plan.key_policy)
    except AgentError as error:
        if isinstance(plan.agent, Default):
            return {}, []  # SSH_AUTH_SOCK outlives the agent that it names
        return {}, [UnusableCredential(_METHOD, f"agent {path}", str(error))]
    bound = BoundAgent(agent, session)
    found: dict[bytes, KeyCredential] = {}
    for each in identities:
        if each.certificate is None or each.certificate.role == "user":
            credential = KeyCredential(AgentSigner(bound, each), certificate=each.certificate)
            found.setdefault(each.listed.blob, credential)
    unusable: list[AuthCredential] = [
        UnusableCredential(_METHOD, f"agent {each.comment}".rstrip(), each.reason)
        for each in identities.skipped
    ]
    return found, unusable


@lazy_attrs.frozen
class _Entry:
    """A named key, or a certificate beside one."""

    source: str
    offered: PublicKey | Certificate | None
    signer: Signer | None
    problem: str

    @property
    def blob(self) -> bytes:
        return b"" if self.offered is None else self.offered.blob


@lazy_attrs.frozen(kw_only=True)
class KeyOrder:
    """The keys that there are, to be put in order.

    Attributes:
        named: the keys that were named, in their order.
        certificates: the certificates that were named.
        agent: the agent's keys by the blob that it lists, in its order.
        explicit: whether somebody named the keys, so that their order is kept.
        others: whether keys of the agent that are not named are used, too.
    """

    named: Sequence[NamedKey]
    certificates: Sequence[NamedCertificate] = ()
    agent: dict[bytes, KeyCredential] = lazy_attrs.field(factory=dict[bytes, KeyCredential])
    explicit: bool = True
    others: bool = True

    def openssh_order(self) -> list[AuthCredential]:
        """Return the keys as OpenSSH's client tries them."""
        entries = self._entries()
        blobs = {entry.blob for entry in entries}
        held = [(blob, key) for blob, key in self.agent.items() if blob in blobs or self.others]
        # those of the agent that were named come first, in the agent's order
        held.sort(key=lambda item: item[0] not in blobs)
        fixed = [self.explicit and blob in blobs for blob, _ in held]
        of_agent = _certificates_first([key for _, key in held], fixed)
        rest = [self._credential_of(entry) for entry in entries if entry.blob not in self.agent]
        of_files = _certificates_first(rest, [self.explicit] * len(rest))
        return _without_duplicates([*self._certificate_credentials(), *of_agent, *of_files])

    def named_order(self) -> list[AuthCredential]:
        """Return the keys in the order named, then the agent's others."""
        ours: list[AuthCredential] = []
        for entry in self._entries():
            # a key in memory needs no agent; an encrypted one is
            # not opened where the agent has it
            held = None if isinstance(entry.signer, KeySigner) else self.agent.get(entry.blob)
            ours.append(held or self._credential_of(entry))
        others = self.agent.values() if self.others else ()
        return _without_duplicates([*self._certificate_credentials(), *ours, *others])

    def _entries(self) -> list[_Entry]:
        """Return the named keys, and the certificates beside them unless some are named."""
        entries: list[_Entry] = []
        for key in self.named:
            entries.append(_Entry(key.source, key.public_key, key.signer, key.problem))
            if key.certificate is not None and not self.certificates:
                signer = key.signer or self._signer_of(key.certificate.public_key)
                entries.append(_Entry(key.source, key.certificate, signer, key.problem))
        return entries

    def _certificate_credentials(self) -> list[AuthCredential]:
        """Return the certificates that were named, each with its signer."""
        found: list[AuthCredential] = []
        for each in self.certificates:
            certificate = each.certificate
            signer = None if certificate is None else self._signer_of(certificate.public_key)
            if signer is None:
                problem = each.problem or "its private key is neither named nor in the agent"
                found.append(UnusableCredential(_METHOD, each.source, problem))
            else:
                found.append(KeyCredential(signer, certificate=certificate))
        return found

    def _signer_of(self, public_key: PublicKey) -> Signer | None:
        """Who signs with a key: the agent, or else a file."""
        held = self.agent.get(public_key.blob)
        if held is not None:
            return held.signer
        signers = (key.signer for key in self.named if key.public_key == public_key)
        return next((signer for signer in signers if signer is not None), None)

    def _credential_of(self, entry: _Entry) -> AuthCredential:
        if entry.signer is None:
            offered = entry.offered
            fingerprint = "" if offered is None else offered.fingerprint()
            return UnusableCredential(_METHOD, entry.source, entry.problem, fingerprint)
        if isinstance(entry.offered, PublicKey):
            return KeyCredential(entry.signer)
        return KeyCredential(entry.signer, certificate=entry.offered)


def _certificates_first(
    keys: Sequence[AuthCredential], fixed: Sequence[bool]
) -> list[AuthCredential]:
    """Put certificates before keys, among those whose place is not fixed.

    As OpenSSH's order_identities_by_prio: a certificate that wants the user's PIN or finger
    comes behind the others, one that wants no touch before them.
    """
    movable = [key for key, stays in zip(keys, fixed, strict=True) if not stays]
    ordered = iter(sorted(movable, key=_priority))
    return [key if stays else next(ordered) for key, stays in zip(keys, fixed, strict=True)]


def _priority(credential: AuthCredential) -> int:
    if not isinstance(credential, KeyCredential) or credential.certificate is None:
        return 3
    if "verify-required" in credential.certificate.critical_options:
        return 2
    return 0 if "no-touch-required" in credential.certificate.extensions else 1


def _without_duplicates(credentials: Iterable[AuthCredential]) -> list[AuthCredential]:
    """Each key once, in the first place that it has."""
    found: dict[object, AuthCredential] = {}
    for each in credentials:
        found.setdefault(each.offered.blob if isinstance(each, KeyCredential) else each, each)
    return list(found.values())


def _check_rsa_size(credential: AuthCredential, bits: int) -> AuthCredential:
    """Refuse an RSA key that is smaller than RequiredRSASize of ssh_config(5) wants."""
    if not isinstance(credential, KeyCredential):
        return credential
    key = credential.signer.public_key
    if key.kind != "ssh-rsa" or key.bits >= bits:
        return credential
    problem = f"an RSA key of {key.bits} bits is too small: RequiredRSASize is {bits}"
    return UnusableCredential(_METHOD, credential.source, problem, key.fingerprint())
