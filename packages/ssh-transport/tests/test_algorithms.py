"""The profiles, and the KEXINIT that each role makes of them."""

from __future__ import annotations

from typing import Any, get_args

import attrs
import pytest

from hostile import split, taken
from ssh_keys import PrivateKey
from ssh_transport import Algorithms, TransportOptions, profiles
from ssh_transport.algorithms import Profile, Role
from ssh_transport.testing import Pair
from ssh_wire import UsageError
from ssh_wire.messages.transport import KexInit

STRICT = {
    "kex": "mlkem768x25519-sha256",
    "host_keys": "ssh-ed25519,rsa-sha2-512,rsa-sha2-256",
    "ciphers": "aes256-gcm@openssh.com,aes128-gcm@openssh.com,chacha20-poly1305@openssh.com",
    "macs": "hmac-sha2-512-etm@openssh.com,hmac-sha2-256-etm@openssh.com",
    "compression": "none",
}
DEFAULT = {
    "kex": "mlkem768x25519-sha256,curve25519-sha256,curve25519-sha256@libssh.org,"
    "ecdh-sha2-nistp256,ecdh-sha2-nistp384,ecdh-sha2-nistp521",
    "host_keys": "ssh-ed25519,ecdsa-sha2-nistp256,ecdsa-sha2-nistp384,ecdsa-sha2-nistp521,"
    "rsa-sha2-512,rsa-sha2-256",
    "ciphers": "aes256-gcm@openssh.com,aes128-gcm@openssh.com,chacha20-poly1305@openssh.com,"
    "aes256-ctr,aes192-ctr,aes128-ctr",
    "macs": "hmac-sha2-512-etm@openssh.com,hmac-sha2-256-etm@openssh.com,"
    "hmac-sha2-512,hmac-sha2-256",
    "compression": "none",
}
GOLDEN = {"strict": STRICT, "default": DEFAULT, "legacy": DEFAULT}
SIGNALS = {
    "client": ",ext-info-c,kex-strict-c-v00@openssh.com",
    "server": ",ext-info-s,kex-strict-s-v00@openssh.com",
}


@pytest.mark.parametrize("role", get_args(Role))
@pytest.mark.parametrize("name", get_args(Profile))
def test_golden_kexinit(name: Profile, role: Role, key: PrivateKey) -> None:
    options = TransportOptions(algorithms=profiles(name, role))
    pair = Pair(options, options, key=key, random=lambda size: b"\x11" * size)
    transport = pair.client if role == "client" else pair.server
    golden = GOLDEN[name]
    host_keys = golden["host_keys"] if role == "client" else "ssh-ed25519"
    lists = [
        golden["kex"] + SIGNALS[role],
        host_keys,
        *[golden["ciphers"]] * 2,
        *[golden["macs"]] * 2,
        *[golden["compression"]] * 2,
        "",
        "",
    ]
    expected = b"\x14" + b"\x11" * 16
    for names in lists:
        expected += len(names).to_bytes(4, "big") + names.encode()
    line, (payload,) = split(taken(transport))
    assert line == b"SSH-2.0-ssh_stack_0.1\r\n"
    assert payload == expected + b"\0" + bytes(4)
    assert KexInit.decode(payload).reserved == 0


def test_what_else_a_profile_says() -> None:
    assert profiles("strict", "client").refuse_truncatable
    assert not profiles("default", "client").refuse_truncatable
    bits = [profiles(name, "client").rsa_bits for name in get_args(Profile)]
    assert bits == [3072, 2048, 1024]


def test_nothing_weak_is_in_any_profile() -> None:
    for name in get_args(Profile):
        for role in get_args(Role):
            found = profiles(name, role)
            names = " ".join(found.kex + found.ciphers + found.macs + found.host_keys)
            for weak in ("sha1", "md5", "arcfour", "cbc", "none", "dss", "group1", "ssh-rsa"):
                assert weak not in names
            assert "zlib" not in found.compression


def test_a_profile_that_is_none() -> None:
    with pytest.raises(UsageError):
        profiles("paranoid", "client")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def replaced(field: str, names: tuple[str, ...]) -> Algorithms:
    changes: dict[str, Any] = {field: names}
    return attrs.evolve(profiles("default", "client"), **changes)


@pytest.mark.parametrize("field", ["kex", "ciphers", "macs", "compression", "host_keys"])
def test_a_list_that_cannot_be_offered(field: str) -> None:
    with pytest.raises(UsageError):
        replaced(field, ()).check()
    with pytest.raises(UsageError):
        TransportOptions(algorithms=replaced(field, ())).check()


@pytest.mark.parametrize("field", ["kex", "ciphers", "macs", "compression"])
def test_a_name_that_is_not_implemented(field: str) -> None:
    with pytest.raises(UsageError, match="zzz"):
        replaced(field, ("zzz",)).check()


def test_algorithms_are_frozen() -> None:
    base = Algorithms(kex=(), host_keys=(), ciphers=(), macs=())
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        base.kex = ("x",)  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]
