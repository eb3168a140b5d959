"""One message of each number, well-formed, and the ways in which it can be malformed."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from ssh_wire.messages import auth, connection, kex, transport
from tests.adversary.wiretap import Packet

if TYPE_CHECKING:
    from ssh_wire import Message
    from tests.adversary.stages import Stage

__all__ = ["probes", "well_formed"]

_USER = {"user": "tester", "service": "ssh-connection"}
_LIST = ("x",)
_MESSAGES: tuple[Message, ...] = (
    transport.Disconnect(code=11, description="bye"),
    transport.Ignore(data=b"data"),
    transport.Unimplemented(sequence=0),
    transport.Debug(always_display=False, message="text"),
    transport.ServiceRequest(name="ssh-userauth"),
    transport.ServiceAccept(name="ssh-userauth"),
    transport.ExtInfo(extensions=(transport.Extension(name=b"x@test", value=b"0"),)),
    transport.NewKeys(),
    kex.KexECDHInit(public=bytes(range(32))),
    kex.KexECDHReply(host_key=b"key", public=bytes(range(32)), signature=b"signature"),
    kex.KexDHGexInit(e=5),
    kex.KexDHGexReply(host_key=b"key", f=5, signature=b"signature"),
    kex.KexDHGexRequest(minimum=2048, preferred=3072, maximum=8192),
    auth.PasswordRequest(user="tester", service="ssh-connection", password="wrong"),
    auth.UserauthFailure(methods=("publickey",)),
    auth.UserauthSuccess(),
    auth.UserauthBanner(message="text"),
    auth.PasswdChangeReq(prompt="text"),
    auth.InfoResponse(responses=("wrong",)),
    connection.GlobalRequest(kind="x@test", want_reply=True),
    connection.RequestSuccess(),
    connection.RequestFailure(),
    connection.SessionOpen(sender=5, window=100, max_packet=100),
    connection.ChannelOpenConfirmation(recipient=0, sender=5, window=100, max_packet=100),
    connection.ChannelOpenFailure(recipient=0, reason=1, description="no"),
    connection.WindowAdjust(recipient=0, increment=1),
    connection.ChannelData(recipient=0, data=b"data"),
    connection.ChannelExtendedData(recipient=0, data_type=1, data=b"data"),
    connection.ChannelEOF(recipient=0),
    connection.ChannelClose(recipient=0),
    connection.ChannelRequest(recipient=0, kind="x@test", want_reply=True),
    connection.ChannelSuccess(recipient=0),
    connection.ChannelFailure(recipient=0),
    transport.Ping(data=b"data"),
    transport.Pong(data=b"data"),
)
_KEXINIT = transport.KexInit(
    cookie=bytes(16),
    kex_algorithms=("curve25519-sha256",),
    server_host_key_algorithms=("ssh-ed25519",),
    encryption_client_to_server=("aes128-gcm@openssh.com",),
    encryption_server_to_client=("aes128-gcm@openssh.com",),
    mac_client_to_server=_LIST,
    mac_server_to_client=_LIST,
    compression_client_to_server=("none",),
    compression_server_to_client=("none",),
)
_PROMPTS = auth.InfoRequest(prompts=(auth.Prompt(text="Word: ", echo=False),))


@cache
def well_formed() -> dict[int, bytes]:
    """Return a good message of every number; what has no meaning gets some bytes."""
    known = {message.NUMBER: message.encode() for message in (*_MESSAGES, _KEXINIT)}
    return {n: known.get(n, bytes([n]) + b"\0\0\0\4data") for n in range(256)}


def _payload(stage: Stage, number: int) -> bytes:
    """The message as this state knows it: what the peer would have sent, if it is that."""
    genuine = stage.follow[0] if stage.follow else None
    if 20 <= number < 50 and isinstance(genuine, Packet) and genuine.payload[0] == number:
        return genuine.payload
    if number == _PROMPTS.NUMBER and stage.name == "auth-prompts":
        return _PROMPTS.encode()
    return well_formed()[number]


def probes(stage: Stage, number: int) -> dict[str, bytes]:
    """Return the forms of a message; those that are the same bytes are there once."""
    whole = _payload(stage, number)
    forms = {
        "well-formed": whole,
        "empty": whole[:1],
        "truncated": whole[:-1],
        "trailing": whole + b"zz",
    }
    if len(whole) == 1:
        del forms["empty"], forms["truncated"]
    elif len(whole) == 2:
        del forms["truncated"]
    return forms
