"""SFTP on asyncio: everything that does I/O.

client/      SFTPClient, RemoteFile, RemotePath, and what transfers use
server/      SFTPServer and the file systems that it serves
streams      a pipe made of a reader and a writer
descriptors  a pipe made of two file descriptors
limited_pipe a pipe with a bound on its rate
memory       two pipes joined in memory
"""

from __future__ import annotations

from ssh_sftp.aio.client.file import RemoteFile as RemoteFile
from ssh_sftp.aio.client.operations import DirEntry as DirEntry
from ssh_sftp.aio.client.operations import PathLike as PathLike
from ssh_sftp.aio.client.path import RemotePath as RemotePath
from ssh_sftp.aio.client.progress import RunningFile as RunningFile
from ssh_sftp.aio.client.progress import TransferProgress as TransferProgress
from ssh_sftp.aio.client.sftp_client import SFTPClient as SFTPClient
from ssh_sftp.aio.client.text_file import RemoteTextFile as RemoteTextFile
from ssh_sftp.aio.client.transfer import OnError as OnError
from ssh_sftp.aio.descriptors import DescriptorPipe as DescriptorPipe
from ssh_sftp.aio.server.in_threads import InThreads as InThreads
from ssh_sftp.aio.server.local_files import Rooted as Rooted
from ssh_sftp.aio.server.local_files import UnconfinedFiles as UnconfinedFiles
from ssh_sftp.aio.server.memory import InMemory as InMemory
from ssh_sftp.aio.server.sftp_server import SFTPServer as SFTPServer
from ssh_sftp.aio.streams import StreamPipe as StreamPipe
