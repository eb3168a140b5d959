"""An input as lines of text: hex, the stream of one direction, or a capture file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Literal, TypeAlias, get_args

from ssh_wire import lazy_attrs
from ssh_wire.binary_packet import unpack_packet
from ssh_wire.declare import Message
from ssh_wire.dissect.capture import frames, is_capture
from ssh_wire.dissect.conversation import Conversation, Entry, Role
from ssh_wire.dissect.links import SYN, segment
from ssh_wire.dissect.nodes import dissect
from ssh_wire.dissect.tcp import Gap, TCPConnection, TCPConnections
from ssh_wire.dissect.tree_text import render
from ssh_wire.errors import UsageError, WireError
from ssh_wire.messages import sets
from ssh_wire.messageset import MessageSet

__all__ = [
    "FORMS",
    "PHASES",
    "ConnectionEntry",
    "Form",
    "Options",
    "form_of",
    "phase_of",
    "read_entries",
    "report",
]

Form: TypeAlias = Literal["hex", "stream", "capture"]
"""The form of an input."""

FORMS: tuple[Form, ...] = get_args(Form)

PHASES = "transport, kex:METHOD, auth, auth:METHOD, connection"
"""The phases that `phase_of` knows."""

_ARROWS: dict[Role, str] = {"client": "→", "server": "←"}
_NOISE = b" \t\r\n:,-"
_HEX_DIGITS = frozenset(b"0123456789abcdefABCDEF")
_PREVIEW = 8_192
_HELD = 256


@lazy_attrs.frozen(kw_only=True)
class Options:
    """How an input is decoded and printed.

    Attributes:
        form: the form of the input; detected when not given.
        phase: the phase of a single payload, as `phase_of` reads it.
        method: the key exchange method of a stream; that of its KEXINIT when not given.
        sender: the sender of a stream of one direction.
        secrets: print passwords and other secrets.
        full: print long fields in full.
    """

    form: Form | None = None
    phase: str | None = None
    method: str | None = None
    sender: Role = "client"
    secrets: bool = False
    full: bool = False


@lazy_attrs.frozen
class ConnectionEntry:
    """An entry of one connection.

    Attributes:
        connection: the connection; None for a stream that is not from a capture.
        entry: the entry.
    """

    connection: TCPConnection | None
    entry: Entry


def report(data: bytes, options: Options) -> Iterator[str]:
    """Yield the lines that describe an input.

    Raises:
        UsageError: an option is not known, or the form of the input cannot be detected.
        CaptureError: a capture file is damaged; the lines before the damage have been yielded.
    """
    form = options.form or form_of(data)
    if form == "hex":
        raw = _unhex(data)
        if not _is_stream(raw):
            yield from _payload(raw, options)
            return
        data, form = raw, "stream"
    known: TCPConnection | None = None
    for one in read_entries(data, lazy_attrs.evolve(options, form=form)):
        if one.connection is not None and one.connection is not known:
            if known is not None:
                yield ""
            known = one.connection
            yield f"{known.client} → {known.server}"
        yield from _lines(one.entry, options)


def read_entries(data: bytes, options: Options) -> Iterator[ConnectionEntry]:
    """Yield the entries of a stream or a capture, up to its encryption.

    Raises:
        UsageError: the key exchange method is not known.
        CaptureError: a capture file is damaged.
    """
    if options.method is not None:
        sets.key_exchange(options.method)
    if (options.form or form_of(data)) == "capture":
        yield from _captured(data, options.method)
        return
    conversation = Conversation(options.method)
    for entry in conversation.feed(options.sender, data):
        yield ConnectionEntry(None, entry)


def form_of(data: bytes) -> Form:
    """Return the form of an input.

    Raises:
        UsageError: it is not one of the known forms.
    """
    if is_capture(data):
        return "capture"
    if _is_stream(data):
        return "stream"
    if data.strip() and not set(data[:_PREVIEW].removeprefix(b"0x")) - _HEX_DIGITS - set(_NOISE):
        return "hex"
    problem = "the input is neither hex, nor a stream that identifies itself, nor a capture"
    raise UsageError(problem)


def phase_of(text: str | None) -> MessageSet[Message]:
    """Return the messages of a phase; without one, all whose number identifies them.

    Raises:
        UsageError: there is no such phase.
    """
    everywhere = sets.TRANSPORT | sets.AUTHENTICATION | sets.CONNECTION
    name, _, method = (text or "").partition(":")
    match name, bool(method):
        case "", False:
            return everywhere
        case "transport", False:
            return sets.TRANSPORT
        case "kex", True:
            return sets.TRANSPORT | sets.key_exchange(method)
        case "auth", _:
            return sets.TRANSPORT | sets.AUTHENTICATION | sets.dialogue(method)
        case "connection", False:
            return sets.TRANSPORT | sets.CONNECTION
        case _:
            problem = f"unknown phase {text!r}; there are {PHASES}"
            raise UsageError(problem)


def _is_stream(data: bytes) -> bool:
    return data.startswith(b"SSH-") or b"\nSSH-" in data[:_PREVIEW]


def _unhex(data: bytes) -> bytes:
    digits = data.strip().removeprefix(b"0x").translate(None, _NOISE)
    try:
        return bytes.fromhex(digits.decode("ascii"))
    except ValueError:
        problem = "the input is not hex: an odd number of digits, or other characters"
        raise UsageError(problem) from None


def _payload(raw: bytes, options: Options) -> Iterator[str]:
    """Describe one payload, which may be in a packet."""
    with suppress(WireError):  # a payload may be without its packet
        raw = bytes(unpack_packet(raw))
    tree = dissect(raw, phase_of(options.phase))
    yield from render(tree, secrets=options.secrets, full=options.full).split("\n")


def _lines(entry: Entry, options: Options) -> Iterator[str]:
    arrow = _ARROWS[entry.sender]
    if entry.tree is not None:
        text = render(entry.tree, secrets=options.secrets, full=options.full)
        assumed = f"  (assuming {entry.assumed})" if entry.assumed else ""
        head, *rest = text.split("\n")
        yield f"{arrow} {head}{assumed}"
        yield from rest
        return
    words = {
        "line": f'line before the identification: "{entry.text}"',
        "identification": f"identification: {entry.text}",
        "encrypted": "encrypted from here",
        "broken": f"cannot be read further: {entry.text}",
    }
    yield f"{arrow} {words[entry.what]}"


class _CapturedConnection:
    """A connection of a capture; its entries are held back until it is known to be SSH."""

    def __init__(self, connection: TCPConnection, method: str | None) -> None:
        self.connection = connection
        self._conversation = Conversation(method)
        self._held: list[Entry] = []
        self._ignored = False

    def feed(
        self, sender: Role, sequence: int, data: bytes, *, syn: bool
    ) -> Iterator[ConnectionEntry]:
        if self._ignored or self._conversation.over:
            return
        try:
            data = self.connection.streams[sender].feed(sequence, data, syn=syn)
            entries = self._conversation.feed(sender, data)
        except Gap as gap:
            entries = self._conversation.stop(sender, str(gap))
        self._held += entries
        if self._conversation.identified:
            for entry in self._held:
                yield ConnectionEntry(self.connection, entry)
            self._held = []
        elif len(self._held) > _HELD or any(entry.what == "broken" for entry in self._held):
            self._ignored = True
            self._held = []


def _captured(data: bytes, method: str | None) -> Iterator[ConnectionEntry]:
    connections = TCPConnections()
    captured: dict[TCPConnection, _CapturedConnection] = {}
    for frame in frames(data):
        found = segment(frame)
        if found is None:
            continue
        connection, sender = connections.find(found)
        if connection not in captured:
            captured[connection] = _CapturedConnection(connection, method)
        yield from captured[connection].feed(
            sender, found.sequence, found.data, syn=bool(found.flags & SYN)
        )
