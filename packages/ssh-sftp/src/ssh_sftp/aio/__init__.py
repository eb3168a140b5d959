"""SFTP on asyncio: everything that does I/O.

client      SFTPClient: start, open, get, put
operations  its requests on paths, and listing
file        RemoteFile
textfile    RemoteTextFile
path        RemotePath
transfer    runs a get or put
sink        where downloads land; the only place that makes local files
source      local files that are uploaded
disk        writes, in a thread where the disk is slow
session     the client's core on a pipe
streams     a pipe made of a reader and a writer
memory      two pipes joined in memory
descriptors a pipe made of two file descriptors

server      SFTPServer: a session of the server
local       Rooted and Whole: the local file system as it is served
walk        finds a path below a root without ever leaving it
opened      open files and directories of the server
stdio       the server as a program
"""

from __future__ import annotations

from ssh_sftp.aio.client import SFTPClient as SFTPClient
from ssh_sftp.aio.file import RemoteFile as RemoteFile
from ssh_sftp.aio.local import Rooted as Rooted
from ssh_sftp.aio.local import Whole as Whole
from ssh_sftp.aio.operations import DirEntry as DirEntry
from ssh_sftp.aio.path import RemotePath as RemotePath
from ssh_sftp.aio.server import SFTPServer as SFTPServer
from ssh_sftp.aio.streams import StreamPipe as StreamPipe
from ssh_sftp.aio.textfile import RemoteTextFile as RemoteTextFile
