"""What an authenticated user is served, and what is left to the connection to refuse."""

from __future__ import annotations

from typing import Literal

import pytest

from programs import Anywhere, pair, upper
from ssh_auth import NOTHING, Accept, AddressPattern, AuthContext, Permissions, Result
from ssh_connection import ChannelOpenRefused, ChannelType, RequestRefused, Services
from ssh_connection.addresses import Address
from ssh_connection.aio import (
    ByteStream,
    ClientConnection,
    ServerAuthentication,
    SessionSettings,
    StreamService,
    User,
)
from ssh_connection.aio.children import Children
from ssh_connection.aio.server.services import services_for
from ssh_connection.channel import ChannelProtocol
from ssh_connection.replies import PendingReply
from ssh_connection.testing import Side
from ssh_transport import ConnectionLost, PeerDisconnected
from ssh_wire import (
    DisconnectReason,
    Message,
    OpenFailureReason,
    ProtocolError,
    lazy_attrs,
    message,
)
from ssh_wire.messages import connection as m

pytestmark = pytest.mark.usefixtures("reports")

SESSION = m.SessionOpen(sender=7, window=9, max_packet=9)
DIRECT = m.DirectTCPIPOpen(
    sender=7, window=9, max_packet=9, host="h", port=1, origin_host="", origin_port=0
)
FORWARDED = m.ForwardedTCPIPOpen(
    sender=7, window=9, max_packet=9, address="", port=1, origin_host="", origin_port=0
)
X11 = m.X11Open(sender=7, window=9, max_packet=9, origin_host="", origin_port=0)
OTHER = m.ChannelOpen(kind="x@y", sender=7, window=9, max_packet=9)

LISTEN = m.TCPIPForward(want_reply=True, address="", port=1)
CANCEL = m.CancelTCPIPForward(want_reply=True, address="", port=1)
NO_MORE = m.GlobalRequest(kind="no-more-sessions@openssh.com", want_reply=True)


@message(90)
class Private(m.OpenHead):
    """A channel type of one's own."""

    kind: Literal["private@example.com"] = lazy_attrs.field(
        default="private@example.com", init=False
    )


async def echo(message: Private, stream: ByteStream) -> None:
    """Give back what is read."""
    del message
    await stream.write(await stream.read())


OWN = StreamService(Private, echo)


class Nowhere:
    """Forwarding rules that deny everything, and count what they are asked."""

    def __init__(self) -> None:
        self.asked = 0

    def may_connect(self, user: User, address: Address) -> bool:
        del user, address
        self.asked += 1
        return False

    def may_listen(self, user: User, address: Address) -> bool:
        return self.may_connect(user, address)


class Served(Side):
    """A side that notes what it does not serve, and leaves it without an answer."""

    def __init__(self) -> None:
        super().__init__(accept=False)
        self.mux.services = Services()
        self.not_served: list[str] = []

    def channel_not_served(self, channel: ChannelProtocol) -> None:
        self.not_served.append(channel.kind)

    def request_not_served(self, name: str, reply: PendingReply) -> None:
        del reply
        self.not_served.append(name)


class Server:
    """The services of one user without a connection."""

    def __init__(self, rules: Nowhere | None, permissions: Permissions | None = None) -> None:
        self.side = Served()
        self.children = Children(self.side.failures.append, 1.0)
        user = User("tester", None, permissions or Permissions())
        settings = SessionSettings(shell=upper, forwarding=rules, services=[OWN])
        context = AuthContext(user="tester")
        served = services_for(user, settings, context, self.side.mux, self.children)
        self.side.mux.services.register(*served)

    def serves(self, message: Message) -> bool:
        """Receive a message; return whether it is served."""
        self.side.receive(message)
        return not self.side.not_served


@pytest.mark.parametrize("rules", [True, False])
@pytest.mark.parametrize("message", [FORWARDED, X11, OTHER], ids=lambda each: type(each).__name__)
async def test_channel_of_another_kind_is_left_to_the_connection(
    message: m.OpenHead, *, rules: bool
) -> None:
    server = Server(Nowhere() if rules else None)

    assert server.serves(message) is False
    assert server.side.wire.sent() == []


async def test_session_is_confirmed() -> None:
    server = Server(None)

    assert server.serves(SESSION) is True
    (sent,) = server.side.wire.sent()
    assert isinstance(sent, m.ChannelOpenConfirmation)
    assert sent.recipient == 7


@pytest.mark.row("C17")
async def test_direct_tcpip_is_decided_by_the_rules() -> None:
    rules = Nowhere()
    server = Server(rules)

    assert server.serves(DIRECT) is True
    (sent,) = server.side.wire.sent()
    assert isinstance(sent, m.ChannelOpenFailure)
    assert sent.reason == OpenFailureReason.ADMINISTRATIVELY_PROHIBITED
    assert rules.asked == 1


@pytest.mark.row("A07")
@pytest.mark.parametrize(
    ("permissions", "asked"),
    [
        (Permissions(forward_open=((AddressPattern("h", 1),),)), True),
        (Permissions(forward_open=((AddressPattern("h", 2),),)), False),
        (Permissions(forward_listen=NOTHING), True),
    ],
)
async def test_connection_that_permissions_exclude_is_refused_before_the_rules_are_asked(
    permissions: Permissions, *, asked: bool
) -> None:
    rules = Nowhere()
    server = Server(rules, permissions)

    assert server.serves(DIRECT) is True
    (sent,) = server.side.wire.sent()
    assert isinstance(sent, m.ChannelOpenFailure)
    assert rules.asked == int(asked)


