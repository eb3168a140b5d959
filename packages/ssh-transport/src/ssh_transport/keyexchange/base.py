"""One key exchange, first or later, as typed states (RFC 4253 sections 7 to 9).

    Idle ─ begin ─▶ Announced ─ KEXINIT ─▶ ExpectReply ─▶ ExpectDecision ─┐   (client)
                                        ─▶ ExpectInit ─▶ ExpectSignature ─┤   (server)
    Idle ◀─ NEWKEYS of the peer ─ ExpectNewKeys ◀─ our NEWKEYS ───────────┘

A group exchange has one more state before: ExpectGroup (client), ExpectRequest (server).
Where computations are offloaded, ExpectComputation comes before the state that it leads to.
A state holds exactly what is known by then.  What may arrive in a state is the table's
business (`ssh_transport.states`): the methods here return the state that follows.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar, TypeVar

from ssh_transport.errors import KeyExchangeFailed
from ssh_transport.events import ComputationRequested, KexCompleted
from ssh_transport.keyexchange.context import KexContext
from ssh_transport.keyexchange.derivation import KeySource
from ssh_transport.keyexchange.negotiation import (
    EXT_INFO_CLIENT,
    EXT_INFO_SERVER,
    STRICT_CLIENT,
    STRICT_SERVER,
    Agreement,
    DirectionAgreement,
    guessed_right,
    negotiate,
)
from ssh_transport.keyexchange.states import (
    Announced,
    Exchange,
    ExpectComputation,
    ExpectNewKeys,
    Idle,
    KexState,
)
from ssh_transport.options import Guess
from ssh_transport.states import TransportState
from ssh_wire import ProtocolError, UsageError, lazy_attrs
from ssh_wire.messages.transport import KexInit, NewKeys

if TYPE_CHECKING:
    from ssh_transport.algorithms import Algorithms, Role

__all__ = ["KeyExchange"]

S = TypeVar("S")
T = TypeVar("T")


class KeyExchange(ABC):
    """What the key exchanges of both roles share.

    Attributes:
        offloads: whether a long computation is an event, to be run elsewhere.
        holding: whether messages of other layers have to wait: from our KEXINIT to our
            NEWKEYS (RFC 4253 section 7.1).
    """

    role: ClassVar[Role]
    peer: ClassVar[Role]

    def __init__(self, context: KexContext, offer: Algorithms) -> None:
        self._state: KexState = Idle()
        self.offloads: bool = False
        self.holding: bool = False
        self._first = TransportState.KEX  # the state that the method begins with
        self._context = context
        self._offer = offer

    @property
    def idle(self) -> bool:
        """Whether no exchange is under way."""
        return isinstance(self._state, Idle)

    @property
    def extensions_due(self) -> bool:
        """Whether SSH_MSG_EXT_INFO is the next packet to send (RFC 8308 section 2.4)."""
        state = self._state
        initial = isinstance(state, ExpectNewKeys) and state.exchange.initial
        return initial and self._context.session.extensions

    def begin(self) -> None:
        """Send KEXINIT."""
        initial = not self._context.session.session_id
        own = self._kexinit(initial=initial)
        payload = own.encode()
        self._state = Announced(own, payload, initial)
        self.holding = True
        self._send(payload)

    def kexinit(self, payload: bytes) -> TransportState | None:
        """Take the peer's KEXINIT; answer it if it is the peer who begins.

        Returns:
            The state that follows; None where a computation has to be run first.
        """
        peer = KexInit.decode(payload)
        if self.idle:
            self.begin()
        announced = self._expect(Announced)
        self._trace(announced.own, peer)
        mine = self.role == "client"
        client, server = (announced.own, peer) if mine else (peer, announced.own)
        agreement = self._agreed(negotiate(client, server), announced, peer)
        session = self._context.session
        session.peer_first = Guess(peer.kex_algorithms[0], peer.server_host_key_algorithms[0])
        sent = (announced.payload, payload) if mine else (payload, announced.payload)
        exchange = Exchange(
            agreement,
            announced.initial,
            (session.client_version, session.server_version, *sent),
        )
        right = guessed_right(client, server)
        if exchange.method.group_exchange:
            self._first = self.state_after(
                exchange, TransportState.GROUP, TransportState.GROUP_STRICT
            )
        else:
            self._first = self.state_after(exchange, TransportState.KEX, TransportState.KEX_STRICT)
        next_state = self._first
        if peer.first_kex_packet_follows and not right:
            next_state = self.state_after(
                exchange, TransportState.GUESS, TransportState.GUESS_STRICT
            )
        return self._start(exchange, next_state, guessed_right=right)

    def _trace(self, own: KexInit, peer: KexInit) -> None:
        trace = self._context.options.trace
        if trace is not None:
            from ssh_transport.trace import Proposals  # loaded where it is asked for

            trace(Proposals(own, peer))

    def guess_skipped(self) -> TransportState:
        """Go on after the packet that a wrong guess sent ahead was dropped."""
        return self._first

    @abstractmethod
    def message(self, payload: bytes) -> TransportState | None:
        """Take the message of the method; None says that an answer is awaited."""

    def computation_done(self) -> TransportState | None:
        """Go on with what was computed elsewhere; return as `message` does.

        Raises:
            KeyExchangeFailed: the peer's share or group is not valid.
        """
        return self._expect(ExpectComputation).go_on()

    def newkeys(self, payload: bytes) -> bool:
        """Bring the peer's new key into use; return whether this was the first exchange."""
        NewKeys.decode(payload)
        state = self._expect(ExpectNewKeys)
        # "All messages sent after this message MUST use the new keys and algorithms."
        side = self._side(state.exchange.agreement, self.peer)
        self._context.inbound.switch(
            state.opener, reset=self._context.session.strict, compression=side.compression
        )
        self._state = Idle()
        initial = state.exchange.initial
        self._context.emit(KexCompleted(state.exchange.agreement, initial))
        return initial

    def abandon(self) -> None:
        """Forget everything: the connection has ended."""
        self._state = Idle()
        self.holding = True

    def state_after(
        self, exchange: Exchange, next_state: TransportState, strict: TransportState
    ) -> TransportState:
        """Return `strict` where the rules of strict key exchange apply, `state` elsewhere."""
        return strict if exchange.initial and exchange.agreement.strict else next_state

    @abstractmethod
    def _start(
        self, exchange: Exchange, next_state: TransportState, *, guessed_right: bool
    ) -> TransportState | None:
        """Begin this role's part, the method is known; return `state`, or None as `kexinit`."""

    def _with(
        self,
        exchange: Exchange,
        compute: Callable[[], T],
        then: Callable[[T], TransportState | None],
    ) -> TransportState | None:
        """Go on with what is computed: at once, or when that was done elsewhere."""
        if not (self.offloads and exchange.method.slow):
            return then(compute())
        from ssh_transport.keyexchange.computation import Computation  # rarely offloaded

        work = Computation(compute)
        self._state = ExpectComputation(lambda: then(work.result()))
        self._context.emit(ComputationRequested(work.run))
        return None

    def _guess(self) -> bool:
        return False

    def _send(self, payload: bytes) -> None:
        self._context.outbound.send((payload,))

    def _expect(self, state: type[S]) -> S:
        if not isinstance(self._state, state):
            problem = f"there is no {state.__name__} to answer"
            raise UsageError(problem)
        return self._state

    def _complete(self, exchange: Exchange, keys: KeySource) -> TransportState:
        """Send NEWKEYS, use our new key, keep the peer's until its NEWKEYS arrives."""
        context = self._context
        agreement = exchange.agreement
        # "This message is sent with the old keys and algorithms."
        self._send(NewKeys().encode())
        side = self._side(agreement, self.role)
        context.outbound.switch(
            keys.sealer(self.role, side),
            reset=context.session.strict,
            compression=side.compression,
        )
        limit = context.options.limits.packet_length
        opener = keys.opener(self.peer, self._side(agreement, self.peer), limit)
        if context.options.on_secret is not None:
            client_kexinit = exchange.prefix[2]
            context.options.on_secret(client_kexinit[1:17], bytes(keys.secret[4:]))
        keys.wipe()
        context.session.agreement = agreement
        self._state = ExpectNewKeys(exchange, opener)
        self.holding = False
        return self.state_after(exchange, TransportState.NEWKEYS, TransportState.NEWKEYS_STRICT)

    @staticmethod
    def _side(agreement: Agreement, sender: Role) -> DirectionAgreement:
        client = sender == "client"
        return agreement.client_to_server if client else agreement.server_to_client

    def _agreed(self, found: Agreement, announced: Announced, peer: KexInit) -> Agreement:
        context = self._context
        session = context.session
        if not announced.initial:
            # the signals in a later KEXINIT are ignored
            return lazy_attrs.evolve(found, strict=session.strict)
        # "the first packet sent or received is not SSH_MSG_KEXINIT" ends a strict exchange
        if found.strict and context.inbound.sequence != 1:
            problem = "KEXINIT was not the first packet"
            raise ProtocolError(problem)
        if found.truncatable and context.options.algorithms.refuse_truncatable:
            problem = f"{found.client_to_server.cipher} needs strict key exchange"
            raise KeyExchangeFailed(problem)
        session.strict = found.strict
        signal = EXT_INFO_SERVER if self.role == "client" else EXT_INFO_CLIENT
        session.extensions = signal in peer.kex_algorithms
        return found

    def _kexinit(self, *, initial: bool) -> KexInit:
        offer = self._offer
        signals: tuple[str, ...] = ()
        if initial:  # "[They] are only effective in the initial SSH2_MSG_KEXINIT"
            signals = (
                (EXT_INFO_CLIENT, STRICT_CLIENT)
                if self.role == "client"
                else (EXT_INFO_SERVER, STRICT_SERVER)
            )
        return KexInit(
            cookie=self._context.random(16),
            kex_algorithms=offer.kex + signals,
            server_host_key_algorithms=offer.host_keys,
            encryption_client_to_server=offer.ciphers,
            encryption_server_to_client=offer.ciphers,
            mac_client_to_server=offer.macs,
            mac_server_to_client=offer.macs,
            compression_client_to_server=offer.compression,
            compression_server_to_client=offer.compression,
            first_kex_packet_follows=initial and self._guess(),
        )
