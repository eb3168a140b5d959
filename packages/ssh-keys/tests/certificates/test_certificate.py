from __future__ import annotations

import pytest
from certifying import ALICE, HOSTS, NOW, certify, refuses, signed

from ssh_keys import (
    Certificate,
    KeyFormatError,
    PrivateKey,
    UnsupportedKey,
    issue,
    load_public_key,
)
from ssh_keys.certificates.certificate import Role
from ssh_keys.certificates.certificate_spec import FOREVER, PERMISSIONS
from ssh_wire import UsageError
from ssh_wire.primitives import string

# ------------------------------------------------------------------------- issuing


def test_every_kind_is_certified(signing: PrivateKey, ca: PrivateKey) -> None:
    certificate = certify(ca, signing.public_key, serial=7)
    assert certificate.public_key == signing.public_key
    assert certificate.comment == certificate.public_key.comment == signing.comment
    assert certificate.ca_key == ca.public_key
    assert certificate.ca_algorithm == "ssh-ed25519"
    assert (certificate.serial, certificate.role, certificate.key_id) == (7, "user", "who")
    assert certificate.principals == ("alice", "bob")
    assert (certificate.valid_after, certificate.valid_before) == (0, FOREVER)
    assert certificate.critical_options == {}
    assert certificate.extensions == PERMISSIONS
    certificate.check(role="user", principal="alice", now=NOW)
    certificate.check(role="user", principal=None, now=NOW)


def test_every_kind_certifies(signing: PrivateKey, ed25519: PrivateKey) -> None:
    certificate = certify(signing, ed25519.public_key)
    assert certificate.ca_key == signing.public_key
    names = (certificate.ca_algorithm,)
    certificate.check(role="user", principal="bob", now=NOW, ca_algorithms=names)


def test_certificate_is_read_back_from_a_line_and_from_rfc4716(
    signing: PrivateKey, ca: PrivateKey
) -> None:
    certificate = certify(ca, signing.public_key)
    for text in (certificate.to_openssh(), certificate.to_rfc4716()):
        again = load_public_key(text)
        assert isinstance(again, Certificate)
        assert again == certificate
        assert hash(again) == hash(certificate)
        assert again.comment == again.public_key.comment == signing.comment
    assert certificate.fingerprint() == signing.public_key.fingerprint()
    assert certificate.fingerprint("md5") == signing.public_key.fingerprint("md5")
    assert repr(certificate).startswith(f"<Certificate {certificate.kind} SHA256:")


def test_certificates_differ_by_their_blobs(ed25519: PrivateKey, ca: PrivateKey) -> None:
    first, second = certify(ca, ed25519.public_key), certify(ca, ed25519.public_key)
    assert first != second  # their nonces do
    assert first != "certificate"
    assert first.with_comment("other") == first
    assert first.with_comment("other").public_key.comment == "other"


def test_line_of_another_kind_than_its_certificate_is_refused(
    ed25519: PrivateKey, ca: PrivateKey
) -> None:
    line = certify(ca, ed25519.public_key).to_openssh()
    wrong = line.replace("ssh-ed25519-cert-v01", "ssh-rsa-cert-v01")
    with pytest.raises(KeyFormatError, match="the line says ssh-rsa-cert-v01@"):
        load_public_key(wrong)
    with pytest.raises(KeyFormatError, match="not base64"):
        load_public_key("ssh-rsa-cert-v01@openssh.com #")
    with pytest.raises(KeyFormatError, match="not a public key"):
        load_public_key("ssh-rsa-cert-v01@openssh.com AAAA")


def test_nonce_comes_from_the_caller(ed25519: PrivateKey, ca: PrivateKey) -> None:
    made = [issue(ca, ed25519.public_key, spec=ALICE, random=bytes) for _ in range(2)]
    assert made[0] == made[1]
    assert string(bytes(32)) in made[0].blob


def test_options_are_encoded_in_order(ed25519: PrivateKey, ca: PrivateKey) -> None:
    options = {"b": b"2", "a": b"1", "\udcff": b"3", "C": b"0"}
    certificate = certify(ca, ed25519.public_key, critical_options=options)
    assert list(certificate.critical_options) == ["C", "a", "b", "\udcff"]
    assert dict(certificate.critical_options) == options
    assert not hasattr(certificate.critical_options, "__setitem__")


def test_authority_signs_with_the_algorithm_of_the_spec(
    rsa: PrivateKey, ed25519: PrivateKey, ca: PrivateKey
) -> None:
    assert certify(rsa, ed25519.public_key).ca_algorithm == "rsa-sha2-512"
    named = certify(rsa, ed25519.public_key, algorithm="rsa-sha2-256")
    assert named.ca_algorithm == "rsa-sha2-256"
    with pytest.raises(UsageError, match="does not sign with"):
        certify(ca, ed25519.public_key, algorithm="rsa-sha2-256")


@pytest.mark.parametrize("changes", [{"key_id": "a\0b"}, {"principals": ("a\0b",)}])
def test_certificate_with_a_nul_is_not_issued(
    changes: dict[str, object], ed25519: PrivateKey, ca: PrivateKey
) -> None:
    with pytest.raises(UsageError, match="no such certificate can be issued"):
        certify(ca, ed25519.public_key, ALICE, **changes)


