from __future__ import annotations

from collections.abc import Callable
from os import urandom
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ssh_keys import (
    CertificateRefused,
    HostKeyStatus,
    KeyPolicy,
    KnownHosts,
    PrivateKey,
    PublicKey,
)
from ssh_keys.certificates.certificate import Certificate
from ssh_keys.certificates.certificate_spec import CertificateSpec
from ssh_keys.certificates.signing import issue
from ssh_keys.strict_base64 import to_base64
from ssh_keys.trust.known_hosts import format_host_line
from ssh_wire import UsageError
from ssh_wire.primitives import string

if TYPE_CHECKING:
    from pathlib import Path

Program = Callable[..., bytes]
TRUSTED, UNKNOWN = HostKeyStatus.TRUSTED, HostKeyStatus.UNKNOWN
CHANGED, REVOKED = HostKeyStatus.CHANGED, HostKeyStatus.REVOKED


@pytest.fixture(scope="module")
def one(ed25519: PrivateKey) -> PublicKey:
    return ed25519.public_key


@pytest.fixture(scope="module")
def two() -> PublicKey:
    return PrivateKey.generate("ed25519").public_key


def line(hosts: str, key: PublicKey, marker: str = "") -> str:
    return f"{marker} {hosts} {key.to_openssh()}".strip()


# ------------------------------------------------------------- names and patterns


@pytest.mark.parametrize(
    ("hosts", "host", "port", "known"),
    [
        ("host", "host", 22, True),
        ("host", "HOST", 22, True),
        ("HOST", "host", 22, True),
        ("host", "other", 22, False),
        ("host", "host", 2222, False),
        ("[host]:2222", "host", 2222, True),
        ("[host]:2222", "host", 22, False),
        ("[host]:22", "host", 22, False),
        ("a,host,b", "host", 22, True),
        (",,host", "host", 22, True),
        (",,host", "", 22, False),
        ("*.example.com", "www.example.com", 22, True),
        ("*.example.com", "www.example.com", 2222, False),
        ("*.example.com,!www.example.com", "www.example.com", 22, False),
        ("!www.example.com,*.example.com", "www.example.com", 22, False),
        ("!www.example.com,*.example.com", "ftp.example.com", 22, True),
        ("!www.example.com", "ftp.example.com", 22, False),
        ("[*]:2222", "host", 2222, True),
        ("*", "host", 2222, True),
        ("192.168.0.?", "192.168.0.7", 22, True),
        ("::1", "::1", 22, True),
        ("[::1]:2222", "::1", 2222, True),
        ("k", "\u212a", 22, False),  # the Kelvin sign is not a k
    ],
)
def test_line_applies_to_its_hosts(
    hosts: str, host: str, port: int, known: bool, one: PublicKey
) -> None:
    hosts_file = KnownHosts.parse(line(hosts, one))
    assert not hosts_file.problems
    assert hosts_file.lookup(host, port).trusted == ((one,) if known else ())
    assert hosts_file.check(one, host, port) is (TRUSTED if known else UNKNOWN)


def test_byte_order_mark_hides_no_host(one: PublicKey, two: PublicKey) -> None:
    known = KnownHosts.parse(b"\xef\xbb\xbf" + line("host", one).encode())
    assert (known.check(one, "host"), known.check(two, "host")) == (TRUSTED, CHANGED)
    assert not known.problems


def test_byte_order_mark_hides_no_marker(one: PublicKey) -> None:
    text = f"\ufeff{line('*', one, '@revoked')}\n{line('host', one)}\n"
    assert KnownHosts.parse(text).check(one, "host") is REVOKED


def test_byte_order_mark_after_the_first_line_is_text(one: PublicKey) -> None:
    known = KnownHosts.parse(f"# a comment\n\ufeff{line('host', one)}\n")
    assert known.check(one, "host") is UNKNOWN


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_file_in_utf_16_counts_as_unread(encoding: str, one: PublicKey) -> None:
    known = KnownHosts.parse(line("host", one).encode(encoding), "hosts")
    assert [problem.source for problem in known.unread] == ["hosts"]
    assert not KnownHosts.parse(line("host", one)).unread


