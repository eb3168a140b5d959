from __future__ import annotations

import subprocess
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_dialogue import Dialogue, bind, login
from agent_samples import KEYS, certificate
from ssh_agent import AddedIdentity, Constraints, DestinationConstraint, DestinationKey, Hop
from ssh_agent.messages import (
    AddConstrainedIdentity,
    AddConstrainedSmartcardKey,
    AddIdentity,
    AddSmartcardKey,
    AgentFailure,
    AgentSuccess,
    Extension,
    ExtensionFailure,
    ExtensionResponse,
    IdentitiesAnswer,
    Lock,
    QueryExtension,
    RemoveAllIdentities,
    RemoveAllRSAIdentities,
    RemoveIdentity,
    RemoveSmartcardKey,
    RequestIdentities,
    SignRequest,
    SignResponse,
    Unlock,
)
from ssh_agent.server import AgentSigner, Keyring
from ssh_keys import PrivateKey
from ssh_wire import Message
from ssh_wire.primitives import read_text, string

KEY = KEYS["ed25519"]
RSA = KEYS["rsa"]
HOST = KEYS["ecdsa"]
OTHER_HOST = KEYS["ecdsa384"]
FAILED = AgentFailure()
DONE = AgentSuccess()


def destination(host: PrivateKey, origin: PrivateKey | None = None) -> DestinationConstraint:
    start = Hop("origin", (DestinationKey(origin.public_key),)) if origin else Hop()
    return DestinationConstraint(Hop("host", (DestinationKey(host.public_key),)), start)


ONE_HOP = (destination(HOST),)
TWO_HOPS = (destination(HOST), destination(OTHER_HOST, HOST))


def holding(*keys: PrivateKey, allow_sha1: bool = False) -> Dialogue:
    dialogue = Dialogue(Keyring(allow_sha1=allow_sha1))
    for key in keys:
        dialogue.keyring.add(key)
    return dialogue


def sign(dialogue: Dialogue, data: bytes, key: PrivateKey = KEY, flags: int = 0) -> str:
    """Return the algorithm of the signature, which is good; "" for a failure."""
    reply = dialogue.ask(SignRequest(key=key.public_key.blob, data=data, flags=flags))
    if not isinstance(reply, SignResponse):
        assert reply == FAILED
        return ""
    assert key.public_key.verify(data, reply.signature, allow_sha1=True)
    return read_text(reply.signature, 0)[0]


# ------------------------------------------------------------------ adding


@pytest.mark.parametrize("name", [name for name in KEYS if not name.startswith("sk-")])
@pytest.mark.parametrize("certified", [False, True])
def test_key_of_each_family_is_added_listed_used_and_removed(name: str, certified: bool) -> None:
    key = KEYS[name]
    certified_key = certificate(name) if certified else None
    listed = certified_key or key.public_key
    dialogue = Dialogue()
    added = AddedIdentity(key, "mine", certified_key)

    assert dialogue.ask(added.message) == DONE
    answer = dialogue.ask(RequestIdentities())
    assert isinstance(answer, IdentitiesAnswer)
    assert [(each.key, each.comment) for each in answer.identities] == [(listed.blob, "mine")]
    reply = dialogue.ask(SignRequest(key=listed.blob, data=b"data", flags=4))
    assert isinstance(reply, SignResponse)
    assert key.public_key.verify(b"data", reply.signature)
    assert dialogue.ask(RemoveIdentity(key=listed.blob)) == DONE
    assert dialogue.ask(RemoveIdentity(key=listed.blob)) == FAILED


