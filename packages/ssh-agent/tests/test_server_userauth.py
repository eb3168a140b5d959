from __future__ import annotations

import pytest

from agent_dialogue import HOSTBOUND, login
from agent_samples import KEYS, certificate
from ssh_agent.server.userauth import read_userauth
from ssh_keys import Credential, KeyPolicy
from ssh_wire import SSHError
from ssh_wire.primitives import string

KEY = KEYS["ed25519"].public_key
HOST = KEYS["ecdsa"].public_key
RSA = KEYS["rsa"].public_key
POLICY = KeyPolicy.DEFAULT


@pytest.mark.parametrize("credential", [KEY, RSA, certificate("ed25519"), certificate("rsa")])
@pytest.mark.parametrize("host_key", [None, HOST])
def test_request_to_log_in_is_read(credential: Credential, host_key: None) -> None:
    data = login(credential, b"id", user="wé", host_key=host_key)

    found = read_userauth(data, credential, policy=POLICY)

    assert (found.session_id, found.user, found.host_key) == (b"id", "wé".encode(), host_key)


def test_algorithm_may_be_any_of_the_key() -> None:
    for algorithm in ("rsa-sha2-256", "rsa-sha2-512", "ssh-rsa"):
        data = login(RSA, algorithm=algorithm)
        assert read_userauth(data, RSA, policy=POLICY).user == b"me"


GOOD = login(KEY)
BOUND = login(KEY, host_key=HOST)
BAD = {
    "no session identifier": login(KEY, b""),
    "another message": GOOD.replace(b"\x32", b"\x33", 1),
    "another service": GOOD.replace(b"ssh-connection", b"ssh-connectiom"),
    "another method": GOOD.replace(string("publickey"), string("hostbased")),
    "without a signature": GOOD.replace(b"publickey\x01", b"publickey\x00"),
    "an odd boolean": GOOD.replace(b"publickey\x01", b"publickey\x02"),
    "another key": login(HOST),
    "another algorithm": login(KEY, algorithm="rsa-sha2-256"),
    "a certificate of the key": login(certificate("ed25519")),
    "a user with NUL": login(KEY, user="a\0b"),
    "trailing data": GOOD + b"\0",
    "trailing data behind the host key": BOUND + b"\0",
    "a host key that is not one": BOUND[:-1] + b"\xff",
    "no host key": GOOD.replace(string("publickey"), string(HOSTBOUND)),
    "a file's signature": b"SSHSIG" + string("file") + string("") + string("sha512") + string("h"),
}


@pytest.mark.parametrize("name", BAD)
@pytest.mark.row("G10")
def test_anything_else_is_refused(name: str) -> None:
    with pytest.raises(SSHError):
        read_userauth(BAD[name], KEY, policy=POLICY)


@pytest.mark.parametrize("data", [GOOD, BOUND])
def test_every_proper_prefix_is_refused(data: bytes) -> None:
    for end in range(len(data)):
        with pytest.raises(SSHError):
            read_userauth(data[:end], KEY, policy=POLICY)