def test_comments_and_blank_lines_are_ignored(one: PublicKey) -> None:
    known = KnownHosts.parse(f"# a comment\n\n\t\n  {line('host', one)} some comment\r\n".encode())
    assert not known.problems
    assert known.lookup("host").trusted == (one,)
    assert known.lookup("host").trusted[0].comment == "a ssh-ed25519 key some comment"


def test_entry_has_its_file_and_line(one: PublicKey) -> None:
    (entry,) = KnownHosts.parse(f"# first\n\n{line('host', one)} a\tb", "hosts").entries
    assert (entry.source, entry.line) == ("hosts", 3)
    assert entry.key.comment == "a ssh-ed25519 key a\tb"


def test_host_may_have_several_keys(keys: dict[str, PrivateKey], two: PublicKey) -> None:
    publics = [key.public_key for key in keys.values()]
    text = "\n".join(line("host", key) for key in [*publics, publics[0]])
    known = KnownHosts.parse(text)
    assert known.lookup("host").trusted == tuple(publics)
    assert all(known.check(key, "host") is TRUSTED for key in publics)
    assert known.check(two, "host") is CHANGED


def test_key_of_another_kind_counts_as_changed(one: PublicKey, rsa: PrivateKey) -> None:
    known = KnownHosts.parse(line("host", rsa.public_key))
    assert known.check(one, "host") is CHANGED
    assert known.check(one, "other") is UNKNOWN


def test_trusted_address_does_not_trust_a_name(one: PublicKey) -> None:
    known = KnownHosts.parse(line("10.0.0.5", one))
    assert known.check(one, "10.0.0.5") is TRUSTED
    assert known.check(one, "host", address="10.0.0.5") is UNKNOWN


# ------------------------------------------------------------- markers


@pytest.mark.row("K14")
def test_revoked_key_is_not_trusted(one: PublicKey, two: PublicKey) -> None:
    for order in (1, -1):
        lines = [line("host", one), line("*", one, "@revoked"), line("host", two)][::order]
        known = KnownHosts.parse("\n".join(lines))
        assert known.check(one, "host") is REVOKED
        assert known.check(two, "host") is TRUSTED
        assert known.check(one, "elsewhere") is REVOKED
        assert known.lookup("host").revoked == (one,)


@pytest.mark.row("K14")
def test_key_that_is_revoked_for_an_address_is_revoked(one: PublicKey) -> None:
    text = "\n".join([line("host", one), line("[10.0.0.5]:2222,10.0.0.5", one, "@revoked")])
    known = KnownHosts.parse(text)
    assert known.check(one, "host") is TRUSTED
    assert known.check(one, "host", address="10.0.0.6") is TRUSTED
    assert known.check(one, "host", address="10.0.0.5") is REVOKED
    assert known.lookup("host", 2222, "10.0.0.5").revoked == (one,)


@pytest.mark.row("K14")
def test_revoked_authority_is_listed_as_revoked(one: PublicKey) -> None:
    text = "\n".join([line("*", one, "@cert-authority"), line("*", one, "@revoked")])
    keys = KnownHosts.parse(text).lookup("host")
    assert keys.authorities == keys.revoked == (one,)
    assert keys.trusted == ()


@pytest.mark.row("K14")
def test_authority_is_not_a_host_key(one: PublicKey, two: PublicKey) -> None:
    known = KnownHosts.parse(line("*.example.com", one, "@cert-authority"))
    assert known.lookup("www.example.com").authorities == (one,)
    assert known.check(one, "www.example.com") is UNKNOWN
    assert known.check(two, "www.example.com") is UNKNOWN


