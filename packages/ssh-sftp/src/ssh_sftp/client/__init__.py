"""The client's core: requests out, replies in, and the transfers that are made of them.

protocol     SFTPClientProtocol: requests out, each reply to whoever asked
replies      the server's packets decoded
limits       SFTPOptions of a session, and what the server takes
flow         how many bytes a transfer keeps outstanding
scheduler    many files at once over one session
storage      the local side of a transfer, as protocols
part_names   the temporary names of files that are being transferred
extents      which ranges of a file a transfer reads or writes
requests     the requests of one file, counted
checking     the beginning of a file on the server compared with a local one
check_file   hashes that the server computes
download     one file from the server
download_states  where that is
upload       one file to the server
upload_states  where that is
upload_opening  the file that an upload writes: a new one, or what an earlier attempt left
striping     one large upload over several sessions
renaming     the name that an upload gets in the end
listing      a directory of the server
tree_download  a directory of the server into a local one
tree_upload  a local directory to the server
file_types   the type of a listed entry whose mode does not have it
readahead    reading an open file in order without waiting
modes        the modes of `open`
text_stream  text decoded as it comes, and its lines
"""
