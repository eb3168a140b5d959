"""Encodings written out by hand, byte by byte, as the specifications lay them out."""

from __future__ import annotations

import pytest

from ssh_wire import Message
from ssh_wire.messages import auth, connection, gss, hostbound, kex, openssh, sets, transport
from ssh_wire.primitives import string as s

HOSTBOUND = "publickey-hostbound-v00@openssh.com"
HEAD = {"sender": 1, "window": 2, "max_packet": 3}
NUMBERS = b"\0\0\0\1\0\0\0\2\0\0\0\3"
OID = b"\x06\x09\x2a\x86\x48\x86\xf7\x12\x01\x02\x02"

LAID_OUT = [
    (transport.Ping(data=b"x"), b"\xc0" + s("x")),
    (transport.Pong(data=b""), b"\xc1" + s("")),
    (kex.KexDHGexRequestOld(preferred=2048), b"\x1e\0\0\x08\0"),
    (
        kex.KexDHGexRequest(minimum=2048, preferred=3072, maximum=8192),
        b"\x22\0\0\x08\0\0\0\x0c\0\0\0\x20\0",
    ),
    (kex.KexDHGexGroup(p=0x80, g=2), b"\x1f" + s(b"\0\x80") + s(b"\2")),
    (
        kex.KexECMQVReply(host_key=b"k", public=b"q", tag=b"t"),
        b"\x1f" + s("k") + s("q") + s("t"),
    ),
    (
        hostbound.HostboundQuery(user="u", service="c", algorithm="a", key=b"k", host_key=b"h"),
        b"\x32" + s("u") + s("c") + s(HOSTBOUND) + b"\0" + s("a") + s("k") + s("h"),
    ),
    (
        hostbound.HostboundRequest(
            user="u", service="c", algorithm="a", key=b"k", host_key=b"h", signature=b"s"
        ),
        b"\x32" + s("u") + s("c") + s(HOSTBOUND) + b"\1" + s("a") + s("k") + s("h") + s("s"),
    ),
    (
        openssh.NoMoreSessions(want_reply=False),
        b"\x50" + s("no-more-sessions@openssh.com") + b"\0",
    ),
    (openssh.KeepAlive(want_reply=True), b"\x50" + s("keepalive@openssh.com") + b"\1"),
    (
        openssh.HostKeys(want_reply=False, keys=(b"one", b"two")),
        b"\x50" + s("hostkeys-00@openssh.com") + b"\0" + s("one") + s("two"),
    ),
    (
        openssh.HostKeysProve(want_reply=True, keys=(b"one",)),
        b"\x50" + s("hostkeys-prove-00@openssh.com") + b"\1" + s("one"),
    ),
    (
        openssh.StreamlocalForward(want_reply=True, path=b"/s"),
        b"\x50" + s("streamlocal-forward@openssh.com") + b"\1" + s("/s"),
    ),
    (
        openssh.CancelStreamlocalForward(want_reply=False, path=b"/s"),
        b"\x50" + s("cancel-streamlocal-forward@openssh.com") + b"\0" + s("/s"),
    ),
    (
        openssh.DirectStreamlocalOpen(sender=1, window=2, max_packet=3, path=b"/s"),
        b"\x5a" + s("direct-streamlocal@openssh.com") + NUMBERS + s("/s") + s("") + b"\0\0\0\0",
    ),
    (
        openssh.ForwardedStreamlocalOpen(sender=1, window=2, max_packet=3, path=b"/s"),
        b"\x5a" + s("forwarded-streamlocal@openssh.com") + NUMBERS + s("/s") + s(""),
    ),
    (openssh.AgentOpen(**HEAD), b"\x5a" + s("auth-agent@openssh.com") + NUMBERS),
    (openssh.AgentConnectOpen(**HEAD), b"\x5a" + s("agent-connect") + NUMBERS),
    (
        openssh.TunnelOpen(**HEAD, mode=1, unit=0x7FFFFFFF),
        b"\x5a" + s("tun@openssh.com") + NUMBERS + b"\0\0\0\1\x7f\xff\xff\xff",
    ),
    (
        openssh.AgentForwardingRequest(recipient=1, want_reply=True),
        b"\x62\0\0\0\1" + s("auth-agent-req@openssh.com") + b"\1",
    ),
    (openssh.AgentConnectRequest(recipient=1), b"\x62\0\0\0\1" + s("agent-req") + b"\0"),
    (openssh.EndOfWrite(recipient=1), b"\x62\0\0\0\1" + s("eow@openssh.com") + b"\0"),
    (
        connection.BreakRequest(recipient=1, want_reply=True, length=500),
        b"\x62\0\0\0\1" + s("break") + b"\1\0\0\1\xf4",
    ),
    (
        connection.XonXoff(recipient=1, client_can_do=True),
        b"\x62\0\0\0\1" + s("xon-xoff") + b"\0\1",
    ),
    (
        connection.X11Request(
            recipient=1,
            single_connection=True,
            protocol="MIT-MAGIC-COOKIE-1",
            cookie="00",
            screen=2,
        ),
        b"\x62\0\0\0\1" + s("x11-req") + b"\0\1" + s("MIT-MAGIC-COOKIE-1") + s("00") + b"\0\0\0\2",
    ),
    (
        connection.X11Open(**HEAD, origin_host="h", origin_port=6000),
        b"\x5a" + s("x11") + NUMBERS + s("h") + b"\0\0\x17\x70",
    ),
    (
        gss.GSSAPIMICRequest(user="u", service="c", mechanisms=(OID,)),
        b"\x32" + s("u") + s("c") + s("gssapi-with-mic") + b"\0\0\0\1" + s(OID),
    ),
    (
        gss.GSSAPIKeyExchangeRequest(user="u", service="c", mic=b"m"),
        b"\x32" + s("u") + s("c") + s("gssapi-keyex") + s("m"),
    ),
    (gss.GSSAPIResponse(mechanism=OID), b"\x3c" + s(OID)),
    (gss.GSSAPIToken(token=b"t"), b"\x3d" + s("t")),
    (gss.GSSAPIExchangeComplete(), b"\x3f"),
    (
        gss.GSSAPIFailure(major_status=1, minor_status=2, message="m", language="en"),
        b"\x40\0\0\0\1\0\0\0\2" + s("m") + s("en"),
    ),
    (gss.GSSAPIErrorToken(token=b"t"), b"\x41" + s("t")),
    (gss.GSSAPIMIC(mic=b"m"), b"\x42" + s("m")),
    (gss.KexGSSInit(token=b"t", e=1), b"\x1e" + s("t") + s(b"\1")),
    (gss.KexGSSContinue(token=b"t"), b"\x1f" + s("t")),
    (gss.KexGSSComplete(f=1, mic=b"m"), b"\x20" + s(b"\1") + s("m") + b"\0"),
    (
        gss.KexGSSCompleteWithToken(f=1, mic=b"m", token=b"t"),
        b"\x20" + s(b"\1") + s("m") + b"\1" + s("t"),
    ),
    (gss.KexGSSHostKey(host_key=b"k"), b"\x21" + s("k")),
    (gss.KexGSSError(major_status=1, minor_status=2), b"\x22\0\0\0\1\0\0\0\2" + s("") + s("")),
    (
        gss.KexGSSGroupRequest(minimum=1, preferred=2, maximum=3),
        b"\x28\0\0\0\1\0\0\0\2\0\0\0\3",
    ),
    (gss.KexGSSGroup(p=7, g=2), b"\x29" + s(b"\7") + s(b"\2")),
]