@pytest.mark.row("G02")
@pytest.mark.parametrize(
    "constraints",
    [
        b"\x01",
        b"\x01\0\0\0",
        b"\x01\0\0\0\1\x01\0\0\0\1",
        b"\x02\x02",
        b"\x03",
        b"\xff",
        b"\xff" + string("unknown@example.com") + string("x"),
        b"\xff" + string("restrict-destination-v00@openssh.com"),
        b"\xff" + string("restrict-destination-v00@openssh.com") + string("x"),
        b"\xff" + string("associated-certs-v00@openssh.com") + b"\0" + string(""),
        b"\xff" + string("sk-provider@openssh.com") + string("/lib/evil.so"),
    ],
)
@pytest.mark.parametrize("message", [AddIdentity, AddConstrainedIdentity])
def test_key_with_a_constraint_that_is_not_understood_is_not_loaded(
    constraints: bytes, message: type[AddIdentity | AddConstrainedIdentity]
) -> None:
    dialogue = Dialogue(consent=True)
    plain = AddedIdentity(KEY).message.key

    assert dialogue.ask(message(key=plain + constraints)) == FAILED
    assert dialogue.keyring.identities == ()


@pytest.mark.row("G02")
def test_every_truncation_of_a_constrained_key_is_refused() -> None:
    constraints = Constraints(lifetime=5, confirm=True, destinations=TWO_HOPS)
    message = AddedIdentity(KEY, "mine", constraints=constraints).message
    plain = len(AddedIdentity(KEY, "mine").message.key)
    whole = {plain, plain + 5, plain + 6}  # behind one constraint, and before the next
    dialogue = Dialogue(consent=True)

    for end in range(len(message.key)):
        reply = dialogue.ask(AddConstrainedIdentity(key=message.key[:end]))
        assert (reply == DONE) is (end in whole)
        dialogue.keyring.remove_all()


@pytest.mark.row("G02")
@pytest.mark.parametrize("consent", [None, True])
def test_key_that_needs_confirmation_is_taken_where_the_user_can_be_asked(
    consent: bool | None,
) -> None:
    dialogue = Dialogue(consent=consent)
    message = AddedIdentity(KEY, constraints=Constraints(confirm=True)).message

    assert (dialogue.ask(message) == DONE) is (consent is not None)
    assert len(dialogue.keyring.identities) == (consent is not None)


def _rsa_of_65536_bits() -> bytes:
    number = b"\0" + b"\xff" * 8192
    return string("ssh-rsa") + b"".join(map(string, [number, b"\1\0\1", *[number] * 4]))


@pytest.mark.row("G04")
@pytest.mark.parametrize(
    "key",
    [
        string("ssh-ed25519") + string(b"short") + string(b"short"),
        string("ssh-ed25519") + string(bytes(32)) + string(bytes(64)),
        _rsa_of_65536_bits(),
        KEY.private_fields().encode()[:-32] + KEYS["ed448"].private_fields().encode()[-32:],
        KEY.private_fields().encode()[:-32] + bytes(32),
        string("ssh-dss") + string(b"x") * 5,
        string("no-such-kind") + string(b""),
        string(certificate("ed25519").kind) + string(certificate("rsa").blob),
        b"",
    ],
    ids=map(str, range(9)),
)
def test_g04_damaged_private_key_is_refused(key: bytes) -> None:
    dialogue = Dialogue()

    assert dialogue.ask(AddIdentity(key=key + string("comment"))) == FAILED
    assert dialogue.keyring.identities == ()


@given(st.binary(max_size=200))
def test_any_bytes_as_a_key_are_answered(data: bytes) -> None:
    assert Dialogue().ask(AddIdentity(key=data)) == FAILED


def test_key_that_is_added_again_has_the_new_constraints() -> None:
    dialogue = Dialogue()
    dialogue.ask(AddedIdentity(KEY, "one", constraints=Constraints(lifetime=5)).message)
    dialogue.ask(AddedIdentity(KEY, "two").message)

    (identity,) = dialogue.keyring.identities
    assert (identity.comment, identity.expires) == ("two", None)


def test_full_keyring_answers_with_failure() -> None:
    dialogue = Dialogue()
    for name in ("ed25519", "ecdsa", "rsa", "ed448"):
        message = AddedIdentity(KEYS[name], "x" * 65_000).message
        assert dialogue.ask(message) == DONE

    assert dialogue.ask(AddedIdentity(KEYS["mldsa"], "x" * 65_000).message) == FAILED


