"""Forwarded TCP ports, from both ends.

tcp      LocalForward, RemoteForward
bridge   a socket and a channel, joined
binding  listening sockets
"""
