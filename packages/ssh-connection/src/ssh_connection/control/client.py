"""The client's side of a control socket: hello, one request at a time, then what follows.

client = ControlClient()
send(client.hello)
send(client.request(AliveCheck()))
for message in client.receive(data): …      # Alive
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ssh_connection.control import messages as m
from ssh_connection.control.errors import ControlRefused, ControlViolation
from ssh_connection.control.framing import ControlReader, frame
from ssh_wire import UsageError

if TYPE_CHECKING:
    from ssh_wire.primitives import Buffer

__all__ = ["ControlClient", "require_granted"]

_ANSWERS: Final[dict[type[m.Request], tuple[type[m.Answer], ...]]] = {
    m.NewSession: (m.SessionOpened,),
    m.NewStdioForward: (m.SessionOpened,),
    m.AliveCheck: (m.Alive,),
    m.Terminate: (m.Ok,),
    m.OpenForward: (m.Ok, m.RemotePort),
    m.CloseForward: (m.Ok,),
    m.StopListening: (m.Ok,),
    m.ProxyRequest: (m.Proxy,),
    m.InfoRequest: (m.Info,),
}
"""What answers a request, beside `PermissionDenied` and `Failure`."""

_REFUSALS: Final = (m.PermissionDenied, m.Failure)


class ControlClient:
    """One connection to a master, without its socket.

    Attributes:
        hello: What is to be sent first.
        greeted: Whether the master's hello has arrived.
    """

    hello: Final = frame(m.Hello())

    def __init__(self) -> None:
        self.greeted: bool = False
        self._extensions: frozenset[str] = frozenset()
        self._reader = ControlReader()
        self._next_id = 0
        self._asked: m.Request | None = None
        self._session: int | None = None
        self._ended = False
        self._proxy = False

    def offers(self, extension: str) -> bool:
        """Return whether the master has an extension, such as `messages.INFO`."""
        return extension in self._extensions

    def request(self, message: m.Request) -> bytes:
        """Return the bytes of a request, its id filled in.

        Raises:
            UsageError: another one is not answered yet, or there can be none any more.
            EncodeError: it cannot be sent.
        """
        if self._asked is not None or self._proxy:
            problem = "a control socket takes one request at a time, and none in proxy mode"
            raise UsageError(problem)
        numbered = message.replace(request_id=self._next_id)
        data = frame(numbered)
        self._asked = numbered
        self._next_id = (self._next_id + 1) & 0xFFFFFFFF
        return data

    def receive(self, data: Buffer) -> list[m.ControlMessage]:
        """Take what arrived; return the answers and what is told of the session.

        Raises:
            ControlViolation: the master broke a rule.
            WireError: a message is not what its number says.
        """
        self._reader.feed(data)
        found: list[m.ControlMessage] = []
        while not self._proxy and (raw := self._reader.next()) is not None:
            message = m.decode_server(raw)
            if not self.greeted:
                self._greet(message)
            elif isinstance(message, m.Answer):
                found.append(self._answered(message))
            else:
                self._notice(message)
                found.append(message)
        return found

    def rest(self) -> bytes:
        """Return what arrived behind the answer that began the proxy mode."""
        return self._reader.rest()

    def _greet(self, message: m.ControlMessage) -> None:
        if not isinstance(message, m.Hello):
            problem = f"the master began with {type(message).__name__}, not with Hello"
            raise ControlViolation(problem)
        if message.version != m.VERSION:
            problem = f"the master speaks version {message.version}, not {m.VERSION}"
            raise ControlViolation(problem)
        self._extensions = frozenset(each.name for each in message.extensions)
        self.greeted = True

    def _answered(self, message: m.Answer) -> m.Answer:
        asked, self._asked = self._asked, None
        if asked is None or message.request_id != asked.request_id:
            problem = f"the master answered request {message.request_id}, which was not asked"
            raise ControlViolation(problem)
        if not isinstance(message, (*_ANSWERS[type(asked)], *_REFUSALS)):
            problem = f"the master answered {type(asked).__name__} by {type(message).__name__}"
            raise ControlViolation(problem)
        if isinstance(message, m.SessionOpened):
            self._session = message.session
        self._proxy = isinstance(message, m.Proxy)
        return message

    def _notice(self, message: m.ControlMessage) -> None:
        """Check what is told of the session."""
        match message:
            case m.ExitMessage(session=session) | m.TerminalFailed(session=session):
                expected = session == self._session
            case _:
                expected = False
        if not expected:
            problem = f"the master sent {type(message).__name__} out of turn"
            raise ControlViolation(problem)
        if isinstance(message, m.ExitMessage):
            if self._ended:
                problem = "the master sent two exit statuses"
                raise ControlViolation(problem)
            self._ended = True


def require_granted(what: str, answer: m.ControlMessage) -> None:
    """Raise ControlRefused where an answer refuses.

    Args:
        what: what was asked for, for the message.
        answer: the answer.
    """
    if isinstance(answer, m.PermissionDenied):
        raise ControlRefused(what, answer.reason, denied=True)
    if isinstance(answer, m.Failure):
        raise ControlRefused(what, answer.reason)
