from __future__ import annotations

import subprocess
from collections.abc import Callable
from datetime import UTC
from os import urandom
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssh_keys import (
    AllowedSigners,
    PrivateKey,
    PublicKey,
    RevocationList,
    SignatureRefused,
    SSHSig,
)
from ssh_keys.certificates.certificate import Certificate
from ssh_keys.certificates.certificate_spec import CertificateSpec
from ssh_keys.certificates.signing import issue
from ssh_keys.signatures import sign
from ssh_keys.trust.authorized_keys import MAX_LINES

if TYPE_CHECKING:
    from pathlib import Path

Program = Callable[..., bytes]
ME = "me@example.com"
NOW = 1_700_000_000


@pytest.fixture(scope="module")
def signature(ed25519: PrivateKey) -> SSHSig:
    return sign(ed25519, b"data", "file")


@pytest.fixture(scope="module")
def public(ed25519: PrivateKey) -> PublicKey:
    return ed25519.public_key.with_comment("")


def certify(ca: PrivateKey, key: PublicKey, **changes: Any) -> Certificate:
    fields: dict[str, Any] = {
        "role": "user",
        "key_id": "an id",
        "principals": (ME, "you@example.com", "root"),
        "valid_after": NOW - 100,
        "valid_before": NOW + 100,
        **changes,
    }
    return issue(ca, key, spec=CertificateSpec(**fields), random=urandom)


def parse(text: str) -> AllowedSigners:
    return AllowedSigners.parse(text, "signers", zone=UTC)


def line(principals: str, key: PublicKey, options: str = "") -> str:
    return f"{principals} {options} {key.to_openssh()}"


def good(
    signers: AllowedSigners, signature: SSHSig, principal: str = ME, now: int = NOW
) -> int | str:
    """The line that makes the signature good, or why none does."""
    try:
        found = signers.verify(signature, b"data", principal=principal, namespace="file", now=now)
    except SignatureRefused as error:
        return str(error)
    return found.line


# ------------------------------------------------------------- who may sign


@pytest.mark.parametrize(
    ("principals", "allowed"),
    [
        (ME, True),
        ("*@example.com", True),
        ("you@example.com,m?@example.com", True),
        ("*,!*@evil.example", True),
        ("!me@example.com,*", False),
        ("*@example.com,!me@*", False),
        ("ME@example.com", False),
        ("me", False),
        ('"a b,me@example.com"', True),
    ],
)
def test_line_applies_to_its_principals(
    principals: str, allowed: bool, public: PublicKey, signature: SSHSig
) -> None:
    signers = parse(f"# who\n{line(principals, public)}")
    assert not signers.problems
    assert (good(signers, signature) == 2) is allowed


def test_principals_in_quotes_may_have_blanks(public: PublicKey, signature: SSHSig) -> None:
    signers = parse(line('"Some One,Some One Else"', public))
    assert good(signers, signature, "Some One Else") == 1
    assert signers.match_principals("Some One") == (("Some One", "Some One Else"),)


def test_key_of_no_line_may_not_sign(
    rsa: PrivateKey, public: PublicKey, signature: SSHSig
) -> None:
    reason = good(parse(line(ME, rsa.public_key)), signature)
    assert reason == "no line allows this key to sign for 'me@example.com'"
    both = parse(f"{line(ME, rsa.public_key)}\n{line(ME, public)}")
    assert good(both, signature) == 2


@pytest.mark.row("K16")
def test_wrong_signature_is_refused_before_the_lines(public: PublicKey, signature: SSHSig) -> None:
    signers = parse(line("*", public))
    for message, namespace in ((b"other", "file"), (b"data", "git"), (b"data", "")):
        with pytest.raises(SignatureRefused, match="did not sign"):
            signers.verify(signature, message, principal=ME, namespace=namespace, now=NOW)


