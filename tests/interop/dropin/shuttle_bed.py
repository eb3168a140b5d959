"""Two network namespaces with sshuttle between them; a program of its own, run by `shuttle`.

It runs in the server's namespace, which has an sshd on a link to the client's, and a host
10.78.0.1 that the client can reach through sshuttle alone: its default route ends at an address
that no host has.
"""

from __future__ import annotations

import hashlib
import os
import socket
import subprocess
import sys
import threading
import time
from typing import Final

_HIDDEN: Final = ("10.78.0.1", 7007)
_SIZE: Final = 10_000_000
_SECONDS: Final = 40.0
_SERVER_LINKS: Final = (
    "link set lo up",
    "addr add 10.78.0.1/32 dev lo",
    "link add up0 type veth peer name up1",
    "addr add 10.77.0.1/24 dev up0",
    "link set up0 up",
)
_CLIENT_LINKS: Final = (
    "link set lo up",
    "addr add 10.77.0.2/24 dev up1",
    "link set up1 up",
    "route add default via 10.77.0.9",
)


def serve(sshd_config: str, sshuttle: str, ssh: str) -> None:
    """Lay the links, start everything, and print how long sshuttle took with its traffic."""
    _ip(_SERVER_LINKS)
    waiting = ["unshare", "--net", "sh", "-c", "echo; exec sleep 100"]
    with subprocess.Popen(waiting, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()  # it has its namespace
        inside = ["nsenter", f"--net=/proc/{holder.pid}/ns/net"]
        subprocess.run(["ip", "link", "set", "up1", "netns", str(holder.pid)], check=True)
        _ip(_CLIENT_LINKS, inside)
        listener = socket.create_server(_HIDDEN)
        threading.Thread(target=_echo, args=[listener], daemon=True).start()
        subprocess.Popen(["/usr/sbin/sshd", "-D", "-e", "-f", sshd_config])
        me = [*inside, sys.executable, __file__]
        assert subprocess.run([*me, "reach", "1"], check=False).returncode == 1, "reached directly"
        words = ["--method=nat", "-e", ssh, "-r", "shuttle", "--python=python3", "10.78.0.0/16"]
        _wait_for_port("10.77.0.1", 2222)
        began = time.monotonic()
        with subprocess.Popen([*inside, sshuttle, *words], stdout=sys.stderr) as tunnel:
            subprocess.run([*me, "reach", str(_SECONDS)], check=True)
            subprocess.run([*me, "converse"], check=True)
            print(time.monotonic() - began)
            tunnel.terminate()
        holder.kill()


def reach(seconds: str) -> None:
    """Try to reach the hidden host until it answers; end with status 1 if it does not."""
    end = time.monotonic() + float(seconds)
    while time.monotonic() < end:
        try:
            with socket.create_connection(_HIDDEN, timeout=1) as connection:
                connection.settimeout(2)
                connection.shutdown(socket.SHUT_WR)
                if _read(connection) == hashlib.sha256().digest():
                    return
        except OSError:
            time.sleep(0.05)
    sys.exit(1)


def converse() -> None:
    """Send much, close this direction, and get it back behind its digest."""
    data = os.urandom(_SIZE)
    with socket.create_connection(_HIDDEN, timeout=_SECONDS) as connection:
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        assert _read(connection) == hashlib.sha256(data).digest() + data


def _echo(listener: socket.socket) -> None:
    while True:
        connection, _ = listener.accept()
        with connection:
            data = _read(connection)
            connection.sendall(hashlib.sha256(data).digest() + data)


def _read(connection: socket.socket) -> bytes:
    return b"".join(iter(lambda: connection.recv(1 << 20), b""))


def _wait_for_port(host: str, port: int) -> None:
    end = time.monotonic() + _SECONDS
    while time.monotonic() < end:
        try:
            socket.create_connection((host, port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    message = f"no server listens on {host}:{port}"
    raise TimeoutError(message)


def _ip(lines: tuple[str, ...], prefix: list[str] | None = None) -> None:
    for line in lines:
        subprocess.run([*(prefix or []), "ip", *line.split()], check=True)


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["serve", sshd_config, sshuttle, ssh]:
            serve(sshd_config, sshuttle, ssh)
        case ["reach", seconds]:
            reach(seconds)
        case _:
            converse()
