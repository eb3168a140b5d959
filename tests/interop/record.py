"""Record conversations with OpenSSH, for tests/adversary/test_recordings.py.

python -m tests.interop.record
"""

from __future__ import annotations

import os
import socket
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ssh_keys import PrivateKey
from tests.adversary.tape import RECORDINGS, OurClient, Ours, OurServer, key, write
from tests.interop import engine
from tests.interop.loopback import client_options
from tests.interop.peers import Keys, start_peer, stop_peers

if TYPE_CHECKING:
    from tests.adversary.tape import Line
    from tests.interop.peers import Peer

_SUITES: Final = ("bookworm", "sid")


def converse(connection: socket.socket, ours: Ours) -> list[Line]:
    """Carry a conversation to its end, and return its lines."""
    connection.settimeout(20)
    lines: list[Line] = []
    received = b""
    while True:
        sent = ours.receive(received)
        if sent:
            lines.append((">", sent))
            connection.sendall(sent)
        if ours.done or not (received := connection.recv(65536)):
            return lines
        lines.append(("<", received))


def record_client(peer: Peer) -> list[Line]:
    """Our client, their server."""
    with peer.keys.authorized_keys.open("a") as file:
        file.write(f"{key('user_key').public_key.to_openssh()}\n")
    ours = OurClient()
    with socket.create_connection(("127.0.0.1", peer.port)) as connection:
        lines = converse(connection, ours)
    assert ours.output == b"recorded\n", ours.output
    return lines


def record_server(peer: Peer) -> list[Line]:
    """Our server, their client."""
    known = peer.keys.folder / "recorded_hosts"
    lines: list[Line] = []

    def serve(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with connection:
            lines.extend(converse(connection, OurServer()))

    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        known.write_text(f"[127.0.0.1]:{port} {key('host_key').public_key.to_openssh()}\n")
        thread = threading.Thread(target=serve, args=[listener])
        thread.start()
        argv = ["ssh", "-o", "BatchMode=yes", *client_options(port, known)]
        done = peer.run_client([*argv, "tester@127.0.0.1", "echo recorded"], timeout=20)
        thread.join()
    assert done.stdout == b"recorded\n", done
    return lines


def main() -> None:
    """Record both roles with each version."""
    RECORDINGS.mkdir(exist_ok=True)
    for name in ("user_key", "host_key"):
        if not (RECORDINGS / name).exists():
            made = PrivateKey.generate("ed25519").to_openssh()
            (RECORDINGS / name).write_bytes(made)
    with tempfile.TemporaryDirectory(prefix="ssh-stack-record-") as folder:
        keys = Keys.generate(Path(folder) / "keys", engine.build_image(_SUITES[0]))
        for suite in _SUITES:
            peer = start_peer(suite, keys, owner=str(os.getpid()))
            try:
                for role, record in (("client", record_client), ("server", record_server)):
                    about = f"Our {role} and {peer.version}, recorded by tests.interop.record"
                    write(RECORDINGS / f"{peer.name}-{role}.txt", about, record(peer))
            finally:
                stop_peers({suite: peer})


if __name__ == "__main__":
    main()
