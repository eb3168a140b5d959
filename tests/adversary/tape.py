"""Conversations with OpenSSH that were recorded, and our side of them, which repeats itself.

A recording is a text file: a line a chunk, `<` for what OpenSSH sent and `>` for what we sent,
in hex.  Our randomness is foretold and our keys are kept beside the recordings, so whoever
plays OpenSSH's lines to us must get ours, bit for bit.  The one thing that could not be
repeated is ML-KEM's encapsulation, which draws its own randomness: the recordings negotiate
curve25519.  `python -m tests.interop.record` makes them again.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeAlias

from ssh_auth import ClientAuth, KeyCredential, KeySigner, Question
from ssh_auth.client import AuthSucceeded
from ssh_auth.testing import finish
from ssh_keys import PrivateKey, load_private_key
from ssh_transport import (
    ClientTransport,
    Event,
    HostKeyReceived,
    KexCompleted,
    PayloadReceived,
    ServerTransport,
    ServiceRequested,
    SignatureRequested,
    TransportOptions,
)
from ssh_wire import DisconnectReason, Message
from ssh_wire.messages import connection as m
from ssh_wire.messages.auth import UserauthSuccess
from tests.adversary.subject import OPTIONS
from tests.adversary.wiretap import Role, constant

__all__ = ["RECORDINGS", "OurClient", "OurServer", "Ours", "key", "read", "write"]

RECORDINGS: Final = Path(__file__).parent / "recordings"
_COMMAND: Final = b"echo recorded"
Line: TypeAlias = tuple[str, bytes]


def key(name: str) -> PrivateKey:
    """Return a key that is kept with the recordings; it opens nothing."""
    return load_private_key((RECORDINGS / name).read_bytes())


def read(path: Path) -> list[Line]:
    """Return the lines of a recording."""
    return [
        (line[0], bytes.fromhex(line[2:]))
        for line in path.read_text().splitlines()
        if line[0] in "<>"
    ]


def write(path: Path, about: str, lines: list[Line]) -> None:
    """Keep a recording."""
    text = "".join(f"{sender} {data.hex()}\n" for sender, data in lines)
    path.write_text(f"# {about}\n{text}")


class Ours:
    """Our side: takes what the peer sent, gives what we say to it.

    Attributes:
        done: whether all that is to be recorded has happened.
        output: what the command wrote.
    """

    def __init__(self, core: ClientTransport | ServerTransport) -> None:
        self._transport = core
        self.done = False
        self.output = b""

    def receive(self, data: bytes) -> bytes:
        """Take a chunk, and return what is sent next."""
        if data:
            self._transport.receive(data)
        while (event := self._transport.next_event()) is not None:
            self._on(event)
        pieces: list[bytes] = []
        while (piece := self._transport.take_outgoing()) is not None:
            pieces.append(bytes(piece))
        return b"".join(pieces)

    def _on(self, event: Event) -> None:
        raise NotImplementedError

    def _say(self, *messages: Message) -> None:
        for message in messages:
            self._transport.send(message)


class OurClient(Ours):
    """Logs in with a key, changes the session's keys, and runs a command."""

    def __init__(self, options: TransportOptions = OPTIONS) -> None:
        self.core = ClientTransport(options, random=constant(3), now=0.0)
        super().__init__(self.core)
        self.core.request_service("ssh-userauth")
        self._auth: ClientAuth | None = None

    def _on(self, event: Event) -> None:
        match event:
            case HostKeyReceived():
                self.core.accept_host_key()
                credential = KeyCredential(KeySigner(key("user_key")))
                self._auth = ClientAuth("tester", self.core.session_id, [credential])
                self._auth.start()
                self._advance()
            case PayloadReceived(payload=payload) if payload[0] < 80:
                assert self._auth is not None
                self._auth.receive(payload)
                self._advance()
            case PayloadReceived(payload=payload):
                self._on_connection(payload)
            case KexCompleted(initial=False):
                self._say(m.ExecRequest(recipient=0, want_reply=True, command=_COMMAND))
            case _:
                pass

    def _advance(self) -> None:
        assert self._auth is not None
        while (event := self._auth.next_event()) is not None:
            if isinstance(event, Question):
                self._auth.answer(event, finish(event.obtain()))
            elif isinstance(event, AuthSucceeded):
                self.core.authenticated()
                self._say(m.SessionOpen(sender=0, window=2**20, max_packet=2**15))
        for payload in self._auth.take_messages():
            self.core.send_payload(payload)

    def _on_connection(self, payload: bytes) -> None:
        match payload[0]:
            case 91:
                self.core.start_rekey()
            case 94:
                self.output += bytes(m.ChannelData.decode(payload).data)
            case 97:
                self._say(m.ChannelClose(recipient=0))
                self.core.disconnect(DisconnectReason.BY_APPLICATION, "recorded")
                self.done = True
            case _:
                pass


class OurServer(Ours):
    """Lets everybody in, and answers one command."""

    def __init__(self, options: TransportOptions = OPTIONS) -> None:
        self._key = key("host_key")
        public = self._key.public_key
        self.core = ServerTransport(options, random=constant(4), now=0.0, host_keys=[public])
        super().__init__(self.core)
        self._answers: dict[int, Callable[[bytes], None]] = {
            50: self._on_login,
            90: self._on_open,
            98: self._on_request,
            97: self._on_close,
        }

    def _on(self, event: Event) -> None:
        match event:
            case SignatureRequested():
                self.core.provide_signature(self._key.sign(event.data, event.algorithm))
            case ServiceRequested():
                self.core.accept_service(event.name)
            case PayloadReceived(payload=payload):
                if payload[0] in self._answers:
                    self._answers[payload[0]](payload)
            case _:
                pass

    def _on_login(self, payload: bytes) -> None:
        del payload
        self._say(UserauthSuccess())
        self.core.authenticated()

    def _on_open(self, payload: bytes) -> None:
        sender = m.CHANNEL_OPENS.decode(payload).sender
        self._say(
            m.ChannelOpenConfirmation(recipient=sender, sender=0, window=2**20, max_packet=2**15)
        )

    def _on_request(self, payload: bytes) -> None:
        if b"exec" not in payload:
            return
        self._say(
            m.ChannelSuccess(recipient=0),
            m.ChannelData(recipient=0, data=b"recorded\n"),
            m.ExitStatus(recipient=0, status=0),
            m.ChannelEOF(recipient=0),
            m.ChannelClose(recipient=0),
        )

    def _on_close(self, payload: bytes) -> None:
        del payload
        self.done = True


SIDES: dict[Role, Callable[[], Ours]] = {"client": OurClient, "server": OurServer}
