"""A server's announcement of its host keys, and the proof that it has them."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from typing import TYPE_CHECKING, Any

from ssh_connection import hostkeys

if TYPE_CHECKING:
    from ssh_connection.aio.server.identity import HostIdentity
    from ssh_connection.multiplexer import Multiplexer
    from ssh_connection.replies import PendingReply
    from ssh_keys import PublicKey
    from ssh_transport import Transport
    from ssh_wire.messages import connection as m

__all__ = ["HostKeyProofs"]


class HostKeyProofs:
    """Announces the host keys of a server and proves them (OpenSSH's PROTOCOL section 2.5).

    Args:
        identity: signs with the keys.
        core: the transport, for its session identifier and its host key algorithm.
        mux: carries the requests.
        spawn: runs a coroutine that ends with the connection at the latest.
    """

    def __init__(
        self,
        identity: HostIdentity,
        core: Transport,
        mux: Multiplexer,
        spawn: Callable[[Coroutine[Any, Any, None]], object],
    ) -> None:
        self._identity = identity
        self._core = core
        self._mux = mux
        self._spawn = spawn

    def announce(self) -> None:
        """Tell the client all keys: one that knows the others survives a change of keys."""
        self._mux.request(hostkeys.announcement(self._identity.keys))

    def prove(self, message: m.GlobalRequest, reply: PendingReply) -> None:
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
