"""The server's core: requests in, one reply each.

    protocol       SFTPServerProtocol: bytes in, replies out
    handlers       how each request is answered: the table
    filesystem     what a server serves, as protocols
    handles        the handles of a session
    statuses       which status answers which error
    request_names  the names of requests, by which they are denied and logged

`python -m ssh_sftp.server` is the server as a program, with the options of sftp-server(8).
"""
