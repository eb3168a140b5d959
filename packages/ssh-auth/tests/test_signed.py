from __future__ import annotations

from ssh_auth import SignedRequest
from ssh_wire.messages.auth import PublicKeyRequest
from ssh_wire.primitives import string


def test_signed_data_is_the_session_identifier_and_the_unsigned_request() -> None:
    request = PublicKeyRequest(
        user="ops", service="ssh-connection", algorithm="ssh-ed25519", key=b"blob", signature=b"S"
    )
    signed = SignedRequest(
        session_id=b"id",
        user="ops",
        service="ssh-connection",
        algorithm="ssh-ed25519",
        key=b"blob",
    )

    assert signed.encode() == string(b"id") + request.encode().removesuffix(string(b"S"))
