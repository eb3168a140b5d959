"""The client's part of a key exchange: share, reply, host key, decision."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, NamedTuple

from ssh_keys import PublicKey
from ssh_transport.derivation import KeySource
from ssh_transport.errors import HostKeyRefused, KeyExchangeFailed
from ssh_transport.events import HostKeyReceived
from ssh_transport.kex import METHODS
from ssh_transport.kex.base import ClientShare
from ssh_transport.keyexchange import Exchange, KeyExchange
from ssh_wire import SSHError
from ssh_wire.messages.kex import KexECDHInit, KexECDHReply

if TYPE_CHECKING:
    from ssh_transport.algorithms import Role
    from ssh_transport.phases import Phase

__all__ = ["ClientKeyExchange"]


class ExpectReply(NamedTuple):
    """Our share is out; the server's comes with its host key and its signature."""

    exchange: Exchange
    share: ClientShare


class ExpectDecision(NamedTuple):
    """The signature is good; whether the key is the right one is not decided yet."""

    exchange: Exchange
    key: PublicKey
    keys: KeySource


class ClientKeyExchange(KeyExchange):
    """The client's exchanges."""

    role: ClassVar[Role] = "client"
    peer: ClassVar[Role] = "server"
    _ahead: ClientShare | None = None

    @property
    def waiting(self) -> bool:
        """Whether the host key has to be decided on."""
        return isinstance(self._state, ExpectDecision)

    def begin(self) -> None:
        """Send KEXINIT, and the first share on a guess."""
        super().begin()
        if not self._ports.session.session_id and self._guess():
            self._ahead = self._share(self._offer.kex[0])

    def message(self, payload: bytes) -> Phase | None:
        """Take the server's reply (RFC 5656 section 4)."""
        state = self._expect(ExpectReply)
        exchange = state.exchange
        reply = KexECDHReply.decode(payload)
        key = self._host_key(reply.host_key, exchange.agreement.host_key)
        secret = state.share.finish(reply.public)
        hashed = exchange.hash(reply.host_key, (state.share.public, reply.public), secret)
        if not key.verify(hashed, reply.signature, exchange.agreement.host_key):
            problem = "the server's signature of the exchange hash is not valid"
            raise KeyExchangeFailed(problem)
        session = self._ports.session
        keys = exchange.source(secret, hashed, session.session_id or hashed)
        if session.host_key is None:
            self._state = ExpectDecision(exchange, key, keys)
            self._ports.emit(HostKeyReceived(key, exchange.agreement.host_key, initial=True))
            return None
        if key != session.host_key:
            problem = "the server shows another host key than at the start of the connection"
            raise HostKeyRefused(problem)
        return self._complete(exchange, keys)

    def accept(self) -> Phase:
        """Trust the host key."""
        state = self._expect(ExpectDecision)
        session = self._ports.session
        session.host_key = state.key
        session.session_id = state.keys.session_id
        return self._complete(state.exchange, state.keys)

    def abandon(self) -> None:
        """Forget everything: the connection has ended."""
        if isinstance(self._state, ExpectDecision):
            self._state.keys.wipe()
        super().abandon()

    def _start(self, exchange: Exchange, *, guessed_right: bool) -> None:
        share, self._ahead = self._ahead, None
        if share is None or not guessed_right:
            share = self._share(exchange.agreement.kex)
        self._state = ExpectReply(exchange, share)

    def _share(self, method: str) -> ClientShare:
        share = METHODS[method].load().start(self._ports.random)
        self._send(KexECDHInit(public=share.public).encode())
        return share

    def _guess(self) -> bool:
        return self._ports.options.guess

    def _host_key(self, blob: bytes, algorithm: str) -> PublicKey:
        try:
            key = PublicKey.from_blob(blob)
        except SSHError as error:
            problem = f"the server's host key: {error}"
            raise KeyExchangeFailed(problem) from None
        if algorithm not in key.algorithms:
            problem = f"a host key of kind {key.kind} where {algorithm} was negotiated"
            raise KeyExchangeFailed(problem)
        if key.kind == "ssh-rsa" and key.bits < self._ports.options.algorithms.rsa_bits:
            problem = f"an RSA host key of {key.bits} bits"
            raise KeyExchangeFailed(problem)
        return key