def test_line_applies_to_its_namespaces(public: PublicKey, signature: SSHSig) -> None:
    assert good(parse(line(ME, public, 'namespaces="git,f*"')), signature) == 1
    for namespaces in ("git", "", "*,!file"):
        reason = good(parse(line(ME, public, f'namespaces="{namespaces}"')), signature)
        assert reason == "line 1: the key may not sign for 'file'"
    later = parse(
        f"{line(ME, public, 'namespaces=' + chr(34) + 'git' + chr(34))}\n{line(ME, public)}"
    )
    assert good(later, signature) == 2


def test_line_applies_between_its_dates(public: PublicKey, signature: SSHSig) -> None:
    options = 'valid-after="20231101Z",valid-before="20231201Z"'  # 1698796800, 1701388800
    signers = parse(line(ME, public, options))
    assert signers.signers[0].valid_after == 1698796800
    assert signers.signers[0].valid_before == 1701388800
    for now in (1698796800, NOW, 1701388800):
        assert good(signers, signature, now=now) == 1
        assert signers.find_principals(signature, now) == (ME,)
    for now in (1698796799, 1701388801):
        assert good(signers, signature, now=now) == "line 1: the key is not valid at this time"
        assert signers.find_principals(signature, now) == ()


def test_revoked_keys(public: PublicKey, signature: SSHSig) -> None:
    revoked = RevocationList()
    signers = parse(line(ME, public))

    def verify() -> int:
        return signers.verify(
            signature, b"data", principal=ME, namespace="file", now=NOW, revoked=revoked
        ).line

    assert verify() == 1
    revoked.revoke(public)
    with pytest.raises(SignatureRefused, match="is revoked"):
        verify()


# ------------------------------------------------------------- authorities


def test_certificate_of_an_authority_may_sign(
    ed25519: PrivateKey, ecdsa: PrivateKey, public: PublicKey
) -> None:
    certificate = certify(ecdsa, public)
    signature = sign(ed25519, b"data", "file", certificate=certificate)
    ca = ecdsa.public_key
    signers = parse(line("*@example.com", ca, "cert-authority"))
    assert good(signers, signature) == 1
    assert "no line allows" in str(good(signers, signature, "root"))
    others = parse(line("*", ca, "CERT-AUTHORITY"))
    assert "not valid for 'eve'" in str(good(others, signature, "eve"))
    assert "expired" in str(good(signers, signature, now=NOW + 100))
    assert "not valid before" in str(good(signers, signature, now=NOW - 101))
    # its authority decides, not the key in it, nor the authority as a key of its own
    for text in (line(ME, public), line(ME, ca), line(ME, public, "cert-authority")):
        assert "no line allows" in str(good(parse(text), signature))
    # without its certificate the key is nobody's
    assert "no line allows" in str(good(signers, sign(ed25519, b"data", "file")))


def test_certificate_that_is_not_valid_may_not_sign(
    ed25519: PrivateKey, ecdsa: PrivateKey, public: PublicKey
) -> None:
    signers = parse(line("*", ecdsa.public_key, "cert-authority"))
    for changes, reason in (
        ({"role": "host"}, "not a user certificate"),
        ({"critical_options": {"of-tomorrow": b""}}, "not enforced here"),
    ):
        certificate = certify(ecdsa, public, **changes)
        signature = sign(ed25519, b"data", "file", certificate=certificate)
        assert reason in str(good(signers, signature))
    login = certify(ecdsa, public, critical_options={"force-command": b"\0\0\0\1x"})
    assert good(signers, sign(ed25519, b"data", "file", certificate=login)) == 1


@pytest.mark.row("K07")
def test_revoked_certificates(ed25519: PrivateKey, ecdsa: PrivateKey, public: PublicKey) -> None:
    certificate = certify(ecdsa, public, serial=7)
    signature = sign(ed25519, b"data", "file", certificate=certificate)
    signers = parse(line("*", ecdsa.public_key, "cert-authority"))
    for key in (certificate, public, ecdsa.public_key):
        revoked = RevocationList()
        revoked.revoke(key)
        with pytest.raises(SignatureRefused, match="is revoked"):
            signers.verify(
                signature, b"data", principal=ME, namespace="file", now=NOW, revoked=revoked
            )


