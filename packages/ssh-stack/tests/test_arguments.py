"""Natural mistakes in what `connect` is given, each answered by what is meant."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import ssh_stack
from ssh_keys import PrivateKey
from ssh_stack import ClientOptions, Timeouts, UnknownOption, UsageError, sync
from ssh_stack.arguments import as_list, check_port, parse_destination

CONNECT: Any = ssh_stack.connect
WRONG: list[tuple[dict[str, object], str]] = [
    ({"port": "22"}, "port is a number from 1 to 65535, not a str"),
    ({"port": 0}, "port is a number from 1 to 65535, not 0"),
    ({"port": 65536}, "port is a number from 1 to 65535, not 65536"),
    ({"port": True}, "port is a number from 1 to 65535, not True"),
    ({"username": b"me"}, "username is a user name, as text, not a bytes"),
    ({"password": b"hunter2"}, "password is text, or a function, not a bytes"),
    ({"password": 12}, "password is text, or a function, not an int"),
    ({"passphrase": 12}, "passphrase is text, bytes or a function, not an int"),
    ({"keys": {"a": 1}}, "keys is a list of paths, contents or keys, not a dict"),
    ({"keys": [("key", "cert")]}, "keys is a list of paths, .*, and one of them is a tuple"),
    ({"keys": ["key", None]}, "keys is a list of paths, .*, and one of them is None"),
    ({"keys": 5}, "keys is a list of paths, contents or keys, not an int"),
    ({"agent": True}, "agent is the path of the agent's socket, or None for no agent, not True"),
    ({"known_hosts": 5}, "known_hosts is a path, a list of paths, .*, not an int"),
    ({"known_hosts": "web1 ssh-ed25519 AAAA\n"}, "known_hosts is .* as bytes, .*, not a str"),
    ({"config": True}, "config is a path, a list of paths, or None for no .*, not True"),
    ({"config_command": ["ls"]}, "config_command is a command, or an empty string, not a list"),
    ({"config_options": "Port 22"}, 'config_options is a list of lines such as "Port 2222", not'),
    ({"jump": 5}, "jump is a host, a list of hosts, or a connection, not an int"),
    ({"algorithms": "modern"}, 'algorithms is "strict", "default", "legacy" or an Algorithms'),
    ({"timeouts": 5}, r"timeouts is a Timeouts\(connect=…, …\), not an int"),
    ({"keepalive": 5}, r"keepalive is a KeepaliveOptions\(interval=…\), or None, not an int"),
    ({"limits": 5}, "limits is a ConnectionLimits, not an int"),
    ({"transport_limits": Timeouts}, "transport_limits is a Limits, not the class Timeouts"),
    ({"rekey_bytes": 0}, "rekey_bytes is a number of bytes, more than 0, not an int"),
    ({"rekey_seconds": "1h"}, "rekey_seconds is seconds, more than 0, not a str"),
    ({"on_banner": "print"}, "on_banner is a function that takes text, not a str"),
    ({"on_proxy_stderr": "2"}, "on_proxy_stderr is a function that takes bytes, not a str"),
    ({"interactive": "secret"}, "interactive is a function that answers prompts, not a str"),
]


@pytest.mark.parametrize(("options", "answer"), WRONG, ids=[str(row[0]) for row in WRONG])
@pytest.mark.parametrize("module", [ssh_stack, sync], ids=["async", "blocking"])
def test_value_of_wrong_type_is_refused_with_name_of_option(
    options: dict[str, object], answer: str, module: Any
) -> None:
    with pytest.raises(UsageError, match=f"^{answer}") as caught:
        module.connect("web1", **options)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("user", "username"),
        ("key_filename", "keys"),
        ("pkey", "keys"),
        ("client_keys", "keys"),
        ("server_host_key_algs", "algorithms"),
        ("proxy_jump", "jump"),
        ("strict_host_key_checking", "host_key_policy"),
        ("timeout", r"timeouts, as timeouts=Timeouts\(connect=…\)"),
        ("hostname", "host, the first argument"),
        ("look_for_keys", r"keys \(None for no keys\)"),
        ("usernme", "username"),
        ("know_hosts", "known_hosts"),
    ],
)
def test_unknown_option_suggests_similar_one(name: str, meant: str) -> None:
    with pytest.raises(
        UnknownOption, match=rf"connect has no option '{name}': do you mean {meant}\?"
    ):
        CONNECT("web1", **{name: "x"})
    with pytest.raises(TypeError):  # as Python says it of every function
        CONNECT("web1", **{name: "x"})


def test_unknown_option_without_similar_one_is_named_alone() -> None:
    with pytest.raises(UnknownOption, match=r"^connect has no option 'zzz'$"):
        CONNECT("web1", zzz=1)


@pytest.mark.parametrize(
    ("host", "found"),
    [
        ("web1:2222", (None, "web1", 2222)),
        ("ops@web1", ("ops", "web1", None)),
        ("ops@web1:22", ("ops", "web1", 22)),
        ("ssh://ops@web1:22/", ("ops", "web1", 22)),
        ("ops@[::1]:22", ("ops", "::1", 22)),
        ("fe80::1%eth0", (None, "fe80::1%eth0", None)),
    ],
)
def test_host_is_parsed_into_user_host_and_port(
    host: str, found: tuple[str | None, str, int | None]
) -> None:
    assert parse_destination(host) == found
    connecting = ssh_stack.connect(host, config=None)
    user, name, port = found
    assert (connecting._options.username, connecting._host, connecting._port) == (user, name, port)


def test_host_that_contradicts_argument_is_refused() -> None:
    with pytest.raises(UsageError, match="host names port 22, and port is 2222"):
        ssh_stack.connect("web1:22", 2222)
    with pytest.raises(UsageError, match="host names the user a, and username is b"):
        ssh_stack.connect("a@web1", username="b")
    ssh_stack.connect("a@web1:22", 22, username="a")


@pytest.mark.parametrize("host", [None, 5, b"web1", Path("web1")])
def test_host_that_is_not_text_is_refused(host: object) -> None:
    with pytest.raises(UsageError, match="host is a name or an address as text, not "):
        CONNECT(host)


@pytest.mark.parametrize("single", ["key", Path("key"), b"key", PrivateKey.generate("ed25519")])
def test_single_key_becomes_list_of_one(single: Any) -> None:
    assert ClientOptions(keys=single).keys == (single,)
    assert ClientOptions(keys=[single]).keys == [single]
    assert as_list(None) is None


@given(st.one_of(st.none(), st.booleans(), st.integers(), st.text(), st.binary(), st.floats()))
def test_port_must_be_valid_tcp_port(port: object) -> None:
    good = isinstance(port, int) and not isinstance(port, bool) and 0 < port < 65536
    if good:
        check_port(port)
    else:
        with pytest.raises(UsageError, match=r"^port is a number from 1 to 65535, not "):
            check_port(port)


async def test_unopened_connection_raises_error_with_way_to_open_it() -> None:
    connecting: Any = ssh_stack.connect("web1", config=None)
    with pytest.raises(AttributeError, match=r"use `async with ssh_stack.connect\(…\) as conn`"):
        connecting.run("id")
    with pytest.raises(TypeError, match=r"use `async with ssh_stack.connect.*ssh_stack.sync"):
        connecting.__enter__()
    assert hasattr(ssh_stack.Connect, "__exit__")  # Python looks for both


def test_unopened_blocking_connection_raises_error_with_way_to_open_it() -> None:
    connecting: Any = sync.connect("web1", config=None)
    with pytest.raises(
        AttributeError, match=r"use `with sync.connect\(…\) as conn`, or `open\(\)`"
    ):
        connecting.run("id")


def test_unopened_server_raises_error_with_way_to_open_it() -> None:
    key = PrivateKey.generate("ed25519")
    serving: Any = ssh_stack.serve(
        "127.0.0.1", host_keys=[key], auth=ssh_stack.AuthorizedKeys([key.public_key])
    )
    with pytest.raises(AttributeError, match=r"use `async with ssh_stack.serve\(…\) as server`"):
        serving.port  # noqa: B018 (it is looked up)