# ------------------------------------------------------------------------- verifying


def test_signature_of_the_certified_key_verifies(signing: PrivateKey, ca: PrivateKey) -> None:
    certificate = certify(ca, signing.public_key)
    for algorithm, plain in zip(
        certificate.algorithms, signing.public_key.algorithms, strict=True
    ):
        signature = signing.sign(b"data", plain)
        assert certificate.verify(b"data", signature)
        assert certificate.verify(b"data", signature, algorithm)
        assert not certificate.verify(b"Data", signature, algorithm)
        # it is the certificate's algorithm that was negotiated
        assert not certificate.verify(b"data", signature, plain)
        assert not certificate.verify(b"data", signature, "ssh-rsa-cert-v01@openssh.com")


def test_algorithms_of_a_certificate_are_certified_names(rsa: PrivateKey, ca: PrivateKey) -> None:
    certificate = certify(ca, rsa.public_key)
    assert certificate.kind == "ssh-rsa-cert-v01@openssh.com"
    sha512, sha256 = "rsa-sha2-512-cert-v01@openssh.com", "rsa-sha2-256-cert-v01@openssh.com"
    assert certificate.algorithms == (sha512, sha256)
    assert not certificate.verify(b"data", rsa.sign(b"data", "rsa-sha2-512"), sha256)
    assert not certificate.verify(b"data", rsa.sign(b"data", "ssh-rsa"))


# ------------------------------------------------------------------------- the matrix


@pytest.mark.row("K07")
@pytest.mark.parametrize(
    ("now", "reason"),
    [
        (-1, "not-yet-valid"),
        (99, "not-yet-valid"),
        (100, None),
        (199, None),
        (200, "expired"),
        (FOREVER, "expired"),
    ],
)
def test_certificate_is_valid_from_after_until_before(
    now: int, reason: str | None, ed25519: PrivateKey, ca: PrivateKey
) -> None:
    certificate = certify(ca, ed25519.public_key, valid_after=100, valid_before=200)
    if reason is None:
        certificate.check(role="user", principal="alice", now=now)
    else:
        refuses(certificate, reason, now=now)


@pytest.mark.row("K07")
def test_certificate_without_an_end_is_always_valid(ed25519: PrivateKey, ca: PrivateKey) -> None:
    certify(ca, ed25519.public_key).check(role="user", principal="alice", now=2**40)


@pytest.mark.row("K07")
def test_certificate_of_the_other_role_is_refused(ed25519: PrivateKey, ca: PrivateKey) -> None:
    refuses(certify(ca, ed25519.public_key, HOSTS), "role", "a host certificate is not a user")
    refuses(certify(ca, ed25519.public_key), "role", "a user certificate", role="host")


@pytest.mark.row("K07")
@pytest.mark.parametrize("number", [0, 3, 2**32 - 1])
def test_number_of_an_unknown_role_is_refused(
    number: int, ed25519: PrivateKey, ca: PrivateKey
) -> None:
    blob = signed(ca, ed25519.public_key, role=number.to_bytes(4))
    with pytest.raises(KeyFormatError, match="neither a user's nor a host's"):
        Certificate.from_blob(blob)


@pytest.mark.row("K07")
@pytest.mark.parametrize("role", ["user", "host"])
@pytest.mark.parametrize("principal", ["alice", None, ""])
def test_certificate_without_principals_is_refused(
    role: Role, principal: str | None, ed25519: PrivateKey, ca: PrivateKey
) -> None:
    number = {"user": 1, "host": 2}[role].to_bytes(4)
    blob = signed(ca, ed25519.public_key, principals=string(b""), role=number)
    certificate = Certificate.from_blob(blob)
    assert certificate.principals == ()
    refuses(certificate, "no-principals", role=role, principal=principal)


@pytest.mark.row("K07")
@pytest.mark.parametrize("listed", ["root,alice", "alice,", ",", "Alice", " alice", "alic", "*"])
def test_principal_of_a_user_is_compared_exactly(
    listed: str, ed25519: PrivateKey, ca: PrivateKey
) -> None:
    certificate = certify(ca, ed25519.public_key, principals=(listed,))
    refuses(certificate, "principal", "not valid for 'alice'")
    certificate.check(role="user", principal=listed, now=NOW)


@pytest.mark.row("K07")
@pytest.mark.parametrize(
    ("listed", "host", "good"),
    [
        ("web1.example.com", "web1.example.com", True),
        ("web1.example.com", "web2.example.com", False),
        ("*.example.com", "a.b.example.com", True),
        ("web?", "web1", True),
        ("web?", "web12", False),
        ("*", "anything", True),
        ("!web1", "web1", False),  # negation is of known_hosts
        ("a,web1", "web1", False),
        ("*,web1", "web1", False),
    ],
)
def test_principal_of_a_host_may_be_a_pattern(
    listed: str, host: str, good: bool, ed25519: PrivateKey, ca: PrivateKey
) -> None:
    certificate = certify(ca, ed25519.public_key, HOSTS, principals=("other", listed))
    if good:
        certificate.check(role="host", principal=host, now=NOW)
    else:
        refuses(certificate, "principal", role="host", principal=host)


