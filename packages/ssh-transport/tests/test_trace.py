"""The trace, and the secrets that leave only where they are asked for."""

from __future__ import annotations

import subprocess
import sys

import attrs
import pytest

from hostile import FAST, FAST_OPTIONS, split, taken
from ssh_keys import PrivateKey
from ssh_transport import ConnectionLost, Disconnected, KexCompleted, TransportOptions
from ssh_transport.kex import METHODS
from ssh_transport.testing import Pair
from ssh_transport.trace import MessageReceived, MessageSent, Proposals, Traced

SLOW = {  # others of the family show the same
    "diffie-hellman-group1-sha1",
    "diffie-hellman-group-exchange-sha1",
    "diffie-hellman-group14-sha1",
    "diffie-hellman-group17-sha512",
}


def traced(key: PrivateKey, **algorithms: tuple[str, ...]) -> tuple[Pair, list[Traced]]:
    told: list[Traced] = []
    options = TransportOptions(algorithms=attrs.evolve(FAST, **algorithms), trace=told.append)  # type: ignore[arg-type]
    pair = Pair(options, FAST_OPTIONS, key=key)
    pair.client.request_service("ssh-userauth")
    pair.run()
    return pair, told


def test_every_message_and_event_in_its_order(key: PrivateKey) -> None:
    _, told = traced(key)
    names = [
        fact.number * (1 if isinstance(fact, MessageSent) else -1)
        if isinstance(fact, MessageSent | MessageReceived)
        else type(fact).__name__
        for fact in told
    ]
    assert names == [
        *(20, "IdentificationReceived"),
        *(-20, "Proposals", 30, -31, "HostKeyReceived"),
        *(21, 7, 5, -21, "KexCompleted", -7, "ExtInfoReceived"),
        *(-6, "ServiceAccepted"),
    ]
    sent = [fact for fact in told if isinstance(fact, MessageSent)]
    assert [fact.sequence for fact in sent] == [0, 1, 2, 0, 1]
    assert sent[1].size == 1 + 4 + 32


def test_trace_has_uncompressed_size_of_message(key: PrivateKey) -> None:
    pair, told = traced(key, compression=("none",))
    payload = b"\x5e" + bytes(5000)
    pair.client.authenticated()
    pair.server.authenticated()
    pair.client.send_payload(payload)
    assert told[-1] == MessageSent(94, 5001, 2)
    pair.run()
    assert pair.payloads(pair.server) == [payload]


def test_trace_has_no_content_of_messages(key: PrivateKey) -> None:
    pair, told = traced(key)
    pair.client.send_payload(b"\x32 a planted password")
    pair.run()
    assert "planted" not in repr(told)
    assert told[-1] == MessageSent(50, 20, 2)


def test_handshake_loads_no_trace_list_or_group_exchange_module() -> None:
    code = (
        "import sys; from ssh_transport.testing import Pair; Pair().run();"
        "print(*[m for m in sys.modules if m in ('zlib', 'ssh_transport.trace',"
        " 'ssh_transport.packets.compression', 'ssh_transport.lists', 'ssh_transport.kex.gex')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert set(done.stdout.split()) <= {"zlib"}


# ---------------------------------------------------------------- secrets


@pytest.mark.parametrize("kex", ["curve25519-sha256", "mlkem768x25519-sha256"])
def test_both_sides_report_same_secret_with_cookie_of_client(kex: str, key: PrivateKey) -> None:
    told: dict[str, list[tuple[bytes, bytes]]] = {"client": [], "server": []}

    def options(side: str) -> TransportOptions:
        return TransportOptions(
            algorithms=attrs.evolve(FAST, kex=(kex,)),
            on_secret=lambda cookie, secret: told[side].append((cookie, secret)),
        )

    pair = Pair(options("client"), options("server"), key=key)
    sent = taken(pair.client)
    cookie = split(sent)[1][0][1:17]
    pair.server.receive(sent)
    pair.run()
    assert told["client"] == told["server"]
    ((found, secret),) = told["client"]
    assert found == cookie
    assert len(secret) in {31, 32, 33}
    pair.client.start_rekey()
    pair.run()
    assert len(told["client"]) == 2
    assert told["client"][1] == told["server"][1] != told["client"][0]


@pytest.mark.row("X02")
@pytest.mark.parametrize("kex", [name for name in METHODS if name not in SLOW])
def test_x02_no_secret_is_shown(
    kex: str, key: PrivateKey, caplog: pytest.LogCaptureFixture
) -> None:
    """The secrets of a connection are in no repr of what it is made of, and in no error."""
    secrets: list[bytes] = []
    options = TransportOptions(
        algorithms=attrs.evolve(FAST, kex=(kex,)),
        on_secret=lambda _, secret: secrets.append(secret),
    )
    caplog.set_level(0)
    pair = Pair(options, options, key=key)
    texts: list[str] = []
    for _ in range(6):
        for mine, peer in ((pair.client, pair.server), (pair.server, pair.client)):
            texts += [everything(mine)]
            data = taken(mine)
            if not peer.closed:
                peer.receive(data)
            pair.answer()
    pair.client.receive(bytes(100))
    pair.client.connection_lost()
    pair.answer()
    last = pair.client_events[-1]
    assert isinstance(last, Disconnected)
    assert last.error is not None
    assert not isinstance(last.error, ConnectionLost)
    texts += [everything(pair.client), repr(last), str(last.error), repr(last.error.__dict__)]
    texts += [repr(pair.client_events), repr(pair.server_events), caplog.text, repr(options)]
    assert any(isinstance(event, KexCompleted) for event in pair.client_events)
    text = "\n".join(texts)
    for secret in secrets:
        for form in (secret.hex(), repr(secret)[2:-1], repr(bytearray(secret))[12:-2]):
            assert form not in text


def everything(thing: object, depth: int = 4) -> str:
    """The repr of an object and of what it is made of."""
    if depth == 0:
        return ""
    found = [repr(thing)]
    names = list(getattr(thing, "__dict__", ()))
    for kind in type(thing).__mro__:
        names += getattr(kind, "__slots__", ())
    for name in names:
        part = getattr(thing, name, None)
        if type(part).__module__.startswith("ssh_"):
            found.append(everything(part, depth - 1))
    return "\n".join(found)


def test_trace_has_proposals_of_both_sides(key: PrivateKey) -> None:
    _, told = traced(key)
    (found,) = (fact for fact in told if isinstance(fact, Proposals))
    assert FAST.ciphers == found.own.encryption_client_to_server
    assert FAST_OPTIONS.algorithms.host_keys[0] in found.peer.server_host_key_algorithms
