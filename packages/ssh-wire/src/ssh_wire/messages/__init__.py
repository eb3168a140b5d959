"""The messages of the SSH protocols, one module a protocol.

    transport    1–21    RFC 4253, RFC 8308
    kex          30–49   RFC 4253 section 8, RFC 5656, RFC 8731, hybrid key exchange
    auth         50–79   RFC 4252, RFC 4256
    connection   80–127  RFC 4254
    openssh      OpenSSH's PROTOCOL file

Import the module that you need: a protocol that is not used costs nothing.
"""

from __future__ import annotations
