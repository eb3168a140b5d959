"""One key exchange after the other, in both roles (RFC 4253 sections 7 to 9).

base          KeyExchange: what both roles share, from KEXINIT to NEWKEYS
client        the client's part: share, reply, host key
server        the server's part: share, signature, reply
negotiation   a pure function of two KEXINITs
derivation    the exchange hash and the keys that follow from it
computation   a computation that may run in another thread
context       what exchanges act on, and what a connection keeps of them
"""
