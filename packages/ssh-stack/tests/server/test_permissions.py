"""What lines and certificates grant, and when they do not."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from ssh_auth import NOTHING, Accept, AuthContext, Permissions
from ssh_keys import AuthorizedKeysFile, FidoPolicy, PrivateKey
from ssh_keys.trust import OPTIONS, KeyOptions
from ssh_stack.server.permissions import (
    ENFORCED,
    certificate_grant,
    certificate_problem,
    combined_grant,
    options_grant,
    options_problem,
)
from user_certificates import CA, KEY, NOW, certified, coming_from, option

NONE = Permissions(
    pty=False, agent=False, x11=False, user_rc=False, forward_open=NOTHING, forward_listen=NOTHING
)


def options(text: str) -> KeyOptions:
    line = f"{text} {KEY.public_key.to_openssh()}".lstrip()
    (listed,) = AuthorizedKeysFile.parse(line).keys
    return listed.options


def test_enforced_options_are_known_options() -> None:
    assert {"tunnel"} == OPTIONS - ENFORCED


@pytest.mark.parametrize(
    ("text", "granted"),
    [
        ("", Accept()),
        ('command="backup"', Accept(Permissions(forced_command="backup"))),
        ("no-pty", Accept(Permissions(pty=False))),
        ("restrict", Accept(NONE)),
        ("restrict,pty", Accept(attrs.evolve(NONE, pty=True))),
        ("no-touch-required", Accept(fido=FidoPolicy(touch=False))),
        ("verify-required", Accept(fido=FidoPolicy(verification=True))),
    ],
)
def test_options_of_line_restrict_grant(text: str, granted: Accept) -> None:
    assert options_grant(options(text)) == granted


@pytest.mark.parametrize(
    ("changes", "granted"),
    [
        ({}, Accept()),
        ({"extensions": {}}, Accept(NONE)),
        ({"extensions": {"permit-pty": b""}}, Accept(attrs.evolve(NONE, pty=True))),
        (
            {"critical_options": {"force-command": option("ls")}},
            Accept(Permissions(forced_command="ls")),
        ),
        (
            {"extensions": {"no-touch-required": b""}},
            Accept(NONE, FidoPolicy(touch=False)),
        ),
        (
            {"critical_options": {"verify-required": b""}},
            Accept(fido=FidoPolicy(verification=True)),
        ),
    ],
)
def test_extensions_of_certificate_decide_grant(changes: dict[str, Any], granted: Accept) -> None:
    assert certificate_grant(certified(**changes)) == granted


def test_combined_grant_has_restrictions_of_both() -> None:
    line = Accept(Permissions(pty=False), FidoPolicy(touch=False, verification=True))
    certificate = Accept(Permissions(user_rc=False, forced_command="ls"), FidoPolicy(touch=True))

    assert combined_grant(line, certificate) == Accept(
        Permissions(pty=False, user_rc=False, forced_command="ls"),
        FidoPolicy(touch=True, verification=True),
    )
    assert combined_grant(Accept(Permissions(forced_command="rm")), certificate) is None


# ------------------------------------------------------------- lines


@pytest.mark.parametrize(
    ("text", "address", "good"),
    [
        ("", None, True),
        ('from="192.0.2.0/24"', "192.0.2.7", True),
        ('from="192.0.2.0/24"', "::ffff:192.0.2.7", True),
        ('from="192.0.2.0/24"', "198.51.100.7", False),
        ('from="192.0.2.0/24,!192.0.2.7"', "192.0.2.7", False),
        ('from="192.0.2.*"', "192.0.2.7", True),
        ('from="2001:db8::/32"', "2001:db8::1", True),
        ('from="fe80::/10"', "fe80::1%eth0", True),
        ('from="*.example.com"', "192.0.2.7", False),  # names are not looked up
        ('from="192.0.2.0/24"', None, False),
        ('from="192.0.2.0/24"', "a socket", False),
    ],
)
def test_from_option_restricts_client_address(
    text: str, address: str | None, *, good: bool
) -> None:
    assert (options_problem(options(text), coming_from(address), NOW) == "") is good


@pytest.mark.parametrize(("date", "good"), [("20230101Z", False), ("20240101Z", True)])
def test_line_is_refused_after_expiry_time(date: str, *, good: bool) -> None:
    listed = options(f'expiry-time="{date}"')

    assert (options_problem(listed, coming_from(None), NOW) == "") is good


# ------------------------------------------------------------- certificates


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"role": "host"}, "a host certificate"),
        ({"valid_before": NOW}, "expired"),
        ({"valid_after": NOW + 1}, "not valid before"),
        ({"principals": ("bob",)}, "not valid for 'alice'"),
        ({"critical_options": {"verified@example.com": b""}}, "not enforced here"),
        ({"critical_options": {"source-address": option("192.0.2.0/24")}}, "does not name"),
        ({"critical_options": {"source-address": option("192.0.2.7/24")}}, "not a network"),
        ({"critical_options": {"force-command": b"\0"}}, "malformed"),
        ({"extensions": {"permit-pty": option("yes")}}, "a flag"),
    ],
)
def test_problem_of_invalid_certificate_is_named(changes: dict[str, Any], words: str) -> None:
    problem = certificate_problem(certified(**changes), coming_from("198.51.100.1"), NOW)

    assert words in problem


@pytest.mark.parametrize(
    ("address", "good"),
    [
        ("192.0.2.1", True),
        ("::ffff:192.0.2.1", True),
        ("2001:db8::1", True),
        ("192.0.3.1", False),
        (None, False),
        ("a socket", False),
    ],
)
@pytest.mark.row("A09")
def test_source_address_of_certificate_restricts_client_address(
    address: str | None, *, good: bool
) -> None:
    networks = option("192.0.2.0/24,2001:db8::/32")
    certificate = certified(critical_options={"source-address": networks})

    assert (certificate_problem(certificate, coming_from(address), NOW) == "") is good


@pytest.mark.parametrize(
    ("principals", "good"),
    [(None, False), (["admins", "ops"], True), (["alice"], False), ([], False)],
)
def test_given_principals_replace_user_name(principals: list[str] | None, *, good: bool) -> None:
    certificate = certified(principals=("ops", "dev"))

    problem = certificate_problem(certificate, coming_from(None), NOW, principals)
    assert (problem == "") is good


def test_certificate_without_principals_is_for_no_user() -> None:
    assert certificate_problem(certified(), AuthContext(user="bob"), NOW)


def test_certificate_of_authority_of_any_kind_is_valid() -> None:
    for kind in ("ecdsa", "rsa"):
        certificate = certified(PrivateKey.generate(kind))
        assert certificate_problem(certificate, coming_from(None), NOW) == ""
    assert CA.public_key.kind == "ssh-ed25519"
