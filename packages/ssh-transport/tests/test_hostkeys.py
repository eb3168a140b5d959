"""Host keys beyond the usual: certificates, SHA-1, short RSA keys."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable

import attrs
import pytest

from hostile import FAST, drain, ended
from ssh_keys import (
    Certificate,
    CertificateSpec,
    Credential,
    KeyPolicy,
    PrivateKey,
    PublicKey,
    Signature,
    certified_name,
    issue,
)
from ssh_keys.fido import Assertion
from ssh_transport import (
    ClientTransport,
    Disconnected,
    Event,
    HostKeyReceived,
    HostKeyRefused,
    ServerTransport,
    SignatureRequested,
    TransportOptions,
)
from ssh_transport.algorithms import HOST_KEYS, Algorithms
from ssh_transport.keyexchange.server import _identities
from ssh_transport.testing import pump
from ssh_wire import DisconnectReason, lazy_attrs
from ssh_wire.primitives import read_string, string

FAILED = DisconnectReason.KEY_EXCHANGE_FAILED
UNTRUSTED = DisconnectReason.HOST_KEY_NOT_VERIFIABLE
EVERY = attrs.evolve(FAST, host_keys=HOST_KEYS)
CA = PrivateKey.generate("ed25519")
KINDS = ["ed25519", "ecdsa", "rsa", "ed448", "mldsa44-ed25519"]

Sign = Callable[[SignatureRequested], bytes]


def certified(key: PrivateKey) -> Certificate:
    spec = CertificateSpec(role="host", key_id="a host", principals=("host.test",))
    return issue(CA, key.public_key, spec=spec, random=os.urandom)


class Meeting:
    """A client and a server, up to the client's decision."""

    def __init__(
        self,
        presented: Credential,
        sign: Sign,
        client: Algorithms,
        server: Algorithms,
    ) -> None:
        self.sign = sign
        self.client = ClientTransport(
            TransportOptions(algorithms=client), random=os.urandom, now=0.0
        )
        self.server = ServerTransport(
            TransportOptions(algorithms=server), random=os.urandom, now=0.0, host_keys=[presented]
        )
        self.asked: list[SignatureRequested] = []
        self.events: list[Event] = []

    def run(self) -> None:
        """Exchange keys up to the client's decision, or to the end."""
        for _ in range(4):
            if self.server.closed or self.client.closed:
                break
            pump(self.client, self.server)
            for event in drain(self.server):
                if isinstance(event, SignatureRequested):
                    self.asked.append(event)
                    self.server.provide_signature(self.sign(event))
            pump(self.server, self.client)
            self.events += drain(self.client)

    def decision(self) -> HostKeyReceived:
        self.run()
        event = self.events[-1]
        assert isinstance(event, HostKeyReceived), event
        return event

    def refused(self, reason: DisconnectReason = FAILED) -> Disconnected:
        self.run()
        return ended(self.client, reason, self.events)


def honest(key: PrivateKey) -> Sign:
    return lambda event: key.sign(event.data, event.algorithm)


@pytest.mark.parametrize("kind", KINDS)
def test_host_certificate_is_presented_with_its_key(kind: str) -> None:
    key = PrivateKey.generate(kind)
    certificate = certified(key)
    meeting = Meeting(certificate, honest(key), EVERY, EVERY)
    event = meeting.decision()
    assert event.key == key.public_key
    assert event.credential == certificate
    assert event.algorithm == certified_name(key.public_key.algorithms[0])
    asked = meeting.asked[0]
    assert (asked.key, asked.algorithm) == (key.public_key, key.public_key.algorithms[0])
    meeting.client.accept_host_key()
    meeting.run()
    assert meeting.client.host_key == meeting.server.host_key == key.public_key
    meeting.client.authenticated()
    meeting.client.start_rekey()
    meeting.run()
    assert len(meeting.asked) == 2
    assert not meeting.client.closed


def test_other_certified_key_at_rekey_ends_connection(
    key: PrivateKey, other_key: PrivateKey
) -> None:
    meeting = Meeting(certified(key), honest(key), EVERY, EVERY)
    meeting.decision()
    meeting.client.accept_host_key()
    meeting.run()
    meeting.server._server_kex._identities = _identities([certified(other_key)])
    meeting.sign = honest(other_key)
    meeting.client.start_rekey()
    assert isinstance(meeting.refused(UNTRUSTED).error, HostKeyRefused)


@pytest.mark.row("T26")
def test_t26_signature_by_other_key_than_certified_one_is_refused(
    key: PrivateKey, other_key: PrivateKey
) -> None:
    Meeting(certified(key), honest(other_key), EVERY, EVERY).refused()


