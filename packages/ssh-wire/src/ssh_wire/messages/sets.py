"""The messages of each phase and method, so that every number has one meaning.

    TRANSPORT          1–21, 192, 193    in every phase
    key_exchange(m)    30–49             between two KEXINITs and their NEWKEYS
    AUTHENTICATION     50–53             between SERVICE_ACCEPT and SUCCESS
    dialogue(m)        60–79             while the method `m` is under way
    CONNECTION         80–100            from SUCCESS on

Sets are joined with `|`: `TRANSPORT | key_exchange("curve25519-sha256")`.  They are for
tools that watch a connection; an endpoint makes narrower ones, of what it expects.
"""

from __future__ import annotations

from ssh_wire.declare import Message
from ssh_wire.errors import UsageError
from ssh_wire.messages import auth, connection, gss, hostbound, kex, openssh, transport
from ssh_wire.messageset import MessageSet

__all__ = [
    "AUTHENTICATION",
    "CONNECTION",
    "DIALOGUES",
    "KEY_EXCHANGES",
    "TRANSPORT",
    "dialogue",
    "key_exchange",
]

TRANSPORT: MessageSet[Message] = MessageSet(
    transport.Disconnect,
    transport.Ignore,
    transport.Unimplemented,
    transport.Debug,
    transport.ServiceRequest,
    transport.ServiceAccept,
    transport.ExtInfo,
    transport.NewCompress,
    transport.KexInit,
    transport.NewKeys,
    transport.Ping,
    transport.Pong,
)
"""Messages that mean the same in every phase (RFC 4253, RFC 8308, OpenSSH's PING)."""

_DH: MessageSet[Message] = MessageSet(kex.KexDHInit, kex.KexDHReply)
_GROUP_EXCHANGE: MessageSet[Message] = MessageSet(
    kex.KexDHGexRequestOld,
    kex.KexDHGexRequest,
    kex.KexDHGexGroup,
    kex.KexDHGexInit,
    kex.KexDHGexReply,
)
_ECDH: MessageSet[Message] = MessageSet(kex.KexECDHInit, kex.KexECDHReply)
_HYBRID: MessageSet[Message] = MessageSet(kex.KexHybridInit, kex.KexHybridReply)
_GSS: MessageSet[Message] = MessageSet(
    gss.KexGSSInit,
    gss.KexGSSContinue,
    gss.KexGSSComplete,
    gss.KexGSSCompleteWithToken,
    gss.KexGSSHostKey,
    gss.KexGSSError,
)
_GSS_EC: MessageSet[Message] = MessageSet(
    gss.KexGSSECInit,
    gss.KexGSSContinue,
    gss.KexGSSECComplete,
    gss.KexGSSECCompleteWithToken,
    gss.KexGSSHostKey,
    gss.KexGSSError,
)

KEY_EXCHANGES: dict[str, MessageSet[Message]] = {
    "diffie-hellman-group-exchange-": _GROUP_EXCHANGE,
    "diffie-hellman-group": _DH,
    "curve25519-sha256": _ECDH,
    "curve448-sha512": _ECDH,
    "ecdh-sha2-": _ECDH,
    "ecmqv-sha2": MessageSet(kex.KexECMQVInit, kex.KexECMQVReply),
    "mlkem": _HYBRID,
    "sntrup": _HYBRID,
    "rsa": MessageSet(kex.KexRSAPublicKey, kex.KexRSASecret, kex.KexRSADone),
    "gss-gex-": _GSS | MessageSet[Message](gss.KexGSSGroupRequest, gss.KexGSSGroup),
    "gss-group": _GSS,
    "gss-nistp": _GSS_EC,
    "gss-curve": _GSS_EC,
}
"""The messages of each family of key exchange methods, by what their names begin with."""

AUTHENTICATION: MessageSet[Message] = MessageSet[Message](
    hostbound.HostboundQuery,
    hostbound.HostboundRequest,
    gss.GSSAPIMICRequest,
    gss.GSSAPIKeyExchangeRequest,
    *auth.REQUESTS,
    auth.UserauthFailure,
    auth.UserauthSuccess,
    auth.UserauthBanner,
)
"""Messages of authentication that do not depend on the method (RFC 4252, RFC 4462)."""

_PUBLICKEY: MessageSet[Message] = MessageSet(auth.PublicKeyOk)

DIALOGUES: dict[str, MessageSet[Message]] = {
    "password": MessageSet(auth.PasswdChangeReq),
    "publickey": _PUBLICKEY,
    "publickey-hostbound-v00@openssh.com": _PUBLICKEY,
    "keyboard-interactive": MessageSet(auth.InfoRequest, auth.InfoResponse),
    "gssapi-with-mic": MessageSet(
        gss.GSSAPIResponse,
        gss.GSSAPIToken,
        gss.GSSAPIExchangeComplete,
        gss.GSSAPIFailure,
        gss.GSSAPIErrorToken,
        gss.GSSAPIMIC,
    ),
}
"""The messages of each authentication method that has any of its own."""

CONNECTION: MessageSet[Message] = MessageSet[Message](
    *openssh.GLOBAL_REQUESTS,
    connection.RequestSuccess,
    connection.RequestFailure,
    *openssh.CHANNEL_OPENS,
    connection.ChannelOpenConfirmation,
    connection.ChannelOpenFailure,
    connection.WindowAdjust,
    connection.ChannelData,
    connection.ChannelExtendedData,
    connection.ChannelEOF,
    connection.ChannelClose,
    *openssh.CHANNEL_REQUESTS,
    connection.ChannelSuccess,
    connection.ChannelFailure,
)
"""Messages of the connection protocol, those of OpenSSH among them."""


def key_exchange(method: str) -> MessageSet[Message]:
    """Return the messages of a key exchange method, by its name in KEXINIT.

    Raises:
        UsageError: no family of methods has such a name.
    """
    for prefix, messages in KEY_EXCHANGES.items():
        if method.startswith(prefix):
            return messages
    problem = f"unknown key exchange method {method!r}"
    raise UsageError(problem)


def dialogue(method: str) -> MessageSet[Message]:
    """Return the messages of an authentication method, by its name in the request.

    A method that is not known, or has no messages of its own, has none.
    """
    return DIALOGUES.get(method, MessageSet())
