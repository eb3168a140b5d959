"""A channel type between two programs of one's own: the client streams lines, the server sums.

python examples/private_channel.py serve HOST_KEY AUTHORIZED_KEYS
python examples/private_channel.py sum PORT KEY KNOWN_HOSTS NUMBER...
"""

from __future__ import annotations

import asyncio
import sys
from typing import Literal

import ssh_stack
from ssh_stack import ByteStream, StreamService
from ssh_wire import lazy_attrs, message
from ssh_wire.messages.connection import OpenHead


@message(90)
class SumOpen(OpenHead):
    """What opens the channel: the fields of RFC 4254 section 5.1, then one of ours."""

    kind: Literal["sum@example.org"] = lazy_attrs.field(default="sum@example.org", init=False)
    unit: str


async def add_up(opening: SumOpen, stream: ByteStream) -> None:
    total = sum([int(line) async for line in stream.reader.lines()])
    await stream.write(f"{total} {opening.unit}\n".encode())
    stream.write_eof()


async def serve(host_key: str, authorized_keys: str) -> None:
    auth = ssh_stack.AuthorizedKeys(authorized_keys, users=["me"])
    services = [StreamService(SumOpen, add_up)]
    serve = ssh_stack.serve("127.0.0.1", host_keys=host_key, auth=auth, services=services)
    async with serve as server:
        print(f"127.0.0.1:{server.port}", flush=True)
        await server.serve_forever()


async def ask(port: str, key: str, known_hosts: str, *numbers: str) -> None:
    connect = ssh_stack.connect(
        *("127.0.0.1", int(port)), username="me", keys=key, known_hosts=known_hosts, config=None
    )
    async with connect as conn:
        opening = SumOpen(sender=0, window=0, max_packet=0, unit="bytes")
        stream = await conn.open_channel(opening)
        await stream.write("".join(f"{number}\n" for number in numbers).encode())
        stream.write_eof()
        print((await stream.read()).decode(), end="")


if __name__ == "__main__":
    what, *arguments = sys.argv[1:]
    asyncio.run(serve(*arguments) if what == "serve" else ask(*arguments))
