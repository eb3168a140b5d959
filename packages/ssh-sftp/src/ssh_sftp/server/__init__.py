"""The server's core: requests in, one reply each.

    protocol       SFTPServerProtocol: bytes in, replies out
    handlers       how each request is answered: the table
    extension_handlers  those of copy-data, check-file and users-groups-by-id
    answers        answers that come at once or later
    ordering       which requests run at a time, and in which order they are answered
    filesystem     what a server serves, as protocols
    virtual        what a file system of one's own is made of
    wrappers       file systems around another one that allow less
    handles        the handles of a session
    statuses       which status answers which error
    request_names  the names of requests, by which they are denied and logged

`python -m ssh_sftp.server` is the server as a program, with the options of sftp-server(8).
"""
