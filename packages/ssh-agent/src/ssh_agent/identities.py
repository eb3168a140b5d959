"""The keys that an agent says it holds.

A key that this stack cannot use (a kind it does not know, a blob that does not parse)
must not hide the others: it is skipped, and the list says which and why.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Self

import attrs

from ssh_agent.errors import AgentMisbehaved
from ssh_keys import PublicKey
from ssh_wire import SSHError
from ssh_wire.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ssh_agent.messages import IdentityEntry

__all__ = ["MAX_IDENTITIES", "Identities", "Identity", "SkippedIdentity"]

MAX_IDENTITIES: Final = 2048
"""The longest list that is believed (OpenSSH's MAX_AGENT_IDENTITIES)."""


@attrs.frozen
class Identity:
    """A key that an agent signs with.

    Attributes:
        key: the public key.
        comment: the agent's name for it, safe to show.
    """

    key: PublicKey
    comment: str = ""


@attrs.frozen
class SkippedIdentity:
    """A key that an agent holds and that cannot be used.

    Attributes:
        blob: the key as the agent sent it.
        comment: the agent's name for it, safe to show.
        reason: why it cannot be used.
    """

    blob: bytes = attrs.field(repr=False)
    comment: str
    reason: str


class Identities(tuple[Identity, ...]):  # noqa: SLOT001 (a tuple can have no slots)
    """The usable keys in the agent's order, and in `skipped` the others."""

    skipped: tuple[SkippedIdentity, ...] = ()

    @classmethod
    def from_entries(cls, entries: Iterable[IdentityEntry]) -> Self:
        """Read the keys of an agent's answer.

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
                usable.append(Identity(PublicKey.from_blob(entry.key), comment))
            except SSHError as error:
                skipped.append(SkippedIdentity(entry.key, comment, str(error)))
        made = cls(usable)
        made.skipped = tuple(skipped)
        return made
