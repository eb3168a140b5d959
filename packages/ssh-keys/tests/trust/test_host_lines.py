from __future__ import annotations

from os import urandom

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ssh_keys import HostKeyStatus, KeyPolicy, KnownHosts, PrivateKey, PublicKey
from ssh_keys.certificates.certificate_spec import CertificateSpec
from ssh_keys.certificates.signing import issue
from ssh_keys.strict_base64 import to_base64
from ssh_keys.trust.host_lines import Marker, UnusableLine
from ssh_keys.trust.host_names import HashedName, host_name
from ssh_wire.primitives import string

ONE = PrivateKey.generate("ed25519").public_key
TWO = PrivateKey.generate("ed25519").public_key

SHORT_RSA = string("ssh-rsa") + string(b"\1\0\1") + string(b"\0\x80" + bytes(126) + b"\1")
TOMORROW = string("ssh-tomorrow") + string(b"key")


def text(kind: str, blob: bytes) -> str:
    return f"{kind} {to_base64(blob).decode()}"


def certificate_line() -> str:
    ca = PrivateKey.generate("ed25519")
    spec = CertificateSpec(role="host", key_id="x", principals=("web1",), valid_before=2**63)
    return issue(ca, ONE, spec=spec, random=urandom).to_openssh()


UNUSABLE = {
    "DSA": "ssh-dss " + to_base64(string("ssh-dss") + string(b"p")).decode(),
    "short RSA": text("ssh-rsa", SHORT_RSA),
    "a kind of tomorrow": text("ssh-tomorrow", TOMORROW),
    "not base64": "ssh-ed25519 @@@@",
    "cut": "ssh-ed25519 " + to_base64(ONE.blob[:20]).decode(),
    "cut in the base64": ONE.to_openssh()[:40],
    "bytes left over": text("ssh-ed25519", ONE.blob + b"x"),
    "another kind": ONE.to_openssh().replace("ssh-ed25519 ", "ssh-rsa "),
    "a certificate": certificate_line(),
    "a kind alone": "ssh-ed25519",
    "nothing": "",
    "a key of version 1": "1024 35 12345",
    "options": f"no-pty {ONE.to_openssh()}",
    "a NUL in the key": ONE.to_openssh()[:30] + "\0" + ONE.to_openssh()[30:],
    "a long key": "ssh-rsa " + "A" * 20_000,
}

HOSTS = {
    "a name": "web1",
    "upper case": "WEB1",
    "a pattern": "web?",
    "any host": "*",
    "a list": "web0,web1,10.0.0.1",
    "a negation": "web*,!web2",
    "a hashed name": HashedName.make(bytes(20), b"web1").to_field().decode(),
}


def test_summary_of_a_line_is_its_key_or_why_it_has_none() -> None:
    known = KnownHosts.parse(f"web1 {ONE.to_openssh()}\nweb1 {text('ssh-rsa', SHORT_RSA)}")
    usable, unusable = known.about("web1")
    assert usable.summary == f"ssh-ed25519 {ONE.fingerprint()}"
    assert unusable.summary.startswith("a key that cannot be used (an RSA key of 1024 bits")


@pytest.mark.parametrize("key", UNUSABLE.values(), ids=UNUSABLE)
@pytest.mark.parametrize("hosts", HOSTS.values(), ids=HOSTS)
def test_line_without_a_usable_key_makes_its_host_known(hosts: str, key: str) -> None:
    known = KnownHosts.parse(f"# mine\n{hosts} {key}\n", "hosts")

    verdict = known.judge(TWO, "web1")

    assert verdict.status is HostKeyStatus.CHANGED
    (line,) = verdict.lines
    assert isinstance(line, UnusableLine)
    assert (line.source, line.line, line.marker) == ("hosts", 2, Marker.TRUST)
    assert line.reason == known.problems[0].reason
    assert known.lookup("web1").trusted == ()


@pytest.mark.parametrize("key", UNUSABLE.values(), ids=UNUSABLE)
@pytest.mark.parametrize("hosts", ["web2", "web*,!web1", "[web1]:2222", "other?"])
def test_line_about_other_hosts_makes_no_host_known(hosts: str, key: str) -> None:
    known = KnownHosts.parse(f"{hosts} {key}\n")
    assert known.judge(TWO, "web1").status is HostKeyStatus.UNKNOWN


@pytest.mark.parametrize("key", UNUSABLE.values(), ids=UNUSABLE)
def test_usable_key_is_trusted_beside_an_unusable_one(key: str) -> None:
    known = KnownHosts.parse(f"web1 {key}\nweb1 {ONE.to_openssh()}\n")
    assert known.check(ONE, "web1") is HostKeyStatus.TRUSTED
    assert known.check(TWO, "web1") is HostKeyStatus.CHANGED


