"""SFTP version 3, client and server, over any byte stream.

    numbers      assigned numbers, and bounds
    attributes   the compound type ATTRS
    messages     every packet, as the draft prints it
    framing      a byte stream cut into packets
    errors       what goes wrong
    names        paths on the server, and which names may become local ones
    kinds        what kind of file a listed entry is, where its mode does not tell
    replies      the server's packets decoded
    symlinks     which path comes first in SYMLINK: who does what
    pipe         Pipe and PipeReceiver: the stream that a session runs over

    limits       what a client session keeps to, and what the server takes
    requests     the client's core: requests out, each reply to whoever asked
    flow         how many bytes a transfer keeps under way
    results      what a transfer did, and what it did not do
    scheduler    many files at once over one session
    endpoints    the local side of a transfer, as protocols
    download     one file from the server
    listing      a directory of the server
    tree_download  a directory of the server into a local one
    upload       one file to the server
    naming       the name that it gets in the end
    tree         a local directory to the server
    readahead    reading an open file in order without waiting
    modes        the modes of `open`
    text         text decoded as it comes, and its lines

    filesystem   what a server serves, as protocols
    handles      the handles of a server session
    statuses     which status answers which error
    answers      how each request is answered: the table
    service      the server's core
    request_names  the names of requests, by which they are denied and logged

    aio/         everything that does I/O: SFTPClient, SFTPServer, Rooted
    server       `python -m ssh_sftp.server`
    testing      two pipes joined in memory

Nothing outside `aio` does I/O or knows a clock.
"""

from __future__ import annotations

from ssh_sftp.attributes import Attributes as Attributes
from ssh_sftp.errors import SFTPEOF as SFTPEOF
from ssh_sftp.errors import SFTPConnectionLost as SFTPConnectionLost
from ssh_sftp.errors import SFTPError as SFTPError
from ssh_sftp.errors import SFTPNoSuchFile as SFTPNoSuchFile
from ssh_sftp.errors import SFTPPermissionDenied as SFTPPermissionDenied
from ssh_sftp.errors import SFTPProtocolError as SFTPProtocolError
from ssh_sftp.errors import SFTPTimeout as SFTPTimeout
from ssh_sftp.errors import SFTPTransferError as SFTPTransferError
from ssh_sftp.errors import SFTPTransferErrors as SFTPTransferErrors
from ssh_sftp.errors import SFTPUnsafeName as SFTPUnsafeName
from ssh_sftp.errors import SFTPUnsupported as SFTPUnsupported
from ssh_sftp.filesystem import DirectoryHandle as DirectoryHandle
from ssh_sftp.filesystem import FileHandle as FileHandle
from ssh_sftp.filesystem import FileSystem as FileSystem
from ssh_sftp.limits import ServerLimits as ServerLimits
from ssh_sftp.limits import SFTPOptions as SFTPOptions
from ssh_sftp.messages import StatVFSReply as StatVFSReply
from ssh_sftp.modes import BinaryMode as BinaryMode
from ssh_sftp.modes import TextMode as TextMode
from ssh_sftp.numbers import OpenFlags as OpenFlags
from ssh_sftp.numbers import StatusCode as StatusCode
from ssh_sftp.pipe import Pipe as Pipe
from ssh_sftp.pipe import PipeReceiver as PipeReceiver
from ssh_sftp.requests import Requests as Requests
from ssh_sftp.results import Skipped as Skipped
from ssh_sftp.results import TransferFailure as TransferFailure
from ssh_sftp.results import Transferred as Transferred
from ssh_sftp.results import TransferRefusal as TransferRefusal
from ssh_sftp.scheduler import Found as Found
from ssh_sftp.scheduler import Progress as Progress
from ssh_sftp.service import Service as Service
