"""autossh, which starts the client again when it ends with status 255."""

from __future__ import annotations

import contextlib
import socket
import subprocess
from collections.abc import Generator

from tests.interop.dropin.rig import Rig, need
from tests.interop.local import LocalSshd
from tests.interop.loopback import free_port, wait_for_ssh


@contextlib.contextmanager
def autossh(rig: Rig, *words: str) -> Generator[subprocess.Popen[bytes]]:
    """Run autossh until the block is left; it ends the client that it has started."""
    environment = {
        "AUTOSSH_PATH": str(rig.program),
        "AUTOSSH_GATETIME": "0",
        "AUTOSSH_LOGFILE": str(rig.folder / "log"),
    }
    with subprocess.Popen(
        ["autossh", "-M", "0", *words],
        env=rig.environment(environment),
        stdin=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as process:
        try:
            yield process
        finally:
            process.terminate()


def cut_sessions(server: LocalSshd) -> None:
    """Kill the processes of an sshd that serve connections, as a lost line would."""
    children = ["pkill", "-KILL", "-P", str(server.process.pid)]
    subprocess.run(children, check=True, timeout=10)


def wait_until_closed(connection: socket.socket) -> None:
    connection.settimeout(20)
    with contextlib.suppress(ConnectionResetError):
        while connection.recv(4096):
            pass


def test_autossh_opens_forward_again_when_connection_is_lost(
    rig: Rig, local_sshd: LocalSshd
) -> None:
    """The forward leads to the server itself, so that what answers identifies itself."""
    need("autossh", "pkill")
    port = free_port()
    forward = f"127.0.0.1:{port}:127.0.0.1:{local_sshd.port}"
    with autossh(rig, "-N", "-o", "ExitOnForwardFailure=yes", "-L", forward, "target") as process:
        wait_for_ssh(port)
        with socket.create_connection(("127.0.0.1", port)) as through:
            cut_sessions(local_sshd)
            wait_until_closed(through)

        wait_for_ssh(port)

        assert process.poll() is None
    assert "ssh exited with error status 255; restarting" in (rig.folder / "log").read_text()
