"""The client's role.

connection  ClientConnection: streams and forwards, beside what follows
establish   how it comes to be: dialled, keys exchanged, host key checked, logged in
handshake   what the server sends up to its host key
login       the authentication, driven
host_keys   what the server announces of its other host keys
commands    run, start and subsystem, as a user calls them
sessions    sessions: opened, and what is started in them
forwards    remote forwards: the ports that the server listens on for us
unrequested channels to the agent or the X server that nothing has asked for
settings    what a connection is told when it is made
"""
