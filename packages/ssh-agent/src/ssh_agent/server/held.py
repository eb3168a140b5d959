"""One identity of a keyring."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ssh_keys import Credential, PrivateKey, PublicKey, plain_key
from ssh_wire import lazy_attrs

if TYPE_CHECKING:
    from ssh_agent.destinations import DestinationConstraint
    from ssh_agent.server.signers import AgentSigner

__all__ = ["HeldIdentity"]


@lazy_attrs.frozen(kw_only=True, eq=False)
class HeldIdentity:
    """A key, or a certificate with its key, and how it may be used.

    Attributes:
        credential: what the agent lists.
        signer: the private key, or what signs with it.
        comment: the agent's name for it.
        expires: the time at which it is forgotten, by the clock of `Keyring`; None for never.
        confirm: whether the user is asked before each use.
        destinations: the ways that it may be used; empty for every way.
    """

    credential: Credential
    signer: PrivateKey | AgentSigner = lazy_attrs.field(repr=False)
    comment: str = ""
    expires: float | None = None
    confirm: bool = False
    destinations: tuple[DestinationConstraint, ...] = lazy_attrs.field(default=(), repr=False)

    @property
    def public_key(self) -> PublicKey:
        """The key itself, or that of the certificate."""
        return plain_key(self.credential)
