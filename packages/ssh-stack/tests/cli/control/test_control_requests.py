from __future__ import annotations

import pytest

from ssh_connection.control import messages as m
from ssh_stack.cli.control.requests import describe, forward_requests
from ssh_stack.client.plan.forwards import ForwardsPlan
from ssh_stack.config.forward_specs import parse_forward

_UNIX = m.UNIX_PORT


@pytest.mark.parametrize(
    ("text", "listen", "connect"),
    [
        ("80:h:81", ("", 80), ("h", 81)),
        ("*:80:h:81", ("*", 80), ("h", 81)),
        (":80:h:81", ("*", 80), ("h", 81)),
        ("[::1]:80:[::2]:81", ("::1", 80), ("::2", 81)),
        ("/here:/there", ("/here", _UNIX), ("/there", _UNIX)),
        ("80:/there", ("", 80), ("/there", _UNIX)),
    ],
)
def test_forward_is_asked_for_as_openssh_asks(
    text: str, listen: tuple[str, int], connect: tuple[str, int]
) -> None:
    plan = ForwardsPlan(local=(parse_forward(text),))

    (request,) = forward_requests(plan)

    assert request.kind == m.ForwardKind.LOCAL
    assert (request.listen_host, request.listen_port) == listen
    assert (request.connect_host, request.connect_port) == connect


def test_forwards_are_asked_for_in_the_order_of_ssh() -> None:
    plan = ForwardsPlan(
        local=(parse_forward("1:h:2"),),
        dynamic=(parse_forward("3", dynamic=True),),
        remote=(parse_forward("0:h:4", remote=True),),
    )

    assert [describe(each) for each in forward_requests(plan)] == [
        "local forward of localhost:1 to h:2",
        "dynamic forward of localhost:3 to SOCKS",
        "remote forward of localhost:0 to h:4",
    ]


def test_unix_socket_and_ipv6_address_are_described() -> None:
    plan = ForwardsPlan(local=(parse_forward("/here:[::1]:2"),))

    assert [*map(describe, forward_requests(plan))] == ["local forward of /here to [::1]:2"]