@pytest.mark.row("K07")
def test_critical_option_that_is_not_enforced_refuses_the_certificate(
    ed25519: PrivateKey, ca: PrivateKey
) -> None:
    options = {"force-command": string("ls"), "new@example.com": b""}
    certificate = certify(ca, ed25519.public_key, critical_options=options)
    refuses(certificate, "critical-option", "'force-command' is not enforced")
    known = {"understood_options": ("force-command", "source-address")}
    refuses(certificate, "critical-option", "'new@example.com' is not enforced", **known)
    certificate.check(role="user", principal="alice", now=NOW, understood_options=tuple(options))


@pytest.mark.row("K07")
def test_unknown_extension_is_ignored(ed25519: PrivateKey, ca: PrivateKey) -> None:
    extensions = {"new@example.com": b"anything", "permit-pty": b""}
    certificate = certify(ca, ed25519.public_key, extensions=extensions)
    certificate.check(role="user", principal="alice", now=NOW)


@pytest.mark.row("K07")
@pytest.mark.parametrize("field", ["critical", "extensions"])
def test_repeated_option_is_refused(field: str, ed25519: PrivateKey, ca: PrivateKey) -> None:
    option = string("permit-pty") + string(b"")
    blob = signed(ca, ed25519.public_key, **{field: string(option + option)})
    with pytest.raises(KeyFormatError, match="'permit-pty' appears twice"):
        Certificate.from_blob(blob)


@pytest.mark.row("K07")
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("source-address", string("")),
        ("source-address", b""),
        ("source-address", string("192.0.2.0/24,")),
        ("source-address", string("192.0.2.1/24")),
        ("source-address", string("192.0.2.0/24") + b"x"),
        ("force-command", b""),
        ("force-command", string("a\0b")),
        ("force-command", string("ls") + b"x"),
    ],
)
def test_critical_option_with_a_malformed_value_is_refused(
    name: str, value: bytes, ed25519: PrivateKey, ca: PrivateKey
) -> None:
    certificate = certify(ca, ed25519.public_key, critical_options={name: value})
    refuses(certificate, "critical-option", understood_options=(name,))


@pytest.mark.row("K07")
@pytest.mark.parametrize("name", ["permit-pty", "no-touch-required", "verify-required"])
def test_flag_with_a_value_is_refused(name: str, ed25519: PrivateKey, ca: PrivateKey) -> None:
    where = "critical_options" if name == "verify-required" else "extensions"
    certificate = certify(ca, ed25519.public_key, ALICE, **{where: {name: b"x"}})
    refuses(certificate, "option-value", "is a flag", understood_options=(name,))


def test_values_of_critical_options_are_decoded(ed25519: PrivateKey, ca: PrivateKey) -> None:
    options = {
        "force-command": string("backup --all"),
        "source-address": string("192.0.2.0/24,2001:db8::/32"),
    }
    certificate = certify(ca, ed25519.public_key, critical_options=options)
    certificate.check(role="user", principal="alice", now=NOW, understood_options=tuple(options))
    assert certificate.force_command == "backup --all"
    assert certificate.source_address is not None
    assert [str(net) for net in certificate.source_address] == ["192.0.2.0/24", "2001:db8::/32"]
    free = certify(ca, ed25519.public_key)
    assert free.force_command is None
    assert free.source_address is None


@pytest.mark.row("K07")
def test_signature_of_the_authority_with_sha1_is_refused(
    rsa: PrivateKey, ed25519: PrivateKey
) -> None:
    certificate = certify(rsa, ed25519.public_key, algorithm="ssh-rsa")
    assert certificate.ca_algorithm == "ssh-rsa"
    refuses(certificate, "ca-algorithm", "signed with ssh-rsa")
    certificate.check(role="user", principal="alice", now=NOW, ca_algorithms=("ssh-rsa",))
    refuses(certify(rsa, ed25519.public_key), "ca-algorithm", ca_algorithms=("ssh-ed25519",))


@pytest.mark.row("K07")
def test_certificate_as_authority_is_refused(ed25519: PrivateKey, ca: PrivateKey) -> None:
    nested = certify(ca, ca.public_key)
    blob = signed(ca, ed25519.public_key, ca_key=string(nested.blob))
    with pytest.raises(UnsupportedKey, match="a certificate is not taken"):
        Certificate.from_blob(blob)


@pytest.mark.row("K07")
@pytest.mark.row("W02")
def test_number_of_principals_is_bounded(ed25519: PrivateKey, ca: PrivateKey) -> None:
    names = tuple(f"user{number}" for number in range(257))
    assert len(certify(ca, ed25519.public_key, principals=names[:256]).principals) == 256
    with pytest.raises(UsageError, match="1 to 256 principals"):
        certify(ca, ed25519.public_key, principals=names)
    packed = string(b"".join(map(string, names)))
    with pytest.raises(KeyFormatError, match="257 principals; 256 are allowed"):
        Certificate.from_blob(signed(ca, ed25519.public_key, principals=packed))
