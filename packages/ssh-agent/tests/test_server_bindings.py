from __future__ import annotations

import pytest

from agent_dialogue import Dialogue, bind
from agent_samples import KEYS
from ssh_agent.messages import AgentSuccess, ExtensionFailure, SessionBind
from ssh_agent.server.bindings import SessionBindings
from ssh_keys import CertificateSpec, KeyPolicy, issue

HOST = KEYS["ed25519"]
OTHER = KEYS["ecdsa"]


def try_to_bind(bindings: SessionBindings, request: SessionBind) -> bool:
    return bindings.bind(request, policy=KeyPolicy.DEFAULT)


def changed(request: SessionBind, **fields: bytes) -> SessionBind:
    values = {
        "host_key": request.host_key,
        "session_id": request.session_id,
        "signature": request.signature,
        **fields,
    }
    return SessionBind(**values, is_forwarding=request.is_forwarding)


def test_session_is_bound_with_its_host_key_and_what_it_is_for() -> None:
    bindings = SessionBindings()

    assert try_to_bind(bindings, bind(HOST, b"one", forwarding=True))
    assert try_to_bind(bindings, bind(OTHER, b"two"))

    assert [(each.host_key, each.session_id, each.is_forwarding) for each in bindings.bound] == [
        (HOST.public_key, b"one", True),
        (OTHER.public_key, b"two", False),
    ]


@pytest.mark.parametrize(
    "fields",
    [
        {"session_id": b"another"},
        {"signature": b""},
        {"signature": OTHER.sign(b"session")},
        {"host_key": OTHER.public_key.blob},
        {"host_key": b"not a key"},
        {"host_key": b""},
    ],
)
@pytest.mark.row("G10")
def test_session_that_the_host_did_not_sign_is_not_bound(fields: dict[str, bytes]) -> None:
    bindings = SessionBindings()

    assert not try_to_bind(bindings, changed(bind(HOST), **fields))
    assert bindings.bound == ()
    assert bindings.attempted


@pytest.mark.row("G10")
def test_signature_with_sha1_does_not_bind() -> None:
    rsa = KEYS["rsa"]
    request = bind(rsa)

    assert try_to_bind(SessionBindings(), request)
    weak = changed(request, signature=rsa.sign(b"session", "ssh-rsa"))
    assert not try_to_bind(SessionBindings(), weak)


def test_same_session_may_be_bound_again_but_not_with_another_host() -> None:
    bindings = SessionBindings()
    try_to_bind(bindings, bind(HOST, forwarding=True))

    assert try_to_bind(bindings, bind(HOST, forwarding=True))
    assert not try_to_bind(bindings, bind(OTHER, forwarding=True))
    assert len(bindings.bound) == 1


def test_new_session_with_the_same_host_is_bound() -> None:
    bindings = SessionBindings()
    try_to_bind(bindings, bind(HOST, b"one", forwarding=True))

    assert try_to_bind(bindings, bind(HOST, b"two", forwarding=True))


def test_connection_that_was_bound_to_log_in_is_bound_to_nothing_else() -> None:
    bindings = SessionBindings()
    try_to_bind(bindings, bind(HOST, b"one"))

    assert not try_to_bind(bindings, bind(HOST, b"one"))
    assert not try_to_bind(bindings, bind(OTHER, b"two", forwarding=True))


@pytest.mark.row("G05")
def test_connection_is_bound_to_sixteen_sessions_and_not_to_one_more() -> None:
    bindings = SessionBindings()

    bound = [try_to_bind(bindings, bind(HOST, b"%d" % n, forwarding=True)) for n in range(17)]

    assert bound == [True] * 16 + [False]


@pytest.mark.row("G05")
def test_session_identifier_has_at_most_128_bytes() -> None:
    assert try_to_bind(SessionBindings(), bind(HOST, bytes(128)))
    assert not try_to_bind(SessionBindings(), bind(HOST, bytes(129)))


def test_host_with_a_certificate_is_bound_as_it() -> None:
    spec = CertificateSpec(role="host", key_id="host", principals=("host",))
    certificate = issue(OTHER, HOST.public_key, spec=spec, random=bytes)
    bindings = SessionBindings()

    assert try_to_bind(bindings, bind(HOST, host_key=certificate))
    assert bindings.bound[0].host_key == certificate


@pytest.mark.parametrize("cut", [1, 10, 60])
def test_malformed_binding_counts_as_an_attempt(cut: int) -> None:
    dialogue = Dialogue()

    assert dialogue.ask(bind(HOST).encode()[:-cut]) == ExtensionFailure()
    assert dialogue.connection._client.sessions.attempted
    assert dialogue.ask(bind(HOST)) == AgentSuccess()
