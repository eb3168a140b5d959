"""What a client takes of a server although RFC 4252 says it otherwise."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from client_talk import SUCCESS, dialogue, memory, renew, talk_of
from ssh_auth import (
    AuthRejected,
    AuthSucceeded,
    BannerReceived,
    KeyCredential,
    KeySigner,
    NoneCredential,
    PasswordCredential,
    PasswordNeeded,
    SignatureNeeded,
)
from ssh_auth.client.lenient import exact, is_same_key
from ssh_auth.client.methods import AnyMethod
from ssh_auth.client.methods.table import METHODS
from ssh_keys import PrivateKey
from ssh_wire import ProtocolError
from ssh_wire.messages.auth import (
    InfoRequest,
    NoneRequest,
    PasswdChangeReq,
    PasswordRequest,
    PublicKeyOk,
    PublicKeyQuery,
    UserauthBanner,
)
from ssh_wire.primitives import read_string, string

EMPTY_LIST = bytes.fromhex("330000000000")
"""A FAILURE whose list of methods is empty, as a server sent it."""


def listed(names: bytes, rest: bytes = b"\0") -> bytes:
    return b"\x33" + string(names) + rest


def test_failure_with_an_empty_list_lets_the_client_go_on(key: PrivateKey) -> None:
    talk = talk_of(NoneCredential(probe=True), memory(key), PasswordCredential("s3cret"))
    talk.message(NoneRequest)

    talk.auth.receive(EMPTY_LIST)

    talk.event(SignatureNeeded)


@pytest.mark.parametrize(
    "payload",
    [
        listed(b"password", b""),  # no word of a partial success
        listed(b"publickey,,password"),
        listed(b",password,"),
        listed(b"publickey, password"),
        listed(b"password,password,frobnicate@example.com"),
    ],
)
def test_failure_is_read_at_least_as_leniently_as_by_openssh(payload: bytes) -> None:
    talk = talk_of(NoneCredential(probe=True), dialogue(), PasswordCredential("s3cret"))
    talk.message(NoneRequest)

    talk.auth.receive(payload)

    talk.message(PasswordRequest)


def test_failure_without_its_flag_is_not_a_partial_success() -> None:
    talk = talk_of(PasswordCredential("one"), PasswordCredential("two"))
    talk.auth.receive(listed(b"password", b""))
    talk.auth.receive(listed(b"password", b""))

    error = talk.event(AuthRejected).error
    assert [attempt.outcome.value for attempt in error.attempts] == ["rejected", "rejected"]


@pytest.mark.parametrize(
    "payload",
    [b"\x33", b"\x33\0\0\0\x05pass", listed(b"pass\0word"), listed(b"password", b"\0\0")],
)
def test_unreadable_failure_is_a_protocol_error(payload: bytes) -> None:
    talk = talk_of(PasswordCredential("s3cret"))

    with pytest.raises(ProtocolError):
        talk.auth.receive(payload)


def test_success_with_trailing_bytes_is_a_success() -> None:
    talk = talk_of(PasswordCredential("s3cret"))

    talk.auth.receive(SUCCESS.encode() + b"zz")

    talk.event(AuthSucceeded)


@pytest.mark.parametrize("rest", [b"", string(b"en"), string(b"") + b"zz"])
def test_banner_without_a_language_is_reported(rest: bytes) -> None:
    talk = talk_of(PasswordCredential("s3cret"))

    talk.auth.receive(bytes([UserauthBanner.NUMBER or 0]) + string(b"Hello") + rest)

    assert talk.event(BannerReceived).text == "Hello"


@pytest.mark.parametrize("rest", [b"", string(b"en"), string(b"") + b"zz"])
def test_password_change_request_without_a_language_is_read(rest: bytes) -> None:
    talk = talk_of(PasswordCredential("old", renew))

    talk.auth.receive(bytes([PasswdChangeReq.NUMBER or 0]) + string(b"Choose") + rest)

    assert talk.event(PasswordNeeded).prompt == "Choose"


def test_prompts_and_keys_are_read_strictly(key: PrivateKey, other: PrivateKey) -> None:
    asked = InfoRequest(name="PAM").encode()
    for cut in (asked[:-1], asked + b"z"):
        with pytest.raises(ProtocolError):
            talk_of(dialogue()).auth.receive(cut)
    good = PublicKeyOk(algorithm="ssh-ed25519", key=key.public_key.blob).encode()
    for cut in (good[:-1], good + b"z"):
        with pytest.raises(ProtocolError):
            talk_of(memory(key), memory(other)).auth.receive(cut)


# ------------------------------------------------------------- which key is accepted


@pytest.mark.parametrize("answered", ["ssh-rsa", "rsa-sha2-256", "rsa-sha2-512"])
def test_answer_with_another_algorithm_of_the_key_is_accepted(
    rsa: PrivateKey, answered: str
) -> None:
    talk = talk_of(KeyCredential(KeySigner(rsa), query=True))
    query = talk.message(PublicKeyQuery)
    assert query.algorithm == "rsa-sha2-512"

    talk.receive(PublicKeyOk(algorithm=answered, key=query.key))

    # what was offered is what signs: the server does not choose a weaker one
    assert talk.event(SignatureNeeded).algorithm == "rsa-sha2-512"


@pytest.mark.parametrize("answered", ["ssh-ed25519", "ssh-dss", "", "rsa-sha2-1024"])
def test_answer_with_an_algorithm_of_another_key_type_is_refused(
    rsa: PrivateKey, answered: str
) -> None:
    talk = talk_of(KeyCredential(KeySigner(rsa), query=True))

    with pytest.raises(ProtocolError):
        talk.receive(PublicKeyOk(algorithm=answered, key=rsa.public_key.blob))


def respelled(blob: bytes, kind: bytes, zeros: bytes = b"") -> bytes:
    _, pos = read_string(blob, 0)
    written = string(kind)
    while pos < len(blob):
        number, pos = read_string(blob, pos)
        written += string(zeros + number)
    return written


@pytest.mark.parametrize(
    ("kind", "zeros"), [(b"rsa-sha2-512", b""), (b"ssh-rsa", b"\0"), (b"ssh-rsa", b"\0\0")]
)
def test_key_blob_with_other_leading_zeros_is_the_same_key(
    rsa: PrivateKey, kind: bytes, zeros: bytes
) -> None:
    talk = talk_of(KeyCredential(KeySigner(rsa), query=True))
    blob = respelled(talk.message(PublicKeyQuery).key, kind, zeros)

    talk.receive(PublicKeyOk(algorithm="rsa-sha2-512", key=blob))

    talk.event(SignatureNeeded)


def test_key_blob_with_other_numbers_is_another_key(key: PrivateKey, other: PrivateKey) -> None:
    blob = key.public_key.blob
    assert is_same_key(blob, key.public_key)
    for wrong in (other.public_key.blob, b"", blob[:-1], blob + b"\0", blob + string(b"")):
        assert not is_same_key(wrong, key.public_key)


@given(st.binary(max_size=80), st.sampled_from(list(METHODS.values())))
def test_any_payload_comes_out_with_its_number_and_nothing_is_raised(
    payload: bytes, method: type[AnyMethod]
) -> None:
    assert exact(payload, method.REPAIRS)[:1] == payload[:1]
