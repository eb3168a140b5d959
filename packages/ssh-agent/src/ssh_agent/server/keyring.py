"""The identities of an agent, how long it keeps them, and its lock; no I/O and no clock.

Times are those of one monotonic clock, in seconds: a change of the date forgets no key, and keeps
none longer.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from ssh_agent.constraints import Constraints
from ssh_agent.framing import MAX_MESSAGE
from ssh_agent.identities import MAX_IDENTITIES
from ssh_agent.server.held import HeldIdentity
from ssh_agent.server.lock import AgentLock
from ssh_keys import KeyPolicy, PrivateKey, is_security_key
from ssh_wire import UsageError, lazy
from ssh_wire.text import raw

if TYPE_CHECKING:
    import secrets

    from ssh_agent.server.signers import AgentSigner
    from ssh_keys import Certificate
else:
    secrets = lazy.module("secrets")

__all__ = ["MAX_HOST_KEYS", "Keyring", "KeyringFull"]

MAX_HOST_KEYS: Final = 65_536
"""The most host keys in the destination constraints of all identities together."""

_LIST_HEAD: Final = 5  # the number of the message, and how many identities there are
_LENGTHS: Final = 8  # of a key and of its comment


class KeyringFull(UsageError):
    """The keyring has 2048 identities, or what they take is too much.

    Their list has to fit into one message, and their destination constraints have at most
    `MAX_HOST_KEYS` keys.
    """


class Keyring:
    """The identities of an agent, in the order in which they were added.

    Several connections share one keyring (`AgentConnection`).

    Args:
        policy: which keys are strong enough to be taken.
        default_lifetime: seconds for which a key is kept that comes without a lifetime; None for
            ever.
        allow_sha1: sign with SHA-1 for clients that ask an RSA key for nothing better; a key with
            destination constraints never does.
        token_signer: returns what signs with the key of a FIDO token whose handle a client adds,
            or None; without it, such keys are refused.
        random: returns random bytes; the operating system's when not given.
    """

    def __init__(
        self,
        *,
        policy: KeyPolicy = KeyPolicy.DEFAULT,
        default_lifetime: int | None = None,
        allow_sha1: bool = False,
        token_signer: Callable[[PrivateKey], AgentSigner | None] | None = None,
        random: Callable[[int], bytes] | None = None,
    ) -> None:
        self.policy: Final = policy
        self.allow_sha1: Final = allow_sha1
        self.token_signer: Final = token_signer
        self.lock: Final = AgentLock(random or secrets.token_bytes)
        self._default_lifetime = default_lifetime
        self._identities: dict[bytes, HeldIdentity] = {}

    @property
    def identities(self) -> tuple[HeldIdentity, ...]:
        """The identities, whether the agent is locked or not."""
        return tuple(self._identities.values())

    def add(
        self,
        key: PrivateKey | AgentSigner,
        *,
        certificate: Certificate | None = None,
        comment: str = "",
        constraints: Constraints | None = None,
        now: float | None = None,
    ) -> HeldIdentity:
        """Keep a key; one that is there already gets the new comment and constraints.

        Args:
            key: the private key, or what signs with it.
            certificate: its certificate, which is listed instead of the plain key.
            comment: what the agent calls it; by default the comment of the key.
            constraints: how it may be used.
            now: the time, which only a key with a lifetime needs.

        Raises:
            UsageError: the certificate is another key's, the private key is in a FIDO token, or
                there is a lifetime and no time.
            KeyringFull: there is no room for it.
        """
        public = key.public_key
        if certificate is not None and certificate.public_key != public:
            problem = "the certificate is not one of the private key"
            raise UsageError(problem)
        if isinstance(key, PrivateKey) and is_security_key(public.kind):
            problem = "the private key is in a FIDO token; add an AgentSigner that asks the token"
            raise UsageError(problem)
        wanted = Constraints() if constraints is None else constraints
        identity = HeldIdentity(
            credential=public if certificate is None else certificate,
            signer=key,
            comment=comment or public.comment,
            expires=self._expiry(wanted.lifetime, now),
            confirm=wanted.confirm,
            destinations=wanted.destinations,
        )
        self._check_room(identity)
        self._identities[identity.credential.blob] = identity
        return identity

    def find(self, blob: bytes) -> HeldIdentity | None:
        """Return the identity that is listed as this key or certificate."""
        return self._identities.get(blob)

    def holds(self, identity: HeldIdentity) -> bool:
        """Say whether the identity is still there, and was not replaced."""
        return self._identities.get(identity.credential.blob) is identity

    def remove(self, identity: HeldIdentity) -> None:
        """Forget an identity, unless it is gone already."""
        if self.holds(identity):
            del self._identities[identity.credential.blob]

    def remove_all(self) -> None:
        """Forget every identity."""
        self._identities.clear()

    def next_deadline(self) -> float | None:
        """Return the time of the next `tick`; None while no identity has a lifetime."""
        times = [each.expires for each in self._identities.values() if each.expires is not None]
        return min(times, default=None)

    def tick(self, now: float) -> None:
        """Forget the identities whose lifetime is over."""
        for identity in self.identities:
            if identity.expires is not None and identity.expires <= now:
                self.remove(identity)

    def _expiry(self, lifetime: int | None, now: float | None) -> float | None:
        seconds = self._default_lifetime if lifetime is None else lifetime
        if seconds is None:
            return None
        if now is None:
            problem = "a key with a lifetime is added with the time"
            raise UsageError(problem)
        return now + seconds

    def _check_room(self, identity: HeldIdentity) -> None:
        """Refuse what would make a list that no client accepts."""
        blob = identity.credential.blob
        others = [each for each in self.identities if each.credential.blob != blob]
        size = _LIST_HEAD + sum(map(_listed_size, (*others, identity)))
        hosts = sum(map(_host_keys, (*others, identity)))
        if len(others) >= MAX_IDENTITIES or size > MAX_MESSAGE or hosts > MAX_HOST_KEYS:
            problem = f"the agent has {len(others)} keys, and no room for another"
            raise KeyringFull(problem)


def _host_keys(identity: HeldIdentity) -> int:
    return sum(len(each.origin.keys) + len(each.target.keys) for each in identity.destinations)


def _listed_size(identity: HeldIdentity) -> int:
    return _LENGTHS + len(identity.credential.blob) + len(raw(identity.comment))
