from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from agent_dialogue import Dialogue
from agent_samples import KEYS, certificate
from ssh_agent import AddedIdentity, Constraints, DestinationConstraint, DestinationKey, Hop
from ssh_agent.messages import (
    AgentFailure,
    AgentSuccess,
    Lock,
    RemoveAllIdentities,
    RemoveIdentity,
    SignRequest,
    SignResponse,
    Unlock,
)
from ssh_agent.server import Keyring, KeyringFull
from ssh_keys import PrivateKey, PublicKey
from ssh_wire import UsageError, lazy_attrs
from ssh_wire.primitives import string

ED25519 = KEYS["ed25519"]


class Stub:
    """Lists many keys without making them."""

    def __init__(self, blob: bytes) -> None:
        self.public_key: PublicKey = lazy_attrs.evolve(ED25519.public_key, blob=blob)

    async def sign(self, data: bytes, algorithm: str) -> bytes:
        raise NotImplementedError


def stubs() -> Iterator[Stub]:
    for number in range(10_000):
        yield Stub(string("ssh-ed25519") + string(number.to_bytes(32)))


def test_key_has_its_own_comment_unless_another_is_given() -> None:
    keyring = Keyring()
    key = ED25519.with_comment("of the key")

    assert keyring.add(key).comment == "of the key"
    assert keyring.add(key, comment="mine").comment == "mine"
    assert [each.comment for each in keyring.identities] == ["mine"]


def test_certificate_and_its_key_are_two_identities() -> None:
    keyring = Keyring()
    plain = keyring.add(ED25519)
    certified = keyring.add(ED25519, certificate=certificate("ed25519"))

    assert keyring.identities == (plain, certified)
    assert keyring.find(certificate("ed25519").blob) is certified


@pytest.mark.parametrize(
    ("key", "name", "lifetime", "problem"),
    [
        ("ed25519", "rsa", None, "certificate"),
        ("sk-ed25519", None, None, "FIDO token"),
        ("ed25519", None, 5, "with the time"),
    ],
)
def test_key_that_cannot_be_kept_is_refused(
    key: str, name: str | None, lifetime: int | None, problem: str
) -> None:
    keyring = Keyring()

    with pytest.raises(UsageError, match=problem):
        keyring.add(
            KEYS[key],
            certificate=certificate(name) if name else None,
            constraints=Constraints(lifetime=lifetime),
        )

    assert keyring.identities == ()


@pytest.mark.row("G05")
def test_keyring_takes_2048_keys_and_not_one_more() -> None:
    keyring = Keyring()
    source = stubs()
    first = next(source)
    keyring.add(first)
    for _ in range(2047):
        keyring.add(next(source))

    with pytest.raises(KeyringFull, match="2048"):
        keyring.add(next(source))
    keyring.add(first, comment="it was there")

    assert len(keyring.identities) == 2048


@pytest.mark.row("G05")
def test_keyring_takes_no_more_than_one_message_can_list() -> None:
    keyring = Keyring()
    source = stubs()
    comment = "x" * 65_000
    for _ in range(4):
        keyring.add(next(source), comment=comment)

    with pytest.raises(KeyringFull):
        keyring.add(next(source), comment=comment)

    assert len(Dialogue(keyring).listed()) == 4


@pytest.mark.row("G05")
def test_keyring_takes_no_more_than_so_many_host_keys() -> None:
    hop = Hop("host", (DestinationKey(ED25519.public_key),) * 32)
    constraints = Constraints(destinations=(DestinationConstraint(hop, hop),) * 1024)
    keyring = Keyring()
    keyring.add(ED25519, constraints=constraints)  # as many as there may be

    with pytest.raises(KeyringFull, match="1 keys"):
        keyring.add(
            KEYS["rsa"], constraints=Constraints(destinations=(DestinationConstraint(hop),))
        )
    keyring.add(KEYS["rsa"])


@pytest.mark.row("G11")
def test_key_with_a_lifetime_is_gone_when_it_is_over() -> None:
    keyring = Keyring()
    keyring.add(KEYS["rsa"])
    keyring.add(ED25519, constraints=Constraints(lifetime=1), now=100.0)
    keyring.add(KEYS["ecdsa"], constraints=Constraints(lifetime=9), now=100.0)
    assert keyring.next_deadline() == 101.0

    keyring.tick(100.999)
    assert len(keyring.identities) == 3
    keyring.tick(101.0)

    assert [each.signer for each in keyring.identities] == [KEYS["rsa"], KEYS["ecdsa"]]
    assert keyring.next_deadline() == 109.0


