"""What is forwarded."""

from __future__ import annotations

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


def test_cleared_forwards_are_not_in_plan() -> None:
    found = plan(f"ClearAllForwardings yes\n{_LINES}")

    assert (found.local, found.remote, found.dynamic, found.tunnel) == ((), (), (), "no")