def test_find_principals(ed25519: PrivateKey, ecdsa: PrivateKey, public: PublicKey) -> None:
    plain = sign(ed25519, b"data", "file")
    certified = sign(ed25519, b"data", "file", certificate=certify(ecdsa, public))
    text = [
        line("nobody@*", ecdsa.public_key, "cert-authority"),
        line("root,*@example.com", ecdsa.public_key, 'cert-authority,namespaces="git"'),
        line("one@*,two", public, 'valid-before="20200101Z"'),
        line("a@*,b", public, 'namespaces="git"'),
        line("c", public),
    ]
    signers = parse("\n".join(text))
    assert signers.find_principals(plain, NOW) == ("a@*", "b")
    assert signers.find_principals(certified, NOW) == ("root", ME, "you@example.com")
    assert signers.find_principals(certified, NOW + 100) == ()
    assert AllowedSigners().find_principals(plain, NOW) == ()


def test_match_principals(public: PublicKey, ecdsa: PrivateKey) -> None:
    text = [
        line("*@example.com,you", public),
        line("!me@*,*", public),
        line("you", public),
        line(ME, ecdsa.public_key, "cert-authority"),
    ]
    signers = parse("\n".join(text))
    assert signers.match_principals(ME) == (("*@example.com", "you"), (ME,))
    assert signers.match_principals("you") == (("*@example.com", "you"), ("!me@*", "*"), ("you",))
    assert AllowedSigners().match_principals(ME) == ()


# ------------------------------------------------------------- lines that are not used


@pytest.mark.parametrize(
    ("front", "reason"),
    [
        ("me unknown", "unknown option 'unknown'"),
        ("me cert-authority=", "unknown option 'cert-authority'"),
        ("me namespaces", "unknown option 'namespaces'"),
        ("me ,", "unknown option ''"),
        ("me namespaces=git", "is not in quotes"),
        ('me namespaces="git', "a quote is not closed"),
        ('me namespaces="a",namespaces="b"', "namespaces is repeated"),
        ('me valid-after="20200101",valid-after="20200101"', "valid-after is repeated"),
        ('me valid-before="20200101",valid-before="20200101"', "valid-before is repeated"),
        ('me valid-after="20200101",valid-before="20200101"', "is not after valid-after"),
        ('me valid-after="soon"', "'soon' is not a date"),
        ('"me', "a quote is not closed"),
        ("m\0e", "control character"),
    ],
)
def test_malformed_line_allows_no_signature(front: str, reason: str, public: PublicKey) -> None:
    signers = parse(f"\n{front} {public.to_openssh()}\n{line('you', public)}")
    assert [signer.line for signer in signers.signers] == [3]
    (problem,) = signers.problems
    assert (problem.source, problem.line) == ("signers", 2)
    assert reason in problem.reason


def test_line_without_a_key_is_a_problem(public: PublicKey) -> None:
    for text in (ME, f"{ME} ", public.to_openssh(), f"{ME} ssh-dss AAAA", f"{ME} restrict"):
        (problem,) = parse(text).problems
        assert problem.line == 1


@pytest.mark.row("K13")
def test_number_of_lines_is_bounded(public: PublicKey) -> None:
    blank = "\n" * (MAX_LINES - 1)
    assert parse(blank + line(ME, public)).signers
    late = parse(f"{blank}\n{line(ME, public)}\n{line(ME, public)}")
    assert not late.signers
    assert [problem.line for problem in late.problems] == [MAX_LINES + 1]


