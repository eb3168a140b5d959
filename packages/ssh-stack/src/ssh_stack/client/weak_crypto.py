"""A warning of a key exchange that is not safe for long (WarnWeakCrypto, ssh_config(5))."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from ssh_connection.aio import ClientConnection
    from ssh_transport import Algorithms

__all__ = ["warn_of_kex"]

_LOG: Final = logging.getLogger("ssh_stack")
_POST_QUANTUM: Final = ("mlkem", "sntrup")
_WARNING: Final = (
    "** WARNING: connection is not using a post-quantum key exchange algorithm.\n"
    '** This session may be vulnerable to "store now, decrypt later" attacks.\n'
    "** The server may need to be upgraded. See https://openssh.com/pq.html"
)


def warn_of_kex(connection: ClientConnection, offered: Algorithms) -> None:
    """Tell the logger `ssh_stack`, in the words of ssh, if the server has no better method.

    It is told with level INFO: the command line shows it, and a library's users choose.

    Args:
        connection: whose key exchange it is.  A server that prefers a method that would be
            better, and is not implemented here, is not to blame.
        offered: what was offered; where that has no such method, neither is the server.
    """
    better = any(name.startswith(_POST_QUANTUM) for name in offered.kex)
    used, preferred = connection.agreement.kex, connection.preferred_kex
    if better and not used.startswith(_POST_QUANTUM) and not preferred.startswith(_POST_QUANTUM):
        _LOG.info("%s", _WARNING, extra={"words_of_ssh": True})
