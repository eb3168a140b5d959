"""The profiles, and the KEXINIT that each role makes of them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any, get_args

import attrs
import pytest

from hostile import split, taken
from ssh_keys import CertificateSpec, Credential, PrivateKey, issue
from ssh_transport import (
    Algorithms,
    ClientTransport,
    ServerTransport,
    Transport,
    TransportOptions,
    profiles,
)
from ssh_transport.algorithms import HOST_KEYS, Profile, Role
from ssh_wire import UsageError
from ssh_wire.messages.transport import KexInit

GOLDEN = Path(__file__).parent / "golden"
FIELDS = (
    "kex_algorithms",
    "server_host_key_algorithms",
    "encryption_client_to_server",
    "encryption_server_to_client",
    "mac_client_to_server",
    "mac_server_to_client",
    "compression_client_to_server",
    "compression_server_to_client",
    "languages_client_to_server",
    "languages_server_to_client",
)


def host_keys() -> list[Credential]:
    """A key of each kind that a server can hold, and its certificate."""
    ca = PrivateKey.generate("ed25519")
    spec = CertificateSpec(role="host", key_id="golden", principals=("host",))
    found: list[Credential] = []
    for kind, bits in (("ed25519", None), ("ecdsa", 256), ("rsa", 3072)):
        key = PrivateKey.generate(kind, bits).public_key
        found += [key, issue(ca, key, spec=spec, random=os.urandom)]
    return found


def written(kexinit: KexInit) -> str:
    """A KEXINIT as a person reads it."""
    blocks = [
        f"{field}\n" + "".join(f"    {name}\n" for name in getattr(kexinit, field))
        for field in FIELDS
    ]
    return "\n".join(blocks)


@pytest.mark.parametrize("role", get_args(Role))
@pytest.mark.parametrize("name", get_args(Profile))
def test_kexinit_of_profile_equals_golden_file(name: Profile, role: Role) -> None:
    options = TransportOptions(algorithms=profiles(name, role))

    def fixed(size: int) -> bytes:
        return b"\x11" * size

    transport: Transport
    if role == "client":
        transport = ClientTransport(options, random=fixed, now=0.0)
    else:
        transport = ServerTransport(options, random=fixed, now=0.0, host_keys=host_keys())
    line, (payload,) = split(taken(transport))
    assert line == b"SSH-2.0-ssh_stack_0.1\r\n"
    found = KexInit.decode(payload)
    assert found.cookie == b"\x11" * 16
    assert not found.first_kex_packet_follows
    assert found.reserved == 0
    assert written(found) == (GOLDEN / f"{name}-{role}.txt").read_text()


def test_profile_decides_rsa_bits_and_truncatable_ciphers() -> None:
    assert profiles("strict", "client").refuse_truncatable
    assert not profiles("default", "client").refuse_truncatable
    bits = [profiles(name, "client").rsa_bits for name in get_args(Profile)]
    assert bits == [3072, 2048, 1024]


def every_name(algorithms: Algorithms) -> str:
    lists = (algorithms.kex, algorithms.ciphers, algorithms.macs, algorithms.host_keys)
    return " ".join(name for names in lists for name in names)


@pytest.mark.parametrize("role", get_args(Role))
@pytest.mark.parametrize("name", get_args(Profile))
def test_profiles_offer_no_broken_algorithm(name: Profile, role: Role) -> None:
    found = profiles(name, role)
    names = every_name(found)
    for weak in ("md5", "arcfour", "none", "dss", "rsa1024", "blowfish", "cast", "umac"):
        assert weak not in names
    assert "zlib" not in found.compression
    found.check()


@pytest.mark.parametrize("role", get_args(Role))
@pytest.mark.parametrize("name", ["strict", "default"])
def test_legacy_algorithms_are_only_in_legacy_profile(name: Profile, role: Role) -> None:
    found = profiles(name, role)
    names = every_name(found)
    for weak in ("sha1", "cbc", "group1-", "ssh-rsa"):
        assert weak not in names
    assert found.compression == ("none",)
    assert found.legacy == ()
    assert "diffie-hellman" not in names or (name, role) == ("default", "client")


def test_legacy_profile_lists_its_legacy_algorithms() -> None:
    old = profiles("legacy", "client").legacy
    assert len(old) == 11
    assert {"diffie-hellman-group1-sha1", "ssh-rsa", "3des-cbc", "hmac-sha1"} < set(old)


def test_certificates_are_not_for_users() -> None:
    plain = profiles("default", "server").plain_keys
    assert plain[0] == "ssh-ed25519"
    assert not any("-cert" in name for name in plain)
    assert set(plain) < set(HOST_KEYS)


def test_lists_are_adjusted_as_in_ssh_config() -> None:
    base = profiles("default", "client")
    found = base.adjusted(
        kex="^curve448-sha512",
        host_keys="+ssh-rsa,ssh-ed448",
        ciphers="aes*-ctr",
        macs="-*-etm@openssh.com",
        compression="+zlib@openssh.com",
    )
    assert found.kex == ("curve448-sha512", *base.kex)
    assert found.host_keys == (*base.host_keys, "ssh-rsa", "ssh-ed448")
    assert found.ciphers == ("aes256-ctr", "aes192-ctr", "aes128-ctr")
    assert found.macs == ("hmac-sha2-512", "hmac-sha2-256")
    assert found.compression == ("none", "zlib@openssh.com")
    assert found.legacy == ("ssh-rsa",)
    assert base.adjusted() == base


def test_adjustment_that_removes_every_name_raises_usage_error() -> None:
    with pytest.raises(UsageError, match="no cipher"):
        profiles("default", "client").adjusted(ciphers="-*")


def test_unknown_profile_raises_usage_error() -> None:
    with pytest.raises(UsageError):
        profiles("paranoid", "client")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def replaced(field: str, names: tuple[str, ...]) -> Algorithms:
    changes: dict[str, Any] = {field: names}
    return attrs.evolve(profiles("default", "client"), **changes)


@pytest.mark.parametrize("field", ["kex", "ciphers", "macs", "compression", "host_keys"])
def test_empty_list_raises_usage_error(field: str) -> None:
    with pytest.raises(UsageError):
        replaced(field, ()).check()
    with pytest.raises(UsageError):
        TransportOptions(algorithms=replaced(field, ())).check()


@pytest.mark.parametrize("field", ["kex", "ciphers", "macs", "compression", "host_keys"])
def test_unimplemented_name_raises_usage_error(field: str) -> None:
    with pytest.raises(UsageError, match="zzz"):
        replaced(field, ("zzz",)).check()


def test_algorithms_are_frozen() -> None:
    base = Algorithms(kex=(), host_keys=(), ciphers=(), macs=())
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        base.kex = ("x",)  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]


@pytest.mark.parametrize("name", ["strict", "default", "legacy"])
def test_what_is_loaded_ahead_is_what_is_offered_first(name: Profile) -> None:
    code = (
        "import sys; from ssh_transport import profiles; "
        f"profiles({name!r}, 'client').load_ahead(); "
        "print(*(each for each in sys.modules if each.startswith('ssh_transport.')))"
    )
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, check=True, text=True
    )
    loaded = set(found.stdout.split())

    assert "ssh_transport.ciphers.aes_gcm" in loaded
    offers_curve = "curve25519-sha256" in profiles(name, "client").kex
    assert ("ssh_transport.kex.montgomery" in loaded) is offers_curve
    assert not {"ssh_transport.kex.dh_modp", "ssh_transport.ciphers.cbc"} & loaded