@pytest.mark.row("K14")
@pytest.mark.parametrize(
    ("marker", "reason"),
    [
        ("@trusted", "unknown marker '@trusted'"),
        ("@", "unknown marker"),
        ("@REVOKED", "unknown marker"),
        ("@cert-authorit\xff", "unknown marker"),
        ("@revoked,@cert-authority", "unknown marker"),
        ("@revoked @cert-authority", "two markers"),
        ("@cert-authority @revoked", "two markers"),
        ("@cert-authority @cert-authority", "two markers"),
        ("@revoked @unknown", "two markers"),
    ],
)
def test_line_with_an_unknown_marker_trusts_nothing(
    marker: str, reason: str, one: PublicKey
) -> None:
    known = KnownHosts.parse(f"\n{line('*', one, marker)}\n", "the file")
    assert known.check(one, "host") is UNKNOWN
    keys = known.lookup("host")
    assert (keys.trusted, keys.authorities, keys.revoked) == ((), (), ())
    (problem,) = known.problems
    assert (problem.source, problem.line) == ("the file", 2)
    assert reason in problem.reason


# ------------------------------------------------------------- certificates


NOW = 1_700_000_000


def certify(ca: PrivateKey, key: PublicKey, **changes: Any) -> Certificate:
    fields: dict[str, Any] = {
        "role": "host",
        "key_id": "a host",
        "principals": ("www.example.com", "*.lab.example.com"),
        "valid_before": NOW + 1,
        **changes,
    }
    return issue(ca, key, spec=CertificateSpec(**fields), random=urandom)


def test_certificate_of_a_listed_authority_is_trusted(ecdsa: PrivateKey, one: PublicKey) -> None:
    certificate = certify(ecdsa, one)
    known = KnownHosts.parse(line("*.example.com", ecdsa.public_key, "@cert-authority"))
    for host in ("www.example.com", "WWW.example.com", "a.lab.example.com"):
        assert known.check_certificate(certificate, host, now=NOW) is TRUSTED
    assert known.check_certificate(certificate, "www.example.com", 2222, now=NOW) is UNKNOWN
    assert known.check_certificate(certificate, "www.example.org", now=NOW) is UNKNOWN
    ported = KnownHosts.parse(line("[*]:2222", ecdsa.public_key, "@cert-authority"))
    assert ported.check_certificate(certificate, "www.example.com", 2222, now=NOW) is TRUSTED
    with pytest.raises(CertificateRefused, match=r"not valid for 'ftp\.example\.com'"):
        known.check_certificate(certificate, "ftp.example.com", now=NOW)
    with pytest.raises(CertificateRefused, match="expired"):
        known.check_certificate(certificate, "www.example.com", now=NOW + 1)
    with pytest.raises(CertificateRefused, match="not a host certificate"):
        known.check_certificate(certify(ecdsa, one, role="user"), "www.example.com", now=NOW)


def test_certificate_of_another_authority_is_a_plain_key(
    ecdsa: PrivateKey, one: PublicKey, two: PublicKey
) -> None:
    certificate = certify(ecdsa, one)
    host = "www.example.com"
    other = line("*", two, "@cert-authority")
    assert KnownHosts.parse(other).check_certificate(certificate, host, now=NOW) is UNKNOWN
    listed = KnownHosts.parse(f"{other}\n{line(host, one)}")
    assert listed.check_certificate(certificate, host, now=NOW) is TRUSTED
    changed = KnownHosts.parse(f"{other}\n{line(host, two)}")
    assert changed.check_certificate(certificate, host, now=NOW) is CHANGED


@pytest.mark.row("K14")
@pytest.mark.row("K07")
def test_certificate_of_a_revoked_key_or_authority_is_revoked(
    ecdsa: PrivateKey, one: PublicKey
) -> None:
    certificate = certify(ecdsa, one)
    ca = ecdsa.public_key
    host = "www.example.com"
    for revoked in (ca, one):
        for order in (1, -1):
            lines = [line("*", ca, "@cert-authority"), line(host, revoked, "@revoked")][::order]
            known = KnownHosts.parse("\n".join([*lines, line(host, one)]))
            assert known.check_certificate(certificate, host, now=NOW) is REVOKED
    address = KnownHosts.parse(
        f"{line('*', ca, '@cert-authority')}\n{line('10.0.0.1', ca, '@revoked')}"
    )
    assert address.check_certificate(certificate, host, now=NOW) is TRUSTED
    assert address.check_certificate(certificate, host, 22, "10.0.0.1", now=NOW) is REVOKED


