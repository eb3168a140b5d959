"""The client's part of a key exchange: share, reply, host key, decision."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from ssh_keys import KeyPolicy, PublicKey, credential_from_blob, is_security_key, plain_key
from ssh_transport.errors import HostKeyRefused, KeyExchangeFailed
from ssh_transport.events import HostKeyReceived
from ssh_transport.kex import METHODS
from ssh_transport.kex.base import ClientShare
from ssh_transport.kex.share_messages import KexReply
from ssh_transport.keyexchange.base import KeyExchange
from ssh_transport.keyexchange.states import Exchange, ExpectDecision, ExpectGroup, ExpectReply
from ssh_transport.options import Guess
from ssh_transport.states import TransportState
from ssh_wire import SSHError, lazy_attrs

if TYPE_CHECKING:
    from ssh_keys import Credential, FidoPolicy
    from ssh_transport.algorithms import Role
    from ssh_transport.kex import MethodSpec
    from ssh_transport.kex.base import KeyAgreement

__all__ = ["ClientKeyExchange"]


def _algorithms(credential: Credential) -> tuple[str, ...]:
    """Return how a host key can sign; with SHA-1 only where that was negotiated by name."""
    if isinstance(credential, PublicKey):
        return credential.algorithms + credential.sha1_algorithms
    return credential.algorithms


def _is_signed(credential: Credential, data: bytes, signature: bytes, algorithm: str) -> bool:
    """Say whether the signature is this key's, by the algorithm that was negotiated."""
    # a host's token may sign without a touch, as in OpenSSH: no user is there to touch it
    fido = _key_alone() if is_security_key(plain_key(credential).kind) else None
    if isinstance(credential, PublicKey):
        return credential.verify(data, signature, algorithm, allow_sha1=True, fido=fido)
    return credential.verify(data, signature, algorithm, fido=fido)


def _key_alone() -> FidoPolicy:
    from ssh_keys.fido import NO_TOUCH  # loads with the first token

    return NO_TOUCH


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
        if not self._context.session.session_id and self._guess():
            method = METHODS[self._offer.kex[0]]
            self._ahead = self._send_share(method, method.load().start(self._context.random))

    def message(self, payload: bytes) -> TransportState | None:
        """Take the server's group, or its reply."""
        if isinstance(self._state, ExpectGroup):
            return self._take_group(self._state.exchange, payload)
        return self._take_reply(payload)

    def _take_group(self, exchange: Exchange, payload: bytes) -> TransportState | None:
        from ssh_transport.kex import dh_modp, gex  # loaded when first used

        group = gex.read_group(payload)
        exchange = lazy_attrs.evolve(exchange, group=gex.hashed(gex.REQUEST, group))
        next_state = self.state_after(
            exchange, TransportState.GROUP_KEX, TransportState.GROUP_KEX_STRICT
        )
        return self._share(exchange, dh_modp.in_group(group), next_state)

    def _take_reply(self, payload: bytes) -> TransportState | None:
        state = self._expect(ExpectReply)
        exchange = state.exchange
        reply = exchange.method.form.read_reply(payload)
        algorithm = exchange.agreement.host_key
        host_key = self._read_host_key(reply.host_key, algorithm)

        def finished(secret: bytearray) -> TransportState | None:
            return self._prove(exchange, reply, state.share.public, host_key, secret)

        return self._with(exchange, lambda: state.share.finish(reply.public), finished)

    def _prove(
        self,
        exchange: Exchange,
        reply: KexReply,
        public: bytes,
        host_key: Credential,
        secret: bytearray,
    ) -> TransportState | None:
        """Verify that the server knows the secret and has the key that it shows."""
        algorithm = exchange.agreement.host_key
        hashed = exchange.hash(reply.host_key, (public, reply.public), secret)
        if not _is_signed(host_key, hashed, reply.signature, algorithm):
            problem = "the server's signature of the exchange hash is not valid"
            raise KeyExchangeFailed(problem)
        session = self._context.session
        keys = exchange.source(secret, hashed, session.session_id or hashed)
        if session.host_key is None:
            self._state = ExpectDecision(exchange, plain_key(host_key), keys)
            received = HostKeyReceived(
                host_key, algorithm, initial=True, signature=reply.signature
            )
            self._context.emit(received)
            return None
        if plain_key(host_key) != session.host_key:
            problem = "the server shows another host key than at the start of the connection"
            raise HostKeyRefused(problem)
        return self._complete(exchange, keys)

    def accept(self) -> TransportState:
        """Trust the host key."""
        state = self._expect(ExpectDecision)
        session = self._context.session
        session.host_key = state.key
        session.session_id = state.keys.session_id
        return self._complete(state.exchange, state.keys)

    def abandon(self) -> None:
        """Forget everything: the connection has ended."""
        if isinstance(self._state, ExpectDecision):
            self._state.keys.wipe()
        super().abandon()

    def _start(
        self, exchange: Exchange, next_state: TransportState, *, guessed_right: bool
    ) -> TransportState | None:
        share, self._ahead = self._ahead, None
        method = exchange.method
        if method.group_exchange:
            from ssh_transport.kex import gex  # loaded when first used

            self._send(gex.REQUEST.encode())
            self._state = ExpectGroup(exchange)
            return next_state
        if share is None or not guessed_right:
            return self._share(exchange, method.load(), next_state)
        self._state = ExpectReply(exchange, share)
        return next_state

    def _share(
        self, exchange: Exchange, agreement: KeyAgreement, next_state: TransportState
    ) -> TransportState | None:
        def made(share: ClientShare) -> TransportState:
            self._send_share(exchange.method, share)
            self._state = ExpectReply(exchange, share)
            return next_state

        return self._with(exchange, lambda: agreement.start(self._context.random), made)

    def _send_share(self, method: MethodSpec, share: ClientShare) -> ClientShare:
        self._send(method.form.write_init(share.public).encode())
        return share

    def _guess(self) -> bool:
        offer = self._offer
        guess = self._context.options.guess
        if isinstance(guess, Guess):
            guess = (offer.kex[0], offer.host_keys[0]) == guess
        # a group exchange would send a group request, which saves no round trip, and what
        # takes long to compute is not computed in vain
        return guess and not METHODS[offer.kex[0]].slow

    def _read_host_key(self, blob: bytes, algorithm: str) -> Credential:
        fewest = self._context.options.algorithms.rsa_bits
        try:
            host_key = credential_from_blob(blob, policy=KeyPolicy.for_rsa(fewest))
        except SSHError as error:
            problem = f"the server's host key: {error}"
            raise KeyExchangeFailed(problem) from None
        if algorithm not in _algorithms(host_key):
            problem = f"a host key of kind {host_key.kind} where {algorithm} was negotiated"
            raise KeyExchangeFailed(problem)
        key = plain_key(host_key)
        if key.kind == "ssh-rsa" and key.bits < fewest:
            problem = f"an RSA host key of {key.bits} bits"
            raise KeyExchangeFailed(problem)
        return host_key