@given(data=st.binary(max_size=200) | st.text(st.characters(exclude_categories=()), max_size=100))
def test_random_content_allows_no_signature(data: bytes | str, signature: SSHSig) -> None:
    signers = AllowedSigners.parse(data)
    assert signers.signers == ()
    assert signers.find_principals(signature, NOW) == ()
    assert signers.match_principals(str(data)) == ()


# ------------------------------------------------------------- ssh-keygen


def test_verdict_is_that_of_ssh_keygen(
    ed25519: PrivateKey,
    ecdsa: PrivateKey,
    public: PublicKey,
    keygen: Program,
    tmp_path: Path,
) -> None:
    certificate = certify(ecdsa, public, valid_after=0, valid_before=2**63)
    signatures = {
        "plain": sign(ed25519, b"data", "file"),
        "certified": sign(ed25519, b"data", "file", certificate=certificate),
    }
    texts = [
        line("*@example.com", public),
        line(ME, public, 'namespaces="git"'),
        line(ME, public, 'namespaces="fi*,git",valid-after="20200101"'),
        line(ME, public, 'valid-before="20200101"'),
        line("*@example.com", ecdsa.public_key, "cert-authority"),
        line("*", ecdsa.public_key, 'cert-authority,namespaces="!file,*"'),
        line("!me@*,*", public),
        line("me@example.com,x", public, "unknown"),
    ]
    allowed = tmp_path / "allowed"
    for name, signature in signatures.items():
        path = tmp_path / name
        path.write_bytes(signature.to_armor())
        for text in texts:
            allowed.write_text(text + "\n")
            signers = parse(text)
            for principal in (ME, "root"):
                command = (
                    "-Y",
                    "verify",
                    "-n",
                    "file",
                    "-f",
                    allowed,
                    "-I",
                    principal,
                    "-s",
                    path,
                )
                ours = good(signers, signature, principal) == 1
                assert _succeeds(keygen, *command) is ours, (name, text, principal)
            found = _lines(keygen, "-Y", "find-principals", "-f", allowed, "-s", path)
            assert found == signers.find_principals(signature, NOW), (name, text)


def _succeeds(keygen: Program, *command: object) -> bool:
    try:
        keygen(*command, data=b"data")
    except subprocess.CalledProcessError:
        return False
    return True


def _lines(keygen: Program, *command: object) -> tuple[str, ...]:
    try:
        return tuple(keygen(*command).decode().split())
    except subprocess.CalledProcessError:
        return ()


def test_line_with_a_certificate_allows_what_that_certificate_signs(ed25519: PrivateKey) -> None:
    ca = PrivateKey.generate("ed25519")
    certificate, other = certify(ca, ed25519.public_key), certify(ca, ed25519.public_key, serial=7)
    signers = parse(f"me@* {certificate.to_openssh()}\n")
    assert signers.problems == ()
    assert signers.match_principals(ME) == (("me@*",),)

    def verify(signature: SSHSig, now: int = NOW) -> None:
        signers.verify(signature, b"data", principal=ME, namespace="file", now=now)

    verify(sign(ed25519, b"data", "file", certificate=certificate))
    for refused in (
        sign(ed25519, b"data", "file"),
        sign(ed25519, b"data", "file", certificate=other),
    ):
        with pytest.raises(SignatureRefused, match="no line allows"):
            verify(refused)
    # as with ssh-keygen, how long is up to the line
    verify(sign(ed25519, b"data", "file", certificate=certificate), NOW + 1000)
    assert signers.find_principals(
        sign(ed25519, b"data", "file", certificate=certificate), NOW + 1000
    ) == ("me@*",)


def test_line_whose_certificate_is_of_another_kind_is_a_problem(ed25519: PrivateKey) -> None:
    text = certify(PrivateKey.generate("ed25519"), ed25519.public_key).to_openssh()
    signers = parse(f"me {text.replace('ssh-ed25519-cert', 'ssh-rsa-cert', 1)}\n")
    assert signers.signers == ()
    assert "its certificate is ssh-ed25519-cert" in signers.problems[0].reason
