"""The server on asyncio, and the local file system that it serves.

sftp_server    SFTPServer: a session of the server
transactions   a line of the log for each request
local_files    Rooted and UnconfinedFiles: the local file system as it is served
memory         InMemory: a file system in memory; memory_nodes is what it is made of
in_threads     InThreads: a file system that blocks, with its calls in threads
path_walk      finds a path below a root without ever leaving it
open_files     open files and directories
stdio          the server as a program
stdio_options  its command line
"""
