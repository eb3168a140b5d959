"""The client on asyncio.

sftp_client  SFTPClient: start, open, get, put
operations   its requests on paths, and listing
symlinks     symbolic links on a server whose order of arguments may not be known
file         RemoteFile
text_file    RemoteTextFile
path         RemotePath
transfer     runs a get or put
sink         where downloads are written; the only place that makes local files
source       local files that are uploaded
disk_writer  writes to disk, in a thread where the disk is slow
session      the client's core on a pipe
"""
