from __future__ import annotations

import attrs
import pytest
from certifying import ALICE, certify, signed
from hypothesis import given, settings
from hypothesis import strategies as st

from ssh_keys import (
    Certificate,
    CertificateSpec,
    FidoPolicy,
    KeyFormatError,
    KeyPolicy,
    PrivateKey,
    PublicKey,
    UnsupportedKey,
    issue,
    load_public_key,
)
from ssh_keys.certificates.certificate import MAX_CERTIFICATE
from ssh_keys.strict_base64 import to_base64
from ssh_wire.primitives import encode_mpint, string


@pytest.mark.row("K07")
def test_certificate_without_the_signature_of_its_authority_is_refused(
    signing: PrivateKey, ca: PrivateKey
) -> None:
    certificate = certify(ca, signing.public_key)
    other = PrivateKey.generate("ed25519")
    with pytest.raises(KeyFormatError, match="not signed by the authority"):
        Certificate.from_blob(signed(ca, signing.public_key, signature=other.sign(b"data")))
    with pytest.raises(KeyFormatError, match="not signed by the authority"):
        Certificate.from_blob(certificate.blob[:-1] + bytes([certificate.blob[-1] ^ 1]))
    with pytest.raises(KeyFormatError, match="not signed by the authority"):
        Certificate.from_blob(certificate.blob.replace(string("bob"), string("eve")))


@pytest.mark.row("K05")
def test_plain_key_is_not_read_as_a_certificate(signing: PrivateKey, ca: PrivateKey) -> None:
    with pytest.raises(KeyFormatError, match="is not a certificate"):
        Certificate.from_blob(signing.public_key.blob)
    for kind in ("ssh-dss-cert-v01@openssh.com", "ssh-ed25519-cert-v00@openssh.com", "\x1b"):
        with pytest.raises(KeyFormatError, match="is not a certificate"):
            Certificate.from_blob(signed(ca, signing.public_key, kind=string(kind)))
    with pytest.raises(UnsupportedKey, match="a certificate is not taken"):
        PublicKey.from_blob(certify(ca, signing.public_key).blob)


def test_every_prefix_and_extension_is_refused(ed25519: PrivateKey, ca: PrivateKey) -> None:
    blob = certify(ca, ed25519.public_key).blob
    for size in range(len(blob)):
        with pytest.raises(KeyFormatError):
            Certificate.from_blob(blob[:size])
    with pytest.raises(KeyFormatError, match="1 bytes are left over"):
        Certificate.from_blob(signed(ca, ed25519.public_key, behind=b"x"))


@pytest.mark.parametrize(
    ("field", "value", "match"),
    [
        ("key", string(bytes(31)), "32 bytes, not 31"),
        ("key_id", string("a\0b"), "the key id of the certificate holds a NUL"),
        ("principals", string(string("a\0b")), "principal of the certificate holds a NUL"),
        ("principals", string(b"\0\0\0\5a"), "ends inside"),
        ("critical", string(string("a\0") + string("")), "name of the critical option"),
        ("critical", string(string("a")), "ends inside"),
        ("extensions", string(b"\xff\xff\xff\xff"), "ends inside"),
        ("ca_key", string(string("ssh-dss")), "DSA keys are refused"),
        ("ca_key", string(b""), "not a public key"),
    ],
)
def test_malformed_field_is_refused(
    field: str, value: bytes, match: str, ed25519: PrivateKey, ca: PrivateKey
) -> None:
    with pytest.raises(KeyFormatError, match=match):
        Certificate.from_blob(signed(ca, ed25519.public_key, **{field: value}))


def test_reserved_field_is_ignored(ed25519: PrivateKey, ca: PrivateKey) -> None:
    blob = signed(ca, ed25519.public_key, reserved=string(b"later"), nonce=string(b""))
    assert Certificate.from_blob(blob).blob == blob


def test_size_of_a_certificate_is_bounded(ed25519: PrivateKey, ca: PrivateKey) -> None:
    rest = MAX_CERTIFICATE - len(signed(ca, ed25519.public_key, reserved=string(b"")))
    blob = signed(ca, ed25519.public_key, reserved=string(bytes(rest)))
    assert len(blob) == MAX_CERTIFICATE
    assert Certificate.from_blob(blob).role == "user"
    with pytest.raises(KeyFormatError, match="longer than 65536"):
        Certificate.from_blob(signed(ca, ed25519.public_key, reserved=string(bytes(rest + 1))))


