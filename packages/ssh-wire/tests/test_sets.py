from __future__ import annotations

import pytest

from ssh_wire import Message, MessageSet, UsageError
from ssh_wire.messages import auth, connection, gss, kex, openssh, sets, transport
from strategies import numbered

EVERYWHERE = [
    sets.TRANSPORT,
    sets.AUTHENTICATION,
    sets.CONNECTION,
    *sets.KEY_EXCHANGES.values(),
    *sets.DIALOGUES.values(),
]


def test_every_message_is_in_a_set() -> None:
    placed = {declaration for phase in EVERYWHERE for declaration in phase}

    assert placed == set(numbered())


@pytest.mark.parametrize(
    ("phase", "numbers"),
    [
        (sets.TRANSPORT, {1, 2, 3, 4, 5, 6, 7, 8, 20, 21, 192, 193}),
        (sets.AUTHENTICATION, {50, 51, 52, 53}),
        (sets.CONNECTION, {80, 81, 82, *range(90, 101)}),
        (sets.dialogue("gssapi-with-mic"), {60, 61, 63, 64, 65, 66}),
        (sets.dialogue("none"), set[int]()),
    ],
)
def test_set_of_a_phase_has_its_numbers(phase: MessageSet[Message], numbers: set[int]) -> None:
    assert {declaration.NUMBER for declaration in phase} == numbers


@pytest.mark.parametrize(
    ("method", "thirty", "thirty_one"),
    [
        ("diffie-hellman-group14-sha256", kex.KexDHInit, kex.KexDHReply),
        (
            "diffie-hellman-group-exchange-sha256",
            kex.KexDHGexRequestOld,
            kex.KexDHGexGroup,
        ),
        ("curve25519-sha256@libssh.org", kex.KexECDHInit, kex.KexECDHReply),
        ("ecdh-sha2-nistp521", kex.KexECDHInit, kex.KexECDHReply),
        ("mlkem768x25519-sha256", kex.KexHybridInit, kex.KexHybridReply),
        ("sntrup761x25519-sha512", kex.KexHybridInit, kex.KexHybridReply),
        ("rsa2048-sha256", kex.KexRSAPublicKey, kex.KexRSASecret),
        ("ecmqv-sha2", kex.KexECMQVInit, kex.KexECMQVReply),
        ("gss-group14-sha256-toWM5Slw5Ew8Mqkay+al2g==", gss.KexGSSInit, gss.KexGSSContinue),
        ("gss-gex-sha1-toWM5Slw5Ew8Mqkay+al2g==", gss.KexGSSInit, gss.KexGSSContinue),
        ("gss-curve25519-sha256-x", gss.KexGSSECInit, gss.KexGSSContinue),
    ],
)
def test_number_30_has_the_meaning_of_the_method(
    method: str, thirty: type[Message], thirty_one: type[Message]
) -> None:
    found = {declaration.NUMBER: declaration for declaration in sets.key_exchange(method)}

    assert found[30] is thirty
    assert found[31] is thirty_one
    assert all(number is not None and 30 <= number <= 49 for number in found)


def test_unknown_key_exchange_method_is_refused() -> None:
    with pytest.raises(UsageError, match="'x-sha256'"):
        sets.key_exchange("x-sha256")


def test_phases_do_not_overlap() -> None:
    for method in sets.KEY_EXCHANGES.values():
        for dialogue in sets.DIALOGUES.values():
            phases = [sets.TRANSPORT, sets.AUTHENTICATION, sets.CONNECTION, method, dialogue]
            numbers = [number for phase in phases for number in range(256) if number in phase]
            assert len(numbers) == len(set(numbers))


def test_unknown_request_has_its_generic_form_with_the_rest() -> None:
    opened = connection.ChannelOpen(
        kind="x@example.com", sender=1, window=2, max_packet=3, details=b"rest"
    )
    asked = connection.GlobalRequest(kind="y@example.com", want_reply=True, details=b"rest")
    login = auth.UserauthRequest(user="u", service="s", method="z@example.com", details=b"rest")

    assert sets.CONNECTION.decode(opened.encode()) == opened
    assert sets.CONNECTION.decode(asked.encode()) == asked
    assert sets.AUTHENTICATION.decode(login.encode()) == login


def test_known_request_has_its_own_declaration() -> None:
    keys = openssh.HostKeys(want_reply=False, keys=(b"one", b"two"))

    assert sets.CONNECTION.decode(keys.encode()) == keys
    ping = transport.Ping(data=b"x")
    assert (sets.TRANSPORT | sets.CONNECTION).decode(ping.encode()) == ping
