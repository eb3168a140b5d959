"""The server's part of a key exchange: share, signature, reply."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from ssh_keys import plain_key
from ssh_transport.events import SignatureRequested
from ssh_transport.kex.share_messages import KexReply
from ssh_transport.keyexchange.base import KeyExchange
from ssh_transport.keyexchange.states import (
    Exchange,
    ExpectInit,
    ExpectRequest,
    ExpectSignature,
    OwnHostKey,
)
from ssh_transport.states import TransportState
from ssh_wire import UsageError, lazy_attrs
from ssh_wire.messages.kex import KexDHGexGroup

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ssh_keys import Credential
    from ssh_transport.algorithms import Algorithms, Role
    from ssh_transport.keyexchange.context import KexContext

__all__ = ["ServerKeyExchange"]


class ServerKeyExchange(KeyExchange):
    """The server's exchanges."""

    role: ClassVar[Role] = "server"
    peer: ClassVar[Role] = "client"

    def __init__(
        self, context: KexContext, offer: Algorithms, host_keys: Sequence[Credential]
    ) -> None:
        identities = _identities(host_keys)
        names = tuple(name for name in offer.host_keys if name in identities)
        if not names:
            problem = "no host key can make a signature that the algorithms allow"
            raise UsageError(problem)
        super().__init__(context, lazy_attrs.evolve(offer, host_keys=names))
        self._identities = identities

    def message(self, payload: bytes) -> TransportState | None:
        """Take the client's group request, or its share."""
        if isinstance(self._state, ExpectRequest):
            return self._take_request(self._state.exchange, payload)
        return self._take_share(payload)

    def _take_request(self, exchange: Exchange, payload: bytes) -> TransportState:
        from ssh_transport.kex import dh_modp, gex  # loaded when first used

        asked = gex.read_request(payload)
        group = gex.choose(asked, self._context.options.groups, self._context.random)
        self._send(KexDHGexGroup(p=group.p, g=group.g).encode())
        exchange = lazy_attrs.evolve(exchange, group=gex.hashed(asked, group))
        self._state = ExpectInit(exchange, dh_modp.in_group(group))
        return self.state_after(
            exchange, TransportState.GROUP_KEX, TransportState.GROUP_KEX_STRICT
        )

    def _take_share(self, payload: bytes) -> TransportState | None:
        state = self._expect(ExpectInit)
        exchange = state.exchange
        client_public = exchange.method.form.read_init(payload)

        def answered(answer: tuple[bytes, bytearray]) -> None:
            self._ask_signature(exchange, client_public, *answer)

        random = self._context.random
        return self._with(
            exchange, lambda: state.agreement.answer(client_public, random), answered
        )

    def _ask_signature(
        self, exchange: Exchange, client_public: bytes, public: bytes, secret: bytearray
    ) -> None:
        identity = self._identities[exchange.agreement.host_key]
        hashed = exchange.hash(identity.blob, (client_public, public), secret)
        session_id = self._context.session.session_id or hashed
        keys = exchange.source(secret, hashed, session_id)
        self._state = ExpectSignature(exchange, identity, public, keys)
        self._context.emit(SignatureRequested(identity.key, identity.algorithm, hashed))

    def sign(self, signature: bytes) -> TransportState:
        """KexReply with the signature of the exchange hash."""
        state = self._expect(ExpectSignature)
        session = self._context.session
        session.host_key = state.identity.key
        session.session_id = state.keys.session_id
        reply = KexReply(state.identity.blob, state.public, signature)
        self._send(state.exchange.method.form.write_reply(reply).encode())
        return self._complete(state.exchange, state.keys)

    def abandon(self) -> None:
        """Forget everything: the connection has ended."""
        if isinstance(self._state, ExpectSignature):
            self._state.keys.wipe()
        super().abandon()

    def _start(
        self,
        exchange: Exchange,
        next_state: TransportState,
        *,
        guessed_right: bool,  # noqa: ARG002 (the client's business)
    ) -> TransportState:
        method = exchange.method
        if method.group_exchange:
            self._state = ExpectRequest(exchange)
        else:
            self._state = ExpectInit(exchange, method.load())
        return next_state


def _identities(host_keys: Sequence[Credential]) -> dict[str, OwnHostKey]:
    """Return what each algorithm presents; the first key that can is taken."""
    found: dict[str, OwnHostKey] = {}
    for presented in host_keys:
        key = plain_key(presented)
        # a certificate has names of its own for the key's algorithms, in the same order
        names = zip(presented.algorithms, key.algorithms, strict=True)
        old = [(name, name) for name in key.sha1_algorithms] if presented is key else []
        for name, algorithm in (*names, *old):
            found.setdefault(name, OwnHostKey(presented.blob, key, algorithm))
    return found
