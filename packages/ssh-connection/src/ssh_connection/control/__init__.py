"""Sharing one connection between programs: the control protocol (OpenSSH's PROTOCOL.mux).

A master has a connection, and listens on a Unix socket (ControlPath).  Its clients ask for
sessions, to which they give their own descriptors, for forwards, or for the connection
protocol itself (proxy mode).

messages         what both sides send
framing          messages in a byte stream
client           the client's side of one socket: a core without I/O
server           the master's side of one socket: the same
proxy            proxy mode, the client's side: the connection protocol over a control socket
proxy_server     proxy mode, the master's side: a client's channels among those of a connection
proxied_channel  one of those channels
errors           what goes wrong

`ssh_connection.aio.control` drives them.
"""
