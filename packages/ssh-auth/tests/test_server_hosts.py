"""Signatures that are bound to the server's key, and hosts that vouch for their users."""

from __future__ import annotations

import os

import attrs
import pytest

from server_talk import (
    CONTEXT,
    HOST_KEY,
    KEYS,
    SERVICE,
    SESSION,
    SUCCESS,
    failure,
    talk_of,
    vouched,
)
from ssh_auth import (
    Accept,
    Authenticated,
    CompletedMethod,
    HostVerified,
    KeyOffered,
    KeyVerified,
    Reject,
    ServerAuth,
    ServerPolicy,
    SignedHostboundRequest,
)
from ssh_auth.testing import Talk
from ssh_keys import CertificateSpec, issue
from ssh_wire import ProtocolError
from ssh_wire.messages.auth import HostbasedRequest, PublicKeyOk
from ssh_wire.messages.hostbound import HostboundQuery, HostboundRequest

KEY, OTHER = KEYS
HOSTBASED = ServerPolicy(methods=("hostbased",))

# ------------------------------------------------------------- bound to the server's key


def bound(host_key: bytes = HOST_KEY.blob, covered: bytes = HOST_KEY.blob) -> HostboundRequest:
    blob = KEY.public_key.blob
    data = SignedHostboundRequest(
        session_id=SESSION,
        user="ops",
        service=SERVICE,
        algorithm="ssh-ed25519",
        key=blob,
        host_key=covered,
    )
    return HostboundRequest(
        user="ops",
        service=SERVICE,
        algorithm="ssh-ed25519",
        key=blob,
        host_key=host_key,
        signature=KEY.sign(data.encode(), "ssh-ed25519"),
    )


def bound_query(host_key: bytes = HOST_KEY.blob) -> HostboundQuery:
    blob = KEY.public_key.blob
    return HostboundQuery(
        user="ops", service=SERVICE, algorithm="ssh-ed25519", key=blob, host_key=host_key
    )


def test_hostbound_request_completes_publickey() -> None:
    talk = talk_of()
    talk.receive(bound_query())
    talk.auth.answer(talk.event(KeyOffered).request, Accept())
    talk.expect_sent(PublicKeyOk(algorithm="ssh-ed25519", key=KEY.public_key.blob))

    talk.receive(bound())
    talk.auth.answer(talk.event(KeyVerified).request, Accept())

    talk.expect_sent(SUCCESS)
    done = talk.event(Authenticated)
    assert done.completed == (CompletedMethod("publickey", KEY.public_key),)


def test_hostbound_request_may_name_the_certificate_of_the_host_key() -> None:
    spec = CertificateSpec(role="host", key_id="", principals=("host",))
    certificate = issue(OTHER, HOST_KEY, spec=spec, random=os.urandom)
    talk = talk_of()
    talk.receive(bound(certificate.blob, certificate.blob))
    talk.event(KeyVerified)


@pytest.mark.row("A06")
def test_hostbound_signature_that_covers_another_host_key_asks_no_question() -> None:
    talk = talk_of()
    talk.receive(bound(covered=OTHER.public_key.blob))

    talk.expect_sent(failure("publickey"))
    talk.assert_idle()


@pytest.mark.row("A06")
@pytest.mark.parametrize(
    "blob",
    [OTHER.public_key.blob, b"", b"\0\0\0\x09ssh-ed255"],
    ids=["another", "empty", "damaged"],
)
def test_request_that_is_bound_to_another_host_key_is_a_protocol_error(blob: bytes) -> None:
    for request in (bound_query(blob), bound(blob, blob)):
        talk = talk_of()
        with pytest.raises(ProtocolError, match="another host key"):
            talk.receive(request)
        talk.assert_idle()


@pytest.mark.row("A06")
def test_hostbound_request_is_refused_where_the_host_key_is_unknown() -> None:
    talk = Talk(ServerAuth(attrs.evolve(CONTEXT, host_key=None), ServerPolicy()))
    with pytest.raises(ProtocolError):
        talk.receive(bound())


# ------------------------------------------------------------- hosts


def test_host_that_signed_is_asked_about_by_its_name() -> None:
    talk = talk_of(HOSTBASED)
    talk.receive(vouched())
    asked = talk.event(HostVerified)
    assert (asked.function, asked.arguments) == (
        "hostbased",
        (KEY.public_key, "client.test", "me"),
    )

    talk.auth.answer(asked.request, Accept())

    talk.expect_sent(SUCCESS)
    done = talk.event(Authenticated)
    assert done.completed == (CompletedMethod("hostbased", KEY.public_key),)


def test_host_that_a_function_rejects_fails() -> None:
    talk = talk_of(HOSTBASED)
    talk.receive(vouched())
    talk.auth.answer(talk.event(HostVerified).request, Reject())

    talk.expect_sent(failure("hostbased"))
    assert not talk.auth.succeeded


@pytest.mark.row("A06")
@pytest.mark.row("A17")
@pytest.mark.parametrize(
    "request_",
    [
        vouched(signer=OTHER),
        vouched(covered="other.test"),
        vouched(client_user=""),
        vouched(client_user="../me"),
        vouched(client_host=""),
        vouched(client_host="."),
        vouched(client_host="client\x1b.test"),
        vouched(client_host="\u202etest"),
        vouched(client_host="h" * 1025),
        vouched(host_key=OTHER.public_key.blob),
        vouched(algorithm="rsa-sha2-512"),
        vouched(signature=b""),
    ],
)
def test_host_that_has_not_signed_this_request_is_not_asked_about(
    request_: HostbasedRequest,
) -> None:
    talk = talk_of(HOSTBASED)
    talk.receive(request_)

    talk.expect_sent(failure("hostbased"))
    talk.assert_idle()


def test_longest_names_of_host_and_user_are_asked_about() -> None:
    host, user = "h" * 1024, "u" * 1024
    for request in (
        vouched(client_host=host),
        vouched(client_host=f"{host}."),
        vouched(client_host="h"),
        vouched(client_user=user),
    ):
        talk = talk_of(HOSTBASED)
        talk.receive(request)
        talk.event(HostVerified)
