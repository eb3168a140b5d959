"""The server's part of a key exchange: share, signature, reply."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, NamedTuple

import attrs

from ssh_keys import PublicKey
from ssh_transport.derivation import KeySource
from ssh_transport.events import SignatureRequested
from ssh_transport.kex import METHODS
from ssh_transport.keyexchange import Exchange, KeyExchange
from ssh_wire import UsageError
from ssh_wire.messages.kex import KexECDHInit, KexECDHReply

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ssh_transport.algorithms import Algorithms, Role
    from ssh_transport.keyexchange import Ports
    from ssh_transport.phases import Phase

__all__ = ["ServerKeyExchange"]


class ExpectInit(NamedTuple):
    """The client's share is awaited."""

    exchange: Exchange


class ExpectSignature(NamedTuple):
    """Everything is computed but the signature of the exchange hash."""

    exchange: Exchange
    key: PublicKey
    public: bytes
    keys: KeySource


class ServerKeyExchange(KeyExchange):
    """The server's exchanges."""

    role: ClassVar[Role] = "server"
    peer: ClassVar[Role] = "client"

    def __init__(self, ports: Ports, offer: Algorithms, host_keys: Sequence[PublicKey]) -> None:
        able = {name for key in host_keys for name in key.algorithms}
        names = tuple(name for name in offer.host_keys if name in able)
        if not names:
            problem = "no host key can make a signature that the algorithms allow"
            raise UsageError(problem)
        super().__init__(ports, attrs.evolve(offer, host_keys=names))
        self._host_keys = tuple(host_keys)

    def message(self, payload: bytes) -> Phase | None:
        """Take the client's share (RFC 5656 section 4)."""
        exchange = self._expect(ExpectInit).exchange
        client_public = KexECDHInit.decode(payload).public
        method = METHODS[exchange.agreement.kex].load()
        public, secret = method.answer(client_public, self._ports.random)
        algorithm = exchange.agreement.host_key
        key = next(key for key in self._host_keys if algorithm in key.algorithms)
        hashed = exchange.hash(key.blob, (client_public, public), secret)
        session_id = self._ports.session.session_id or hashed
        keys = exchange.source(secret, hashed, session_id)
        self._state = ExpectSignature(exchange, key, public, keys)
        self._ports.emit(SignatureRequested(key, algorithm, hashed))
        return None

    def sign(self, signature: bytes) -> Phase:
        """Reply with the signature of the exchange hash."""
        state = self._expect(ExpectSignature)
        session = self._ports.session
        session.host_key = state.key
        session.session_id = state.keys.session_id
        reply = KexECDHReply(host_key=state.key.blob, public=state.public, signature=signature)
        self._send(reply.encode())
        return self._complete(state.exchange, state.keys)

    def abandon(self) -> None:
        """Forget everything: the connection has ended."""
        if isinstance(self._state, ExpectSignature):
            self._state.keys.wipe()
        super().abandon()

    def _start(self, exchange: Exchange, *, guessed_right: bool) -> None:  # noqa: ARG002
        self._state = ExpectInit(exchange)
