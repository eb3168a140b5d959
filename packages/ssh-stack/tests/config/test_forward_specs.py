"""Forwards as options and configuration write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssh_connection.addresses import TCPAddress, UnixAddress
from ssh_stack.config import Config
from ssh_stack.config.forward_specs import ForwardSpec, parse_forward
from ssh_wire import UsageError

HERE = TCPAddress("localhost", 8080)
SOCKS = TCPAddress("localhost", 1080)


@pytest.mark.parametrize(
    ("text", "listen", "connect"),
    [
        ("8080:a:80", HERE, TCPAddress("a", 80)),
        ("b:8080:a:80", TCPAddress("b", 8080), TCPAddress("a", 80)),
        (":8080:a:80", TCPAddress("", 8080), TCPAddress("a", 80)),
        ("*:8080:a:80", TCPAddress("*", 8080), TCPAddress("a", 80)),
        ("[::1]:8080:[2001:db8::1]:80", TCPAddress("::1", 8080), TCPAddress("2001:db8::1", 80)),
        (" 8080:a:ssh", HERE, TCPAddress("a", 22)),
        ("8080:/run/x", HERE, UnixAddress("/run/x")),
        ("b:8080:/run/x", TCPAddress("b", 8080), UnixAddress("/run/x")),
        ("/run/l:a:80", UnixAddress("/run/l"), TCPAddress("a", 80)),
        ("/run/l:/run/x", UnixAddress("/run/l"), UnixAddress("/run/x")),
        (r"/run/a\:b:/run/x", UnixAddress("/run/a:b"), UnixAddress("/run/x")),
        ("[/run/a:b]:a:80", UnixAddress("/run/a:b"), TCPAddress("a", 80)),
    ],
)
def test_forward_has_listener_and_target(
    text: str, listen: TCPAddress | UnixAddress, connect: TCPAddress | UnixAddress
) -> None:
    assert parse_forward(text) == ForwardSpec(listen, connect, names_host=listen is not HERE)


@pytest.mark.parametrize(
    ("text", "listen"),
    [
        ("1080", SOCKS),
        ("[::1]:1080", TCPAddress("::1", 1080)),
        ("*:1080:", TCPAddress("*", 1080)),
        ("/run/socks", UnixAddress("/run/socks")),
    ],
)
def test_dynamic_forward_has_listener_alone(text: str, listen: TCPAddress | UnixAddress) -> None:
    assert parse_forward(text, dynamic=True) == ForwardSpec(
        listen, None, names_host=listen is not SOCKS
    )


@pytest.mark.parametrize(
    "text",
    ["", "x", "80", "a:80", "0:a:80", "80:a:0", "80:a:65536", "80:a:x", "/run/l", "/run/l:80",
     "/run/l:80:/run/x", "a:b:c:80", "1:a:2:b:3", "[::1:80:a:80", "[a]b:80:c:80", "80:a:80\\",
     "80:/" + "x" * 108, "80:${NO_SUCH_VARIABLE_HERE}:80", "80:${HOME"],
)  # fmt: skip
def test_other_forms_are_refused(text: str) -> None:
    with pytest.raises(UsageError, match=r"bad forwarding|unknown variable"):
        parse_forward(text)


def test_only_server_chooses_free_port() -> None:
    assert parse_forward("0:a:80", remote=True).listen == TCPAddress("localhost", 0)
    assert parse_forward("0", dynamic=True, remote=True).listen == TCPAddress("localhost", 0)
    with pytest.raises(UsageError):
        parse_forward("0", dynamic=True)


def test_variable_may_bring_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUN_FOLDER", "/run/me")

    spec = parse_forward("80:${RUN_FOLDER}")

    assert spec == ForwardSpec(
        TCPAddress("localhost", 80), UnixAddress("/run/me"), names_host=False
    )


def test_text_of_forward_names_both_ends() -> None:
    assert str(parse_forward("8080:a:80")) == "localhost:8080 to a:80"
    assert str(parse_forward("[::1]:8080:/run/x")) == "[::1]:8080 to /run/x"
    assert str(parse_forward("*:1080", dynamic=True)) == "*:1080 to SOCKS"


@pytest.mark.parametrize(
    "text",
    ["8080:a:80", "[b]:8080:[a]:80", ":8080:a:80", "[*]:8080:/run/x", "/run/l:/run/x",
     r"/run/a\:b:/run/x\\y", "[/run/[x]:a:80", "[localhost]:8080:a:80"],
)  # fmt: skip
def test_arguments_of_forward_are_read_as_the_same_forward(text: str) -> None:
    spec = parse_forward(text)

    assert parse_forward(":".join(spec.arguments)) == spec


_HOSTS = st.text(
    st.characters(min_codepoint=33, max_codepoint=126, exclude_characters="]"), min_size=1
)
_PORTS = st.integers(1, 65535)


@given(_HOSTS, _PORTS, _HOSTS, _PORTS)
def test_parts_in_brackets_are_taken_as_they_are(
    bind: str, port: int, host: str, target: int
) -> None:
    spec = parse_forward(f"[{bind}]:{port}:[{host}]:{target}".replace("${", "$"))

    assert spec.listen == TCPAddress(bind.replace("${", "$"), port)
    assert spec.connect == TCPAddress(host.replace("${", "$"), target)


@given(st.text(st.sampled_from("[]:/\\a1$ "), max_size=12), st.booleans(), st.booleans())
def test_any_text_is_forward_or_usage_error(text: str, dynamic: bool, remote: bool) -> None:
    try:
        spec = parse_forward(text, dynamic=dynamic, remote=remote)
    except UsageError:
        return
    assert isinstance(spec.listen, TCPAddress | UnixAddress)


def test_lines_have_forwards_in_order_each_once() -> None:
    found = Config.parse(
        "LocalForward 8080 a:80\nLocalForward 8080 a:80\nLocalForward /run/%r /run/x\n"
        "RemoteForward 0\nRemoteForward 9090 b:90\nDynamicForward 1080\n"
    ).resolve("web1", user="me")

    assert found.local_forwards == (
        ForwardSpec(HERE, TCPAddress("a", 80), names_host=False),
        ForwardSpec(UnixAddress("/run/me"), UnixAddress("/run/x")),
    )
    assert found.remote_forwards == (
        ForwardSpec(TCPAddress("localhost", 0), None, names_host=False),
        ForwardSpec(TCPAddress("localhost", 9090), TCPAddress("b", 90), names_host=False),
    )
    assert found.dynamic_forwards == (ForwardSpec(SOCKS, None, names_host=False),)
