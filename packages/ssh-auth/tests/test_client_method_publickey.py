from __future__ import annotations

import pytest

from client_talk import SESSION, SUCCESS, talk_of
from ssh_auth import (
    AuthSucceeded,
    ClientAuth,
    ClientPolicy,
    KeyCredential,
    KeySigner,
    SignatureNeeded,
    SignedHostboundRequest,
)
from ssh_auth.testing import Talk, finish
from ssh_keys import PrivateKey
from ssh_wire.messages.auth import PublicKeyOk, PublicKeyQuery, PublicKeyRequest
from ssh_wire.messages.hostbound import HostboundRequest


@pytest.mark.row("A06")
def test_signature_is_bound_to_the_servers_key_where_the_server_takes_that(
    key: PrivateKey, other: PrivateKey
) -> None:
    auth = ClientAuth("ops", SESSION, [KeyCredential(KeySigner(key), query=True)])
    auth.hostbound_key = other.public_key.blob
    auth.start()
    talk = Talk(auth)
    query = talk.message(PublicKeyQuery)  # as OpenSSH's client asks
    talk.receive(PublicKeyOk(algorithm=query.algorithm, key=query.key))

    question = talk.event(SignatureNeeded)
    auth.answer(question, finish(question.obtain()))

    request = talk.message(HostboundRequest)
    assert request.host_key == other.public_key.blob
    covered = SignedHostboundRequest(
        session_id=SESSION,
        user="ops",
        service="ssh-connection",
        algorithm="ssh-ed25519",
        key=key.public_key.blob,
        host_key=other.public_key.blob,
    ).encode()
    assert key.public_key.verify(covered, request.signature, "ssh-ed25519")
    talk.receive(SUCCESS)
    (attempt,) = talk.event(AuthSucceeded).attempts
    assert attempt.method == "publickey"


def test_server_that_takes_bound_signatures_meanwhile_gets_what_was_signed(
    key: PrivateKey, other: PrivateKey
) -> None:
    talk = talk_of(KeyCredential(KeySigner(key)))
    question = talk.event(SignatureNeeded)
    talk.auth.hostbound_key = other.public_key.blob  # EXT_INFO came while the signer signed

    talk.auth.answer(question, finish(question.obtain()))

    talk.message(PublicKeyRequest)


def test_signature_is_not_bound_where_the_policy_forbids_it(
    key: PrivateKey, other: PrivateKey
) -> None:
    credentials = [KeyCredential(KeySigner(key))]
    auth = ClientAuth("ops", SESSION, credentials, policy=ClientPolicy(hostbound=False))
    auth.hostbound_key = other.public_key.blob
    auth.start()
    question = Talk(auth).event(SignatureNeeded)

    auth.answer(question, finish(question.obtain()))

    assert auth.hostbound_key is None
    Talk(auth).message(PublicKeyRequest)
