from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hostile import changed, drain, edited, refused_plain, split, taken
from ssh_keys import PrivateKey
from ssh_transport import Agreement, DirectionAgreement, NegotiationFailed, profiles
from ssh_transport.keyexchange.negotiation import (
    EXT_INFO_CLIENT,
    EXT_INFO_SERVER,
    STRICT_CLIENT,
    STRICT_SERVER,
    guessed_right,
    negotiate,
)
from ssh_transport.testing import Pair
from ssh_wire import DisconnectReason
from ssh_wire.messages.transport import KexInit

FAILED = DisconnectReason.KEY_EXCHANGE_FAILED
NAMES = st.lists(st.sampled_from("abcdef"), max_size=5).map(tuple)
LISTS = st.tuples(*[NAMES] * 8)


def kexinit(*lists: tuple[str, ...]) -> KexInit:
    return KexInit(
        cookie=bytes(16),
        kex_algorithms=lists[0],
        server_host_key_algorithms=lists[1],
        encryption_client_to_server=lists[2],
        encryption_server_to_client=lists[3],
        mac_client_to_server=lists[4],
        mac_server_to_client=lists[5],
        compression_client_to_server=lists[6],
        compression_server_to_client=lists[7],
    )


def offer(**changes: tuple[str, ...]) -> KexInit:
    base = profiles("default", "client")
    lists = (base.kex, base.host_keys, base.ciphers, base.ciphers, base.macs, base.macs)
    return changed(kexinit(*lists, ("none",), ("none",)), **changes)


@settings(max_examples=500)
@given(LISTS, LISTS)
def test_first_name_of_client_that_server_has_is_chosen(
    client: tuple[tuple[str, ...], ...], server: tuple[tuple[str, ...], ...]
) -> None:
    model = [
        next((name for name in ours if name in theirs), None)
        for ours, theirs in zip(client, server, strict=True)
    ]
    if None in model:
        with pytest.raises(NegotiationFailed):
            negotiate(kexinit(*client), kexinit(*server))
        return
    found = negotiate(kexinit(*client), kexinit(*server))
    up, down = found.client_to_server, found.server_to_client
    assert [
        *(found.kex, found.host_key, up.cipher, down.cipher),
        *(up.mac, down.mac, up.compression, down.compression),
    ] == model


def test_failed_negotiation_names_both_lists() -> None:
    with pytest.raises(NegotiationFailed) as caught:
        negotiate(offer(kex_algorithms=("x",)), offer(kex_algorithms=()))
    error = caught.value
    assert (error.what, error.client, error.server) == ("key exchange", ("x",), ())
    assert str(error) == "no common key exchange algorithm: client x; server nothing"
    assert error.reason is FAILED


@pytest.mark.row("T45")
@pytest.mark.parametrize("cipher", profiles("strict", "client").ciphers)
def test_t45_aead_cipher_needs_no_common_mac(cipher: str) -> None:
    client = offer(encryption_client_to_server=(cipher,), mac_client_to_server=("a",))
    found = negotiate(client, offer(mac_client_to_server=("b",)))
    assert found.client_to_server == DirectionAgreement(cipher, None, "none")


@pytest.mark.row("T45")
def test_t45_algorithms_are_negotiated_per_direction() -> None:
    client = offer(
        encryption_client_to_server=("aes128-ctr",),
        mac_client_to_server=("hmac-sha2-256",),
        encryption_server_to_client=("chacha20-poly1305@openssh.com",),
    )
    found = negotiate(client, offer())
    assert found.client_to_server.cipher == "aes128-ctr"
    assert found.client_to_server.mac == "hmac-sha2-256"
    assert found.server_to_client.cipher == "chacha20-poly1305@openssh.com"


