from __future__ import annotations

from ssh_auth.client.request_builder import RequestBuilder
from ssh_auth.signed import SignedRequest
from ssh_wire.messages.auth import REQUESTS

REQUEST = RequestBuilder(b"id", "ops", "ssh-connection")


def test_every_request_is_for_the_same_user_and_service() -> None:
    for message in (
        REQUEST.none(),
        REQUEST.password("p"),
        REQUEST.password_change("p", "n"),
        REQUEST.interactive(""),
        REQUEST.key_query("ssh-ed25519", b"k"),
        REQUEST.key_signed("ssh-ed25519", b"k", b"s"),
    ):
        assert (message.user, message.service) == ("ops", "ssh-connection")
        assert REQUESTS.decode(message.encode()) == message


def test_signed_data_names_the_session_and_the_request() -> None:
    assert SignedRequest.decode(REQUEST.signed_data("ssh-ed25519", b"k")) == SignedRequest(
        session_id=b"id",
        user="ops",
        service="ssh-connection",
        algorithm="ssh-ed25519",
        key=b"k",
    )
