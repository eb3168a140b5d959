"""Follow a log file on a server, and connect again whenever the connection is lost.

    python examples/follow_log.py HOST FILE

No line is printed twice and none is left out: a new connection goes on after the last line
that was printed, or at the start of a file that is shorter by then.  It ends with an
interrupt, or when `tail` does.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import sys

import ssh_stack

FIRST_DELAY = 0.5
LONGEST_DELAY = 30.0
KEEPALIVE = ssh_stack.KeepaliveOptions(interval=10, count_max=3)


class Follower:
    """A position in a remote file, and what reads on from there."""

    def __init__(self, host: str, path: str) -> None:
        self._host = host
        self._path = path
        self._position = 0
        self._delay = FIRST_DELAY

    async def follow(self) -> None:
        """Print lines until `tail` ends."""
        while True:
            try:
                return await self._follow_once()
            except (ssh_stack.ConnectionLost, ssh_stack.ConnectFailed) as error:
                print(f"{error}; again in {self._delay:g} s", file=sys.stderr)
                await asyncio.sleep(self._delay)
                self._delay = min(self._delay * 2, LONGEST_DELAY)

    async def _follow_once(self) -> None:
        async with ssh_stack.connect(self._host, keepalive=KEEPALIVE) as conn:
            self._delay = FIRST_DELAY
            size = await conn.run(["stat", "-c", "%s", self._path], text=True)
            if size.ok and int(size.stdout) < self._position:
                self._position = 0  # another file has the name now
            command = ["tail", "-c", f"+{self._position + 1}", "-F", self._path]
            async with conn.start(command, stderr=ssh_stack.DEVNULL) as process:
                async for line in process.stdout.lines():
                    self._position += len(line)
                    sys.stdout.buffer.write(line)
                    sys.stdout.buffer.flush()
                await process.wait()


def main() -> None:
    """Read the arguments and follow."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("host")
    parser.add_argument("file")
    arguments = parser.parse_args()
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(Follower(arguments.host, arguments.file).follow())


if __name__ == "__main__":
    main()
