"""The escape character: what is sent, what is asked for, whatever the reads are cut into."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssh_stack.cli.escapes import Escape, EscapeAction, Step, escape_help, visible

ALPHABET = b"~.\r\nxB#&?\x1a^%"


def joined(steps: list[Step]) -> list[Step]:
    """Return steps with neighbouring bytes as one."""
    result: list[Step] = []
    for step in steps:
        if isinstance(step, bytes) and result and isinstance(result[-1], bytes):
            result[-1] += step
        else:
            result.append(step)
    return result


def reference(data: bytes, character: int) -> list[Step]:
    """clientloop.c's process_escapes, key by key, up to what ends the session."""
    actions = {
        ord("."): EscapeAction.DISCONNECT,
        ord("B"): EscapeAction.BREAK,
        ord("C"): EscapeAction.COMMAND_LINE,
        ord("I"): EscapeAction.INFORMATION,
        ord("R"): EscapeAction.REKEY,
        ord("V"): EscapeAction.QUIETER,
        ord("v"): EscapeAction.LOUDER,
        26: EscapeAction.SUSPEND,
        ord("#"): EscapeAction.LIST,
        ord("&"): EscapeAction.BACKGROUND,
        ord("?"): EscapeAction.HELP,
    }
    result: list[Step] = []
    last_was_cr, pending = True, False
    for key in data:
        if pending:
            pending = False
            if key in actions:
                result.append(actions[key])
                if key in b".&":
                    break
                continue
            if key != character:
                result.append(bytes([character]))
        elif last_was_cr and key == character:
            pending = True
            continue
        last_was_cr = key in b"\r\n"
        result.append(bytes([key]))
    return joined(result)


@given(
    keys=st.lists(st.sampled_from(ALPHABET), max_size=40).map(bytes),
    cuts=st.lists(st.integers(0, 40), max_size=6),
    character=st.sampled_from(b"~^%\x1d."),
)
def test_steps_do_not_depend_on_how_keys_arrive(
    keys: bytes, cuts: list[int], character: int
) -> None:
    escape = Escape(character)
    steps: list[Step] = []
    edges = sorted({0, len(keys), *(cut for cut in cuts if cut < len(keys))})
    for start, stop in pairwise(edges):
        found = escape.feed(keys[start:stop])
        steps += found
        if found and isinstance(found[-1], EscapeAction) and found[-1].ends:
            break
    assert joined(steps) == reference(keys, character)


@given(st.binary(max_size=200))
def test_keys_without_escape_character_are_sent_unchanged(keys: bytes) -> None:
    plain = keys.replace(b"~", b"")
    assert joined(Escape().feed(plain)) == ([plain] if plain else [])


def test_escape_character_counts_only_at_start_of_line() -> None:
    escape = Escape()
    assert joined(escape.feed(b"~~a~.\r")) == [b"~a~.\r"]
    assert escape.feed(b"~") == []
    assert escape.feed(b"x~") == [b"~x~"]
    assert escape.feed(b"\r") == [b"\r"]
    assert escape.feed(b"~.after") == [EscapeAction.DISCONNECT]


@pytest.mark.parametrize("action", list(EscapeAction))
def test_each_action_has_key_that_help_lists(action: EscapeAction) -> None:
    text = escape_help(ord("~"), command_line=True)
    line = next(line for line in text.splitlines() if line.endswith(f"- {action.value}"))
    typed = line.split()[0].removeprefix("~")
    key = ord(typed[1]) & 31 if len(typed) > 1 else ord(typed)
    assert Escape().feed(bytes([ord("~"), key])) == [action]


def test_command_line_is_listed_only_where_it_is_enabled() -> None:
    assert "command line" not in escape_help(ord("~"), command_line=False)


def test_control_character_is_written_with_caret() -> None:
    assert (visible(1), visible(ord("~"))) == ("^A", "~")
    assert escape_help(1, command_line=False).startswith("^A?\n")