# ------------------------------------------------------------- lines that are not used


@pytest.mark.row("K05")
def test_kind_and_key_must_agree(one: PublicKey, rsa: PrivateKey) -> None:
    wrong = line("host", rsa.public_key).replace("ssh-rsa", "ssh-ed25519", 1)
    known = KnownHosts.parse("\n".join([wrong, line("host", one)]))
    assert known.lookup("host").trusted == (one,)
    (problem,) = known.problems
    assert problem.line == 1
    assert "its key is ssh-rsa" in problem.reason


@pytest.mark.row("K14")
@pytest.mark.parametrize(
    ("start", "reason"),
    [
        ("host", "unknown key type"),
        ("@revoked", "unknown key type"),
        ("host 1024 35 12345", "unknown key type '1024'"),
        ("host ssh-dss AAAA", "DSA keys are refused"),
        ("host ssh-ed25519 AAAA", "not a public key"),
        ("|1|AAAA ssh-ed25519 AAAA", "damaged"),
        ("|1|AAAA|AAAA ssh-ed25519 AAAA", "damaged"),
        ("|1||" + "A" * 27 + "= ssh-ed25519 AAAA", "damaged"),
        ("|2|AAAA|" + "A" * 27 + "= ssh-ed25519 AAAA", "not base64|damaged"),
        ("|1|AAA|" + "A" * 27 + "= ssh-ed25519 AAAA", "not base64"),
        ("|1|AAAA|" + "A" * 27 + "=,host ssh-ed25519 AAAA", "not base64"),
        ("ho\0st ssh-ed25519 AAAA", "control character"),
        ("host\rssh-ed25519 AAAA", "control character"),
        ("x" * 16_385, "16385 bytes"),
    ],
)
def test_unreadable_line_is_reported(start: str, reason: str, one: PublicKey) -> None:
    known = KnownHosts.parse(f"{start}\n{line('host', one)}\n")
    assert known.lookup("host").trusted == (one,)
    (problem,) = known.problems
    assert problem.line == 1
    assert any(part in problem.reason for part in reason.split("|"))


def test_short_rsa_key_needs_the_legacy_policy() -> None:
    blob = string("ssh-rsa") + string(b"\1\0\1") + string(b"\0\x80" + bytes(126) + b"\1")
    text = f"host ssh-rsa {to_base64(blob).decode()}"
    assert "outside 2048" in KnownHosts.parse(text).problems[0].reason
    assert not KnownHosts.parse(text, policy=KeyPolicy.LEGACY).problems


@given(data=st.binary(max_size=300) | st.text(st.characters(exclude_categories=())))
@settings(deadline=None)
def test_any_content_is_parsed(data: bytes | str) -> None:
    known = KnownHosts.parse(data)
    assert not known.entries
    assert known.lookup("host").trusted == ()


@given(hosts=st.text(st.characters(exclude_characters="\n"), min_size=1, max_size=40))
@settings(deadline=None)
def test_any_hosts_field_is_parsed_or_refused(hosts: str, one: PublicKey) -> None:
    known = KnownHosts.parse(line(hosts, one))
    assert len(known.entries) + len(known.problems) <= 1
    known.lookup(hosts)
    known.lookup("host", 2222, hosts)


@pytest.mark.row("W11")
def test_hostile_pattern_is_cheap(one: PublicKey) -> None:
    known = KnownHosts.parse(line("*a*a*a*a*a*a*a*a*b", one))
    assert known.lookup("a" * 10_000).trusted == ()


# ------------------------------------------------------------- merging


