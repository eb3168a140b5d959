"""What an authenticated user is served, and what is left to the connection to refuse."""

from __future__ import annotations

from typing import cast

import pytest

from programs import Anywhere, pair, upper
from ssh_auth import NOTHING, Accept, AddressPattern, AuthContext, Permissions, Result
from ssh_connection import ChannelOpenRefused, RequestRefused
from ssh_connection.aio import ClientConnection, ServerAuthentication, SessionSettings, User
from ssh_connection.aio.children import Children
from ssh_connection.aio.server.host_keys import HostKeyProofs
from ssh_connection.aio.server.services import Services
from ssh_connection.replies import PendingReply
from ssh_connection.testing import Side
from ssh_transport import ConnectionLost, PeerDisconnected
from ssh_wire import DisconnectReason, OpenFailureReason, ProtocolError
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
PROVE = m.GlobalRequest(kind="hostkeys-prove-00@openssh.com", want_reply=True)
NO_MORE = m.GlobalRequest(kind="no-more-sessions@openssh.com", want_reply=True)


class Nowhere:
    """Forwarding rules that deny everything, and count what they are asked."""

    def __init__(self) -> None:
        self.asked = 0

    def may_connect(self, user: User, host: str, port: int) -> bool:
        del user, host, port
        self.asked += 1
        return False

    def may_listen(self, user: User, address: str, port: int) -> bool:
        return self.may_connect(user, address, port)


class Proofs:
    """Host keys whose proofs are denied."""

    def __init__(self, side: Side) -> None:
        self._side = side
        self.asked: list[m.GlobalRequest] = []

    def prove(self, message: m.GlobalRequest, reply: PendingReply) -> None:
        self.asked.append(message)
        self._side.mux.deny(reply)


class Server:
    """The services of one user without a connection."""

    def __init__(self, rules: Nowhere | None, permissions: Permissions | None = None) -> None:
        self.side = Side(accept=False)
        self.proofs = Proofs(self.side)
        self.children = Children(self.side.failures.append, 1.0)
        user = User("tester", None, permissions or Permissions())
        settings = SessionSettings(shell=upper, forwarding=rules)
        context = AuthContext(user="tester")
        self.services = Services(
            user,
            settings,
            context,
            self.side.mux,
            self.children,
            cast("HostKeyProofs", self.proofs),
        )

    def open_channel(self, message: m.AnyChannelOpen) -> bool:
        self.side.receive(message)
        return self.services.open_channel(*self.side.opens.pop())

    def answer(self, message: m.AnyGlobalRequest) -> bool:
        self.side.receive(message)
        return self.services.answer(*self.side.requests.pop())


@pytest.mark.parametrize("rules", [True, False])
@pytest.mark.parametrize("message", [FORWARDED, X11, OTHER], ids=lambda each: type(each).__name__)
async def test_channel_of_another_kind_is_left_to_the_connection(
    message: m.AnyChannelOpen, *, rules: bool
) -> None:
    server = Server(Nowhere() if rules else None)

    assert server.open_channel(message) is False
    assert server.side.wire.sent() == []


async def test_session_is_confirmed() -> None:
    server = Server(None)

    assert server.open_channel(SESSION) is True
    (sent,) = server.side.wire.sent()
    assert isinstance(sent, m.ChannelOpenConfirmation)
    assert sent.recipient == 7


@pytest.mark.row("C17")
async def test_direct_tcpip_is_decided_by_the_rules() -> None:
    rules = Nowhere()
    server = Server(rules)

    assert server.open_channel(DIRECT) is True
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

    assert server.open_channel(DIRECT) is True
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

    assert server.answer(LISTEN) is True
    assert server.side.wire.sent() == [m.RequestFailure()]
    assert rules.asked == int(asked)


@pytest.mark.row("C16")
@pytest.mark.parametrize("message", [LISTEN, CANCEL], ids=["listen", "cancel"])
async def test_port_request_is_answered_where_there_are_rules(
    message: m.AnyGlobalRequest,
) -> None:
    rules = Nowhere()
    server = Server(rules)

    assert server.answer(message) is True
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

    assert server.open_channel(DIRECT) is False
    assert server.answer(LISTEN) is False
    assert server.answer(CANCEL) is False
    assert server.side.wire.sent() == []
    assert rules is None or rules.asked == 0
    assert server.children.things == set()


async def test_other_permissions_leave_forwarding_on() -> None:
    server = Server(Nowhere(), Permissions(pty=False, agent=False))

    assert server.open_channel(DIRECT) is True
    assert len(server.children.things) == 1


async def test_proof_of_host_keys_is_given_to_what_proves_them() -> None:
    server = Server(None)

    assert server.answer(PROVE) is True
    assert server.proofs.asked == [PROVE]


@pytest.mark.row("C22")
async def test_no_more_sessions_is_granted_however_often() -> None:
    server = Server(None)

    assert server.answer(NO_MORE) is True
    assert server.answer(NO_MORE) is True
    assert server.side.wire.sent() == [m.RequestSuccess(), m.RequestSuccess()]


@pytest.mark.row("C22")
async def test_session_after_no_more_sessions_is_a_protocol_error() -> None:
    server = Server(None)
    server.open_channel(SESSION)
    server.answer(NO_MORE)

    with pytest.raises(ProtocolError, match="after no-more-sessions"):
        server.open_channel(SESSION)


@pytest.mark.parametrize("wanted", [True, False])
async def test_unknown_request_is_left_to_the_connection(*, wanted: bool) -> None:
    server = Server(Nowhere())

    assert server.answer(m.GlobalRequest(kind="x@y", want_reply=wanted)) is False
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
