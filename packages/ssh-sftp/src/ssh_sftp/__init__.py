"""SFTP version 3, client and server, over any byte stream.

Public modules

    ssh_sftp           errors, options, results and what a file system of one's own needs
    aio                SFTPClient, SFTPServer, Rooted, and the pipes that they run over
    messages           every packet, as the draft prints it
    server             `python -m ssh_sftp.server`
    testing            two pipes joined in memory

Internal

    numbers            assigned numbers, and bounds
    attributes         the compound type ATTRS
    framing            a byte stream cut into packets
    errors             what goes wrong
    results            what a transfer did, and what it did not do
    names              paths on the server, and which names may become local ones
    extensions         the extensions that both sides know
    symlinks           which path comes first in SYMLINK: who does what
    pipe               Pipe and PipeReceiver: the stream that a session runs over
    client/            the client's core: requests out, and the transfers made of them
    server/            the server's core: requests in, one reply each
    aio/client/        the client on asyncio
    aio/server/        the server on asyncio, and the local file system that it serves

Nothing outside `aio` does I/O or knows a clock, and no client imports a server, nor the reverse.
"""

from __future__ import annotations

from ssh_sftp.attributes import Attributes as Attributes
from ssh_sftp.client.limits import ServerLimits as ServerLimits
from ssh_sftp.client.limits import SFTPOptions as SFTPOptions
from ssh_sftp.client.modes import BinaryMode as BinaryMode
from ssh_sftp.client.modes import TextMode as TextMode
from ssh_sftp.client.protocol import SFTPClientProtocol as SFTPClientProtocol
from ssh_sftp.client.scheduler import Found as Found
from ssh_sftp.client.scheduler import Progress as Progress
from ssh_sftp.client.selection import EntryKind as EntryKind
from ssh_sftp.client.selection import PathFilter as PathFilter
from ssh_sftp.client.selection import Select as Select
from ssh_sftp.client.selection import TreeEntry as TreeEntry
from ssh_sftp.client.sync_plan import SyncAction as SyncAction
from ssh_sftp.client.sync_plan import SyncDirection as SyncDirection
from ssh_sftp.client.sync_plan import SyncPlan as SyncPlan
from ssh_sftp.client.sync_plan import SyncResult as SyncResult
from ssh_sftp.client.sync_plan import SyncStep as SyncStep
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
from ssh_sftp.messages import StatVFSReply as StatVFSReply
from ssh_sftp.numbers import OpenFlags as OpenFlags
from ssh_sftp.numbers import StatusCode as StatusCode
from ssh_sftp.pipe import Pipe as Pipe
from ssh_sftp.pipe import PipeReceiver as PipeReceiver
from ssh_sftp.results import Skipped as Skipped
from ssh_sftp.results import TransferFailure as TransferFailure
from ssh_sftp.results import Transferred as Transferred
from ssh_sftp.results import TransferRefusal as TransferRefusal
from ssh_sftp.server.filesystem import DirectoryHandle as DirectoryHandle
from ssh_sftp.server.filesystem import FileHandle as FileHandle
from ssh_sftp.server.filesystem import FileSystem as FileSystem
from ssh_sftp.server.filesystem import MaybeLater as MaybeLater
from ssh_sftp.server.filesystem import check_filesystem as check_filesystem
from ssh_sftp.server.protocol import SFTPServerProtocol as SFTPServerProtocol
from ssh_sftp.server.quota import Quota as Quota
from ssh_sftp.server.virtual import BytesFile as BytesFile
from ssh_sftp.server.virtual import EntriesDirectory as EntriesDirectory
from ssh_sftp.server.virtual import VirtualFileSystem as VirtualFileSystem
from ssh_sftp.server.virtual import canonical as canonical
from ssh_sftp.server.virtual import file_attributes as file_attributes
from ssh_sftp.server.wrappers import DropBox as DropBox
from ssh_sftp.server.wrappers import ReadOnly as ReadOnly
from ssh_sftp.server.wrappers import WriteOnly as WriteOnly