class Token:
    def __init__(self, key: PrivateKey) -> None:
        self.public_key = key.public_key

    async def sign(self, data: bytes, algorithm: str) -> bytes:
        raise NotImplementedError


@pytest.mark.parametrize("provider", ["", "internal", "INTERNAL"])
def test_fido_key_is_refused_or_delegated(provider: str) -> None:
    taken: list[PrivateKey] = []

    def adopt(key: PrivateKey) -> AgentSigner:
        taken.append(key)
        return Token(key)

    constraints = Constraints(provider=provider)
    message = AddedIdentity(KEYS["sk-ed25519"], constraints=constraints).message
    delegating = Dialogue(Keyring(token_signer=adopt))

    assert Dialogue().ask(message) == FAILED
    assert delegating.ask(message) == DONE
    assert delegating.listed() == [taken[0].public_key.blob]
    assert Dialogue(Keyring(token_signer=lambda _: None)).ask(message) == FAILED


# ------------------------------------------------------------------ code of others


@pytest.mark.row("G06")
@pytest.mark.parametrize("forwarded", [False, True])
@pytest.mark.parametrize(
    "request_",
    [
        AddSmartcardKey(token="/usr/lib/opensc-pkcs11.so", pin=b"1234"),
        AddConstrainedSmartcardKey(token="/usr/lib/x.so", pin=b"", constraints=b""),
        RemoveSmartcardKey(token="/usr/lib/opensc-pkcs11.so", pin=b""),
        AddedIdentity(
            KEYS["sk-ecdsa"], constraints=Constraints(provider="/usr/lib/libsk.so")
        ).message,
    ],
)
def test_module_that_a_client_names_is_never_loaded(
    request_: Message,
    forwarded: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(subprocess, "Popen", None)
    dialogue = Dialogue(Keyring(token_signer=Token))
    if forwarded:
        assert dialogue.ask(bind(HOST, forwarding=True)) == DONE

    assert dialogue.ask(request_) == FAILED
    assert dialogue.keyring.identities == ()


# ------------------------------------------------------------------ signing


def test_flags_choose_the_algorithm_of_rsa() -> None:
    dialogue = holding(RSA)

    assert sign(dialogue, b"data", RSA, 2) == "rsa-sha2-256"
    assert sign(dialogue, b"data", RSA, 4) == "rsa-sha2-512"
    assert sign(dialogue, b"data", RSA, 6) == "rsa-sha2-256"
    assert sign(holding(KEY), b"data", KEY, 6) == "ssh-ed25519"


def test_rsa_signs_with_sha1_only_where_that_is_allowed() -> None:
    assert sign(holding(RSA), b"data", RSA) == ""
    allowing = holding(RSA, allow_sha1=True)
    assert sign(allowing, b"data", RSA) == "ssh-rsa"

    allowing.keyring.add(RSA, constraints=Constraints(destinations=ONE_HOP))
    allowing.ask(bind(HOST))
    assert sign(allowing, login(RSA.public_key), RSA) == ""
    assert sign(allowing, login(RSA.public_key), RSA, 2) == "rsa-sha2-256"


def test_key_that_is_not_held_does_not_sign() -> None:
    assert sign(holding(), b"data") == ""


@pytest.mark.row("G05")
def test_as_much_is_signed_as_one_message_can_carry() -> None:
    room = 262_144 - 1 - 4 - len(KEY.public_key.blob) - 4 - 4

    assert sign(holding(KEY), bytes(room)) == "ssh-ed25519"


def test_user_is_asked_with_the_destination_of_a_login() -> None:
    dialogue = Dialogue(consent=True)
    constraints = Constraints(confirm=True, destinations=ONE_HOP)
    dialogue.keyring.add(KEY, constraints=constraints)
    dialogue.ask(bind(HOST))

    assert sign(dialogue, login(KEY.public_key, user="m\x1be")) == "ssh-ed25519"

    (asked,) = dialogue.asked
    assert (asked.user, asked.host) == ("m\\x1be", "host")


@pytest.mark.parametrize("consent", [True, False])
def test_key_signs_if_the_user_agrees(consent: bool) -> None:
    dialogue = Dialogue(consent=consent)
    dialogue.keyring.add(KEY, constraints=Constraints(confirm=True))

    assert bool(sign(dialogue, b"data")) is consent
    assert dialogue.asked[0].user == ""


# ------------------------------------------------------------------ destinations


def constrained(*destinations: DestinationConstraint) -> Dialogue:
    dialogue = Dialogue()
    dialogue.keyring.add(KEY, constraints=Constraints(destinations=destinations))
    return dialogue


PUBLIC = KEY.public_key


@pytest.mark.row("G10")
def test_constrained_key_signs_nothing_on_a_connection_that_is_not_bound() -> None:
    dialogue = constrained(*ONE_HOP)

    assert dialogue.listed() == [PUBLIC.blob]
    assert sign(dialogue, login(PUBLIC)) == ""


@pytest.mark.row("G10")
@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"data",
        login(PUBLIC, b"another session"),
        login(PUBLIC, host_key=OTHER_HOST.public_key),
        login(RSA.public_key),
        b"SSHSIG" + string("file") + string("") + string("sha512") + string("hash"),
    ],
    ids=map(str, range(6)),
)
def test_constrained_key_signs_logins_at_the_bound_session_alone(data: bytes) -> None:
    dialogue = constrained(*ONE_HOP)
    assert dialogue.ask(bind(HOST)) == DONE

    assert sign(dialogue, data) == ""
    assert sign(dialogue, login(PUBLIC)) == "ssh-ed25519"
    assert sign(dialogue, login(PUBLIC, host_key=HOST.public_key)) == "ssh-ed25519"


