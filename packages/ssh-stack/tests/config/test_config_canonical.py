"""CanonicalizeHostname and what belongs to it, with a DNS of our own."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any

import pytest

from ssh_stack.config import Config, HostConfig
from ssh_stack.config.host_name import canonical_name
from ssh_stack.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable

_NAMES = {
    "web1.b.example.": "web1.b.example",
    "www.a.example.": "edge.cdn.example",
    "anchored.example.": "anchored.example",
    "alias": "target.a.example",
}
_DOMAINS = "CanonicalDomains a.example b.example\n"


@pytest.fixture(autouse=True)
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names that are looked up."""
    names: list[str] = []
    numeric: Callable[..., Any] = socket.getaddrinfo

    def lookup(host: str, port: object, *rest: Any, flags: int = 0) -> Any:
        if flags & socket.AI_NUMERICHOST:
            return numeric(host, port, *rest, flags=flags)
        names.append(host)
        if host not in _NAMES:
            raise socket.gaierror
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, _NAMES[host], ("192.0.2.1", 0))]

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    return names


def resolve(text: str, host: str = "web1") -> HostConfig:
    return Config.parse(text).resolve(host)


def test_name_is_looked_for_in_each_domain(asked: list[str]) -> None:
    found = resolve(f"CanonicalizeHostname yes\n{_DOMAINS}")

    assert found.hostname == "web1.b.example"
    assert asked == ["web1.a.example.", "web1.b.example."]


def test_blocks_of_canonical_name_are_for_host() -> None:
    text = f"{_DOMAINS}Host *.b.example\n User found\nMatch canonical\n Port 7\n"

    before, after = resolve(text), resolve(f"CanonicalizeHostname yes\n{text}")

    assert (before.user, before.port, before.hostname) == (None, None, None)
    assert (after.user, after.port, after.hostname) == ("found", 7, "web1.b.example")


def test_second_pass_is_made_where_no_name_was_found(asked: list[str]) -> None:
    found = resolve("CanonicalizeHostname yes\nMatch canonical\n User can\n", "nowhere")

    assert (found.user, found.hostname) == ("can", None)
    assert asked == []


@pytest.mark.parametrize(
    ("text", "host", "names"),
    [
        ("CanonicalizeHostname no\n", "web1", []),
        ("CanonicalizeHostname yes\nProxyCommand nc\n", "web1", []),
        ("CanonicalizeHostname yes\nProxyJump gate\n", "web1", []),
        ("CanonicalizeHostname always\nProxyJump gate\n", "web1", ["web1.a.example."]),
        ("CanonicalizeHostname yes\nProxyCommand none\n", "web1", ["web1.a.example."]),
        ("CanonicalizeHostname yes\n", "a.b.c", []),
        ("CanonicalizeHostname yes\nCanonicalizeMaxDots 2\n", "a.b.c", ["a.b.c.a.example."]),
        ("CanonicalizeHostname yes\n", "anchored.example.", ["anchored.example."]),
        ("CanonicalizeHostname yes\n", "192.0.2.7", []),
        ("CanonicalizeHostname yes\n", "::1", []),
    ],
)
def test_number_of_dots_decides_which_name_is_looked_up_first(
    text: str, host: str, names: list[str], asked: list[str]
) -> None:
    resolve(f"{text}{_DOMAINS}", host)

    assert asked[:1] == names


def test_host_in_no_domain_is_error_without_fallback() -> None:
    text = f"CanonicalizeHostname yes\n{_DOMAINS}"

    assert resolve(text, "nowhere").hostname is None
    with pytest.raises(ConfigError, match="line 4: CanonicalizeFallbackLocal forbids"):
        resolve(f"{text}\nCanonicalizeFallbackLocal no\n", "nowhere")


@pytest.mark.parametrize(
    ("text", "host", "found"),
    [
        ("CanonicalizeHostname yes\n", "www", "www.a.example"),
        ("CanonicalizePermittedCNAMEs *.a.example:*.cdn.example\nCanonicalizeHostname yes\n",
         "www", "edge.cdn.example"),
        ("CanonicalizePermittedCNAMEs *.a.example:*.other\nCanonicalizeHostname yes\n",
         "www", "www.a.example"),
        ("CanonicalizePermittedCNAMEs *\nCanonicalizeHostname yes\n", "www", "edge.cdn.example"),
        ("CanonicalizePermittedCNAMEs none\nCanonicalizeHostname yes\n", "www", "www.a.example"),
        ("CanonicalizePermittedCNAMEs alias:*.a.example\n", "alias", "target.a.example"),
        ("CanonicalizePermittedCNAMEs alias:*.b.example\n", "alias", None),
    ],
)  # fmt: skip
def test_cname_is_followed_when_rule_permits_it(text: str, host: str, found: str | None) -> None:
    assert resolve(f"{text}{_DOMAINS}", host).hostname == found


@pytest.mark.parametrize(
    "line",
    ["CanonicalDomains", "CanonicalDomains none a", "CanonicalDomains -a", "CanonicalDomains a/b",
     "CanonicalizePermittedCNAMEs a", "CanonicalizePermittedCNAMEs a:",
     "CanonicalizePermittedCNAMEs none a:b", "CanonicalizeMaxDots -1",
     "CanonicalizeHostname perhaps", "CanonicalizeFallbackLocal perhaps"],
)  # fmt: skip
def test_invalid_values_of_canonicalization_are_errors(line: str) -> None:
    with pytest.raises(ConfigError):
        resolve(f"Host other\n {line}\n")


@pytest.mark.parametrize(
    ("host", "name"),
    [("WEB1", "web1"), ("0:0::1", "::1"), ("127.1", "127.0.0.1"), ("1.Example", "1.example"),
     ("FE80::1%LO", "fe80::1%lo")],
)  # fmt: skip
def test_canonical_name_is_in_usual_form(host: str, name: str) -> None:
    assert canonical_name(host) == name
