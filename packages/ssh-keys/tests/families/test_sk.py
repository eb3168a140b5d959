from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import attrs
import pytest

from ssh_keys import (
    CertificateRefused,
    CertificateSpec,
    FidoPolicy,
    HostKeyStatus,
    KeyFormatError,
    KeyPolicy,
    KnownHosts,
    PrivateKey,
    PublicKey,
    Signature,
    TokenNeeded,
    issue,
    load_private_key,
    load_public_key,
)
from ssh_keys.families.sk import FAMILY, SecurityKeyPrivateKey, SecurityKeyPublicKey
from ssh_keys.fido import WEBAUTHN, Assertion, WebAuthnAssertion, read_assertion
from ssh_wire import UsageError, WireError
from ssh_wire.primitives import Buffer, read_string, string

ED25519 = "sk-ssh-ed25519@openssh.com"
ECDSA = "sk-ecdsa-sha2-nistp256@openssh.com"
ORIGIN = "https://example.com"


@attrs.frozen
class Token:
    """A token in software: the key that it hides, and what it signs."""

    kind: str
    hidden: PrivateKey
    application: str = "ssh:"

    @property
    def public(self) -> PublicKey:
        _, pos = read_string(self.hidden.public_key.blob, 0)
        fields = self.hidden.public_key.blob[pos:]
        return PublicKey.from_blob(string(self.kind) + fields + string(self.application))

    @property
    def private(self) -> PrivateKey:
        data = self.public.blob + b"\x01" + string(b"the handle") + string(b"")
        return FAMILY.read_private(data, 0, policy=KeyPolicy.DEFAULT)[0]

    def sign(self, data: bytes, flags: int = 1, counter: int = 7) -> bytes:
        digest = hashlib.sha256(self.application.encode()).digest()
        what = digest + bytes([flags]) + counter.to_bytes(4) + hashlib.sha256(data).digest()
        made = Assertion(algorithm=self.kind, blob=self._blob(what), flags=flags, counter=counter)
        return made.encode()

    def sign_in_browser(self, data: bytes, flags: int = 1, origin: str = ORIGIN) -> bytes:
        challenge = base64.urlsafe_b64encode(data).decode().rstrip("=")
        text = f'{{"type":"webauthn.get","challenge":"{challenge}","origin":"{origin}",'
        client_data = f'{text}"crossOrigin":false}}'.encode()
        digest = hashlib.sha256(self.application.encode()).digest()
        what = digest + bytes([flags, 0, 0, 0, 9]) + hashlib.sha256(client_data).digest()
        return WebAuthnAssertion(
            algorithm=WEBAUTHN,
            blob=self._blob(what),
            flags=flags,
            counter=9,
            origin=origin,
            client_data=client_data,
            extensions=b"",
        ).encode()

    def _blob(self, what: bytes) -> bytes:
        return Signature.decode(self.hidden.sign(what)).blob


def agent_of(token: Token, flags: int) -> PrivateKey:
    """What signs with a token as an agent would."""

    class Agent(SecurityKeyPrivateKey):
        def sign(self, data: Buffer, algorithm: str | None = None) -> bytes:
            return token.sign(bytes(data), flags)

    private = token.private
    assert isinstance(private, SecurityKeyPrivateKey)
    return Agent(public_key=private.public_key, flags=1, handle=b"")


@pytest.fixture(scope="module", params=[ED25519, ECDSA])
def token(request: pytest.FixtureRequest) -> Token:
    short = {ED25519: "ed25519", ECDSA: "ecdsa"}[request.param]
    return Token(request.param, PrivateKey.generate(short))


@pytest.fixture(scope="module")
def browser() -> Token:
    return Token(ECDSA, PrivateKey.generate("ecdsa"), "example.com")


def test_public_key_has_the_application_and_the_plain_key(token: Token) -> None:
    public = token.public
    assert isinstance(public, SecurityKeyPublicKey)
    assert public.kind == token.kind
    assert public.plain == token.hidden.public_key
    assert public.application == "ssh:"
    assert public.bits == 256
    assert public.algorithms[0] == token.kind
    assert load_public_key(public.to_openssh()) == public
    assert load_public_key(public.to_rfc4716()) == public
    with pytest.raises(UsageError, match="is saved in OpenSSH's"):
        public.to_pem()