@pytest.mark.row("G10")
def test_constrained_key_signs_for_its_hosts_alone() -> None:
    dialogue = constrained(*ONE_HOP)
    assert dialogue.ask(bind(OTHER_HOST)) == DONE

    assert dialogue.listed() == []
    assert sign(dialogue, login(PUBLIC)) == ""


@pytest.mark.row("G10")
def test_login_behind_a_hop_names_the_host_key() -> None:
    dialogue = constrained(*TWO_HOPS)
    dialogue.ask(bind(HOST, b"one", forwarding=True))
    assert dialogue.listed() == [PUBLIC.blob]
    assert sign(dialogue, login(PUBLIC, b"one")) == ""  # a session that forwards

    dialogue.ask(bind(OTHER_HOST, b"two"))

    assert sign(dialogue, login(PUBLIC, b"two")) == ""
    assert sign(dialogue, login(PUBLIC, b"one", host_key=HOST.public_key)) == ""
    assert sign(dialogue, login(PUBLIC, b"two", host_key=HOST.public_key)) == ""
    assert sign(dialogue, login(PUBLIC, b"two", host_key=OTHER_HOST.public_key))


@pytest.mark.row("G10")
@pytest.mark.parametrize("cut", [1, 40])
def test_constrained_key_is_not_used_after_a_malformed_binding(cut: int) -> None:
    dialogue = constrained(*ONE_HOP)

    assert dialogue.ask(bind(HOST).encode()[:-cut]) == ExtensionFailure()
    assert dialogue.listed() == []


@pytest.mark.row("G10")
def test_key_that_is_not_listed_is_neither_removed_nor_replaced() -> None:
    dialogue = constrained(*ONE_HOP)
    dialogue.ask(bind(OTHER_HOST, forwarding=True))

    assert dialogue.ask(RemoveIdentity(key=PUBLIC.blob)) == FAILED
    assert dialogue.ask(AddedIdentity(KEY).message) == FAILED
    assert dialogue.keyring.identities[0].destinations == ONE_HOP
    assert dialogue.ask(RemoveAllIdentities()) == DONE


