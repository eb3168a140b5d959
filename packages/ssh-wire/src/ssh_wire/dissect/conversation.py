"""Both directions of one connection.

The meaning of the numbers 30–49 depends on the key exchange method, which two KEXINITs negotiate
(RFC 4253 section 7.1).  If only one of them was captured, its first method is assumed, and the
entry names it.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

from ssh_wire import lazy_attrs
from ssh_wire.declare import Message
from ssh_wire.dissect.direction import DirectionReader, Piece, What
from ssh_wire.dissect.nodes import Tree, dissect
from ssh_wire.errors import UsageError, WireError
from ssh_wire.messages import sets
from ssh_wire.messages.transport import KexInit
from ssh_wire.messageset import MessageSet
from ssh_wire.numbers import MessageNumber
from ssh_wire.primitives import Buffer
from ssh_wire.text import printable

__all__ = ["Conversation", "Entry", "Role"]

Role: TypeAlias = Literal["client", "server"]
"""The sender of an entry."""

_METHOD_NUMBERS = range(30, 50)
_MARKERS = ("ext-info-", "kex-strict-")


@lazy_attrs.frozen
class Entry:
    """A line or a packet of one side, or the end of what can be decoded.

    Attributes:
        sender: the side.
        what: a line, the identification string, a packet, the start of encryption, or the end
            of what can be decoded.
        text: the line, or the problem; escaped.
        tree: the payload of a packet.
        assumed: the key exchange method that was assumed to decode the payload.
    """

    sender: Role
    what: What
    text: str = ""
    tree: Tree | None = None
    assumed: str = ""


class Conversation:
    """The streams of the client and the server together.

    Args:
        method: the key exchange method; that of the KEXINITs when not given.
    """

    def __init__(self, method: str | None = None) -> None:
        self._sides: dict[Role, DirectionReader] = {
            "client": DirectionReader(),
            "server": DirectionReader(),
        }
        self._kexinits: dict[Role, KexInit] = {}
        self._wrong_guess: Role | None = None
        self._method = method

    @property
    def identified(self) -> bool:
        """Whether a side has sent its identification string."""
        return any(side.identified for side in self._sides.values())

    @property
    def over(self) -> bool:
        """Whether no more of either side can be decoded."""
        return all(side.over for side in self._sides.values())

    def feed(self, sender: Role, data: Buffer) -> list[Entry]:
        """Take more of one side's stream; return the entries that it completes."""
        return [self._entry(sender, piece) for piece in self._sides[sender].feed(data)]

    def stop(self, sender: Role, problem: str) -> list[Entry]:
        """Stop decoding one side because of a problem; return nothing if it has ended already."""
        side = self._sides[sender]
        return [] if side.over else [self._entry(sender, side.stop(problem))]

    def _entry(self, sender: Role, piece: Piece) -> Entry:
        if piece.what == "packet":
            return self._packet(sender, piece.data)
        return Entry(sender, piece.what, piece.problem or printable(piece.data))

    def _packet(self, sender: Role, payload: bytes) -> Entry:
        number = payload[0]
        if number == MessageNumber.KEXINIT:
            self._remember(sender, payload)
        if number not in _METHOD_NUMBERS:
            return Entry(sender, "packet", tree=dissect(payload, sets.TRANSPORT))
        method, certain = self._method_of(sender)
        tree = dissect(payload, _phase(method))
        return Entry(sender, "packet", tree=tree, assumed="" if certain else method)

    def _remember(self, sender: Role, payload: bytes) -> None:
        try:
            self._kexinits[sender] = KexInit.decode(payload)
        except WireError:
            return
        agreed = self._agreed()
        for role, kexinit in self._kexinits.items():
            # "If the guess is wrong … the next packet MUST be silently ignored"
            if agreed and kexinit.first_kex_packet_follows and _first(kexinit) != agreed:
                self._wrong_guess = role

    def _method_of(self, sender: Role) -> tuple[str, bool]:
        """Return the method of the sender's packet, and whether it was negotiated."""
        if self._method is not None:
            return self._method, True
        if sender in self._kexinits and sender == self._wrong_guess:
            self._wrong_guess = None
            return _first(self._kexinits[sender]), True
        agreed = self._agreed()
        if agreed:
            return agreed, True
        return next((_first(kexinit) for kexinit in self._kexinits.values()), ""), False

    def _agreed(self) -> str:
        """Return the first method of the client that the server has too."""
        if len(self._kexinits) < len(self._sides):
            return ""
        theirs = set(self._kexinits["server"].kex_algorithms)
        return next((n for n in _methods(self._kexinits["client"]) if n in theirs), "")


def _phase(method: str) -> MessageSet[Message]:
    try:
        return sets.key_exchange(method)
    except UsageError:
        return sets.TRANSPORT  # it has no such number, and the tree names the problem


def _methods(kexinit: KexInit) -> list[str]:
    return [name for name in kexinit.kex_algorithms if not name.startswith(_MARKERS)]


def _first(kexinit: KexInit) -> str:
    return next(iter(_methods(kexinit)), "")
