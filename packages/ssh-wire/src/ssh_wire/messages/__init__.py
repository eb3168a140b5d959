"""The messages of the SSH protocols, one module a protocol.

    transport    1–21, 192, 193   RFC 4253, RFC 8308, OpenSSH's PING
    kex          30–49            RFC 4253 section 8, 4419, 4432, 5656, 8731, hybrids
    auth         50–79            RFC 4252, RFC 4256
    gss          30–41, 50–66     RFC 4462, RFC 8732
    connection   80–100           RFC 4254, RFC 4335
    hostbound    50               OpenSSH's signatures that cover the key of the host
    openssh      80–98            what else OpenSSH's PROTOCOL file adds
    sets         all of them, as one `MessageSet` a phase and method

Import the module that you need: a protocol that is not used costs nothing.
"""

from __future__ import annotations
