"""The escape character of a terminal session (ssh(1), ESCAPE CHARACTERS): a state machine.

At the start of a line the escape character and the key behind it ask this program for
something.  Typed twice it is sent once; before any other key it is sent as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Final, TypeAlias

__all__ = ["Escape", "EscapeAction", "Step", "escape_help", "key_of", "visible"]


class EscapeAction(Enum):
    """What a key behind the escape character asks for."""

    DISCONNECT = "terminate the connection"
    BACKGROUND = "go to the background and wait for forwarded connections to end"
    SUSPEND = "suspend the program"
    BREAK = "send a BREAK to the remote system"
    COMMAND_LINE = "open a command line"
    INFORMATION = "print what is known of the connection"
    REKEY = "ask for new keys"
    QUIETER = "tell less (LogLevel)"
    LOUDER = "tell more (LogLevel)"
    LIST = "list the forwarded connections"
    HELP = "print this message"

    @property
    def ends(self) -> bool:
        """Whether nothing that is typed behind it is for the remote side."""
        return self in {EscapeAction.DISCONNECT, EscapeAction.BACKGROUND}


Step: TypeAlias = bytes | EscapeAction
"""Bytes for the remote side, or what is to be done before those behind it."""

_ACTIONS: Final[Mapping[int, EscapeAction]] = {
    ord("."): EscapeAction.DISCONNECT,
    ord("B"): EscapeAction.BREAK,
    ord("C"): EscapeAction.COMMAND_LINE,
    ord("I"): EscapeAction.INFORMATION,
    ord("R"): EscapeAction.REKEY,
    ord("V"): EscapeAction.QUIETER,
    ord("v"): EscapeAction.LOUDER,
    ord("Z") & 31: EscapeAction.SUSPEND,
    ord("#"): EscapeAction.LIST,
    ord("&"): EscapeAction.BACKGROUND,
    ord("?"): EscapeAction.HELP,
}


class Escape:
    """Finds the escape sequences in what is typed.

    Args:
        character: the code of the escape character.
    """

    def __init__(self, character: int = ord("~")) -> None:
        self._character = character
        self._line_start = True
        self._pending = False

    @property
    def character(self) -> int:
        """The code of the escape character."""
        return self._character

    def feed(self, data: bytes) -> list[Step]:
        """Return what the keys come to, in their order; nothing behind the end of the session."""
        if not self._pending and self._character not in data:  # most of what is typed
            if data:
                self._line_start = data[-1] in b"\r\n"
            return [data] if data else []
        steps: list[Step] = []
        out = bytearray()
        for key in data:
            action = self._key(key, out)
            if action is None:
                continue
            if out:
                steps.append(bytes(out))
                out.clear()
            steps.append(action)
            if action.ends:
                break
        return [*steps, bytes(out)] if out else steps

    def _key(self, key: int, out: bytearray) -> EscapeAction | None:
        """Take one key: add to `out` what is for the remote side, or return what it asks for."""
        if self._pending:
            self._pending = False
            # a character that is both an action and the escape character is the action: ssh too
            if (action := _ACTIONS.get(key)) is not None:
                return action
            if key != self._character:
                out.append(self._character)
        elif self._line_start and key == self._character:
            self._pending = True
            return None
        out.append(key)
        self._line_start = key in b"\r\n"
        return None


def visible(code: int) -> str:
    """Return a key for a message, control characters as ^ and a letter."""
    return f"^{chr(code + 64)}" if code < 32 else chr(code)  # noqa: PLR2004 (the first that is printable)


def key_of(action: EscapeAction) -> str:
    """Return the key that asks for an action, as it is written."""
    return next(visible(key) for key, each in _ACTIONS.items() if each is action)


def escape_help(character: int, *, command_line: bool) -> str:
    """Return the text of the escape `?`.

    Args:
        character: the code of the escape character.
        command_line: whether the command line is open to the user (EnableEscapeCommandline).
    """
    mark = visible(character)
    lines = [f"{mark}?", "Supported escape sequences:"]
    for key, action in _ACTIONS.items():
        if command_line or action is not EscapeAction.COMMAND_LINE:
            lines.append(f" {mark}{visible(key):<3} - {action.value}")
    lines.append(f" {mark}{mark}   - send the escape character by typing it twice")
    lines.append("(Note that escapes are only recognized immediately after newline.)")
    return "\n".join(lines)
