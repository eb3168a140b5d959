"""What is forwarded."""

from __future__ import annotations

import pytest

from ssh_connection.addresses import TCPAddress
from ssh_stack.client.options import ClientOptions
from ssh_stack.client.plan import ForwardsPlan, Target, merge
from ssh_stack.config import Config

_LINES = "LocalForward 8080 a:80\nRemoteForward 8081 b:80\nDynamicForward 1080\nTunnel yes\n"


def plan(text: str) -> ForwardsPlan:
    config = Config.parse(text).resolve("web1")
    return merge(ClientOptions(), config, Target(host="web1", local_user="me")).forwards


def test_forwards_of_configuration_are_in_plan() -> None:
    found = plan(_LINES)

    assert [str(each.connect) for each in (*found.local, *found.remote)] == ["a:80", "b:80"]
    assert [each.connect for each in found.dynamic] == [None]
    assert found.tunnel == "point-to-point"


@pytest.mark.parametrize(
    ("line", "permitted"),
    [
        ("", "db:5432 db:22 ::1:22"),
        ("PermitRemoteOpen any", "db:5432 db:22 ::1:22"),
        ("PermitRemoteOpen none", ""),
        ("PermitRemoteOpen db:5432", "db:5432"),
        ("PermitRemoteOpen db:*", "db:5432 db:22"),
        ("PermitRemoteOpen *:22", "db:22 ::1:22"),
        ("PermitRemoteOpen [::1]:22 db:5432", "db:5432 ::1:22"),
        ("PermitRemoteOpen d*:22", ""),
        ("PermitRemoteOpen DB:22", ""),
    ],
)
def test_remote_forward_with_socks_connects_to_what_is_permitted(
    line: str, permitted: str
) -> None:
    found = plan(f"{line}\n")
    addresses = [TCPAddress("db", 5432), TCPAddress("db", 22), TCPAddress("::1", 22)]

    allowed = [each for each in addresses if found.permits_remote_open(each)]

    assert [f"{each.host}:{each.port}" for each in allowed] == permitted.split()


def test_cleared_forwards_are_not_in_plan() -> None:
    found = plan(f"ClearAllForwardings yes\n{_LINES}")

    assert (found.local, found.remote, found.dynamic, found.tunnel) == ((), (), (), "no")
