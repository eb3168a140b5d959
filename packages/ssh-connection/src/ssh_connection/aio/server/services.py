"""What an authenticated user is served: sessions, forwards, proofs of the host keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ssh_connection.aio.server.forwards import ServerForwards
from ssh_connection.aio.server.sessions import ServerSessions
from ssh_wire.messages import connection as m

if TYPE_CHECKING:
    from ssh_auth import AuthContext
    from ssh_connection.aio.children import Children
    from ssh_connection.aio.server.host_keys import HostKeyProofs
    from ssh_connection.aio.server.session import User
    from ssh_connection.aio.server.settings import SessionSettings
    from ssh_connection.channel import ChannelProtocol
    from ssh_connection.multiplexer import Multiplexer
    from ssh_connection.replies import PendingReply

__all__ = ["Services"]


class Services:
    """Gives each channel and each global request of a user to what serves it.

    Args:
        user: the user that is authenticated.
        settings: what is switched on.
        context: what a session tells of the connection.
        mux: carries the channels and the answers.
        children: owns what is served.
        host_keys: proves the host keys.
    """

    def __init__(
        self,
        user: User,
        settings: SessionSettings,
        context: AuthContext,
        mux: Multiplexer,
        children: Children,
        host_keys: HostKeyProofs,
    ) -> None:
        self.user = user
        self._mux = mux
        self._host_keys = host_keys
        self._sessions = ServerSessions(user, settings, context, children.spawn)
        self._forwards: ServerForwards | None = None
        rules = settings.forwarding
        if rules is not None and user.permissions.permits_forwarding:
            self._forwards = ServerForwards(user, rules, mux, children.spawn)
            children.own(self._forwards)

    def open_channel(self, message: m.AnyChannelOpen, core: ChannelProtocol) -> bool:
        """Answer the opening of a channel; return False if there is nothing of its kind."""
        match message:
            case m.SessionOpen():
                self._sessions.open(core)
            case m.DirectTCPIPOpen() if self._forwards is not None:
                self._forwards.connect(message, core)
            case _:
                return False
        return True

    def answer(self, message: m.AnyGlobalRequest, reply: PendingReply) -> bool:
        """Answer a global request; return False if there is nothing of its kind."""
        match message:
            case m.TCPIPForward() if self._forwards is not None:
                self._forwards.listen(message, reply)
            case m.CancelTCPIPForward() if self._forwards is not None:
                self._forwards.cancel(message, reply)
            case m.GlobalRequest(kind="hostkeys-prove-00@openssh.com"):
                self._host_keys.prove(message, reply)
            case m.GlobalRequest(kind="no-more-sessions@openssh.com"):
                self._sessions.forbid_more()
                self._mux.grant(reply)
            case _:
                return False
        return True
