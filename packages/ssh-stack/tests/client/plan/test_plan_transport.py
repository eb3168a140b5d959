"""The transport: rekeying, the order of host key algorithms, signs of life."""

from __future__ import annotations

from typing import Any

import pytest

from ssh_connection.aio import KeepaliveOptions, Timeouts
from ssh_stack.client.options import ClientOptions
from ssh_stack.client.plan import Target, merge
from ssh_stack.client.plan.transport import TransportPlan
from ssh_stack.config import Config
from ssh_transport import profiles


def plan(text: str, **options: Any) -> TransportPlan:
    config = Config.parse(text).resolve("web1", user="me")
    return merge(ClientOptions(**options), config, Target(host="web1", local_user="me")).transport


@pytest.mark.parametrize(
    ("text", "options", "found"),
    [
        ("", {}, (1024**3, 3600.0)),
        ("RekeyLimit 1M 10m", {}, (1024**2, 600.0)),
        ("RekeyLimit default none", {}, (1024**3, 3600.0)),
        ("RekeyLimit 4G 4h", {}, (1024**3, 3600.0)),
        ("RekeyLimit 1.5K", {}, (1536, 3600.0)),
        ("RekeyLimit 1G 1h", {"rekey_bytes": 1000, "rekey_seconds": 5.0}, (1000, 5.0)),
    ],
)
def test_rekey_limit_is_lower_of_option_and_configuration(
    text: str, options: dict[str, Any], found: tuple[int, float]
) -> None:
    merged = plan(text, **options)

    assert (merged.rekey_bytes, merged.rekey_seconds) == found


@pytest.mark.parametrize(
    ("line", "keeps"),
    [
        ("", False),
        ("HostKeyAlgorithms +ssh-rsa", False),
        ("HostKeyAlgorithms -ssh-rsa", False),
        ("HostKeyAlgorithms ^rsa-sha2-512", True),
        ("HostKeyAlgorithms rsa-sha2-512,ssh-ed25519", True),
    ],
)
def test_configured_order_of_host_key_algorithms_is_kept(line: str, keeps: bool) -> None:
    assert plan(line).keeps_host_key_order is keeps


@pytest.mark.parametrize(
    ("text", "options", "found"),
    [
        ("", {}, Timeouts()),
        ("ConnectTimeout 5", {}, Timeouts(connect=5, handshake=5)),
        ("ConnectTimeout none", {}, Timeouts()),
        ("ConnectTimeout 5", {"timeouts": Timeouts(connect=9)}, Timeouts(connect=9)),
    ],
)
def test_connect_timeout_bounds_both_stages_of_connecting(
    text: str, options: dict[str, Any], found: Timeouts
) -> None:
    assert plan(text, **options).timeouts == found


_ZLIB = ("zlib@openssh.com", "none")


@pytest.mark.parametrize(
    ("text", "options", "found"),
    [
        ("", {}, ("none",)),
        ("Compression no", {}, ("none",)),
        ("Compression yes", {}, _ZLIB),
        ("Compression yes", {"compression": False}, ("none",)),
        ("Compression no", {"compression": True}, _ZLIB),
        ("Compression yes", {"algorithms": "strict"}, ("none",)),
        ("", {"algorithms": "strict", "compression": True}, _ZLIB),
        ("", {"algorithms": "legacy"}, ("none", "zlib@openssh.com")),
        ("Compression yes", {"algorithms": "legacy"}, _ZLIB),
        ("Compression yes", {"algorithms": profiles("default", "client")}, ("none",)),
        ("", {"algorithms": profiles("default", "client"), "compression": True}, _ZLIB),
    ],
)
def test_option_or_configuration_offers_compression_first(
    text: str, options: dict[str, Any], found: tuple[str, ...]
) -> None:
    assert plan(text, **options).algorithms.compression == found


@pytest.mark.parametrize(
    ("text", "options", "warns"),
    [
        ("", {}, True),
        ("WarnWeakCrypto no-pq-kex", {}, False),
        ("KexAlgorithms curve25519-sha256", {}, False),
        ("", {"algorithms": profiles("default", "client")}, False),
    ],
)
def test_user_is_not_warned_of_key_exchange_in_configuration(
    text: str, options: dict[str, Any], warns: bool
) -> None:
    assert plan(text, **options).warns_of_kex is warns


@pytest.mark.parametrize(
    ("text", "connect", "attempt"),
    [
        ("ConnectionAttempts 1", 30, None),
        ("ConnectionAttempts 3", 92, 30),
        ("ConnectionAttempts 3\nConnectTimeout 5", 17, 5),
    ],
)
def test_each_of_several_attempts_has_connect_timeout(
    text: str, connect: float, attempt: float | None
) -> None:
    config = Config.parse(text).resolve("web1")
    found = merge(ClientOptions(), config, Target(host="web1", local_user="me"))

    assert found.transport.timeouts.connect == connect
    assert found.route.attempt_timeout == attempt


def test_timeout_of_caller_bounds_all_attempts() -> None:
    config = Config.parse("ConnectionAttempts 3").resolve("web1")
    options = ClientOptions(timeouts=Timeouts(connect=4))
    found = merge(options, config, Target(host="web1", local_user="me"))

    assert found.transport.timeouts.connect == 4
    assert found.route.attempt_timeout == 4


@pytest.mark.parametrize(
    ("text", "options", "found"),
    [
        ("", {}, KeepaliveOptions()),
        ("ServerAliveInterval 5", {}, KeepaliveOptions(interval=5)),
        ("ServerAliveCountMax 7", {}, KeepaliveOptions(count_max=7)),
        ("ServerAliveInterval 0", {}, None),
        ("ServerAliveInterval 5", {"keepalive": None}, None),
        ("ServerAliveInterval 0", {"keepalive": KeepaliveOptions()}, KeepaliveOptions()),
    ],
)
def test_server_alive_lines_decide_how_a_dead_server_is_found(
    text: str, options: dict[str, Any], found: KeepaliveOptions | None
) -> None:
    assert plan(text, **options).keepalive == found
