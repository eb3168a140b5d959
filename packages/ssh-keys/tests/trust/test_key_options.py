from __future__ import annotations

from datetime import UTC, timedelta, timezone
from typing import Any

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ssh_keys import KeyFormatError
from ssh_keys.trust.key_options import OPTIONS, KeyOptions, PermittedAddress, dequote, take_options


def options(text: str) -> KeyOptions:
    written, rest = take_options(text.encode() + b" rest")
    assert rest == b"rest"
    return KeyOptions.make(written, UTC)


def refused(text: str) -> str:
    with pytest.raises(KeyFormatError) as caught:
        options(text)
    return str(caught.value)


SWITCHES = {
    "agent-forwarding": "agent_forwarding",
    "port-forwarding": "port_forwarding",
    "pty": "pty",
    "user-rc": "user_rc",
    "x11-forwarding": "x11_forwarding",
    "touch-required": "touch_required",
    "verify-required": "verify_required",
}


@pytest.mark.parametrize("name", SWITCHES)
def test_flag_sets_its_field(name: str) -> None:
    field = SWITCHES[name]
    on, off = options(name), options(f"no-{name}")
    assert getattr(on, field) is True
    assert getattr(off, field) is False
    default: dict[str, Any] = {field: field != "verify_required"}
    assert attrs.evolve(off, names=(), **default) == KeyOptions()
    assert getattr(options(f"no-{name},{name}"), field) is True
    assert getattr(options(f"{name},No-{name.upper()}"), field) is False


def test_order_of_restrict_counts() -> None:
    bare = options("restrict")
    assert bare.restrict
    fields = [SWITCHES[name] for name in list(SWITCHES)[:5]]
    assert not any(getattr(bare, field) for field in fields)
    assert bare.touch_required
    again = options("restrict,pty,X11-forwarding")
    assert [field for field in fields if getattr(again, field)] == ["pty", "x11_forwarding"]
    late = options("pty,restrict")
    assert not any(getattr(late, field) for field in fields)
    assert late.names == ("pty", "restrict")


def test_key_without_options_may_do_everything() -> None:
    free = KeyOptions()
    assert all(getattr(free, field) for field in list(SWITCHES.values())[:6])
    assert not free.verify_required
    assert not free.cert_authority
    assert not free.expired(2**62)
    assert free.accepts_source("10.0.0.1")


def test_option_of_the_manual_page_is_known() -> None:
    manual = """agent-forwarding cert-authority command environment expiry-time from
        no-agent-forwarding no-port-forwarding no-pty no-user-rc no-X11-forwarding permitlisten
        permitopen port-forwarding principals pty no-touch-required verify-required restrict
        tunnel user-rc X11-forwarding"""
    assert {name.lower() for name in manual.split()} <= OPTIONS


# ------------------------------------------------------------- values


def test_command_is_unquoted() -> None:
    assert options('command="ls -l, a"').command == "ls -l, a"
    assert options('COMMAND=""').command == ""
    assert options(r'command="a \"b\" \n \\ c"').command == 'a "b" \\n \\\\ c'
    assert options(r'command="a\\",pty"').command == 'a\\",pty'
    assert options('command="é"').command == "é"
    written, _ = take_options(b'command="\xff"')
    assert KeyOptions.make(written).command == "\udcff"


@pytest.mark.parametrize("name", ["command", "from", "principals"])
def test_option_that_is_allowed_once_is_not_repeated(name: str) -> None:
    text = f'{name}="a"'
    extra = ",cert-authority" if name == "principals" else ""
    options(text + extra)
    assert refused(f"{text},{text}{extra}") == f"the option {name} is repeated"


@pytest.mark.parametrize(
    "text",
    [
        "command",
        "command=",
        "command=ls",
        'command="ls"x',
        'command=x"ls"',
        'command="a"b"c"',
        'restrict="x"',
        "restrict=",
        "no-restrict",
        "no-command",
        "no-cert-authority",
        "restrictive",
        'pty""',
        "",
        ",restrict",
        "restrict,,pty",
        "restrict,",
        "#",
        "é",
    ],
)
def test_malformed_option_is_refused(text: str) -> None:
    assert "unknown option" in refused(text) or "is not in quotes" in refused(text)


def test_environment_has_each_name_once() -> None:
    made = options('environment="A=1",environment="_b2=x=y z",environment="A=2",environment="C="')
    assert made.environment == (("A", "1"), ("_b2", "x=y z"), ("C", ""))
    for value in ("A", "=1", "A B=1", "A-B=1", "é=1", ""):
        assert refused(f'environment="{value}"') == f"'{value}' is not a value of environment"


def test_expiry_time_is_the_earliest() -> None:
    made = options('expiry-time="20300101",expiry-time="20290101Z",expiry-time="20310101"')
    assert made.expiry_time == 1861920000
    assert made.expired(1861920001)
    assert not made.expired(1861920000)
    east = KeyOptions.make([b'expiry-time="20290101"'], timezone(timedelta(hours=2)))
    assert east.expiry_time == 1861920000 - 7200
    assert KeyOptions.make([b'expiry-time="20290101"']).expiry_time is not None
    assert "not a date" in refused('expiry-time="tomorrow"')


