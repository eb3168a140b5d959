"""Channels to the agent or the X server of the client, which a server opens without being asked.

"Implementations MUST reject any X11 channel open requests if they have not requested X11
forwarding" (RFC 4254 section 6.3.2), and a server that asks for the agent wants to use its keys.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from ssh_wire.numbers import OpenFailureReason

if TYPE_CHECKING:
    from ssh_connection.channel import ChannelProtocol

__all__ = ["refuse"]

_log = logging.getLogger("ssh_connection")


def refuse(what: str, channel: ChannelProtocol, host: str, warned: set[str]) -> None:
    """Refuse a channel, and warn of it once.

    Args:
        what: what it is to reach.
        channel: the channel.
        host: the server, for the warning.
        warned: what was warned of on this connection.
    """
    if what not in warned:
        warned.add(what)
        _log.warning("%s tried to reach %s, which is not forwarded to it", host, what)
    channel.refuse(OpenFailureReason.ADMINISTRATIVELY_PROHIBITED, f"{what} is not forwarded")
