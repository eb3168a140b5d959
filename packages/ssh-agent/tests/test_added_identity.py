from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import given

from agent_samples import AUTHORITY, KEYS, certificate, constraints
from ssh_agent.added_identity import AddedIdentity
from ssh_agent.constraints import Constraints
from ssh_agent.messages import AddConstrainedIdentity, AddIdentity
from ssh_keys import KeyFormatError, KeyPolicy, PrivateKey, UnsupportedKey, load_private_key
from ssh_wire import SSHError, UsageError, WireError
from ssh_wire.primitives import read_string, string

CONFIRM = Constraints(confirm=True)


def strings(data: bytes) -> list[bytes]:
    found: list[bytes] = []
    pos = 0
    while pos < len(data):
        value, pos = read_string(data, pos)
        found.append(value)
    return found


@pytest.mark.parametrize("name", KEYS)
def test_key_of_each_family_arrives_with_comment_and_constraints(name: str) -> None:
    sent = AddedIdentity(KEYS[name], "mine", constraints=CONFIRM)

    message = sent.message
    got = AddedIdentity.from_message(message)

    assert isinstance(message, AddConstrainedIdentity)
    assert message.key.startswith(KEYS[name].private_fields().encode() + string("mine"))
    assert got.key.public_key == KEYS[name].public_key
    assert got.key.private_fields() == KEYS[name].private_fields()
    assert (got.comment, got.certificate, got.constraints) == ("mine", None, CONFIRM)


@pytest.mark.parametrize("name", KEYS)
def test_certificate_of_each_family_arrives_with_its_key(name: str) -> None:
    message = AddedIdentity(KEYS[name], "mine", certificate(name)).message

    assert isinstance(message, AddIdentity)
    got = AddedIdentity.from_message(message)
    assert got.certificate == certificate(name)
    assert got.key.private_fields() == KEYS[name].private_fields()
    assert (got.comment, got.constraints) == ("mine", Constraints())


@pytest.mark.parametrize(
    ("name", "count"),
    # kind, certificate, the secret fields, comment
    [("rsa", 7), ("ecdsa", 4), ("ed25519", 5), ("mldsa", 4), ("ed448", 5)],
)
def test_fields_that_certificate_has_are_not_sent_twice(name: str, count: int) -> None:
    message = AddedIdentity(KEYS[name], "", certificate(name)).message

    assert len(strings(message.key)) == count


@given(constraints())
def test_constraints_of_any_kind_arrive(made: Constraints) -> None:
    message = AddedIdentity(KEYS["ed25519"], constraints=made).message

    assert AddedIdentity.from_message(message).constraints == made


@pytest.mark.row("G02")
def test_constraints_in_plain_message_are_not_ignored() -> None:
    plain = AddIdentity(key=AddedIdentity(KEYS["ed25519"]).message.key + b"\x02")

    assert AddedIdentity.from_message(plain).constraints == CONFIRM
    with pytest.raises(WireError, match="type 9 is not known"):
        AddedIdentity.from_message(AddIdentity(key=plain.key + b"\x09"))


@pytest.mark.row("G04")
@pytest.mark.parametrize("name", KEYS)
@pytest.mark.parametrize("certified", [False, True])
def test_key_that_is_cut_short_is_refused(name: str, *, certified: bool) -> None:
    made = certificate(name) if certified else None
    data = AddedIdentity(KEYS[name], "me", made).message.key
    step = max(1, len(data) // 200)

    for end in range(0, len(data), step):
        with pytest.raises(SSHError):
            AddedIdentity.from_message(AddIdentity(key=data[:end]))


@pytest.mark.row("G04")
@pytest.mark.parametrize("name", ["ed25519", "ecdsa", "rsa", "mldsa", "ed448"])
@pytest.mark.parametrize("certified", [False, True])
def test_private_key_of_other_public_key_is_refused(name: str, *, certified: bool) -> None:
    bits = 2048 if name == "rsa" else None
    other = PrivateKey.generate(KEYS[name].public_key.kind, bits)
    made = certificate(name) if certified else None
    count = 4 if name == "rsa" else 1
    theirs = strings(other.private_fields().encode())[-count:]
    ours = strings(AddedIdentity(KEYS[name], "me", made).message.key)
    ours[-1 - count : -1] = theirs

    with pytest.raises(KeyFormatError):
        AddedIdentity.from_message(AddIdentity(key=b"".join(map(string, ours))))


@pytest.mark.row("G04")
def test_certificate_of_another_key_is_refused() -> None:
    message = AddedIdentity(KEYS["ed25519"], "", certificate("ed25519")).message
    parts = strings(message.key)
    parts[2:4] = strings(AUTHORITY.private_fields().encode())[1:]

    with pytest.raises(KeyFormatError, match="not one of the private key"):
        AddedIdentity.from_message(AddIdentity(key=b"".join(map(string, parts))))


@pytest.mark.row("G04")
@pytest.mark.parametrize(
    "fields",
    [
        [b"ssh-ed25519", bytes(32), bytes(63)],
        [b"ssh-ed25519", bytes(31), bytes(64)],
        [b"ssh-rsa", b"\1" * 8193, b"\3", b"\1", b"\1", b"\1", b"\1"],
        [b"ssh-rsa", b"\0", b"\3", b"\1", b"\1", b"\1", b"\1"],
        [b"ssh-rsa", *[b""] * 6],
        [b"ecdsa-sha2-nistp256", b"nistp384", bytes(65), b"\1"],
        [b"ecdsa-sha2-nistp256", b"nistp256", bytes(65), b""],
    ],
)
def test_key_outside_of_its_family_is_refused(fields: list[bytes]) -> None:
    with pytest.raises(KeyFormatError):
        AddedIdentity.from_message(AddIdentity(key=b"".join(map(string, [*fields, b"me"]))))


@pytest.mark.parametrize("kind", ["ssh-dss", "odd", "rsa-sha2-256"])
def test_key_of_refused_or_unknown_kind_is_not_supported(kind: str) -> None:
    with pytest.raises(UnsupportedKey):
        AddedIdentity.from_message(AddIdentity(key=string(kind) + string(b"x")))


def test_small_rsa_key_needs_policy_that_takes_it() -> None:
    pem = rsa.generate_private_key(65537, 1024).private_bytes(  # noqa: S505 (it is the sample)
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )
    key = load_private_key(pem, policy=KeyPolicy.LEGACY)
    message = AddedIdentity(key).message

    with pytest.raises(KeyFormatError):
        AddedIdentity.from_message(message)
    assert AddedIdentity.from_message(message, policy=KeyPolicy.LEGACY).key.public_key.bits == 1024


def test_certificate_of_another_kind_than_key_is_refused() -> None:
    message = AddedIdentity(KEYS["ed25519"], "", certificate("ed25519")).message
    parts = strings(message.key)
    parts[1] = certificate("rsa").blob

    with pytest.raises(KeyFormatError, match="two kinds"):
        AddedIdentity.from_message(AddIdentity(key=b"".join(map(string, parts))))


def test_certificate_of_another_key_is_not_sent() -> None:
    with pytest.raises(UsageError, match="not one of the private key"):
        _ = AddedIdentity(AUTHORITY, "", certificate("ed25519")).message


def test_private_key_is_in_no_repr() -> None:
    identity = AddedIdentity(KEYS["ed25519"], "mine", constraints=CONFIRM)

    assert repr(identity.message) == "AddConstrainedIdentity(key=…)"
    seed = KEYS["ed25519"].private_fields().encode()[-32:]
    assert repr(seed)[2:-1] not in repr(identity)