def test_webauthn_algorithm_is_of_ecdsa_alone() -> None:
    assert Token(ED25519, PrivateKey.generate("ed25519")).public.algorithms == (ED25519,)
    assert Token(ECDSA, PrivateKey.generate("ecdsa")).public.algorithms == (ECDSA, WEBAUTHN)


def test_key_of_another_application_is_another_key(token: Token) -> None:
    other = attrs.evolve(token, application="ssh:work")
    assert other.public != token.public
    assert other.public.fingerprint() != token.public.fingerprint()


@pytest.mark.row("K12")
def test_signature_without_a_touch_is_refused_by_default(token: Token) -> None:
    public = token.public
    assert public.verify(b"data", token.sign(b"data"))
    assert public.verify(b"data", token.sign(b"data"), token.kind)
    for flags in (0x00, 0x04, 0x80):
        signature = token.sign(b"data", flags)
        assert not public.verify(b"data", signature)
        assert public.verify(b"data", signature, fido=FidoPolicy(touch=False))


@pytest.mark.row("K12")
def test_signature_without_verification_is_refused_where_it_is_required(token: Token) -> None:
    policy = FidoPolicy(verification=True)
    assert token.public.verify(b"data", token.sign(b"data", 5), fido=policy)
    assert not token.public.verify(b"data", token.sign(b"data", 1), fido=policy)
    assert not token.public.verify(b"data", token.sign(b"data", 4), fido=policy)


@pytest.mark.row("K12")
def test_counter_that_does_not_grow_is_refused(token: Token) -> None:
    policy = FidoPolicy(counter_above=7)
    assert token.public.verify(b"data", token.sign(b"data", counter=8), fido=policy)
    assert not token.public.verify(b"data", token.sign(b"data", counter=7), fido=policy)
    assert not token.public.verify(b"data", token.sign(b"data", counter=0), fido=policy)


@pytest.mark.row("K12")
def test_signature_for_another_application_is_wrong(token: Token) -> None:
    other = attrs.evolve(token, application="ssh:work")
    assert other.public.verify(b"data", other.sign(b"data"))
    assert not token.public.verify(b"data", other.sign(b"data"))


@pytest.mark.row("K12")
@pytest.mark.parametrize("changes", [{"flags": 5}, {"counter": 8}, {"blob": b""}])
def test_flags_and_counter_are_signed(changes: dict[str, object], token: Token) -> None:
    changed = read_assertion(token.sign(b"data")).replace(**changes).encode()
    assert not token.public.verify(b"data", changed)


def test_signature_of_another_algorithm_is_wrong(token: Token, rsa: PrivateKey) -> None:
    public = token.public
    assert not public.verify(b"Data", token.sign(b"data"))
    assert not public.verify(b"data", token.hidden.sign(b"data"))
    assert not public.verify(b"data", token.sign(b"data") + b"\0")
    assert not public.verify(b"data", token.sign(b"data"), token.hidden.public_key.kind)
    assert not public.verify(b"data", b"")
    for name in ("ssh-ed25519", "ecdsa-sha2-nistp256", "ssh-rsa"):
        renamed = read_assertion(token.sign(b"data")).replace(algorithm=name).encode()
        assert not public.verify(b"data", renamed, allow_sha1=True)
    assert not rsa.public_key.verify(b"data", token.sign(b"data"), fido=FidoPolicy())


@pytest.mark.row("K12")
def test_signature_of_a_real_browser_and_token_verifies() -> None:
    vector = json.loads((Path(__file__).parents[1] / "data" / "webauthn.json").read_text())
    public = load_public_key(vector["key"])
    assert isinstance(public, SecurityKeyPublicKey)
    assert public.application == "mindrot.org"
    data, signature = (base64.b64decode(vector[name]) for name in ("data", "signature"))
    assert public.verify(data, signature)
    assert public.verify(data, signature, WEBAUTHN, fido=FidoPolicy(counter_above=798))
    assert not public.verify(data, signature, fido=FidoPolicy(counter_above=799))
    assert not public.verify(data, signature, fido=FidoPolicy(verification=True))
    for at in range(len(signature)):
        changed = signature[:at] + bytes([signature[at] ^ 1]) + signature[at + 1 :]
        assert not public.verify(data, changed)


