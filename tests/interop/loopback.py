"""SSH servers on ports of the loopback interface, whosever they are."""

from __future__ import annotations

import socket
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def free_port() -> int:
    """A TCP port of 127.0.0.1 without a listener just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_for_ssh(port: int, *, seconds: float = 20) -> None:
    """Wait until 127.0.0.1:`port` identifies itself as an SSH server."""
    end = time.monotonic() + seconds
    while True:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=2) as probe:
                if probe.recv(8) == b"SSH-2.0-":
                    return
        except OSError:
            pass
        if time.monotonic() > end:
            message = f"no SSH server on 127.0.0.1:{port} within {seconds} seconds"
            raise TimeoutError(message)
        time.sleep(0.05)


def client_options(port: int, known_hosts: Path, key: Path | None = None) -> list[str]:
    """Options with which OpenSSH's ssh, sftp and scp reach `port` and read no file of the user."""
    options = ["-F", "none", "-o", f"Port={port}", "-o", f"UserKnownHostsFile={known_hosts}"]
    options += ["-o", "StrictHostKeyChecking=yes", "-o", "IdentitiesOnly=yes"]
    return options if key is None else [*options, "-i", str(key)]
