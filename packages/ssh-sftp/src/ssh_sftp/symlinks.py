"""The order of the two paths in SSH_FXP_SYMLINK, which differs between implementations.

The draft puts the path of the link first (draft-ietf-secsh-filexfer-02 section 6.10).  OpenSSH
puts the target first, and kept that because it was too widespread to change (PROTOCOL section
4.1).  Others follow OpenSSH, or the draft, or OpenSSH only with peers that identify as OpenSSH.  A
server may announce its order with symlink-order@rjk.greenend.org.uk.

`ORDERS` has the order of each implementation, by its softwareversion.  A row holds for both roles,
in a session with this package: its own softwareversion is not one for which AsyncSSH, libssh, ssh2
and WinSCP change to OpenSSH's order.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import Enum
from typing import Final

from ssh_sftp.messages import SymLink
from ssh_wire import lazy_attrs

__all__ = ["ORDERS", "KnownOrder", "SymLinkOrder", "order_of", "paths_of", "symlink_request"]

_PROTOCOL: Final = re.compile("^SSH-[^-]*-")
_EXTENSION: Final = "symlink-order@rjk.greenend.org.uk"


class SymLinkOrder(Enum):
    """Which path comes first in SSH_FXP_SYMLINK."""

    TARGET_FIRST = "targetpath-linkpath"
    """As OpenSSH has it."""
    LINK_FIRST = "linkpath-targetpath"
    """As the draft has it."""


@lazy_attrs.frozen
class KnownOrder:
    """An implementation whose order is known.

    Attributes:
        software: what its softwareversion begins with, as a regular expression.
        order: the order that it sends and reads, in a session with us.
        source: the place in its own source.
    """

    software: str
    order: SymLinkOrder
    source: str


_TARGET = SymLinkOrder.TARGET_FIRST
_LINK = SymLinkOrder.LINK_FIRST

ORDERS: Final = (
    KnownOrder("OpenSSH", _TARGET, "PROTOCOL section 4.1; sftp-server.c process_symlink"),
    KnownOrder("ssh_stack", _TARGET, "this package: ssh_sftp.messages.SymLink"),
    KnownOrder("AsyncSSH", _LINK, "asyncssh/sftp.py _nonstandard_symlink_impls, both roles"),
    KnownOrder("paramiko", _TARGET, "paramiko/sftp_client.py symlink; sftp_server.py _process"),
    KnownOrder("mod_sftp", _TARGET, "ProFTPD contrib/mod_sftp/fxp.c fxp_handle_symlink"),
    KnownOrder("APACHE-SSHD", _TARGET, "AbstractSftpSubsystemHelper and AbstractSftpClient"),
    KnownOrder("Go$", _TARGET, "x/crypto/ssh names it; pkg/sftp packet.go sshFxpSymlinkPacket"),
    KnownOrder("libssh2_", _TARGET, "libssh2_sftp.h libssh2_sftp_symlink(orig, linkpath); sftp.c"),
    KnownOrder("libssh[_-]", _LINK, "src/sftp.c sftp_symlink; src/sftpserver.c process_symlink"),
    KnownOrder("ssh2js", _LINK, "lib/protocol/SFTP.js, client and server; SFTP.md"),
    KnownOrder("JSCH", _TARGET, "ChannelSftp.java symlink, sendSYMLINK"),
    KnownOrder("Renci.SshNet", _TARGET, "SftpClient.cs SymbolicLink; SftpSymLinkRequest.cs"),
    KnownOrder("WinSCP", _LINK, "source/core/SftpFileSystem.cpp, the bug sbSymlink"),
    KnownOrder("Twisted", _LINK, "conch/ssh/filetransfer.py packet_SYMLINK, makeLink"),
    KnownOrder("Erlang", _LINK, "lib/ssh/src/ssh_xfer.erl symlink; ssh_sftpd.erl handle_op"),
    KnownOrder("dropbear", _TARGET, "default_options.h SFTPSERVER_PATH: it runs OpenSSH's server"),
)
"""The order of each implementation; the first row that matches is used."""


def order_of(software: str, extensions: Mapping[str, bytes] | None = None) -> SymLinkOrder | None:
    """Return the order that a peer sends and reads; None where it is not known.

    Args:
        software: the peer's identification string, complete or its softwareversion only; empty
            if it is not known.
        extensions: what the peer announced in VERSION, if it is a server.
    """
    announced = (extensions or {}).get(_EXTENSION, b"")
    for order in SymLinkOrder:
        if order.value.encode() == announced:
            return order
    version = _PROTOCOL.sub("", software).partition(" ")[0]
    for row in ORDERS:
        if re.match(row.software, version, re.IGNORECASE):
            return row.order
    return None


def symlink_request(number: int, target: str, link: str, order: SymLinkOrder) -> SymLink:
    """Return the request that makes `link` point to `target`."""
    if order is _LINK:
        target, link = link, target
    return SymLink(id=number, target=target, link=link)


def paths_of(request: SymLink, order: SymLinkOrder | None) -> tuple[str, str]:
    """Return the target and the link that a client means; an unknown one follows OpenSSH."""
    if order is _LINK:
        return request.link, request.target
    return request.target, request.link
