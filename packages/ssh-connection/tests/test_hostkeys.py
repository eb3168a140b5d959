"""hostkeys-00 and hostkeys-prove-00: what is announced, asked for, proven."""

from __future__ import annotations

import contextlib
import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssh_connection import hostkeys
from ssh_keys import PrivateKey, PublicKey, Signature
from ssh_keys.fido import Assertion
from ssh_wire import ProtocolError
from ssh_wire.messages.connection import GlobalRequest
from ssh_wire.messages.openssh import HostKeys, HostKeysProve
from ssh_wire.primitives import read_string, string

KEYS = [PrivateKey.generate("ed25519"), PrivateKey.generate("ecdsa"), PrivateKey.generate("rsa")]
PUBLIC = tuple(key.public_key for key in KEYS)
SESSION = b"s" * 32


def test_announcement_of_host_keys_is_read_back() -> None:
    sent = hostkeys.announcement(PUBLIC)
    details = b"".join(string(key.blob) for key in PUBLIC)
    generic = GlobalRequest(kind="hostkeys-00@openssh.com", want_reply=False, details=details)
    assert sent.encode() == generic.encode()
    assert hostkeys.announced(sent) == PUBLIC


@pytest.mark.row("C23")
def test_c23_unknown_kinds_and_repetitions_are_left_out() -> None:
    blobs = (PUBLIC[0].blob, string("ssh-new") + b"x", b"", PUBLIC[0].blob, b"\xff" * 9)
    assert hostkeys.announced(HostKeys(want_reply=False, keys=blobs)) == PUBLIC[:1]
    assert hostkeys.announced(HostKeys(want_reply=False, keys=())) == ()


@pytest.mark.row("C23")
@pytest.mark.parametrize(("count", "taken"), [(1024, 1), (1025, 0)])
def test_c23_announcement_of_keys_is_read_up_to_1024(count: int, taken: int) -> None:
    blobs = [PUBLIC[0].blob] * count
    assert len(hostkeys.announced(HostKeys(want_reply=False, keys=tuple(blobs)))) == taken


def test_proof_of_host_keys_is_requested_and_given() -> None:
    asked = hostkeys.proof_request(PUBLIC)
    assert asked.want_reply
    keys = hostkeys.asked_for(asked, PUBLIC)
    assert keys == PUBLIC
    signatures = [key.sign(hostkeys.signed_data(SESSION, key.public_key)) for key in KEYS]
    assert hostkeys.proven(PUBLIC, hostkeys.proof_of(signatures), SESSION) == PUBLIC


def test_proof_of_a_host_key_signs_the_session_identifier_and_the_key() -> None:
    assert hostkeys.signed_data(SESSION, PUBLIC[0]) == (
        string("hostkeys-prove-00@openssh.com") + string(SESSION) + string(PUBLIC[0].blob)
    )


@pytest.mark.row("C23")
def test_c23_what_is_not_a_host_key_is_not_proven() -> None:
    foreign = PrivateKey.generate("ed25519").public_key.blob
    for blobs in (
        (foreign,),
        (PUBLIC[0].blob, foreign),
        (b"",),
        (),
        (PUBLIC[0].blob,) * 2,
        (PUBLIC[0].blob,) * 1025,
    ):
        assert hostkeys.asked_for(HostKeysProve(want_reply=True, keys=blobs), PUBLIC) is None


@pytest.mark.row("C23")
def test_c23_proof_holds_for_one_session_and_one_key() -> None:
    key, other = KEYS[:2]

    def check(*signatures: bytes, keys: tuple[PublicKey, ...] = PUBLIC[:1]) -> int:
        return len(hostkeys.proven(keys, hostkeys.proof_of(signatures), SESSION))

    good = key.sign(hostkeys.signed_data(SESSION, key.public_key))
    assert check(good) == 1
    assert check(good, good, keys=PUBLIC[:2]) == 1
    assert check() == 0
    assert check(good, good) == 0
    assert check(b"") == 0
    assert check(key.sign(hostkeys.signed_data(b"t" * 32, key.public_key))) == 0
    assert check(key.sign(hostkeys.signed_data(SESSION, other.public_key))) == 0
    assert check(other.sign(hostkeys.signed_data(SESSION, key.public_key))) == 0
    assert check(key.sign(SESSION)) == 0
    assert hostkeys.proven(PUBLIC[:1], b"\0\0\0\xff", SESSION) == ()


@given(st.binary(max_size=200))
def test_any_details_are_read_or_refused(details: bytes) -> None:
    announced = GlobalRequest(kind="hostkeys-00@openssh.com", want_reply=True, details=details)
    with contextlib.suppress(ProtocolError):
        hostkeys.announced(HostKeys.decode(announced.encode()))
    asked = GlobalRequest(kind="hostkeys-prove-00@openssh.com", want_reply=True, details=details)
    with contextlib.suppress(ProtocolError):
        hostkeys.asked_for(HostKeysProve.decode(asked.encode()), PUBLIC)
    assert hostkeys.proven(PUBLIC[:1], details, SESSION) == ()


@pytest.mark.parametrize("flags", [0x00, 0x01])
def test_host_key_in_a_token_is_proven_without_a_touch(flags: int) -> None:
    _, pos = read_string(PUBLIC[0].blob, 0)
    kind = "sk-ssh-ed25519@openssh.com"
    key = PublicKey.from_blob(string(kind) + PUBLIC[0].blob[pos:] + string("ssh:"))
    data = hashlib.sha256(hostkeys.signed_data(SESSION, key)).digest()
    what = hashlib.sha256(b"ssh:").digest() + bytes([flags, 0, 0, 0, 1]) + data
    blob = Signature.decode(KEYS[0].sign(what)).blob
    made = Assertion(algorithm=kind, blob=blob, flags=flags, counter=1).encode()
    assert hostkeys.proven((key,), hostkeys.proof_of([made]), SESSION) == (key,)