@pytest.mark.row("G05")
@pytest.mark.parametrize(
    "constraints",
    [
        [destination(HOST)] * 1025,
        [DestinationConstraint(Hop("h", ONE_HOP[0].target.keys, "*" * 257))],
    ],
)
def test_constraints_over_the_limits_are_refused(
    constraints: list[DestinationConstraint],
) -> None:
    each = b"".join(map(_encoded, constraints))
    body = b"\xff" + string("restrict-destination-v00@openssh.com") + string(each)
    dialogue = Dialogue()
    message = AddConstrainedIdentity(key=AddedIdentity(KEY).message.key + body)

    start = time.perf_counter()
    assert dialogue.ask(message) == FAILED
    assert time.perf_counter() - start < 1.0  # the table says 10 ms, on a quiet machine
    assert dialogue.keyring.identities == ()


def _encoded(constraint: DestinationConstraint) -> bytes:
    target = constraint.target
    keys = b"".join(string(key.key.blob) + b"\0" for key in target.keys)
    to = string(target.user) + string(target.host) + string("") + keys
    return string(string(string("") * 3) + string(to) + string(""))


# ------------------------------------------------------------------ lock and the rest


@pytest.mark.row("G07")
def test_locked_agent_lists_nothing_and_refuses_the_rest() -> None:
    dialogue = holding(KEY)
    assert dialogue.ask(Lock(passphrase=b"sesame")) == DONE

    assert dialogue.listed() == []
    for request in (
        SignRequest(key=PUBLIC.blob, data=b"data"),
        AddedIdentity(RSA).message,
        AddedIdentity(RSA, constraints=Constraints(lifetime=1)).message,
        RemoveIdentity(key=PUBLIC.blob),
        RemoveAllIdentities(),
        RemoveAllRSAIdentities(),
        Lock(passphrase=b"other"),
        QueryExtension(),
        Extension(name="other@example.com"),
        AddSmartcardKey(token="/lib", pin=b""),
    ):
        assert dialogue.ask(request) == FAILED
    assert dialogue.ask(bind(HOST)) == DONE
    assert dialogue.ask(Unlock(passphrase=b"sesame")) == DONE
    assert dialogue.listed() == [PUBLIC.blob]


@pytest.mark.row("G07")
def test_guesses_over_many_connections_wait_for_each_other() -> None:
    first = holding(KEY)
    second = Dialogue(first.keyring)
    first.ask(Lock(passphrase=b"sesame"))
    first.send(Unlock(passphrase=b"wrong"))

    second.send(Unlock(passphrase=b"sesame"))

    assert first.replies() == second.replies() == []
    assert first.keyring.lock.locked
    assert first.connection.next_deadline() == second.connection.next_deadline()
    second.now = 0.1
    second.connection.tick(0.1)
    assert second.replies() == [DONE]


def test_agent_that_is_not_locked_is_not_unlocked() -> None:
    assert holding().ask(Unlock(passphrase=b"x")) == FAILED
    locked = holding()
    locked.ask(Lock(passphrase=b"x"))
    assert locked.ask(Unlock(passphrase=b"")) == FAILED


def test_removal_of_the_keys_of_ssh_1_removes_all_as_in_openssh() -> None:
    dialogue = holding(KEY)

    assert dialogue.ask(RemoveAllRSAIdentities()) == DONE
    assert dialogue.listed() == []


def test_query_is_answered_with_the_extensions() -> None:
    reply = holding().ask(QueryExtension())

    assert reply == ExtensionResponse(name="query", contents=string("session-bind@openssh.com"))


def test_unknown_extension_is_refused_and_a_failed_one_fails() -> None:
    dialogue = holding()

    assert dialogue.ask(Extension(name="unknown@example.com", contents=b"x")) == FAILED
    assert dialogue.ask(bind(HOST, host_key=OTHER_HOST.public_key)) == ExtensionFailure()