@pytest.mark.row("G11")
def test_default_lifetime_is_for_keys_without_one() -> None:
    keyring = Keyring(default_lifetime=60)

    assert keyring.add(ED25519, now=5.0).expires == 65.0
    assert keyring.add(ED25519, constraints=Constraints(lifetime=1), now=5.0).expires == 6.0
    assert Keyring().next_deadline() is None


def test_identity_that_was_replaced_is_not_held_any_more() -> None:
    keyring = Keyring()
    old = keyring.add(ED25519)
    new = keyring.add(ED25519)

    keyring.remove(old)

    assert keyring.holds(new)
    assert not keyring.holds(old)


class KeyringMachine(RuleBasedStateMachine):
    """A keyring against a dictionary, through a connection."""

    @initialize()
    def start(self) -> None:
        self.dialogue = Dialogue(Keyring(random=bytes), consent=True)
        self.expires: dict[bytes, float | None] = {}
        self.locked: bytes | None = None

    names = st.sampled_from(["ed25519", "ecdsa", "rsa"])

    @rule(name=names, lifetime=st.none() | st.integers(0, 5), certified=st.booleans())
    def add(self, name: str, lifetime: int | None, certified: bool) -> None:
        added = AddedIdentity(
            KEYS[name],
            certificate=certificate(name) if certified else None,
            constraints=Constraints(lifetime=lifetime),
        )
        reply = self.dialogue.ask(added.message)
        if self.locked is not None:
            assert reply == AgentFailure()
            return
        assert reply == AgentSuccess()
        until = None if lifetime is None else self.dialogue.now + lifetime
        self.expires[self.blob(name, certified)] = until

    @rule(name=names, certified=st.booleans())
    def remove(self, name: str, certified: bool) -> None:
        blob = self.blob(name, certified)
        there = blob in self.present() and self.locked is None
        assert self.succeeds(RemoveIdentity(key=blob)) is there
        if there:
            del self.expires[blob]

    @rule()
    def remove_all(self) -> None:
        assert self.succeeds(RemoveAllIdentities()) is (self.locked is None)
        if self.locked is None:
            self.expires.clear()

    @rule(name=names, certified=st.booleans())
    def sign(self, name: str, certified: bool) -> None:
        blob = self.blob(name, certified)
        there = blob in self.present() and self.locked is None
        reply = self.dialogue.ask(SignRequest(key=blob, data=b"data", flags=2))
        assert isinstance(reply, SignResponse) is there
        if isinstance(reply, SignResponse):
            assert KEYS[name].public_key.verify(b"data", reply.signature)

    @rule(passphrase=st.sampled_from([b"", b"one", b"two"]))
    def lock(self, passphrase: bytes) -> None:
        works = self.locked is None and bool(passphrase)
        assert self.succeeds(Lock(passphrase=passphrase)) is works
        if works:
            self.locked = passphrase

    @rule(passphrase=st.sampled_from([b"", b"one", b"two"]))
    def unlock(self, passphrase: bytes) -> None:
        works = self.locked is not None and passphrase == self.locked
        self.dialogue.send(Unlock(passphrase=passphrase))
        while (deadline := self.dialogue.connection.next_deadline()) is not None:
            self.dialogue.now = deadline
            self.dialogue.connection.tick(deadline)
        (reply,) = self.dialogue.replies()
        assert (reply == AgentSuccess()) is works
        if works:
            self.locked = None

    @rule(seconds=st.floats(0, 4))
    def wait(self, seconds: float) -> None:
        self.dialogue.now += seconds

    @invariant()
    def list_is_that_of_the_model(self) -> None:
        listed = set(self.dialogue.listed())
        assert listed == self.present() if self.locked is None else not listed

    def blob(self, name: str, certified: bool) -> bytes:
        return certificate(name).blob if certified else KEYS[name].public_key.blob

    def present(self) -> set[bytes]:
        now = self.dialogue.now
        return {blob for blob, until in self.expires.items() if until is None or now < until}

    def succeeds(self, request: RemoveIdentity | RemoveAllIdentities | Lock) -> bool:
        return self.dialogue.ask(request) == AgentSuccess()


TestKeyringMachine = KeyringMachine.TestCase


def test_signer_of_another_kind_is_kept_as_it_is() -> None:
    signer = next(stubs())
    identity = Keyring().add(signer, comment="elsewhere")

    assert identity.signer is signer
    assert isinstance(identity.credential, PublicKey)
    assert not isinstance(identity.signer, PrivateKey)