@pytest.mark.row("K12")
def test_signature_of_a_browser_verifies(browser: Token) -> None:
    public = browser.public
    signature = browser.sign_in_browser(b"data")
    assert public.verify(b"data", signature)
    assert public.verify(b"data", signature, WEBAUTHN)
    assert not public.verify(b"data", signature, ECDSA)
    assert not public.verify(b"Data", signature)
    assert not public.verify(b"data", browser.sign_in_browser(b"data", flags=0))
    sites = FidoPolicy(origins=["https://example.com"])
    assert public.verify(b"data", signature, fido=sites)
    evil = browser.sign_in_browser(b"data", origin="https://evil.example")
    assert public.verify(b"data", evil)
    assert not public.verify(b"data", evil, fido=sites)


@pytest.mark.row("K12")
@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"webauthn.get", b"webauthn.new"),
        (b'"https://example.com"', b'"https://exampl3.com"'),
        (b"\x00\x13https://example.com", b"\x00\x13https://exampl3.com"),
    ],
)
def test_client_data_with_another_challenge_is_wrong(
    old: bytes, new: bytes, browser: Token
) -> None:
    signature = browser.sign_in_browser(b"data")
    assert old in signature
    assert not browser.public.verify(b"data", signature.replace(old, new))


def test_webauthn_signature_of_ed25519_is_wrong() -> None:
    made = Token(ED25519, PrivateKey.generate("ed25519"))
    assert not made.public.verify(b"data", made.sign_in_browser(b"data"))


def test_handle_is_read_back(token: Token) -> None:
    private = token.private.with_comment("a key in a token")
    assert isinstance(private, SecurityKeyPrivateKey)
    assert (private.flags, private.handle, private.reserved) == (1, b"the handle", b"")
    for passphrase in (None, "pass"):
        text = private.to_openssh(passphrase, rounds=1)
        again = load_private_key(text, passphrase)
        assert isinstance(again, SecurityKeyPrivateKey)
        assert again.private_fields() == private.private_fields()
        assert again.comment == "a key in a token"
    assert "the handle" not in f"{private!r} {private.private_fields()!r}"


def test_handle_does_not_sign(token: Token) -> None:
    private = token.private
    with pytest.raises(TokenNeeded, match="in a FIDO token, which alone can sign"):
        private.sign(b"data")
    with pytest.raises(TokenNeeded, match="add the key to an agent"):
        private.sign_blob(b"data", token.kind)
    with pytest.raises(TokenNeeded):
        issue(
            private,
            token.hidden.public_key,
            spec=CertificateSpec(role="user", key_id="", principals=("alice",)),
            random=bytes,
        )


def test_handle_is_saved_in_openssh_format_alone(token: Token) -> None:
    save: list[Callable[[], bytes]] = [token.private.to_pem, token.private.to_ppk]
    for attempt in save:
        with pytest.raises(UsageError, match=r"OpenSSH's format alone|has no private keys"):
            attempt()


def test_key_in_a_token_is_not_generated() -> None:
    for kind in (ED25519, ECDSA):
        with pytest.raises(UsageError, match="made by its token"):
            PrivateKey.generate(kind)


@pytest.mark.row("K12")
@pytest.mark.parametrize(
    ("flags", "policy", "enough"),
    [
        (0x01, None, True),
        (0x00, None, False),
        (0x04, None, False),
        (0x00, FidoPolicy(touch=False), True),
        (0x01, FidoPolicy(verification=True), False),
        (0x05, FidoPolicy(verification=True), True),
    ],
)
def test_signature_of_an_authority_in_a_token_is_checked(
    flags: int, policy: FidoPolicy | None, enough: bool, token: Token, ed25519: PrivateKey
) -> None:
    agent = agent_of(token, flags)
    spec = CertificateSpec(role="user", key_id="", principals=("alice",))
    certificate = issue(agent, ed25519.public_key, spec=spec, random=bytes)
    assert certificate.ca_algorithm == token.kind
    if enough:
        certificate.check(role="user", principal="alice", now=0, ca_fido=policy)
        return
    with pytest.raises(CertificateRefused, match=f"flags 0x0{flags}, counter 7") as caught:
        certificate.check(role="user", principal="alice", now=0, ca_fido=policy)
    assert caught.value.reason == "ca-token"


