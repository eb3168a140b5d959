"""What a jump host is told, and what not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import ssh_stack
from ssh_stack.client.options import ClientOptions
from ssh_stack.client.plan import Target, merge
from ssh_stack.client.plan.jumps import Jump, last_jump
from ssh_stack.config import HostConfig
from ssh_stack.sources import DEFAULT
from ssh_wire import UsageError

TARGET = Target(host="web1", local_user="me")
HOSTS = st.lists(
    st.sampled_from(["a", "me@b", "c:2222", "[::1]:22", "d@[::1]:2200"]), min_size=1, max_size=4
)


def jump(resolved: HostConfig | None = None, /, depth: int = 0, **options: Any) -> Jump:
    given = ClientOptions(**options)
    return last_jump(given, merge(given, resolved or HostConfig(), TARGET), depth)


@given(HOSTS, st.booleans())
def test_jump_host_gets_no_secret_of_host(hosts: list[str], batch: bool) -> None:
    found = jump(
        HostConfig(batch=batch),
        jump=hosts,
        password="secret",
        interactive=str,
        change_password=str,
        host_key_alias="web",
        config_options=("User root", "HostKeyAlias web"),
        config_command="uptime",
    ).options

    assert (found.password, found.interactive, found.change_password) == (None, None, None)
    assert found.host_key_alias is None
    assert found.config_options == (("BatchMode yes",) if batch else ())
    assert found.config_command == ""
    assert "secret" not in repr(found)


@given(HOSTS)
def test_jump_host_inherits_keys_and_trust(hosts: list[str]) -> None:
    shared: dict[str, Any] = {
        "keys": ["/key"],
        "certificates": ["/cert"],
        "passphrase": "x",
        "agent": "/agent",
        "known_hosts": "/known",
        "revoked_host_keys": "/revoked",
        "host_key_policy": "accept-new",
        "config": "/config",
        "algorithms": "strict",
        "rekey_bytes": 5,
    }

    found = jump(jump=hosts, **shared).options

    assert {name: getattr(found, name) for name in shared} == shared


@given(HOSTS)
def test_last_jump_host_is_reached_through_those_before_it(hosts: list[str]) -> None:
    found = jump(jump=hosts)

    assert found.options.jump == (hosts[:-1] or DEFAULT)
    assert found.options.proxy_command is DEFAULT


def test_first_of_several_jump_hosts_is_reached_as_its_configuration_says() -> None:
    through = jump(jump=["a", "b", "c"])
    before = last_jump(
        through.options, merge(through.options, HostConfig(), Target(host="c", local_user="x")), 1
    )
    first = last_jump(
        before.options, merge(before.options, HostConfig(), Target(host="b", local_user="x")), 2
    )

    assert [each.host for each in (through, before, first)] == ["c", "b", "a"]
    assert first.options.jump is DEFAULT


def test_too_many_jump_hosts_are_refused() -> None:
    with pytest.raises(UsageError, match="more than 16 jump hosts"):
        jump(depth=16, jump=["a"])


async def test_jump_host_that_is_reached_through_itself_is_refused(tmp_path: Path) -> None:
    config = tmp_path / "config"
    config.write_text("Host *\n ProxyJump bastion\n")

    for host in ("bastion", "web1"):
        with pytest.raises(UsageError, match="goes through bastion itself"):
            await ssh_stack.connect(host, config=config).open()
