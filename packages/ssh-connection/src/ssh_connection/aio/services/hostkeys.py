"""All host keys of a server: announced, proven, learned (OpenSSH's PROTOCOL section 2.5)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from ssh_connection import hostkeys
from ssh_connection.services import GlobalRequestType
from ssh_wire.messages import connection as m
from ssh_wire.messages.openssh import HostKeys, HostKeysProve

if TYPE_CHECKING:
    from ssh_connection.multiplexer import GlobalAnswer, Multiplexer
    from ssh_connection.replies import PendingReply
    from ssh_keys import PublicKey
    from ssh_transport import Transport

__all__ = ["HostKeyProofs", "HostKeyProver", "HostKeySigner", "HostKeyUpdater", "announcement_row"]

Spawn: TypeAlias = Callable[[Coroutine[Any, Any, None]], object]
"""Runs a coroutine that ends with the connection at the latest."""

HostKeyProver: TypeAlias = "Callable[[Sequence[PublicKey]], Awaitable[tuple[PublicKey, ...]]]"
"""Asks the server for the proof that it has keys; returns those for which it is good."""

HostKeyUpdater: TypeAlias = "Callable[[tuple[PublicKey, ...], HostKeyProver], Awaitable[None]]"
"""Told of all keys that the server says it has, once; believes only what is proven."""


class HostKeySigner(Protocol):
    """What has the host keys of a server, and signs with them."""

    @property
    def keys(self) -> Sequence[PublicKey]:
        """All host keys."""
        ...

    async def sign(self, key: PublicKey, data: bytes, algorithm: str) -> bytes:
        """Return a signature of `data` by one of them."""
        ...


# ------------------------------------------------------------- the server's half


class HostKeyProofs:
    """Announces the host keys of a server and proves them.

    Args:
        identity: signs with the keys.
        core: the transport, for its session identifier and its host key algorithm.
        mux: carries the requests.
        spawn: runs a coroutine that ends with the connection at the latest.
    """

    def __init__(
        self,
        identity: HostKeySigner,
        core: Transport,
        mux: Multiplexer,
        spawn: Spawn,
    ) -> None:
        self._identity = identity
        self._core = core
        self._mux = mux
        self._spawn = spawn

    @property
    def row(self) -> GlobalRequestType[HostKeysProve]:
        """The row of the registry."""
        return GlobalRequestType(message=HostKeysProve, received=self.prove)

    def announce(self) -> None:
        """Tell the client all keys: one that knows the others survives a change of keys."""
        self._mux.request(hostkeys.announcement(self._identity.keys))

    def prove(self, message: HostKeysProve, reply: PendingReply) -> None:
        """Sign for every key that is asked for, or for none."""
        keys = hostkeys.asked_for(message, self._identity.keys)
        if keys is None or not reply.wanted:
            self._mux.deny(reply)
        else:
            self._spawn(self._sign(keys, reply))

    async def _sign(self, keys: Sequence[PublicKey], reply: PendingReply) -> None:
        negotiated = self._core.agreement.host_key
        signatures: list[bytes] = []
        try:
            for key in keys:
                # an RSA key signs as it did in the key exchange, where it was the one
                algorithm = negotiated if negotiated in key.algorithms else key.algorithms[0]
                data = hostkeys.signed_data(self._core.session_id, key)
                signatures.append(await self._identity.sign(key, data, algorithm))
        except Exception:
            self._mux.deny(reply)
            raise
        self._mux.grant(reply, hostkeys.proof_of(signatures))


# ------------------------------------------------------------- the client's half


def announcement_row(
    learner: HostKeyUpdater,
    request: Callable[[m.GlobalHead], Awaitable[GlobalAnswer]],
    session_id: Callable[[], bytes],
    spawn: Spawn,
    mux: Multiplexer,
) -> GlobalRequestType[HostKeys]:
    """Return the row by which a client learns the other keys of a server.

    Args:
        learner: takes the keys, and believes only what is proven.
        request: sends a global request and returns the answer.
        session_id: returns the session identifier of the connection.
        spawn: runs a coroutine that ends with the connection at the latest.
        mux: carries the answers.
    """

    async def prove(keys: Sequence[PublicKey]) -> tuple[PublicKey, ...]:
        if not keys:
            return ()
        answer = await request(hostkeys.proof_request(keys))
        if isinstance(answer, m.RequestFailure):
            return ()
        return hostkeys.proven(keys, answer.details, session_id())

    async def learn(keys: tuple[PublicKey, ...]) -> None:
        await learner(keys, prove)

    def received(message: HostKeys, reply: PendingReply) -> None:
        mux.services.unregister((HostKeys,))  # the server is listened to once
        spawn(learn(hostkeys.announced(message)))
        mux.deny(reply)

    return GlobalRequestType(message=HostKeys, received=received)
