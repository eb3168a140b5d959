"""The client's core: requests out, replies in, and the transfers that are made of them.

protocol     SFTPClientProtocol: requests out, each reply to whoever asked
replies      the server's packets decoded
limits       SFTPOptions of a session, and what the server takes
flow         how many bytes a transfer keeps outstanding
scheduler    many files at once over one session
storage      the local side of a transfer, as protocols
download     one file from the server
upload       one file to the server
renaming     the name that an upload gets in the end
listing      a directory of the server
tree_download  a directory of the server into a local one
tree_upload  a local directory to the server
file_types   the type of a listed entry whose mode does not have it
readahead    reading an open file in order without waiting
modes        the modes of `open`
text_stream  text decoded as it comes, and its lines
"""
