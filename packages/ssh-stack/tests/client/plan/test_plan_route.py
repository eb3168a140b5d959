"""The way to the server: options that name one leave out those of the configuration."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from ssh_stack.client.options import ClientOptions
from ssh_stack.client.plan import Target, merge
from ssh_stack.client.plan.route import RoutePlan
from ssh_stack.config import Config
from ssh_wire import UsageError

_COMMAND = "ProxyCommand nc %h %p"
_JUMP = "ProxyJump bastion"


def plan(text: str, **options: Any) -> RoutePlan:
    config = Config.parse(text).resolve("web1", user="me")
    return merge(ClientOptions(**options), config, Target(host="web1", local_user="me")).route


@pytest.mark.parametrize(
    ("text", "options", "command", "jumps"),
    [
        ("", {}, None, ()),
        (_COMMAND, {}, "nc %h %p", ()),
        (_JUMP, {}, None, ("bastion",)),
        (f"{_COMMAND}\n{_JUMP}", {}, "nc %h %p", ()),
        (f"{_JUMP}\n{_COMMAND}", {}, None, ("bastion",)),
        (_COMMAND, {"jump": "a, b"}, None, ("a", "b")),
        (_COMMAND, {"jump": None}, None, ()),
        (_JUMP, {"jump": None}, None, ()),
        (_JUMP, {"proxy_command": ["nc", "%h"]}, ("nc", "%h"), ()),
        (_COMMAND, {"proxy_command": None}, None, ()),
        (_JUMP, {"proxy_command": None}, None, ("bastion",)),
    ],
)
def test_option_that_names_a_way_leaves_no_other(
    text: str, options: dict[str, Any], command: object, jumps: tuple[str, ...]
) -> None:
    found = plan(text, **options)

    assert (found.proxy_command, found.jumps) == (command, jumps)


@pytest.mark.parametrize("text", [_COMMAND, _JUMP])
def test_stream_of_caller_leaves_no_way_of_configuration(text: str) -> None:
    one, other = socket.socketpair()
    with one, other:
        found = plan(text, stream=one)

    assert found.stream is one
    assert (found.proxy_command, found.jumps) == (None, ())


def test_connecting_is_tried_once_at_least() -> None:
    with pytest.raises(UsageError, match="ConnectionAttempts is at least 1"):
        plan("ConnectionAttempts 0")


def test_interface_is_for_connections_without_bind_address() -> None:
    text = "BindInterface tun0\n"

    assert plan(text).bind_interface == "tun0"
    assert plan(f"{text}BindAddress 192.0.2.1").bind_interface is None


def test_error_of_proxy_command_is_kept_for_its_use() -> None:
    text = "ProxyCommand nc %z"

    assert plan(text).proxy_command_error is not None
    assert plan(text, jump=None).proxy_command_error is None
    assert plan(text, proxy_command="nc %h").proxy_command_error is None
