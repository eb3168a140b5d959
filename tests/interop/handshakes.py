"""Handshakes to dissect: of OpenSSH with itself, recorded, and of our own transports.

The recordings in `handshakes/` are fixtures; `python -m tests.interop.handshakes` records
them again, with the container engine and dumpcap, as root.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

import attrs

from ssh_transport.algorithms import profiles
from ssh_transport.options import TransportOptions
from ssh_transport.testing import Pair
from ssh_wire.testing import Recording, Sender
from tests.interop import engine
from tests.interop.loopback import client_options
from tests.interop.peers import USER, Keys, Peer, start_peer, stop_peers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ssh_transport.transport import Transport

FOLDER: Final = Path(__file__).with_name("handshakes")

SUITES: Final = ("bookworm", "sid")
METHODS: Final = {
    "ecdh": "ecdh-sha2-nistp256",
    "curve25519": "curve25519-sha256",
    "gex": "diffie-hellman-group-exchange-sha256",
    "hybrid": "sntrup761x25519-sha512@openssh.com",
}
_FRAMES: Final = 40
"""Enough for every handshake, its acknowledgements and a little of what is encrypted."""


def recordings() -> list[Path]:
    """The recordings that there are."""
    return sorted(FOLDER.glob("*.pcap"))


def ours(method: str) -> Recording:
    """Our own client and server in memory, as if a wire had been between them."""
    algorithms = attrs.evolve(profiles("default", "client"), kex=(method,))
    options = TransportOptions(algorithms=algorithms)
    pair, recording = Pair(options, options), Recording()
    recording.open()
    move(pair, recording)
    return recording


def move(pair: Pair, recording: Recording) -> None:
    """Move bytes until nothing more happens, and record them."""
    ways: list[tuple[Sender, Transport, Transport]] = [
        ("client", pair.client, pair.server),
        ("server", pair.server, pair.client),
    ]
    before = -1
    while before < len(recording.frames):
        before = len(recording.frames)
        for sender, source, target in ways:
            pair.answer()
            while (data := source.take_outgoing()) is not None:
                recording.send(sender, data)
                target.receive(data)


def record(peer: Peer, method: str, path: Path) -> None:
    """Record the peer's own client at its own server."""
    capture = [
        "dumpcap",
        "-P",
        "-q",
        "-i",
        "lo",
        "-f",
        f"tcp port {peer.port}",
        "-c",
        str(_FRAMES),
    ]
    login = [*client_options(peer.port, peer.known_hosts, peer.keys.private["ed25519"])]
    command = ["ssh", *login, f"-oKexAlgorithms={method}", f"{USER}@127.0.0.1", "true"]
    with subprocess.Popen([*capture, "-w", path], stderr=subprocess.PIPE) as dumpcap:
        assert dumpcap.stderr is not None
        for line in dumpcap.stderr:
            if line.startswith(b"File:"):  # it listens
                break
        done = peer.run_client(command)
        time.sleep(1)  # what was captured is still on its way to the file
        dumpcap.send_signal(signal.SIGINT)
    path.chmod(0o644)
    if done.returncode:
        sys.exit(done.stderr.decode())


def _all() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="ssh-stack-handshakes-") as folder:
        keys = Keys.generate(Path(folder) / "keys", engine.build_image(SUITES[0]))
        for suite in SUITES:
            peer = start_peer(suite, keys, owner="hand")
            try:
                for name, method in METHODS.items():
                    path = FOLDER / f"{peer.name}-{name}.pcap"
                    record(peer, method, path)
                    yield path
            finally:
                stop_peers({suite: peer})


def main() -> None:
    """Record everything again."""
    FOLDER.mkdir(exist_ok=True)
    for path in _all():
        sys.stdout.write(f"{path.name}: {path.stat().st_size} bytes\n")


if __name__ == "__main__":
    main()
