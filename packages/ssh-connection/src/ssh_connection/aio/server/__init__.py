"""The server's role.

connection      ServerConnection: from the byte stream to the services
identity        the host keys, and how the server signs with them
authentication  who may log in: the functions that a server is given
authenticator   asks these functions, one question at a time
login           the authentication, driven
services        what an authenticated user is served
sessions        the sessions of one client
session         one session, as its handler sees it
internal_sftp   the forced command "internal-sftp"
forwards        forwards, as far as the rules allow them
host_keys       the host keys, announced and proven
settings        what a connection is told when it is made
"""
