"""One probe of a foreign server: bring it into a state, say one thing, see what comes of it.

The client is a transport of ours on a blocking socket, with a tap on it: anything can be sent.
"""

from __future__ import annotations

import contextlib
import socket
from typing import TYPE_CHECKING, Final

from ssh_auth import ClientAuth, KeyCredential, KeySigner, Question
from ssh_auth.testing import finish
from ssh_keys import PrivateKey, load_private_key
from ssh_wire.messages.connection import SessionOpen
from ssh_wire.messages.transport import Disconnect, Unimplemented
from tests.adversary.subject import OPTIONS
from tests.adversary.wiretap import PacketReader, PacketWriter, Peer
from tests.interop.peers import USER

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.interop import peers

__all__ = ["STATES", "Conversation", "probe_all"]

STATES: Final = (
    "kexinit-sent loose", "kex strict", "kex loose", "newkeys-sent strict", "service",
    "auth-idle", "open", "channel", "rekey-kex",
)  # fmt: skip
_UNKNOWN: Final = b"\x09"  # UNIMPLEMENTED answers it in all of these states but the strict ones
_NEWKEYS: Final = 21  # OpenSSH resets its counter behind it, although it does not know it
_SLOWLY_ANSWERED: Final = {97}  # behind the answers to what follows it
_PATIENCE: Final = 0.4  # seconds that a server that says nothing is waited for


class Conversation:
    """One connection to a server, in a state."""

    def __init__(self, server: peers.Peer, state: str) -> None:
        self._state, _, how = state.partition(" ")
        self._checked = how != "strict"
        self._key = load_private_key(server.keys.private["ed25519"].read_bytes())
        self._socket = socket.create_connection(("127.0.0.1", server.port), timeout=10)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # the host key is not decided here: the peer trusts every one
        self._peer = Peer("client", OPTIONS, PrivateKey.generate("ed25519"), strict=how != "loose")
        self._sent: list[bytes] = []
        self._mouth: PacketWriter
        self._receive: Callable[[bytes], list[bytes]]
        self._reach()

    def close(self) -> None:
        """Leave without a word."""
        self._socket.close()

    # ------------------------------------------------------------- into the state

    def _reach(self) -> None:
        steps = {"kexinit-sent": 1, "kex": 2, "newkeys-sent": 3}
        self._say(1)
        self._until(lambda: len(self._peer.queue) > 1)  # KEXINIT, and the share for its answer
        if self._state in steps:
            self._say(steps[self._state] - 1)
            self._until(lambda: bool(self._peer.queue))
        else:
            self._say(2, wait=True)
            self._say(2, wait=True)  # NEWKEYS and EXT_INFO
            if self._state != "service":
                self._log_in()
        opener, sequence = self._peer.opener()
        self._mouth = self._peer.writer()
        self._receive = PacketReader(opener, (), sequence).reading(whole=False)
        if self._checked and self._state != "kexinit-sent":
            self._check()

    def _log_in(self) -> None:
        self._say(1)
        core = self._peer.core
        self._until(lambda: "ServiceAccepted" in self._told())
        if self._state == "auth-idle":
            return
        auth = ClientAuth(USER, core.session_id, [KeyCredential(KeySigner(self._key))])
        auth.start()
        event = auth.next_event()
        assert isinstance(event, Question)
        auth.answer(event, finish(event.obtain()))
        (request,) = auth.take_messages()
        core.send_payload(request)
        self._say(1)
        self._until(lambda: "PayloadReceived" in self._told())
        core.authenticated()
        if self._state == "open":
            return
        core.send(SessionOpen(sender=0, window=1000, max_packet=1000))
        self._say(1)
        self._until(lambda: b"\x5b" in [getattr(e, "payload", b"")[:1] for e in self._peer.events])
        if self._state == "rekey-kex":
            core.start_rekey()
            self._say(1)
            self._until(lambda: self._peer.queue and self._peer.queue[0].payload[0] == 30)

    def _told(self) -> list[str]:
        return [type(event).__name__ for event in self._peer.events]

    def _say(self, count: int, *, wait: bool = False) -> None:
        for _ in range(count):
            if wait:
                self._until(lambda: bool(self._peer.queue))
            self._socket.sendall(self._peer.queue.popleft().sealed)

    def _until(self, condition: Callable[[], object]) -> None:
        while not condition():
            data = self._socket.recv(65536)
            assert data, "the server has left"
            self._peer.receive(data)

    # ------------------------------------------------------------- in the state

    def probe(self, payload: bytes) -> str:
        """Say something; return what comes of it, in the words of the tables.

        CLOSED is an end without a word.
        """
        sequence = self._send(payload)
        last = None
        if self._checked and payload[0] not in _SLOWLY_ANSWERED:
            last = self._send(_UNKNOWN)
        else:
            self._socket.settimeout(_PATIENCE)
        received, alive = self._listen(last)
        sent = [p for p in received if p[0] == 1]
        if sent:
            return f"DISC({Disconnect.decode(sent[0]).code})"
        if not alive:
            return "CLOSED"
        if Unimplemented(sequence=sequence).encode() in received:
            return "UNIMPL"
        numbers = ",".join(str(p[0]) for p in received)
        return f"SAYS({numbers})" if numbers else "IGN"

    def _send(self, payload: bytes) -> int:
        self._sent.append(payload)
        sealed = self._mouth.packets(*self._sent)[-1]
        # what it sent before it left is still to be read
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self._socket.sendall(sealed)
        return self._mouth.sequence + len(self._sent) - 1

    def _check(self) -> None:
        assert self._listen(self._send(_UNKNOWN))[1], "the state was not reached"

    def _listen(self, last: int | None) -> tuple[list[bytes], bool]:
        """Return what is received, and whether the server is still there."""
        received: list[bytes] = []
        while True:
            try:
                data = self._socket.recv(65536)
            except TimeoutError:
                return received, True
            except ConnectionResetError:
                data = b""
            if not data:
                return received, False
            received += self._receive(data)
            if received[-1:] == [b"\x15"]:
                return received, True  # what follows is sealed with keys that are not known here
            if last is not None and received[-1:] == [Unimplemented(sequence=last).encode()]:
                return received[:-1], True


def probe_all(server: peers.Peer, state: str, payloads: dict[int, bytes]) -> dict[int, str]:
    """Say each payload in the state; what leaves the state as it was needs no new connection."""
    found: dict[int, str] = {}
    conversation: Conversation | None = None
    for number, payload in payloads.items():
        if conversation is None:
            conversation = Conversation(server, state)
        found[number] = conversation.probe(payload)
        stays = found[number] in {"UNIMPL", "IGN"} and number != _NEWKEYS
        if not stays or state.endswith("strict"):
            conversation.close()
            conversation = None
    if conversation is not None:
        conversation.close()
    return found
