"""Run in a mount namespace of its own: have ssh-keysign sign with the host key of /etc/ssh."""

from __future__ import annotations

import asyncio
import socket
import sys

from ssh_auth import SignedHostbasedRequest
from ssh_keys import PublicKey
from ssh_keys.files import read_public_key
from ssh_stack.client.hostbased import name_of_this_host
from ssh_stack.client.keysign import KeysignSigner, find_keysign
from ssh_stack.local.user import local_user
from ssh_wire import SSHError


async def main(user: str) -> str:
    """Return what came of it."""
    key = read_public_key("/etc/ssh/ssh_host_ed25519_key.pub")
    program = find_keysign()
    assert isinstance(key, PublicKey)
    assert program is not None
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection(server.getsockname()) as sock,
    ):
        signer = KeysignSigner(program, key, "file", lambda: sock)
        data = SignedHostbasedRequest(
            session_id=bytes(32),
            user="me",
            service="ssh-connection",
            algorithm="ssh-ed25519",
            host_key=key.blob,
            client_host=f"{await name_of_this_host(lambda: sock)}.",
            client_user=user or local_user(),
        ).encode()
        try:
            signature = await signer.sign(data, "ssh-ed25519")
        except SSHError as error:
            return str(error)
    return "signed" if key.verify(data, signature, "ssh-ed25519") else "wrong signature"


if __name__ == "__main__":
    print(asyncio.run(main(*sys.argv[1:])))
