"""The command line of the escape `C`: which commands there are, as process_cmdline reads them."""

from __future__ import annotations

import pytest

from ssh_stack.cli.command_line import Command, parse_command
from ssh_stack.config.forward_specs import ForwardSpec, TCPAddress
from ssh_wire import UsageError

HERE, THERE = TCPAddress(None, 80), TCPAddress("h", 1)


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("-L80:h:1", Command("local", ForwardSpec(HERE, THERE), cancel=False)),
        ("  R 80:h:1 ", Command("remote", ForwardSpec(HERE, THERE), cancel=False)),
        ("-KL80", Command("local", ForwardSpec(HERE, None), cancel=True)),
        ("KR a:80", Command("remote", ForwardSpec(TCPAddress("a", 80), None), cancel=True)),
        ("?", None),
        ("help", None),
        ("-", None),
    ],
)
def test_command_is_parsed(text: str, command: Command | None) -> None:
    assert parse_command(text) == command


@pytest.mark.parametrize("text", ["x", "-L", "-L80", "-KL", "-D1080", "!ls", "-K80"])
def test_other_command_raises_usage_error(text: str) -> None:
    with pytest.raises(UsageError):
        parse_command(text)