@pytest.mark.row("T26")
@pytest.mark.parametrize("plain", [True, False])
def test_t26_key_in_place_of_certificate_and_reverse_is_refused(
    plain: bool, key: PrivateKey
) -> None:
    certificate = certified(key)
    presented = key.public_key if plain else certificate
    meeting = Meeting(presented, honest(key), EVERY, EVERY)
    identities = meeting.server._server_kex._identities
    other = certificate if plain else key.public_key
    for name, identity in identities.items():
        identities[name] = lazy_attrs.evolve(identity, blob=other.blob)
    meeting.refused()


@pytest.mark.row("T26")
def test_t26_certificate_not_signed_by_its_authority_is_refused(key: PrivateKey) -> None:
    certificate = certified(key)
    meeting = Meeting(certificate, honest(key), EVERY, EVERY)
    identities = meeting.server._server_kex._identities
    forged = certificate.blob.replace(b"host.test", b"host.evil")
    for name, identity in identities.items():
        identities[name] = lazy_attrs.evolve(identity, blob=forged)
    assert "not signed" in meeting.refused().description


@pytest.mark.parametrize("bits", [1024, 2048])
def test_short_rsa_key_signs_with_legacy_options(bits: int) -> None:
    from cryptography.hazmat.primitives.asymmetric import padding, rsa  # noqa: PLC0415
    from cryptography.hazmat.primitives.hashes import SHA1  # noqa: PLC0415

    from ssh_wire.primitives import encode_mpint, string  # noqa: PLC0415

    private = rsa.generate_private_key(65537, bits)
    numbers = private.public_key().public_numbers()
    blob = string("ssh-rsa") + string(encode_mpint(numbers.e)) + string(encode_mpint(numbers.n))
    key = PublicKey.from_blob(blob, policy=KeyPolicy.LEGACY)

    def sign(event: SignatureRequested) -> bytes:
        assert event.algorithm == "ssh-rsa"
        return string("ssh-rsa") + string(private.sign(event.data, padding.PKCS1v15(), SHA1()))  # noqa: S303

    sha1 = attrs.evolve(FAST, host_keys=("ssh-rsa",), rsa_bits=bits)
    assert Meeting(key, sign, sha1, sha1).decision().key == key
    if bits == 1024:
        Meeting(key, sign, attrs.evolve(sha1, rsa_bits=2048), sha1).refused()


@pytest.mark.row("T26")
def test_t26_sha1_signature_in_place_of_negotiated_one_is_refused() -> None:
    key = PrivateKey.generate("rsa", 2048)
    modern = attrs.evolve(FAST, host_keys=("rsa-sha2-512",))

    def sign(event: SignatureRequested) -> bytes:
        return key.sign(event.data, "ssh-rsa")

    Meeting(key.public_key, sign, modern, modern).refused()


# ------------------------------------------------------------- keys in a token


@attrs.frozen
class Token:
    """A token in software, which signs without asking anybody."""

    kind: str
    hidden: PrivateKey

    @classmethod
    def make(cls, kind: str) -> Token:
        return cls(kind, PrivateKey.generate("ed25519" if "ed25519" in kind else "ecdsa"))

    @property
    def public(self) -> PublicKey:
        _, pos = read_string(self.hidden.public_key.blob, 0)
        fields = self.hidden.public_key.blob[pos:]
        return PublicKey.from_blob(string(self.kind) + fields + string("ssh:"))

    def sign(self, event: SignatureRequested, flags: int = 0, counter: int = 1) -> bytes:
        what = b"".join(
            (
                hashlib.sha256(b"ssh:").digest(),
                bytes([flags]),
                counter.to_bytes(4),
                hashlib.sha256(event.data).digest(),
            )
        )
        blob = Signature.decode(self.hidden.sign(what)).blob
        return Assertion(algorithm=self.kind, blob=blob, flags=flags, counter=counter).encode()


TOKENS = ["sk-ssh-ed25519@openssh.com", "sk-ecdsa-sha2-nistp256@openssh.com"]


@pytest.mark.parametrize("kind", TOKENS)
@pytest.mark.parametrize("certify", [False, True])
@pytest.mark.parametrize("flags", [0x00, 0x01, 0x05])
def test_host_key_in_token_signs_with_and_without_touch(
    kind: str, certify: bool, flags: int
) -> None:
    token = Token.make(kind)
    presented: Credential = token.public
    if certify:
        spec = CertificateSpec(role="host", key_id="a host", principals=("host.test",))
        presented = issue(CA, token.public, spec=spec, random=os.urandom)
    meeting = Meeting(presented, lambda event: token.sign(event, flags), EVERY, EVERY)
    event = meeting.decision()
    assert event.key == token.public
    assert (event.credential != event.key) is certify
    meeting.client.accept_host_key()
    meeting.run()
    meeting.client.authenticated()
    meeting.client.start_rekey()
    meeting.run()
    assert not meeting.client.closed


@pytest.mark.parametrize("kind", TOKENS)
def test_signature_of_other_token_is_refused(kind: str) -> None:
    token, other = Token.make(kind), Token.make(kind)
    meeting = Meeting(token.public, other.sign, EVERY, EVERY)
    meeting.refused()