@pytest.mark.parametrize(
    ("message", "encoded"), LAID_OUT, ids=[type(message).__name__ for message, _ in LAID_OUT]
)
def test_messages_are_laid_out_as_specified(message: Message, encoded: bytes) -> None:
    assert message.encode() == encoded
    assert type(message).decode(encoded) == message
    if message.NUMBER not in range(30, 80):
        assert (sets.TRANSPORT | sets.CONNECTION).decode(encoded) == message


def test_data_signed_for_a_host_key_is_as_specified() -> None:
    signed = openssh.SignedHostKey(session_id=b"id", key=b"k")
    proof = openssh.HostKeyProof(signatures=(b"a", b"b"))

    assert signed.encode() == s("hostkeys-prove-00@openssh.com") + s("id") + s("k")
    assert connection.RequestSuccess(details=proof.encode()).encode() == b"\x51" + s("a") + s("b")


def test_value_of_an_extension_is_decoded() -> None:
    value = s("none,zlib@openssh.com") + s("none")

    found = transport.DelayedCompression.decode(value)

    assert found.client_to_server == ("none", "zlib@openssh.com")
    assert found.encode() == value


@pytest.mark.row("W06")
@pytest.mark.parametrize(
    "message",
    [
        transport.Disconnect(code=2, description="d"),
        transport.Ignore(data=b"x"),
        transport.Debug(always_display=True, message="m"),
        auth.UserauthBanner(message="m"),
    ],
)
def test_data_appended_to_a_message_with_extra_is_kept(message: Message) -> None:
    found = type(message).decode(message.encode() + b"zz")

    assert found == message.replace(extra=b"zz")
