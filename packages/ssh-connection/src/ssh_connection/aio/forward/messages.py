"""The messages of a forward: RFC 4254 section 7 for TCP, PROTOCOL section 2.4 for Unix sockets."""

from __future__ import annotations

from typing import TypeAlias

from ssh_connection.addresses import Address, TCPAddress, UnixAddress
from ssh_wire.messages import connection as m
from ssh_wire.messages import openssh
from ssh_wire.text import raw

__all__ = [
    "Cancel",
    "Direct",
    "Forwarded",
    "Listen",
    "Origin",
    "address_of",
    "cancel_request",
    "direct_open",
    "forwarded_open",
    "listen_request",
]

Origin: TypeAlias = tuple[str, int]
"""The address and port of whoever connected."""

Direct: TypeAlias = m.DirectTCPIPOpen | openssh.DirectStreamlocalOpen
Forwarded: TypeAlias = m.ForwardedTCPIPOpen | openssh.ForwardedStreamlocalOpen
Listen: TypeAlias = m.TCPIPForward | openssh.StreamlocalForward
Cancel: TypeAlias = m.CancelTCPIPForward | openssh.CancelStreamlocalForward


def address_of(message: Direct | Forwarded | Listen | Cancel) -> Address:
    """Return the address that a message is about."""
    match message:
        case m.DirectTCPIPOpen():
            return TCPAddress(message.host, message.port)
        case m.ForwardedTCPIPOpen() | m.TCPIPForward() | m.CancelTCPIPForward():
            return TCPAddress(message.address, message.port)
        case _:  # a path is bytes, which Python's file names keep as surrogates
            return UnixAddress(message.path.decode("utf-8", "surrogateescape"))


def direct_open(address: Address, origin: Origin, window: int) -> Direct:
    """Return what opens a channel to an address that the server reaches.

    Args:
        address: where to connect to.
        origin: who wants the connection.
        window: how many bytes the server may send before more is granted.
    """
    if isinstance(address, UnixAddress):
        return openssh.DirectStreamlocalOpen(
            sender=0, window=window, max_packet=0, path=raw(address.path)
        )
    return m.DirectTCPIPOpen(
        sender=0,
        window=window,
        max_packet=0,
        host=address.host,
        port=address.port,
        origin_host=origin[0],
        origin_port=origin[1],
    )


def forwarded_open(address: Address, origin: Origin, window: int) -> Forwarded:
    """Return what opens a channel for a connection that came in at the server's `address`."""
    if isinstance(address, UnixAddress):
        return openssh.ForwardedStreamlocalOpen(
            sender=0, window=window, max_packet=0, path=raw(address.path)
        )
    return m.ForwardedTCPIPOpen(
        sender=0,
        window=window,
        max_packet=0,
        address=address.host,
        port=address.port,
        origin_host=origin[0],
        origin_port=origin[1],
    )


def listen_request(address: Address) -> Listen:
    """Return what asks the server to listen."""
    if isinstance(address, UnixAddress):
        return openssh.StreamlocalForward(want_reply=True, path=raw(address.path))
    return m.TCPIPForward(want_reply=True, address=address.host, port=address.port)


def cancel_request(address: Address) -> Cancel:
    """Return what asks the server to listen no more."""
    if isinstance(address, UnixAddress):
        return openssh.CancelStreamlocalForward(want_reply=True, path=raw(address.path))
    return m.CancelTCPIPForward(want_reply=True, address=address.host, port=address.port)