def test_merged_hosts_have_the_lines_of_both(one: PublicKey, two: PublicKey) -> None:
    first = KnownHosts.parse(f"{line('host', one)}\nbad", "first")
    second = KnownHosts.parse(f"bad\n{line('host', two)}", "second")
    both = first.merge(second, KnownHosts())
    assert both.lookup("host").trusted == (one, two)
    assert [(p.source, p.line) for p in both.problems] == [("first", 2), ("second", 1)]
    assert KnownHosts.merge(second).lookup("host").trusted == (two,)


# ------------------------------------------------------------- writing


@pytest.mark.parametrize("hashed", [False, True])
@pytest.mark.parametrize("port", [22, 2222])
@pytest.mark.parametrize("host", ["host.example.com", "Host", "10.0.0.5", "fe80::1%eth0"])
def test_line_is_read_back(host: str, port: int, hashed: bool, key: PrivateKey) -> None:
    text = format_host_line(host, port, key.public_key, hashed=hashed)
    assert len(text.splitlines()) == 1
    name, *rest = text.split()
    assert rest == key.public_key.with_comment("").to_openssh().split()
    assert name.startswith("|1|") is hashed
    assert hashed or host.lower() in name
    known = KnownHosts.parse(text)
    assert known.check(key.public_key, host, port) is TRUSTED
    assert known.check(key.public_key, host, port + 1) is UNKNOWN
    assert known.check(key.public_key, host + "x", port) is UNKNOWN


def test_salt_is_an_argument(one: PublicKey) -> None:
    text = format_host_line("host", 22, one, hashed=True, random=bytes)
    assert text.startswith("|1|AAAAAAAAAAAAAAAAAAAAAAAAAAA=|")
    assert text == format_host_line("host", 22, one, hashed=True, random=bytes)
    assert text != format_host_line("host", 22, one, hashed=True)


@pytest.mark.parametrize("char", [*"*?!,|@#[] \t\n\r\0\x7f", "\x85", "\u2028", "\udcff"])
def test_name_with_special_characters_is_refused(char: str, one: PublicKey) -> None:
    for host in (char, f"{char}host", f"host{char}"):
        for hashed in (False, True):
            with pytest.raises(UsageError, match="is not a host for known_hosts"):
                format_host_line(host, 22, one, hashed=hashed)


@pytest.mark.parametrize("port", [0, -1, 65_536])
def test_port_out_of_range_is_refused(port: int, one: PublicKey) -> None:
    with pytest.raises(UsageError):
        format_host_line("host", port, one)
    with pytest.raises(UsageError):
        format_host_line("", 22, one)


# ------------------------------------------------------------- ssh-keygen


@pytest.mark.parametrize("hashed", [False, True])
@pytest.mark.parametrize("port", [22, 2222])
def test_our_line_is_found_by_ssh_keygen(
    port: int, hashed: bool, key: PrivateKey, keygen: Program, tmp_path: Path
) -> None:
    path = tmp_path / "known_hosts"
    path.write_text(
        format_host_line("www.example.com", port, key.public_key, hashed=hashed) + "\n"
    )
    name = "www.example.com" if port == 22 else f"[www.example.com]:{port}"
    found = keygen("-F", name, "-f", path).decode().splitlines()
    assert found[0].startswith(f"# Host {name} found: line 1")
    assert found[1].split(" ")[1:] == key.public_key.with_comment("").to_openssh().split(" ")


def test_hashed_line_of_ssh_keygen_is_found(
    one: PublicKey, two: PublicKey, keygen: Program, tmp_path: Path
) -> None:
    path = tmp_path / "known_hosts"
    path.write_text(
        f"{line('www.example.com', one)}\n{line('[www.example.com]:2222', two)}\n"
        f"{line('10.0.0.5', two, '@revoked')}\n"
    )
    keygen("-H", "-f", path)
    text = path.read_text()
    assert "example" not in text
    assert "|1|" in text
    known = KnownHosts.parse(text)
    assert not known.problems
    assert known.check(one, "www.example.com") is TRUSTED
    assert known.check(two, "www.example.com", 2222) is TRUSTED
    assert known.check(one, "www.example.com", 2222) is CHANGED
    assert known.check(two, "10.0.0.5") is REVOKED
