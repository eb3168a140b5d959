"""A client's talk with an `AgentConnection`, request by request, and the data of logins."""

from __future__ import annotations

from typing import Final

from ssh_agent.framing import AgentFrameReader, frame
from ssh_agent.messages import REPLIES, IdentitiesAnswer, RequestIdentities, SessionBind
from ssh_agent.server import AgentConnection, ConfirmationNeeded, Keyring
from ssh_keys import Credential, PrivateKey, PublicKey
from ssh_wire import Message
from ssh_wire.primitives import string

TODAY: Final = 1_800_000_000
HOSTBOUND: Final = "publickey-hostbound-v00@openssh.com"


class Dialogue:
    """One connection; the user consents to what `consent` says."""

    def __init__(self, keyring: Keyring | None = None, *, consent: bool | None = None) -> None:
        self.keyring: Final = Keyring() if keyring is None else keyring
        self.now: float = 0.0
        self.consent: Final = consent
        self.asked: Final[list[ConfirmationNeeded]] = []
        self.traced: Final[list[str]] = []
        self.connection: Final = AgentConnection(
            self.keyring,
            unix_time=lambda: TODAY,
            can_confirm=consent is not None,
            trace=self.traced.append,
        )
        self._replies = AgentFrameReader()

    def ask(self, request: Message | bytes) -> Message:
        """Return the one reply to a request; signatures are made by the identity's key."""
        self.send(request)
        self.settle()
        (reply,) = self.replies()
        return reply

    def send(self, request: Message | bytes) -> None:
        payload = request if isinstance(request, bytes) else request.encode()
        self.connection.receive(frame(payload), self.now)

    def settle(self) -> None:
        """Answer every event."""
        while (event := self.connection.next_event()) is not None:
            if isinstance(event, ConfirmationNeeded):
                self.asked.append(event)
                allowed = self.consent is True
                self.connection.answer_confirmation(event, allowed=allowed, now=self.now)
            else:
                assert isinstance(event.identity.signer, PrivateKey)
                signature = event.identity.signer.sign(event.data, event.algorithm)
                self.connection.answer_signature(event, signature, now=self.now)

    def replies(self) -> list[Message]:
        """Return the replies that are there."""
        found: list[Message] = []
        while data := self.connection.take_outgoing(self.now):
            found += map(REPLIES.decode, self._replies.feed(data))
        return found

    def listed(self) -> list[bytes]:
        """Return the blobs of the listed identities."""
        answer = self.ask(RequestIdentities())
        assert isinstance(answer, IdentitiesAnswer)
        return [each.key for each in answer.identities]


def bind(
    host: PrivateKey,
    session_id: bytes = b"session",
    *,
    forwarding: bool = False,
    host_key: Credential | None = None,
) -> SessionBind:
    """Return the request that binds a connection to a session with a host."""
    return SessionBind(
        host_key=(host_key or host.public_key).blob,
        session_id=session_id,
        signature=host.sign(session_id),
        is_forwarding=forwarding,
    )


def login(
    credential: Credential,
    session_id: bytes = b"session",
    *,
    user: str = "me",
    host_key: PublicKey | None = None,
    algorithm: str = "",
) -> bytes:
    """Return what is signed to log in."""
    method = "publickey" if host_key is None else HOSTBOUND
    head = string(session_id) + b"\x32" + string(user) + string("ssh-connection")
    key = string(algorithm or credential.algorithms[0]) + string(credential.blob)
    rest = b"" if host_key is None else string(host_key.blob)
    return head + string(method) + b"\x01" + key + rest