def test_line_of_a_certificate_may_be_longer_than_lines_of_trust_files(
    ed25519: PrivateKey, ca: PrivateKey
) -> None:
    blob = signed(ca, ed25519.public_key, reserved=string(bytes(60_000)))
    line = f"ssh-ed25519-cert-v01@openssh.com {to_base64(blob).decode()} a comment"
    certificate = load_public_key(line)
    assert certificate.blob == blob
    assert certificate.comment == "a comment"
    for more in ("\nssh-ed25519 AAAA", "\r", "\0", "x" * 16_384):
        with pytest.raises(KeyFormatError, match=r"control character|are allowed"):
            load_public_key(line + more + ".")


def test_short_rsa_key_in_a_certificate_needs_the_legacy_policy(
    ed25519: PrivateKey, ca: PrivateKey
) -> None:
    weak = PublicKey.from_blob(
        string("ssh-rsa") + string(b"\x03") + string(encode_mpint((1 << 1023) + 1)),
        policy=KeyPolicy.LEGACY,
    )
    blob = certify(ca, weak).blob
    assert Certificate.from_blob(blob, policy=KeyPolicy.LEGACY).public_key.bits == 1024
    with pytest.raises(KeyFormatError, match="1024 bits is outside"):
        Certificate.from_blob(blob)


@pytest.mark.row("K12")
def test_verify_required_in_a_certificate_is_enforced(
    ed25519: PrivateKey, ca: PrivateKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[FidoPolicy | None] = []

    def verify(*args: object, fido: FidoPolicy | None) -> bool:
        asked.append(fido)
        return True

    plain = certify(ca, ed25519.public_key, extensions={"no-touch-required": b""})
    strict = certify(ca, ed25519.public_key, critical_options={"verify-required": b""})
    monkeypatch.setattr(type(ed25519.public_key), "verify", verify)
    own = FidoPolicy(touch=False)
    for certificate, policy in ((plain, None), (strict, None), (strict, own)):
        assert certificate.verify(b"data", b"", fido=policy)
    # a touch can be given up by the caller only
    assert asked == [FidoPolicy(), FidoPolicy(verification=True), own]


# ------------------------------------------------------------------------- properties

names = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20)
# an option whose value has a syntax of its own is refused where the value breaks it
own_syntax = {"force-command", "source-address", "verify-required", "no-touch-required"}
options = st.dictionaries(
    names.filter(lambda name: name not in own_syntax), st.binary(max_size=20), max_size=5
)
grants = st.builds(
    CertificateSpec,
    role=st.sampled_from(["user", "host"]),
    key_id=names,
    principals=st.lists(names, min_size=1, max_size=5).map(tuple),
    serial=st.integers(0, 2**64 - 1),
    valid_after=st.integers(0, 2**63),
    valid_before=st.integers(2**63 + 1, 2**64 - 1),
    critical_options=options,
    extensions=options,
)


@given(spec=grants)
@settings(deadline=None)
def test_spec_of_a_certificate_is_read_back(
    spec: CertificateSpec, ed25519: PrivateKey, ca: PrivateKey
) -> None:
    certificate = certify(ca, ed25519.public_key, spec)
    for field in attrs.fields(CertificateSpec):
        if field.name not in {"algorithm", "unlimited"}:
            assert getattr(certificate, field.name) == getattr(spec, field.name)
    for principal in spec.principals:
        certificate.check(
            role=spec.role,
            principal=principal,
            now=2**63,
            understood_options=spec.critical_options,
        )


@given(data=st.data())
@settings(deadline=None, max_examples=500)
def test_any_flipped_bit_breaks_the_signature(
    data: st.DataObject, ed25519: PrivateKey, ca: PrivateKey
) -> None:
    blob = bytearray(issue(ca, ed25519.public_key, spec=ALICE, random=bytes).blob)
    blob[data.draw(st.integers(0, len(blob) - 1))] ^= data.draw(st.integers(1, 255))
    with pytest.raises(KeyFormatError):
        Certificate.from_blob(blob)
