"""The command line of the escape `C`: which commands there are, as process_cmdline reads them."""

from __future__ import annotations

import pytest

from ssh_connection.addresses import TCPAddress, UnixAddress
from ssh_stack.cli.command_line import Command, parse_command
from ssh_stack.config.forward_specs import ForwardSpec
from ssh_wire import UsageError

HERE, THERE = TCPAddress("localhost", 80), TCPAddress("h", 1)
SOCKET = UnixAddress("/run/s")
FORWARD = ForwardSpec(HERE, THERE, names_host=False)


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("-L80:h:1", Command("local", FORWARD, cancel=False)),
        (
            "  R 80:h:1 ",
            Command("remote", FORWARD, cancel=False),
        ),
        ("-KL80", Command("local", ForwardSpec(HERE, None, names_host=False), cancel=True)),
        ("-D80", Command("local", ForwardSpec(HERE, None, names_host=False), cancel=False)),
        ("-KD80", Command("local", ForwardSpec(HERE, None, names_host=False), cancel=True)),
        ("R80", Command("remote", ForwardSpec(HERE, None, names_host=False), cancel=False)),
        ("-L/run/s:h:1", Command("local", ForwardSpec(SOCKET, THERE), cancel=False)),
        ("-KL/run/s", Command("local", ForwardSpec(SOCKET, None), cancel=True)),
        ("-R/run/s:h:1", Command("remote", ForwardSpec(SOCKET, THERE), cancel=False)),
        ("KR a:80", Command("remote", ForwardSpec(TCPAddress("a", 80), None), cancel=True)),
        ("?", None),
        ("help", None),
        ("-", None),
    ],
)
def test_command_is_parsed(text: str, command: Command | None) -> None:
    assert parse_command(text) == command


@pytest.mark.parametrize("text", ["x", "-L", "-L80", "-KL", "-D", "-D80:h:1", "!ls", "-K80"])
def test_other_command_raises_usage_error(text: str) -> None:
    with pytest.raises(UsageError):
        parse_command(text)
