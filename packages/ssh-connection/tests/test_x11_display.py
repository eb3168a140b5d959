"""What DISPLAY means."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssh_connection.x11 import Display
from ssh_wire import UsageError


@pytest.mark.parametrize("name", [":7", "unix:7", "::7", ":7.0"])
def test_display_of_this_machine_has_a_unix_socket(name: str) -> None:
    display = Display.parse(name)

    assert (display.number, display.host) == (7, None)
    assert [Path(each).name for each in display.sockets] == ["X7"]


@pytest.mark.parametrize("host", ["localhost", "192.0.2.1", "workstation.example.org", "a_b-c"])
def test_display_of_a_host_has_a_tcp_port(host: str) -> None:
    display = Display.parse(f"{host}:10.1")

    assert (display.host, display.number, display.screen, display.port) == (host, 10, 1, 6010)


def test_display_that_is_a_path_is_reached_there_with_and_without_its_screen() -> None:
    display = Display.parse("/private/tmp/com.apple.launchd.x/org.xquartz:0.1")

    assert display.host is None
    assert display.sockets == (
        "/private/tmp/com.apple.launchd.x/org.xquartz:0.1",
        "/private/tmp/com.apple.launchd.x/org.xquartz:0",
    )


@pytest.mark.parametrize(
    "name",
    ["", "host", "host:", ":x", "a b:0", "host:0;reboot", "host:0`id`", "$(id):0", "host:59536",
     "[::1]:0", "2001:db8::1:0", ":0.", ":0\n", "höst:0", ":-1", ":4294967296"],
)  # fmt: skip
def test_display_that_is_not_the_name_of_one_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match=r"^DISPLAY ") as caught:
        Display.parse(name)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "asked"),
    [
        ("localhost:10.0", "unix:10.0"),
        (":0", ":0"),
        ("unix:0.0", "unix:0.0"),
        ("localhost.example:1", "localhost.example:1"),
    ],
)
def test_xauth_is_asked_for_the_unix_socket_of_localhost(name: str, asked: str) -> None:
    assert Display.parse(name).xauth_name == asked


@pytest.mark.parametrize(("name", "screen"), [(":0", 0), (":0.400", 400), (":0.401", 0)])
def test_screen_is_one_that_openssh_asks_for(name: str, screen: int) -> None:
    assert Display.parse(name).screen == screen


@given(st.text())
def test_any_text_is_a_display_or_a_usage_error(name: str) -> None:
    try:
        display = Display.parse(name)
    except UsageError:
        return
    assert display.name == name
    assert display.host is None or 6000 <= display.port <= 65535