def test_sources_are_matched() -> None:
    made = options('from="10.0.0.0/8,!10.1.*,*.example.com"')
    assert made.sources == ("10.0.0.0/8", "!10.1.*", "*.example.com")
    assert made.accepts_source("10.2.0.1")
    assert not made.accepts_source("10.1.0.1")
    assert made.accepts_source("192.0.2.1", "www.Example.com")
    assert not made.accepts_source("192.0.2.1")
    assert "not a network" in refused('from="10.0.0.1/8"')
    assert "empty entry" in refused('from="a,,b"')
    assert "empty entry" in refused('from=""')


def test_permitted_addresses_are_parsed() -> None:
    made = options('permitopen="db:5432",permitopen="[::1]:*",permitopen="*:80"')
    assert made.permit_open == (
        PermittedAddress("db", 5432),
        PermittedAddress("::1", None),
        PermittedAddress("*", 80),
    )
    made = options('permitlisten="8080",permitlisten="localhost:1",permitlisten="[::]:65535"')
    assert made.permit_listen == (
        PermittedAddress("*", 8080),
        PermittedAddress("localhost", 1),
        PermittedAddress("::", 65535),
    )
    assert options('permitlisten="*"').permit_listen == (PermittedAddress("*", None),)


@pytest.mark.row("K13")
@pytest.mark.parametrize("name", ["permitopen", "permitlisten"])
@pytest.mark.parametrize(
    "value",
    [
        "h:0",
        "h:65536",
        "h:4294967295",
        "h:-1",
        "h:+1",
        "h: 1",
        "h:1x",
        "h:ssh",
        "h:",
        "h:٣",
        "h/22",
        "h:1:2",
        "::1:22",
        "[::1",
        "[::1]",
        "[::1]22",
        "[::1]x:22",
        "a/b:22",
        "x" * 1024 + ":22",
    ],
)
def test_malformed_permitted_address_is_refused(name: str, value: str) -> None:
    assert f"is not a value of {name}" in refused(f'{name}="{value}"')


def test_permitopen_needs_a_host_and_a_port() -> None:
    assert "not a value" in refused('permitopen="8080"')
    assert "not a value" in refused('permitlisten="host"')


def test_tunnel_is_a_number_or_any() -> None:
    assert options('tunnel="0"').tunnel == 0
    assert options('tunnel="Any"').tunnel == "any"
    assert options('tunnel="3",tunnel="2147483645"').tunnel == 2147483645
    for value in ("", "2147483646", "-1", "1:2", "99999999999999999999"):
        assert "not a value of tunnel" in refused(f'tunnel="{value}"')


def test_principals_need_an_authority() -> None:
    made = options('cert-authority,principals="root,,ops"')
    assert made.cert_authority
    assert made.principals == ("root", "ops")
    assert options('cert-authority,principals=""').principals == ()
    assert "keys with cert-authority alone" in refused('principals="root"')


# ------------------------------------------------------------- cutting


@pytest.mark.row("K13")
def test_options_end_at_an_unquoted_blank() -> None:
    assert take_options(b'a,b="x y,\tz" \t key') == ([b"a", b'b="x y,\tz"'], b"key")
    assert take_options(b"a\tkey b") == ([b"a"], b"key b")
    assert take_options(b"a") == ([b"a"], b"")
    assert take_options(b"") == ([b""], b"")
    # a backslash escapes a quote and nothing else, itself included, as sshd reads it
    assert take_options(b'c="a\\\\" b" key') == ([b'c="a\\\\" b"'], b"key")
    assert take_options(b'c="a\\b" key') == ([b'c="a\\b"'], b"key")
    with pytest.raises(KeyFormatError, match="not closed"):
        take_options(b'c="a\\" key')


@given(value=st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=40))
def test_any_text_can_be_quoted(value: str) -> None:
    # a value cannot end with a backslash: it would escape the closing quote
    text = value.rstrip("\\")
    quoted = '"' + text.replace('"', '\\"') + '"'
    if '\\"' in text:  # the same two characters stand for a quote
        return
    assert dequote("command", quoted.encode()) == text
    assert take_options(b"command=" + quoted.encode() + b" k")[1] == b"k"


@given(line=st.binary(max_size=80))
@settings(max_examples=500)
def test_anything_is_options_or_a_format_error(line: bytes) -> None:
    for start in (b"", b"restrict,", b'command="', b'permitopen="'):
        try:
            written, rest = take_options(start + line)
            KeyOptions.make(written, UTC)
        except KeyFormatError:
            continue
        assert (b",".join(written) + rest).replace(b" ", b"").replace(b"\t", b"") == (
            start + line
        ).replace(b" ", b"").replace(b"\t", b"")
