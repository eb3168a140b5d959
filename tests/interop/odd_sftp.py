"""An SFTP server with the manners of some storage appliances, made of OpenSSH's own.

It is between a client and `sftp-server` and changes what the latter replies, as version 3
lets it or as clients have to bear it:

- permissions have no type bits, in listings and in attributes;
- a listing ends with a NAME of no entries;
- STATUS has no text and no language;
- DATA of no bytes stands for the end of a file;
- a few bytes more follow each reply;
- no extension is announced.

It is a program: `python odd_sftp.py /usr/lib/openssh/sftp-server`.
"""

from __future__ import annotations

import os
import struct
import subprocess
import sys
import threading
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

VERSION, READ, READDIR, STATUS, DATA, NAME, ATTRS = 2, 5, 12, 101, 103, 104, 105
EOF = 1
PERMISSIONS = 4
MORE = b"\0more"


class Odd:
    """What is known of one session: which request each number is of."""

    def __init__(self) -> None:
        self.requests: dict[int, int] = {}

    def request(self, packet: bytes) -> bytes:
        """Remember what was asked."""
        if len(packet) >= 5:
            (number,) = struct.unpack_from(">I", packet, 1)
            self.requests[number] = packet[0]
        return packet

    def reply(self, packet: bytes) -> bytes:
        """Return the reply that this server gives in place of an honest one."""
        kind = packet[0]
        if kind == VERSION:
            return packet[:5]
        head = packet[:5]
        (number,) = struct.unpack_from(">I", packet, 1)
        asked = self.requests.pop(number, 0)
        if kind == STATUS:
            (code,) = struct.unpack_from(">I", packet, 5)
            nothing = {READDIR: NAME, READ: DATA}.get(asked) if code == EOF else None
            return packet[:9] if nothing is None else bytes([nothing]) + head[1:] + bytes(4)
        if kind == ATTRS:
            return head + without_type(packet, 5)[0] + MORE
        if kind == NAME:
            return head + names(packet) + MORE
        return packet + MORE


def names(packet: bytes) -> bytes:
    """The entries of a NAME, their types taken away."""
    (count,) = struct.unpack_from(">I", packet, 5)
    pos, parts = 9, [packet[5:9]]
    for _ in range(count):
        start = pos
        for _ in range(2):
            (length,) = struct.unpack_from(">I", packet, pos)
            pos += 4 + length
        parts.append(packet[start:pos])
        attributes, pos = without_type(packet, pos)
        parts.append(attributes)
    return b"".join(parts)


def without_type(packet: bytes, pos: int) -> tuple[bytes, int]:
    """The attributes at a position, without the type bits, and the position behind them."""
    (flags,) = struct.unpack_from(">I", packet, pos)
    start, pos = pos, pos + 4 + 8 * bool(flags & 1) + 8 * bool(flags & 2)
    taken = bytearray(packet[start:pos])
    if flags & PERMISSIONS:
        (mode,) = struct.unpack_from(">I", packet, pos)
        taken += struct.pack(">I", mode & 0o7777)
        pos += 4
    end = pos + 8 * bool(flags & 8)
    return bytes(taken) + packet[pos:end], end


def main(server: list[str]) -> int:
    """Run a server behind this proxy."""
    odd = Odd()
    with subprocess.Popen(server, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        arguments = (sys.stdin.buffer, process.stdin, odd.request)
        asking = threading.Thread(target=carry, args=arguments, daemon=True)
        asking.start()
        carry(process.stdout, sys.stdout.buffer, odd.reply)
        return process.wait()


def carry(source: IO[bytes], target: IO[bytes], change: Callable[[bytes], bytes]) -> None:
    """Carry packets from one stream to the other, each changed."""
    while len(length := source.read(4)) == 4:
        packet = change(source.read(int.from_bytes(length, "big")))
        target.write(len(packet).to_bytes(4, "big") + packet)
        target.flush()
    target.close()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:] or [os.environ.get("SFTP_SERVER", "/usr/lib/openssh/sftp-server")]))
