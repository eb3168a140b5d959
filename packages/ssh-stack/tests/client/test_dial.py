"""Ways to a server: addresses of one family, and proxy commands with and without a shell."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssh_stack.client.dial import proxy_arguments, tcp_dialer
from ssh_stack.client.options import ClientOptions
from ssh_stack.client.plan import Target, merge
from ssh_stack.client.plan.route import RoutePlan
from ssh_stack.config import HostConfig
from ssh_wire import UsageError

if TYPE_CHECKING:
    from ssh_transport.aio import Driver

TOKENS = {"h": "host.example", "k": "key-alias", "n": "alias", "p": "2222", "r": "ops"}


@pytest.fixture
def shell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHELL", "/bin/sh")


@pytest.mark.usefixtures("shell")
def test_string_is_run_by_shell_of_user_as_by_ssh() -> None:
    assert proxy_arguments("nc -x '%r at %n' %h:%p 100%% 2>/dev/null", TOKENS) == [
        "/bin/sh",
        "-c",
        "exec nc -x 'ops at alias' host.example:2222 100% 2>/dev/null",
    ]


@pytest.mark.parametrize("command", ["nc %Z", ["nc", "%Z"]])
def test_unknown_token_is_reported_with_its_command(command: str | list[str]) -> None:
    with pytest.raises(UsageError, match=r"^proxy command '.*%Z': has an unknown token %Z"):
        proxy_arguments(command, TOKENS)


def test_list_is_run_without_shell() -> None:
    assert proxy_arguments(["nc", "-x", "%r at %n", "%h:%p", "100%%", "2>x", "%k"], TOKENS) == [
        "nc",
        "-x",
        "ops at alias",
        "host.example:2222",
        "100%",
        "2>x",
        "key-alias",
    ]


def test_shell_is_bin_sh_where_environment_names_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("SHELL", raising=False)

    assert proxy_arguments("nc %h", TOKENS)[0] == "/bin/sh"


def test_shell_that_cannot_be_executed_is_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHELL", "/nonexistent/sh")

    with pytest.raises(UsageError, match="the shell '/nonexistent/sh'"):
        proxy_arguments("nc %h", TOKENS)


@pytest.mark.row("T46")
@pytest.mark.row("X03")
@pytest.mark.usefixtures("shell")
@pytest.mark.parametrize("token", "hknr")
@pytest.mark.parametrize(
    "value",
    ["-oProxyCommand=x", "a;b", "$(x)", "`x`", "a|b", "a\nb", "a&b", "a b", "~", "a*", "#", "\\",
     "{a,b}", "[a]", "x=y", "!!", "^a", '"', "'", "a\x00b", "$HOME", "<x", ">x", "(x)", "a?"],
)  # fmt: skip
def test_name_with_shell_syntax_is_refused(token: str, value: str) -> None:
    with pytest.raises(UsageError, match="cannot be part of a command"):
        proxy_arguments(f"nc %{token}", {**TOKENS, token: value})


@pytest.mark.usefixtures("shell")
@pytest.mark.parametrize(
    "value", ["web-1.example", "fe80::1%eth0", "a_b", "me@corp", "münchen.example"]
)
def test_name_of_letters_digits_and_few_signs_is_substituted(value: str) -> None:
    assert proxy_arguments("nc %h", {**TOKENS, "h": value})[2] == f"exec nc {value}"


@given(st.text(max_size=20))
def test_substituted_value_is_one_word_of_shell(value: str) -> None:
    with contextlib.suppress(UsageError):
        command = proxy_arguments("nc %h", {**TOKENS, "h": value})[2]
        found = command.removeprefix("exec nc ")
        assert found == value
        assert all(char.isalnum() or char in "._:@%+,/-" for char in found)


@pytest.mark.parametrize("command", ["", "  ", [], [""]])
def test_empty_command_is_refused(command: str | list[str]) -> None:
    with pytest.raises(UsageError, match="empty"):
        proxy_arguments(command, TOKENS)


@pytest.mark.parametrize("command", ["nc %Q", ["nc", "%Q"], "nc %"])
def test_unknown_token_is_refused(command: str | list[str]) -> None:
    with pytest.raises(UsageError, match="unknown token"):
        proxy_arguments(command, TOKENS)


@pytest.mark.parametrize(
    ("command", "printed"),
    [
        ("~/bin/p %h %p", "p web1 22"),
        ("$HOME/bin/p %h 2>/dev/null", "p web1"),
        ("true; $HOME/bin/p %h", ""),  # the shell is replaced by the first command, as with ssh
        ('sh -c "false || $HOME/bin/p %n"', "p web1"),
    ],
)
async def test_shell_syntax_of_configured_command_is_kept(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, command: str, printed: str
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("SHELL", "/bin/sh")
    program = tmp_path / "bin" / "p"
    program.parent.mkdir()
    program.write_text('#!/bin/sh\necho p "$@"\n')
    program.chmod(0o755)
    tokens = merge(
        ClientOptions(), HostConfig(), Target(host="web1", local_user="me")
    ).proxy_tokens

    process = await asyncio.create_subprocess_exec(
        *proxy_arguments(command, tokens), stdout=asyncio.subprocess.PIPE
    )
    out, _ = await process.communicate()

    assert out.decode().strip() == printed


class _Closed(asyncio.Protocol):
    """Stands for a driver; remembers its transport."""

    transport: asyncio.BaseTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport


async def _dial(host: str, port: int, **options: Any) -> socket.socket:
    protocol = _Closed()
    seen: list[socket.socket] = []
    await tcp_dialer(host, port, RoutePlan(**options), seen.append, [])(cast("Driver", protocol))
    assert len(seen) == 1
    assert protocol.transport is not None
    found: socket.socket = protocol.transport.get_extra_info("socket")
    protocol.transport.close()
    return found


async def test_address_family_decides_which_address_is_used() -> None:
    server = await asyncio.start_server(lambda _r, w: w.close(), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        await _dial("localhost", port, addresses="inet")
        with pytest.raises(OSError, match=r"."):
            await _dial("127.0.0.1", port, addresses="inet6")
        with pytest.raises(OSError, match=r"."):
            await _dial("localhost", port, addresses="inet6")


async def test_bind_address_is_connected_from() -> None:
    found: list[str] = []

    def take(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        found.append(writer.get_extra_info("peername")[0])
        writer.close()
        seen.set()

    seen = asyncio.Event()
    server = await asyncio.start_server(take, "127.0.0.1", 0)
    async with server:
        await _dial("127.0.0.1", server.sockets[0].getsockname()[1], bind_address="127.0.0.3")
        await seen.wait()

    assert found == ["127.0.0.3"]


@pytest.mark.parametrize("keepalive", [True, False])
async def test_tcp_keepalive_option_sets_so_keepalive(
    keepalive: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    options: list[tuple[int, int, Any]] = []
    original = socket.socket.setsockopt

    def spy(self: socket.socket, *values: Any) -> None:
        options.append(values)
        original(self, *values)

    monkeypatch.setattr(socket.socket, "setsockopt", spy)
    server = await asyncio.start_server(lambda _r, w: w.close(), "127.0.0.1", 0)
    async with server:
        await _dial("127.0.0.1", server.sockets[0].getsockname()[1], keepalive=keepalive)

    assert ((socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1) in options) is keepalive