@pytest.mark.parametrize(
    ("permissions", "asked"),
    [
        (Permissions(forward_listen=((AddressPattern("*", 1),),)), True),
        (Permissions(forward_listen=((AddressPattern("localhost", 1),),)), False),
        (Permissions(forward_open=NOTHING), True),
    ],
)
async def test_listener_that_permissions_exclude_is_refused_before_the_rules_are_asked(
    permissions: Permissions, *, asked: bool
) -> None:
    rules = Nowhere()
    server = Server(rules, permissions)

    assert server.serves(LISTEN) is True
    assert server.side.wire.sent() == [m.RequestFailure()]
    assert rules.asked == int(asked)


@pytest.mark.row("C16")
@pytest.mark.parametrize("message", [LISTEN, CANCEL], ids=["listen", "cancel"])
async def test_port_request_is_answered_where_there_are_rules(
    message: m.GlobalHead,
) -> None:
    rules = Nowhere()
    server = Server(rules)

    assert server.serves(message) is True
    assert server.side.wire.sent() == [m.RequestFailure()]
    assert rules.asked == (message is LISTEN)


NO_FORWARDING = Permissions(forward_open=NOTHING, forward_listen=NOTHING)


@pytest.mark.row("C16")
@pytest.mark.row("C17")
@pytest.mark.parametrize("permissions", [None, NO_FORWARDING], ids=["no rules", "no permission"])
async def test_forwarding_is_left_to_the_connection_where_it_is_off(
    permissions: Permissions | None,
) -> None:
    rules = Nowhere() if permissions else None
    server = Server(rules, permissions)

    assert server.serves(DIRECT) is False
    assert server.serves(LISTEN) is False
    assert server.serves(CANCEL) is False
    assert server.side.wire.sent() == []
    assert rules is None or rules.asked == 0
    assert server.children.things == set()


async def test_other_permissions_leave_forwarding_on() -> None:
    server = Server(Nowhere(), Permissions(pty=False, agent=False))

    assert server.serves(DIRECT) is True
    assert len(server.children.things) == 1


async def test_service_of_ones_own_is_served_beside_the_others() -> None:
    server = Server(None)
    opened: list[m.OpenHead] = []
    server.side.mux.services.register(
        ChannelType(message=Private, opened=lambda message, _channel: opened.append(message))
    )

    assert server.serves(Private(sender=7, window=9, max_packet=9)) is True
    assert server.serves(SESSION) is True
    assert opened == [Private(sender=7, window=9, max_packet=9)]


@pytest.mark.row("C22")
async def test_no_more_sessions_is_granted_however_often() -> None:
    server = Server(None)

    assert server.serves(NO_MORE) is True
    assert server.serves(NO_MORE) is True
    assert server.side.wire.sent() == [m.RequestSuccess(), m.RequestSuccess()]


@pytest.mark.row("C22")
async def test_session_after_no_more_sessions_is_a_protocol_error() -> None:
    server = Server(None)
    server.serves(SESSION)
    server.serves(NO_MORE)

    with pytest.raises(ProtocolError, match="after no-more-sessions"):
        server.serves(SESSION)


@pytest.mark.parametrize("wanted", [True, False])
async def test_unknown_request_is_left_to_the_connection(*, wanted: bool) -> None:
    server = Server(Nowhere())

    assert server.serves(m.GlobalRequest(kind="x@y", want_reply=wanted)) is False
    assert server.side.wire.sent() == []


# ---------------------------------------------------------------- with a client


def peer_error(client: ClientConnection) -> PeerDisconnected:
    lost = client._lost.result()
    error = lost if isinstance(lost, PeerDisconnected) else lost.__cause__
    assert isinstance(error, PeerDisconnected)
    return error


def accepting(permissions: Permissions) -> ServerAuthentication:
    async def anybody(_context: AuthContext) -> Result:
        return Accept(permissions)

    return ServerAuthentication(none=anybody)


@pytest.mark.row("C17")
async def test_forwarding_is_denied_by_default() -> None:
    async with pair() as ends:
        with pytest.raises(ChannelOpenRefused) as caught:
            await ends.client.open_tcp("127.0.0.1", 22)
        assert caught.value.reason == OpenFailureReason.ADMINISTRATIVELY_PROHIBITED
        with pytest.raises(RequestRefused, match=r"to listen on 127\.0\.0\.1:0"):
            async with ends.client.forward_remote("127.0.0.1:0", "127.0.0.1:1"):
                pass
        answer = await ends.client._global_request(
            m.CancelTCPIPForward(want_reply=True, address="", port=1)
        )
        assert answer == m.RequestFailure()


@pytest.mark.row("C16")
async def test_forwarding_is_denied_to_a_user_without_the_permission() -> None:
    async with pair(authentication=accepting(NO_FORWARDING), forwarding=Anywhere()) as ends:
        with pytest.raises(ChannelOpenRefused):
            await ends.client.open_tcp("127.0.0.1", 22)


@pytest.mark.row("C22")
async def test_session_after_no_more_sessions_ends_the_connection() -> None:
    async with pair(upper) as ends:
        await ends.client.run("before")
        answer = await ends.client._global_request(
            m.GlobalRequest(kind="no-more-sessions@openssh.com", want_reply=True)
        )
        assert answer == m.RequestSuccess()
        with pytest.raises((ConnectionLost, PeerDisconnected)):
            await ends.client.run("after")
        assert peer_error(ends.client).code == DisconnectReason.PROTOCOL_ERROR