@pytest.mark.parametrize("flags", [0x00, 0x01])
def test_host_certificate_of_an_authority_in_a_token_needs_no_touch(
    token: Token, ed25519: PrivateKey, flags: int
) -> None:
    agent = agent_of(token, flags)
    spec = CertificateSpec(role="host", key_id="a host", principals=("web1",), valid_before=10)
    certificate = issue(agent, ed25519.public_key, spec=spec, random=bytes)
    known = KnownHosts.parse(f"@cert-authority * {token.public.to_openssh()}")
    assert known.check_certificate(certificate, "web1", now=1) is HostKeyStatus.TRUSTED


def test_certified_key_verifies_the_signature_of_a_browser(
    browser: Token, ed25519: PrivateKey
) -> None:
    spec = CertificateSpec(role="user", key_id="", principals=("alice",))
    certificate = issue(ed25519, browser.public, spec=spec, random=bytes)
    name = "webauthn-sk-ecdsa-sha2-nistp256-cert-v01@openssh.com"
    assert certificate.algorithms == (certificate.kind, name)
    signature = browser.sign_in_browser(b"data")
    assert certificate.verify(b"data", signature, name)
    assert not certificate.verify(b"data", signature, certificate.kind)


def test_certified_key_in_a_token_verifies(token: Token, ed25519: PrivateKey) -> None:
    spec = CertificateSpec(role="user", key_id="", principals=("alice",))
    certificate = issue(ed25519, token.public, spec=spec, random=bytes)
    assert certificate.kind == token.kind.replace("@", "-cert-v01@")
    assert load_public_key(certificate.to_openssh()) == certificate
    assert certificate.public_key == token.public
    assert certificate.verify(b"data", token.sign(b"data"), certificate.kind)
    assert not certificate.verify(b"data", token.sign(b"data", 0), certificate.kind)
    assert certificate.verify(b"data", token.sign(b"data", 0), fido=FidoPolicy(touch=False))


@pytest.mark.row("K01")
@pytest.mark.parametrize("size", [0, 31, 33, 64])
def test_point_of_another_size_is_refused(size: int) -> None:
    with pytest.raises(KeyFormatError, match="32 bytes"):
        PublicKey.from_blob(string(ED25519) + string(bytes(size)) + string("ssh:"))


@pytest.mark.row("K04")
@pytest.mark.parametrize("curve", ["nistp384", "", "NISTP256"])
def test_other_curve_is_refused(curve: str, keys: dict[str, PrivateKey]) -> None:
    point = keys["ecdsa-sha2-nistp384"].public_key.blob[-97:]
    with pytest.raises(KeyFormatError, match="not the declared constant"):
        PublicKey.from_blob(string(ECDSA) + string(curve) + string(point) + string("ssh:"))
    with pytest.raises(KeyFormatError, match="not a point of nistp256"):
        PublicKey.from_blob(string(ECDSA) + string("nistp256") + string(point) + string("ssh:"))


def test_application_with_a_nul_is_refused(token: Token) -> None:
    with pytest.raises(KeyFormatError, match="holds a NUL"):
        _ = attrs.evolve(token, application="ssh:\0").public


def test_every_prefix_and_extension_is_refused(token: Token) -> None:
    blob = token.public.blob
    for size in range(len(blob)):
        with pytest.raises(KeyFormatError):
            PublicKey.from_blob(blob[:size])
    with pytest.raises(KeyFormatError, match="left over"):
        PublicKey.from_blob(blob + b"\0")
    data = token.private.private_fields().encode()
    for size in range(len(data)):
        with pytest.raises((KeyFormatError, WireError)):
            FAMILY.read_private(data[:size], 0, policy=KeyPolicy.DEFAULT)
