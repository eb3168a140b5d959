from __future__ import annotations

from struct import pack

import pytest

from hostile import FAST_OPTIONS, PLAIN_KEYS, drain, refused
from ssh_keys import PrivateKey
from ssh_transport import ExtInfoReceived, TransportOptions, UnimplementedReceived, profiles
from ssh_transport.extinfo import Extensions
from ssh_transport.testing import Pair, inject, pump
from ssh_wire import DisconnectReason, ProtocolError, UsageError
from ssh_wire.messages.transport import Extension, ExtInfo

BAD = DisconnectReason.PROTOCOL_ERROR


def message(*pairs: tuple[bytes, bytes]) -> bytes:
    entries = tuple(Extension(name=name, value=value) for name, value in pairs)
    return ExtInfo(extensions=entries).encode()


@pytest.fixture
def keyed(key: PrivateKey) -> Pair:
    pair = Pair(FAST_OPTIONS, FAST_OPTIONS, key=key)
    pair.run()
    return pair


def announced(events: list[object]) -> dict[str, bytes]:
    found = [event for event in events if isinstance(event, ExtInfoReceived)]
    assert len(found) == 1
    return found[0].extensions


def test_both_sides_send_ext_info(keyed: Pair) -> None:
    assert announced([*keyed.client_events]) == {
        "server-sig-algs": ",".join(PLAIN_KEYS).encode(),
        "ping@openssh.com": b"0",
    }
    assert announced([*keyed.server_events]) == {
        "ext-info-in-auth@openssh.com": b"0",
        "ping@openssh.com": b"0",
    }
    assert keyed.client.server_sig_algs == PLAIN_KEYS
    assert keyed.server.server_sig_algs is None


def test_ext_info_of_server_has_configured_user_algorithms(key: PrivateKey) -> None:
    server = TransportOptions(
        algorithms=profiles("default", "server"), server_sig_algs=("ssh-ed25519", "x@y")
    )
    pair = Pair(None, server, key=key)
    pair.run()
    assert pair.client.server_sig_algs == ("ssh-ed25519", "x@y")


@pytest.mark.row("T18")
def test_t18_second_ext_info_of_server_replaces_first(keyed: Pair) -> None:
    inject(keyed.server, message((b"server-sig-algs", b"rsa-sha2-256")))
    pump(keyed.server, keyed.client)
    drain(keyed.client)
    assert keyed.client.server_sig_algs == ("rsa-sha2-256",)
    inject(keyed.server, message())
    pump(keyed.server, keyed.client)
    refused(keyed.client, keyed.server, BAD)


@pytest.mark.row("T18")
def test_t18_second_ext_info_of_client_ends_connection(keyed: Pair) -> None:
    inject(keyed.client, message())
    pump(keyed.client, keyed.server)
    refused(keyed.server, keyed.client, BAD)


@pytest.mark.row("T18")
def test_t18_ext_info_after_authentication_is_not_applied(pair: Pair) -> None:
    before = pair.client.server_sig_algs
    inject(pair.server, message((b"server-sig-algs", b"ssh-rsa")))
    pair.run()
    assert pair.client.server_sig_algs == before
    assert isinstance(pair.server_events[-1], UnimplementedReceived)


@pytest.mark.row("T18")
@pytest.mark.parametrize(
    "payload",
    [
        b"\x07" + pack(">I", 2**32 - 1),
        b"\x07" + pack(">I", 1024) + bytes(8) * 1024,
        b"\x07" + pack(">I", 2) + bytes(8),
        message((b"server-sig-algs", b"ssh-ed25519\0,x")),
        message((b"server-sig-algs", b",")),
        message() + b"\0",
    ],
)
def test_t18_malformed_ext_info_ends_connection(payload: bytes, keyed: Pair) -> None:
    inject(keyed.server, payload)
    pump(keyed.server, keyed.client)
    refused(keyed.client, keyed.server, BAD)


@pytest.mark.row("T18")
def test_t18_largest_ext_info_and_unknown_names_are_accepted() -> None:
    extensions = Extensions("client", 1023)
    found = extensions.receive(
        message(*((b"x%d" % n, b"\0\xff") for n in range(1022)), (b"\xff\0", b""))
    )
    assert len(found) == 1023
    assert found["x7"] == b"\0\xff"
    assert "\\xff\\x00" in found
    assert extensions.server_sig_algs is None
    with pytest.raises(ProtocolError):
        Extensions("client", 1).receive(message((b"a", b""), (b"b", b"")))


# ---------------------------------------------------------------- a second time


def authenticating(key: PrivateKey) -> Pair:
    pair = Pair(FAST_OPTIONS, FAST_OPTIONS, key=key)
    pair.client.request_service("ssh-userauth")
    pair.run()
    pair.client_events.clear()
    return pair


@pytest.mark.parametrize("before_success", [True, False])
def test_server_sends_second_ext_info_during_authentication(
    before_success: bool, key: PrivateKey
) -> None:
    pair = authenticating(key)
    pair.server.send_ext_info(["ssh-ed25519"], before_success=before_success)
    pair.server.send_payload(b"\x34")
    pair.run()
    assert announced([*pair.client_events])["server-sig-algs"] == b"ssh-ed25519"
    assert pair.client.server_sig_algs == ("ssh-ed25519",)
    with pytest.raises(UsageError):
        pair.server.send_ext_info(["ssh-ed25519"], before_success=True)


def test_second_ext_info_is_due_only_for_new_algorithms(pair: Pair, key: PrivateKey) -> None:
    fresh = authenticating(key)
    announced = fresh.client.server_sig_algs or ()
    assert not fresh.server.ext_info_due(announced[::-1])
    assert fresh.server.ext_info_due(announced[1:])
    assert not pair.server.ext_info_due([])  # after authentication
    fresh.server._machine.extensions.in_auth = False
    assert not fresh.server.ext_info_due([])
    fresh.server._machine.extensions.in_auth = True
    fresh.server.send_ext_info([])
    assert not fresh.server.ext_info_due(announced[1:])


def test_client_without_ext_info_in_auth_gets_second_one_before_success_only(
    key: PrivateKey,
) -> None:
    pair = authenticating(key)
    pair.server._machine.extensions.in_auth = False
    with pytest.raises(UsageError):
        pair.server.send_ext_info(["ssh-ed25519"])
    pair.server.send_ext_info(["ssh-ed25519"], before_success=True)
    pair.run()
    assert pair.client.server_sig_algs == ("ssh-ed25519",)


def test_second_ext_info_outside_authentication_raises_usage_error(
    pair: Pair, keyed: Pair
) -> None:
    for server in (pair.server, keyed.server):  # after authentication, and before the service
        with pytest.raises(UsageError):
            server.send_ext_info(["ssh-ed25519"], before_success=True)


def test_second_ext_info_to_client_without_extensions_raises_usage_error(key: PrivateKey) -> None:
    pair = authenticating(key)
    pair.server._machine.context.session.extensions = False
    with pytest.raises(UsageError):
        pair.server.send_ext_info(["ssh-ed25519"], before_success=True)