@pytest.mark.row("T17")
@pytest.mark.parametrize(
    "signal", [EXT_INFO_CLIENT, EXT_INFO_SERVER, STRICT_CLIENT, STRICT_SERVER]
)
def test_t17_signal_is_never_method(signal: str) -> None:
    client = offer(kex_algorithms=(signal, "curve25519-sha256"))
    server = offer(kex_algorithms=("curve25519-sha256", signal))
    with pytest.raises(NegotiationFailed):
        negotiate(client, server)


@pytest.mark.row("T17")
def test_t17_signal_of_other_role_ends_connection(key: PrivateKey) -> None:
    pair = Pair(key=key)
    stream = edited(taken(pair.client), lambda k: changed(k, kex_algorithms=(EXT_INFO_SERVER,)))
    pair.server.receive(stream)
    refused_plain(pair.server, FAILED)


@pytest.mark.row("T17")
@pytest.mark.parametrize(
    ("client", "server", "strict"),
    [
        ((STRICT_CLIENT,), (STRICT_SERVER,), True),
        ((STRICT_CLIENT,), (), False),
        ((), (STRICT_SERVER,), False),
        ((STRICT_SERVER,), (STRICT_CLIENT,), False),
    ],
)
def test_t17_strict_needs_right_signal_of_both(
    client: tuple[str, ...], server: tuple[str, ...], strict: bool
) -> None:
    found = negotiate(
        offer(kex_algorithms=("curve25519-sha256", *client)),
        offer(kex_algorithms=("curve25519-sha256", *server)),
    )
    assert found.strict is strict


@pytest.mark.row("T12")
@pytest.mark.parametrize(
    ("cipher", "mac", "exposed"),
    [
        ("chacha20-poly1305@openssh.com", None, True),
        ("aes256-ctr", "hmac-sha2-256-etm@openssh.com", True),
        ("aes256-ctr", "hmac-sha2-256", False),
        ("aes256-gcm@openssh.com", None, False),
    ],
)
def test_t12_truncatable_ciphers_are_known_without_strict_key_exchange(
    cipher: str, mac: str | None, exposed: bool
) -> None:
    side = DirectionAgreement(cipher, mac, "none")
    safe = DirectionAgreement("aes256-gcm@openssh.com", None, "none")
    assert Agreement("k", "h", side, safe, strict=False).truncatable is exposed
    assert Agreement("k", "h", safe, side, strict=False).truncatable is exposed
    assert not Agreement("k", "h", side, side, strict=True).truncatable


def test_guess_is_right_when_first_choices_are_same() -> None:
    assert guessed_right(offer(), offer())
    assert not guessed_right(offer(kex_algorithms=("x", "curve25519-sha256")), offer())
    assert not guessed_right(offer(), offer(server_host_key_algorithms=("rsa-sha2-256",)))


@pytest.mark.row("T45")
@pytest.mark.parametrize(
    "field", ["kex_algorithms", "encryption_client_to_server", "mac_server_to_client"]
)
def test_t45_algorithms_not_offered_are_not_chosen(field: str, key: PrivateKey) -> None:
    pair = Pair(key=key)

    def only_weak(kexinit: KexInit) -> KexInit:
        weak = changed(kexinit, encryption_server_to_client=("aes256-ctr",))
        return changed(weak, **{field: ("diffie-hellman-group1-sha1", "3des-cbc", "hmac-md5")})

    pair.server.receive(edited(taken(pair.client), only_weak))
    refused_plain(pair.server, FAILED)


def test_reserved_and_long_lists_are_accepted(key: PrivateKey) -> None:
    pair = Pair(key=key)
    many = tuple(f"name{n}@test" for n in range(3000))

    def change(kexinit: KexInit) -> KexInit:
        methods = (*many, *kexinit.kex_algorithms)
        return changed(kexinit, reserved=7, kex_algorithms=methods)

    pair.server.receive(edited(taken(pair.client), change))
    drain(pair.server)
    assert not pair.server.closed
    assert split(taken(pair.server))[1][0][0] == 20
