"""What is secret, or is signed, is in no text that is logged."""

from __future__ import annotations

import pytest

from contexts import Context
from ssh_auth import (
    HostbasedCredential,
    HostSignatureNeeded,
    KeyCredential,
    KeySigner,
    PasswordCredential,
    PasswordNeeded,
    SignatureNeeded,
)
from ssh_auth.client.methods.gssapi import NextToken, TokenNeeded
from ssh_auth.client.methods.password import AwaitPassword, ExpectPasswordVerdict
from ssh_auth.client.request_builder import RequestBuilder
from ssh_auth.server.methods.gssapi import AcceptedToken, TokenReceived
from ssh_keys import PrivateKey

SECRET = b"s3cret"
PASSWORD = PasswordCredential("s3cret")
KEY = KeySigner(PrivateKey.generate("ed25519"))


@pytest.mark.parametrize(
    "value",
    [
        PASSWORD,
        AwaitPassword(PASSWORD, PasswordNeeded(PASSWORD), "s3cret"),
        ExpectPasswordVerdict(PASSWORD, "s3cret"),
        SignatureNeeded(KeyCredential(KEY), "ssh-ed25519", SECRET, SECRET),
        HostSignatureNeeded(
            HostbasedCredential(KEY, "host", "me"),
            "ssh-ed25519",
            RequestBuilder(SECRET, "me", "ssh-connection"),
        ),
        TokenNeeded(Context(), SECRET, SECRET),
        NextToken(SECRET),
        AcceptedToken(Context(), SECRET),
        TokenReceived(1, "me", None, SECRET),
    ],
    ids=lambda value: type(value).__name__,
)
def test_no_text_of_an_object_has_its_secret(value: object) -> None:
    assert "s3cret" not in repr(value)
