"""A handshake up to its encryption, made by hand: the streams of both sides."""

from __future__ import annotations

from ssh_wire.binary_packet import pack_packet
from ssh_wire.messages.kex import KexECDHInit, KexECDHReply
from ssh_wire.messages.transport import KexInit, NewKeys

KEXINIT = KexInit(
    cookie=bytes(range(16)),
    kex_algorithms=("curve25519-sha256", "kex-strict-c-v00@openssh.com"),
    server_host_key_algorithms=("ssh-ed25519",),
    encryption_client_to_server=("aes128-ctr",),
    encryption_server_to_client=("aes128-ctr",),
    mac_client_to_server=("hmac-sha2-256",),
    mac_server_to_client=("hmac-sha2-256",),
    compression_client_to_server=("none",),
    compression_server_to_client=("none",),
)
INIT = KexECDHInit(public=b"q" * 32)
REPLY = KexECDHReply(
    host_key=b"\0\0\0\x0bssh-ed25519", public=b"r" * 32, signature=b"\0\0\0\x0bssh-ed25519sig"
)


def packets(*payloads: bytes) -> bytes:
    return b"".join(pack_packet(payload, bytes) for payload in payloads)


CLIENT = b"SSH-2.0-client\r\n" + packets(KEXINIT.encode(), INIT.encode(), NewKeys().encode())
SERVER = b"SSH-2.0-server\r\n" + packets(KEXINIT.encode(), REPLY.encode(), NewKeys().encode())
CIPHERTEXT = b"\xff" * 100
