"""The command line of keygen, alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from ssh_stack.cli.command_exit import CommandExit
from ssh_stack.cli.keygen.options import MODES, parse_options
from ssh_wire import UsageError


@pytest.mark.parametrize(
    ("words", "mode"),
    [
        ("", "create"),
        ("-t rsa -b 4096 -f x -N s", "create"),
        ("-lv -f x", "l"),
        ("-lF host", "F"),
        ("-HF host", "F"),
        ("-H", "H"),
        ("-R host", "R"),
        ("-s ca -I id -n a key.pub", "s"),
        ("-k -s ca -f krl key.pub", "k"),
        ("-Ql -f krl", "Q"),
        ("-Y sign -n file -f key x", "Y"),
        ("-Y verify -n file -f as -I a -s x.sig -r krl", "Y"),
        ("-y -f x", "y"),
        ("-e -m PEM -f x", "e"),
    ],
)
def test_letters_choose_mode(words: str, mode: str) -> None:
    options = parse_options(words.split())

    assert options.mode == mode
    assert mode in MODES


@pytest.mark.parametrize("words", ["-j", "-t", "surplus"])
def test_invalid_words_end_with_the_status_of_ssh_keygen(words: str) -> None:
    with pytest.raises(CommandExit) as caught:
        parse_options(words.split())
    assert caught.value.status == 1


def test_values_of_options_are_read() -> None:
    options = parse_options(["-l", "-O", "a=1", "-O", "b", "-f", "~/x", "-b", "12", "-v", "-v"])

    assert options.extra == ("a=1", "b")
    assert options.file == Path("~/x").expanduser()
    assert options.one_file() == options.file
    assert options.number("b") == 12
    assert options.number("a", 16) == 16
    assert options.get("C") is None
    with pytest.raises(UsageError, match="-I is missing: a name"):
        options.need("I", "a name")
    with pytest.raises(UsageError, match="takes a number"):
        parse_options(["-b", "many"]).number("b")
    with pytest.raises(UsageError, match="name one file"):
        parse_options(["-l"]).one_file()
    assert parse_options(["-l", "word"]).one_file() == Path("word")