@pytest.mark.parametrize("key", UNUSABLE.values(), ids=UNUSABLE)
def test_unusable_authority_trusts_nothing(key: str) -> None:
    known = KnownHosts.parse(f"@cert-authority web1 {key}\n")
    assert known.lookup("web1").authorities == ()
    assert known.check(ONE, "web1") is HostKeyStatus.UNKNOWN


# ------------------------------------------------------------- revoked


@pytest.mark.row("K14")
@pytest.mark.parametrize(
    "name",
    [
        "not base64",
        "cut",
        "cut in the base64",
        "bytes left over",
        "another kind",
        "nothing",
        "a key of version 1",
    ],
)
def test_revoked_key_that_cannot_be_read_revokes_every_key_of_its_hosts(name: str) -> None:
    trusted = f"* {ONE.to_openssh()}\n"
    known = KnownHosts.parse(f"{trusted}@revoked web1 {UNUSABLE[name]}\n", "hosts")

    verdict = known.judge(ONE, "web1")

    assert verdict.status is HostKeyStatus.REVOKED
    assert [line.line for line in verdict.lines] == [2]
    assert known.check(ONE, "web2") is HostKeyStatus.TRUSTED


@pytest.mark.row("K14")
@pytest.mark.parametrize("name", ["DSA", "short RSA", "a kind of tomorrow"])
def test_revoked_key_of_a_refused_kind_revokes_itself_alone(name: str) -> None:
    known = KnownHosts.parse(f"web1 {ONE.to_openssh()}\n@revoked web1 {UNUSABLE[name]}\n")
    assert known.check(ONE, "web1") is HostKeyStatus.TRUSTED


@pytest.mark.row("K14")
def test_revoked_short_key_is_revoked_also_where_short_keys_are_read() -> None:
    short = PublicKey.from_blob(SHORT_RSA, policy=KeyPolicy.LEGACY)
    known = KnownHosts.parse(f"@revoked * {UNUSABLE['short RSA']}\nweb1 {UNUSABLE['short RSA']}\n")
    assert known.check(short, "web1") is HostKeyStatus.REVOKED


@pytest.mark.row("K14")
def test_revoked_certificate_revokes_its_key() -> None:
    known = KnownHosts.parse(f"@revoked * {UNUSABLE['a certificate']}\nweb1 {ONE.to_openssh()}\n")
    assert known.check(ONE, "web1") is HostKeyStatus.REVOKED
    assert known.check(TWO, "elsewhere") is HostKeyStatus.UNKNOWN


@pytest.mark.row("K14")
def test_revoked_key_of_an_unreadable_host_is_revoked_for_every_host() -> None:
    known = KnownHosts.parse(f"@revoked |1|AAAA|AAAA {ONE.to_openssh()}\n* {TWO.to_openssh()}\n")
    assert known.check(ONE, "web1") is HostKeyStatus.REVOKED
    assert known.check(TWO, "web1") is HostKeyStatus.TRUSTED


# ------------------------------------------------------------- what does no harm


@pytest.mark.parametrize("comment", ["\x1b[2J", "a\0b", "x" * 20_000, "\xe9", "\r"])
def test_odd_comment_does_not_remove_trust(comment: str) -> None:
    known = KnownHosts.parse(f"web1 {ONE.to_openssh()} {comment}\n")
    assert not known.problems
    assert known.check(ONE, "web1") is HostKeyStatus.TRUSTED
    assert "\x1b" not in known.lookup("web1").trusted[0].to_openssh()


@given(
    marker=st.sampled_from(["", "@revoked ", "@cert-authority "]),
    key=st.binary(max_size=60) | st.just(ONE.to_openssh().encode()),
)
@settings(deadline=None)
def test_text_after_the_host_makes_no_other_key_new(marker: str, key: bytes) -> None:
    line = f"{marker}web1 ".encode() + key.replace(b"\n", b"")
    status = KnownHosts.parse(line).check(TWO, "web1")
    expected = {
        "": {HostKeyStatus.CHANGED},
        "@revoked ": {HostKeyStatus.REVOKED, HostKeyStatus.UNKNOWN},
        "@cert-authority ": {HostKeyStatus.UNKNOWN},
    }
    assert status in expected[marker]
    if marker == "@revoked " and ONE.to_openssh().encode() not in line:
        assert status is HostKeyStatus.REVOKED


def test_line_names_its_hosts() -> None:
    known = KnownHosts.parse(f"web1 {UNUSABLE['DSA']}")
    (line,) = known.unusable
    assert line.names(host_name("WEB1"))
    assert not line.names(host_name("web1", 2222))
    assert "DSA keys are refused" in line.summary
