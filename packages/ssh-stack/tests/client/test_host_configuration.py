"""What restricts and is not honoured, what is reported, and how the configuration is read."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import cast

import pytest

import ssh_stack
from ssh_stack.config import Config, HostConfig
from ssh_stack.config.directive import Directive
from ssh_stack.config.directives import DIRECTIVES
from ssh_stack.errors import ConfigError
from ssh_wire import lazy_attrs


def resolve(text: str) -> HostConfig:
    return Config.parse(text).resolve("web1", user="me")


@pytest.fixture
def restricting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have ChannelTimeout as a keyword that restricts and is not honoured: there is none today."""
    row = DIRECTIVES["channeltimeout"]
    changed = lazy_attrs.evolve(row, status="refused", neutral=((),))
    monkeypatch.setitem(cast("dict[str, Directive]", DIRECTIVES), "channeltimeout", changed)


def test_every_restricting_keyword_is_honoured() -> None:
    assert not [row.name for row in DIRECTIVES.values() if row.status == "refused"]


@pytest.mark.usefixtures("restricting")
async def test_restricting_keyword_that_is_not_honoured_refuses_connection() -> None:
    lines = ["Port 1", "ChannelTimeout session=5m"]
    connecting = ssh_stack.connect("127.0.0.1", config=None, config_options=lines)

    (unsupported,) = connecting.config.unsupported
    assert unsupported.refuses
    with pytest.raises(ConfigError, match=r"option: ChannelTimeout .* is not supported yet"):
        await connecting.open()


@pytest.mark.usefixtures("restricting")
def test_value_equal_to_behaviour_is_not_reported() -> None:
    first = "ChannelTimeout none\nChannelTimeout session=5m"

    assert resolve(first).unsupported == ()


@pytest.mark.parametrize(
    "line",
    ["ForwardAgent no", "RemoteCommand none", "ControlMaster auto", "Compression no", "Tunnel no",
     "ForwardX11 yes", "ForwardX11Trusted yes", "ForwardAgent yes", "AddKeysToAgent no",
     "ControlPath none",
     "ControlPersist no", "LocalCommand none", "LocalCommand ls", "PermitLocalCommand no",
     "GSSAPIAuthentication no", "GSSAPIDelegateCredentials no", "HostbasedAuthentication no",
     "PKCS11Provider none", "ConnectionAttempts 1", "GatewayPorts no",
     "VerifyHostKeyDNS no", "FingerprintHash sha256", "EscapeChar none", "EscapeChar ~",
     "IPQoS none", "EnableEscapeCommandline no", "VisualHostKey no", "PermitRemoteOpen none"],
)  # fmt: skip
def test_line_that_changes_nothing_is_not_reported(line: str) -> None:
    assert resolve(line).unsupported == ()


@pytest.mark.parametrize(
    "line",
    ["Tunnel yes", "GSSAPIKeyExchange yes"],
)  # fmt: skip
def test_line_that_asks_for_more_is_reported_without_refusal(line: str) -> None:
    (found,) = resolve(line).unsupported

    assert not found.refuses
    assert found.keyword == line.split(maxsplit=1)[0]


@pytest.mark.usefixtures("restricting")
async def test_program_of_configuration_does_not_block_event_loop(tmp_path: Path) -> None:
    """The command waits for what the loop does meanwhile."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    config = tmp_path / "config"
    config.write_text(f'Match exec "read line < {pipe}"\n ChannelTimeout session=5m\n')

    async def write() -> None:
        await asyncio.to_thread(pipe.write_text, "go\n")

    with pytest.raises(ConfigError, match="ChannelTimeout session=5m"):
        await asyncio.gather(ssh_stack.connect("web1", config=config).open(), write())


def test_command_that_is_given_chooses_blocks(tmp_path: Path) -> None:
    file = tmp_path / "config"
    file.write_text("Match command uptime sessiontype exec\n  Port 7\n")

    for command, port in (("uptime", 7), ("id", 22), ("", 22)):
        connecting = ssh_stack.connect("127.0.0.1", config=file, config_command=command)
        assert (connecting.config.port or 22) == port
