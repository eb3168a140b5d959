from __future__ import annotations

import pytest

from ssh_agent.errors import AgentMisbehaved
from ssh_agent.identities import MAX_IDENTITIES, Identities, Identity
from ssh_agent.messages import IdentityEntry
from ssh_keys import CertificateSpec, KeyPolicy, PrivateKey, issue
from ssh_wire.primitives import encode_mpint, string


def test_keys_keep_order_and_comments_of_agent(ed25519: PrivateKey, rsa: PrivateKey) -> None:
    entries = [
        IdentityEntry(key=rsa.public_key.blob, comment="one"),
        IdentityEntry(key=ed25519.public_key.blob, comment="two"),
    ]

    identities = Identities.from_entries(entries)

    assert tuple(identities) == (
        Identity(rsa.public_key, "one"),
        Identity(ed25519.public_key, "two"),
    )
    assert identities.skipped == ()


@pytest.mark.row("G03")
@pytest.mark.parametrize(
    "blob", [b"", b"\0\0\0\x20ssh-ed25519", string("ssh-new@example.com") + b"?", bytes(64)]
)
def test_malformed_key_is_skipped_and_reported(blob: bytes, ed25519: PrivateKey) -> None:
    entries = [
        IdentityEntry(key=blob, comment="odd"),
        IdentityEntry(key=ed25519.public_key.blob, comment="good"),
    ]

    identities = Identities.from_entries(entries)

    assert [each.comment for each in identities] == ["good"]
    (skipped,) = identities.skipped
    assert (skipped.blob, skipped.comment) == (blob, "odd")
    assert skipped.reason


def test_certificate_is_listed_with_its_key(ed25519: PrivateKey, other: PrivateKey) -> None:
    spec = CertificateSpec(role="user", key_id="me", principals=("me",))
    certificate = issue(other, ed25519.public_key, spec=spec, random=bytes)
    entries = [
        IdentityEntry(key=certificate.blob, comment="certified"),
        IdentityEntry(key=ed25519.public_key.blob, comment="plain"),
        IdentityEntry(key=certificate.blob[:-1], comment="cut"),
    ]

    identities = Identities.from_entries(entries)

    certified, plain = identities
    assert (certified.key, certified.listed) == (ed25519.public_key, certificate)
    assert (plain.key, plain.certificate, plain.listed) == (
        ed25519.public_key,
        None,
        ed25519.public_key,
    )
    assert [each.comment for each in identities.skipped] == ["cut"]


def test_short_rsa_keys_are_listed_with_legacy_policy() -> None:
    blob = string("ssh-rsa") + string(encode_mpint(65_537)) + string(encode_mpint(2**1023 + 1))
    entries = [IdentityEntry(key=blob, comment="old")]

    assert Identities.from_entries(entries).skipped[0].reason
    assert len(Identities.from_entries(entries, policy=KeyPolicy.LEGACY)) == 1


def test_comments_are_escaped(ed25519: PrivateKey) -> None:
    entry = IdentityEntry(key=ed25519.public_key.blob, comment="a\x1b[2Jb\udcff")

    (identity,) = Identities.from_entries([entry])

    assert identity.comment == r"a\x1b[2Jb\xff"


@pytest.mark.row("G03")
def test_2048_keys_are_accepted_and_one_more_is_refused() -> None:
    entries = [IdentityEntry(key=b"", comment="")] * MAX_IDENTITIES

    assert len(Identities.from_entries(entries).skipped) == MAX_IDENTITIES
    with pytest.raises(AgentMisbehaved, match="2048"):
        Identities.from_entries([*entries, entries[0]])
