from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssh_auth import NOTHING, AddressPattern, Permissions, ip_text
from ssh_keys import AuthorizedKeysFile, CertificateSpec, PrivateKey, issue
from ssh_wire import UsageError
from ssh_wire.primitives import string

KEY = PrivateKey.generate("ed25519")
PEER = ("192.0.2.7", 40_000)


def of_line(options: str) -> Permissions:
    (line,) = AuthorizedKeysFile.parse(f"{options} {KEY.public_key.to_openssh()}").keys
    return Permissions.from_options(line.options)


def of_certificate(**fields: Any) -> Permissions:
    spec = CertificateSpec(role="user", key_id="", principals=("ops",), **fields)
    made = issue(KEY, KEY.public_key, spec=spec, random=os.urandom)
    return Permissions.from_certificate(made)


# ------------------------------------------------------------- conversions

WEB = AddressPattern("web", 80)
LOOPBACK = AddressPattern("127.*", 8080)
NO_FORWARDING: Mapping[str, Any] = {"forward_open": NOTHING, "forward_listen": NOTHING}
RESTRICTED: Mapping[str, Any] = {
    **dict.fromkeys(("pty", "agent", "x11", "user_rc"), False),
    **NO_FORWARDING,
}


@pytest.mark.parametrize(
    ("options", "fields"),
    [
        ("", {}),
        ("no-pty", {"pty": False}),
        ("no-agent-forwarding", {"agent": False}),
        ("no-x11-forwarding", {"x11": False}),
        ("no-user-rc", {"user_rc": False}),
        ("no-port-forwarding", NO_FORWARDING),
        ("restrict", RESTRICTED),
        ("restrict,pty", {**RESTRICTED, "pty": True}),
        ('permitopen="web:80"', {"forward_open": ((WEB,),)}),
        ('permitlisten="127.*:8080"', {"forward_listen": ((LOOPBACK,),)}),
        ('restrict,permitopen="web:80"', RESTRICTED),
        (
            'restrict,port-forwarding,permitopen="web:80"',
            {**RESTRICTED, "forward_open": ((WEB,),), "forward_listen": ()},
        ),
        ('command="backup"', {"forced_command": "backup"}),
        ('environment="A=1",environment="B=2"', {"environment": (("A", "1"), ("B", "2"))}),
        ('from="10.0.0.0/8,!10.1.1.1"', {"sources": (("10.0.0.0/8", "!10.1.1.1"),)}),
        ('expiry-time="19700102Z"', {"expires": 86_400}),
    ],
)
def test_options_of_a_line_become_permissions(options: str, fields: Mapping[str, Any]) -> None:
    assert of_line(options) == Permissions(**fields)


@pytest.mark.parametrize(
    ("given_fields", "fields"),
    [
        ({}, RESTRICTED),
        ({"extensions": {"permit-pty": b""}}, {**RESTRICTED, "pty": True}),
        ({"extensions": {"permit-user-rc": b""}}, {**RESTRICTED, "user_rc": True}),
        ({"extensions": {"permit-X11-forwarding": b""}}, {**RESTRICTED, "x11": True}),
        ({"extensions": {"permit-agent-forwarding": b""}}, {**RESTRICTED, "agent": True}),
        (
            {"extensions": {"permit-port-forwarding": b""}},
            {**RESTRICTED, "forward_open": (), "forward_listen": ()},
        ),
        (
            {"critical_options": {"force-command": string("ls")}},
            {**RESTRICTED, "forced_command": "ls"},
        ),
        (
            {"critical_options": {"source-address": string("10.0.0.0/8,::1")}},
            {**RESTRICTED, "sources": (("10.0.0.0/8", "::1/128"),)},
        ),
    ],
)
def test_fields_of_a_certificate_become_permissions(
    given_fields: Mapping[str, Any], fields: Mapping[str, Any]
) -> None:
    assert of_certificate(**given_fields) == Permissions(**fields)


# ------------------------------------------------------------- intersection


@pytest.mark.row("A08")
def test_intersection_allows_what_both_allow() -> None:
    one = Permissions(pty=False, forced_command="backup", expires=20, environment=(("A", "1"),))
    two = Permissions(agent=False, x11=False, user_rc=False, expires=10, environment=(("A", "2"),))

    both = one.intersect(two)

    assert both == Permissions(
        pty=False,
        agent=False,
        x11=False,
        user_rc=False,
        forced_command="backup",
        expires=10,
        environment=(("A", "1"),),
    )
    assert one.intersect(one) == one
    assert one.intersect(Permissions()) == Permissions().intersect(one) == one


@pytest.mark.row("A08")
def test_intersection_of_two_forced_commands_is_impossible() -> None:
    one = Permissions(forced_command="backup")
    assert one.intersect(Permissions(forced_command="restore")) is None
    assert one.intersect(Permissions(forced_command="backup")) == one
    assert Permissions(forced_command="").intersect(one) is None


