"""The keys that an agent says it holds.

A key that this stack cannot use (a kind it does not know, a blob that does not parse)
must not hide the others: it is skipped, and the list says which and why.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Self

from ssh_agent.errors import AgentMisbehaved
from ssh_keys import KeyPolicy, PublicKey, plain_kind
from ssh_wire import SSHError, lazy_attrs
from ssh_wire.primitives import read_text
from ssh_wire.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ssh_agent.messages import IdentityEntry
    from ssh_keys import Certificate

__all__ = ["MAX_IDENTITIES", "Identities", "Identity", "SkippedIdentity"]

MAX_IDENTITIES: Final = 2048
"""The longest list that is believed (OpenSSH's MAX_AGENT_IDENTITIES)."""


@lazy_attrs.frozen
class Identity:
    """A key that an agent signs with.

    Attributes:
        key: the public key.
        comment: the agent's name for it, escaped.
        certificate: the certificate of the key that the agent lists, where it is one.
    """

    key: PublicKey
    comment: str = ""
    certificate: Certificate | None = None

    @property
    def listed(self) -> PublicKey | Certificate:
        """What the agent lists, and signs for: the certificate, or else the key."""
        return self.certificate or self.key


@lazy_attrs.frozen
class SkippedIdentity:
    """A key that an agent holds and that cannot be used.

    Attributes:
        blob: the key as the agent sent it.
        comment: the agent's name for it, escaped.
        reason: why it cannot be used.
    """

    blob: bytes = lazy_attrs.field(repr=False)
    comment: str
    reason: str


class Identities(tuple[Identity, ...]):  # noqa: SLOT001 (a tuple can have no slots)
    """The usable keys in the agent's order, and in `skipped` the others."""

    skipped: tuple[SkippedIdentity, ...] = ()

    @classmethod
    def from_entries(
        cls, entries: Iterable[IdentityEntry], *, policy: KeyPolicy = KeyPolicy.DEFAULT
    ) -> Self:
        """Read the keys of an agent's answer.

        Args:
            entries: the keys as they are sent.
            policy: which keys are strong enough to be read.

        Raises:
            AgentMisbehaved: there are more than 2048.
        """
        usable: list[Identity] = []
        skipped: list[SkippedIdentity] = []
        for entry in entries:
            if len(usable) + len(skipped) == MAX_IDENTITIES:
                problem = f"the agent lists more than {MAX_IDENTITIES} keys"
                raise AgentMisbehaved(problem)
            comment = printable(entry.comment)
            try:
                usable.append(_identity(entry.key, comment, policy=policy))
            except SSHError as error:
                skipped.append(SkippedIdentity(entry.key, comment, str(error)))
        made = cls(usable)
        made.skipped = tuple(skipped)
        return made


def _identity(blob: bytes, comment: str, *, policy: KeyPolicy) -> Identity:
    kind, _ = read_text(blob, 0)
    if plain_kind(kind) is None:
        return Identity(PublicKey.from_blob(blob, policy=policy), comment)
    from ssh_keys import Certificate  # loads when the first one is met

    certificate = Certificate.from_blob(blob, policy=policy)
    return Identity(certificate.public_key, comment, certificate)
