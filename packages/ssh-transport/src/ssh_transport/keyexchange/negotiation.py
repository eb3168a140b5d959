"""Negotiation: a pure function of the two KEXINITs (RFC 4253 section 7.1)."""

from __future__ import annotations

from ssh_transport.ciphers import CIPHERS
from ssh_transport.errors import NegotiationFailed
from ssh_transport.macs import MACS
from ssh_wire import lazy_attrs
from ssh_wire.messages.transport import KexInit

__all__ = [
    "EXT_INFO_CLIENT",
    "EXT_INFO_SERVER",
    "PSEUDO_METHODS",
    "STRICT_CLIENT",
    "STRICT_SERVER",
    "Agreement",
    "DirectionAgreement",
    "guessed_right",
    "negotiate",
]

EXT_INFO_CLIENT = "ext-info-c"
EXT_INFO_SERVER = "ext-info-s"
STRICT_CLIENT = "kex-strict-c-v00@openssh.com"
STRICT_SERVER = "kex-strict-s-v00@openssh.com"
PSEUDO_METHODS = frozenset({EXT_INFO_CLIENT, EXT_INFO_SERVER, STRICT_CLIENT, STRICT_SERVER})
"""Names in the list of key exchange methods that are signals, not methods."""

_KEX = "key exchange"


@lazy_attrs.frozen
class DirectionAgreement:
    """What was negotiated for one direction."""

    cipher: str
    """The cipher."""

    mac: str | None
    """The MAC; None where the cipher authenticates by itself."""

    compression: str
    """The compression method."""


@lazy_attrs.frozen
class Agreement:
    """What was negotiated."""

    kex: str
    """The key exchange method."""

    host_key: str
    """The signature algorithm of the host key."""

    client_to_server: DirectionAgreement
    """What the client's packets use."""

    server_to_client: DirectionAgreement
    """What the server's packets use."""

    strict: bool
    """Whether both sides follow strict key exchange (OpenSSH's PROTOCOL section 1.9)."""

    @property
    def truncatable(self) -> bool:
        """Whether an attacker can delete the first packets unnoticed (CVE-2023-48795)."""
        sides = (self.client_to_server, self.server_to_client)
        return not self.strict and any(map(_exposed, sides))


def negotiate(client: KexInit, server: KexInit) -> Agreement:
    """Return what both sides will use.

    `strict` is what these two KEXINITs say; the signal counts in the first exchange alone.

    Raises:
        NegotiationFailed: a list has no common name, or a signal would be the method.
    """
    kex = _choose(_KEX, client.kex_algorithms, server.kex_algorithms)
    # RFC 8308 section 2.2: "If "ext-info-c" or "ext-info-s" ends up being negotiated as a
    # key exchange method, the parties MUST disconnect."
    if kex in PSEUDO_METHODS:
        raise NegotiationFailed(_KEX, client.kex_algorithms, server.kex_algorithms)
    return Agreement(
        kex=kex,
        host_key=_choose(
            "host key", client.server_host_key_algorithms, server.server_host_key_algorithms
        ),
        client_to_server=_direction(
            "client to server",
            (client.encryption_client_to_server, server.encryption_client_to_server),
            (client.mac_client_to_server, server.mac_client_to_server),
            (client.compression_client_to_server, server.compression_client_to_server),
        ),
        server_to_client=_direction(
            "server to client",
            (client.encryption_server_to_client, server.encryption_server_to_client),
            (client.mac_server_to_client, server.mac_server_to_client),
            (client.compression_server_to_client, server.compression_server_to_client),
        ),
        strict=STRICT_CLIENT in client.kex_algorithms and STRICT_SERVER in server.kex_algorithms,
    )


def guessed_right(client: KexInit, server: KexInit) -> bool:
    """Return whether a packet that was sent on a guess counts.

    "The guess is considered wrong if: the kex algorithm and/or the host key algorithm is
    guessed wrong (server and client have different preferred algorithm)" (section 7).
    """
    return (
        client.kex_algorithms[:1] == server.kex_algorithms[:1]
        and client.server_host_key_algorithms[:1] == server.server_host_key_algorithms[:1]
    )


_Lists = tuple[tuple[str, ...], tuple[str, ...]]


def _direction(
    which: str, ciphers: _Lists, macs: _Lists, compression: _Lists
) -> DirectionAgreement:
    cipher = _choose(f"cipher {which}", *ciphers)
    # OpenSSH's PROTOCOL section 1.6: with AES-GCM the MAC is implicit and its lists are
    # ignored
    spec = CIPHERS.get(cipher)
    mac = None if spec is not None and spec.aead else _choose(f"MAC {which}", *macs)
    return DirectionAgreement(cipher, mac, _choose(f"compression {which}", *compression))


def _choose(what: str, client: tuple[str, ...], server: tuple[str, ...]) -> str:
    # "The chosen ... MUST be the first algorithm on the client's name-list that is also on
    # the server's name-list."
    offered = frozenset(server)
    for name in client:
        if name in offered:
            return name
    raise NegotiationFailed(what, client, server)


def _exposed(side: DirectionAgreement) -> bool:
    if side.cipher == "chacha20-poly1305@openssh.com":
        return True
    return side.mac is not None and MACS[side.mac].etm