hosts = st.sampled_from(["web", "db", "*"])
ports = st.sampled_from([None, 80, 443])
patterns = st.lists(st.builds(AddressPattern, hosts, ports), max_size=2).map(tuple)
lists = st.lists(patterns, max_size=2).map(tuple)
entry = st.sampled_from(["192.0.2.0/24", "!192.0.2.7", "192.0.2.7", "*"])
networks = st.lists(st.lists(entry, max_size=2).map(tuple), max_size=2).map(tuple)
some = st.builds(
    Permissions, forward_open=lists, forward_listen=lists, sources=networks, pty=st.booleans()
)


@pytest.mark.row("A08")
@pytest.mark.row("A09")
@given(some, some, st.sampled_from(["web", "db", "x"]), st.sampled_from([80, 443, 1]))
def test_intersection_permits_an_address_exactly_where_both_do(
    one: Permissions, two: Permissions, host: str, port: int
) -> None:
    both = one.intersect(two)
    assert both is not None
    for name, place in (
        ("permits_open", (host, port)),
        ("permits_listen", (host, port)),
        ("permits_source", (PEER,)),
    ):
        each = [getattr(permissions, name)(*place) for permissions in (one, two)]
        assert getattr(both, name)(*place) is all(each)


# ------------------------------------------------------------- addresses


@pytest.mark.parametrize(
    ("host", "port", "permitted"),
    [("web", 80, True), ("web", 81, False), ("WEB", 80, False), ("db", 1, True), ("x", 443, True)],
)
def test_connections_go_where_a_pattern_says(host: str, port: int, *, permitted: bool) -> None:
    permissions = Permissions(
        forward_open=((WEB, AddressPattern("db"), AddressPattern("*", 443)),)
    )
    assert permissions.permits_open(host, port) is permitted


@pytest.mark.parametrize(
    ("address", "port", "permitted"),
    [
        ("127.0.0.1", 8080, True),
        ("127.0.0.1", 0, False),
        ("localhost", 9000, True),
        ("LOCALHOST", 9000, True),
        ("", 8080, False),
    ],
)
def test_listeners_are_where_a_pattern_says(address: str, port: int, *, permitted: bool) -> None:
    permissions = Permissions(forward_listen=((LOOPBACK, AddressPattern("localhost")),))
    assert permissions.permits_listen(address, port) is permitted
    assert Permissions().permits_listen(address, port)


def test_forwarding_is_permitted_where_either_direction_is() -> None:
    assert Permissions().permits_forwarding
    assert Permissions(forward_open=NOTHING).permits_forwarding
    assert Permissions(forward_listen=NOTHING).permits_forwarding
    assert not Permissions(forward_open=NOTHING, forward_listen=NOTHING).permits_forwarding


# ------------------------------------------------------------- sources and expiry


@pytest.mark.row("A09")
@pytest.mark.parametrize(
    "entries", [(), ("10.0.0.0/8",), ("192.0.2.7/24",), ("!192.0.2.7", "*"), ("",)]
)
def test_sources_that_do_not_name_the_client_refuse_it(entries: tuple[str, ...]) -> None:
    permissions = Permissions(sources=(entries,))
    assert not permissions.permits_source(PEER)
    assert "192.0.2.7" in permissions.refusal(PEER, 0)


@pytest.mark.row("A09")
@pytest.mark.parametrize("peer", [None, ("", 0), ("/run/socket", 0)])
def test_client_without_an_address_is_refused_where_there_are_sources(
    peer: tuple[str, int] | None,
) -> None:
    permissions = Permissions(sources=(("*",),))
    assert "without an address" in permissions.refusal(peer, 0)
    assert not Permissions().refusal(peer, 0)


@pytest.mark.parametrize("peer", ["::ffff:192.0.2.7", "192.0.2.7"])
def test_mapped_address_is_the_ipv4_address(peer: str) -> None:
    assert ip_text((peer, 1)) == "192.0.2.7"
    assert ip_text(("fe80::1%eth0", 1)) == "fe80::1"
    assert Permissions(sources=(("192.0.2.0/24",),)).permits_source((peer, 1))


@pytest.mark.parametrize(("now", "refused"), [(99, False), (100.9, False), (101, True)])
def test_permissions_expire_after_their_last_second(now: float, *, refused: bool) -> None:
    assert bool(Permissions(expires=100).refusal(PEER, now)) is refused


@pytest.mark.parametrize(
    "fields",
    [
        {"sources": "10.0.0.0/8"},
        {"sources": ("10.0.0.0/8",)},
        {"sources": ((b"10.0.0.0/8",),)},
        {"forward_open": (WEB,)},
        {"forward_listen": [(WEB,)]},
    ],
)
def test_lists_of_another_shape_are_a_usage_error(fields: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        Permissions(**fields)
