"""Extension negotiation: SSH_MSG_EXT_INFO (RFC 8308)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ssh_wire import ProtocolError
from ssh_wire.messages.transport import Extension, ExtInfo
from ssh_wire.primitives import decode_names, encode_names
from ssh_wire.text import printable

if TYPE_CHECKING:
    from ssh_transport.options import TransportOptions

__all__ = ["Extensions", "client_extensions", "server_extensions", "signature_algorithms"]

_SIG_ALGS = "server-sig-algs"
_IN_AUTH = "ext-info-in-auth@openssh.com"
_COUNT_AT = 5  # the message number and the count
_MOST_MESSAGES = {"client": 2, "server": 1}


class Extensions:
    """What the peer announced.

    Attributes:
        server_sig_algs: the signature algorithms that the server accepts of users, or None
            where it did not announce them (RFC 8308 section 3.1).
        names: everything that the peer announced, a later value in place of an earlier one.
        in_auth: whether a client takes a message during authentication (OpenSSH's PROTOCOL
            section 1.10).
        sent_again: whether this side has sent its second message.
    """

    def __init__(self, role: str, limit: int) -> None:
        self.server_sig_algs: tuple[str, ...] | None = None
        self.names: dict[str, bytes] = {}
        self.in_auth: bool = False
        self.sent_again: bool = False
        self._left = _MOST_MESSAGES[role]
        self._limit = limit

    def receive(self, payload: bytes) -> dict[str, bytes]:
        """Take a message; a later one replaces an earlier one.

        Raises:
            ProtocolError: it is one too many, has too many entries, or is malformed.
        """
        # a server may send it "as the next packet following the server's first
        # SSH_MSG_NEWKEYS" and once more before success; a client only the former
        if not self._left:
            problem = "EXT_INFO once too often"
            raise ProtocolError(problem)
        self._left -= 1
        if int.from_bytes(payload[1:_COUNT_AT], "big") > self._limit:
            problem = "EXT_INFO with too many entries"
            raise ProtocolError(problem)
        entries = ExtInfo.decode(payload).extensions
        found = {printable(entry.name, 64): entry.value for entry in entries}
        if _SIG_ALGS in found:
            # a NUL in a known string is refused; extensions that are not known may hold any
            self.server_sig_algs = decode_names(found[_SIG_ALGS], "ExtInfo", _SIG_ALGS)
        self.in_auth = self.in_auth or _IN_AUTH in found
        # OpenSSH's second message has server-sig-algs alone, and the others stay in effect
        self.names |= found
        return found


def client_extensions(options: TransportOptions) -> ExtInfo:
    """Return what a client announces."""
    del options  # the same in every connection
    return _message({_IN_AUTH: b"0", "ping@openssh.com": b"0"})


def server_extensions(options: TransportOptions) -> ExtInfo:
    """Return what a server announces."""
    accepted = encode_names(signature_algorithms(options))
    return _message({_SIG_ALGS: accepted, "ping@openssh.com": b"0", **options.announced})


def signature_algorithms(options: TransportOptions) -> tuple[str, ...]:
    """Return the signature algorithms that a server announces for users' keys."""
    names = options.server_sig_algs
    return options.algorithms.plain_keys if names is None else names


def _message(values: dict[str, bytes]) -> ExtInfo:
    return ExtInfo(
        extensions=tuple(
            Extension(name=name.encode(), value=value) for name, value in values.items()
        )
    )
