"""How a cell of the product is tried, in either role.

A cell has a connection of its own, which agrees on these algorithms and no others, echoes
data, and rekeys while the data is on its way.  What is wrong with a cell is
reported, and the others go on.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Awaitable, Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Final, TypeAlias

import attrs

from ssh_connection.aio import Process, Session
from ssh_keys import PrivateKey
from ssh_transport import Agreement, Algorithms, profiles
from ssh_transport.events import KexCompleted
from ssh_transport.kex import METHODS
from tests.interop.cells import IMPLICIT, Cell
from tests.interop.connecting import connect
from tests.interop.loopback import client_options
from tests.interop.serving import HOST_KEYS, Given, serve
from tests.interop.workshop import Workshop, open_workshop

if TYPE_CHECKING:
    from ssh_transport.trace import Traced
    from tests.interop.peers import Peer

__all__ = ["ROLES", "Failures", "Role", "fault", "fixed_group"]

Failures: TypeAlias = Mapping[Cell, str]
"""What was wrong, by cell."""

Role: TypeAlias = "Callable[[Peer, Sequence[Cell], int], Awaitable[Failures]]"
"""Tries cells with a peer; each echoes so many bytes."""

_Way: TypeAlias = tuple[str, ...]
"""What a key exchange agreed on for one direction, in the order of a cell's fields."""

_AT_ONCE: Final = 4  # connections; the peer's middle of them runs beside this process
_SECONDS: Final = 60  # for one connection
_PACKETS: Final = {"openssh-8.4": 2**14}  # bytes that ssh sends at once, where not 2**15
_MODULI: Final = "/etc/ssh/moduli"
_EXCHANGES: Final = 2  # the first, and the one in the middle
_MLDSA: Final = "ssh-mldsa44-ed25519"
_LEGACY: Final = profiles("legacy", "client")


@cache
def _data(size: int) -> bytes:
    """Return bytes of which no part comes twice."""
    return hashlib.shake_256(b"product").digest(size)


def fault(cell: Cell, ways: Sequence[_Way], completed: int) -> str:
    """Say what is wrong with what the key exchanges agreed on, or with how many there were."""
    if other := [" × ".join(way) for way in ways if way != cell]:
        return f"agreed on {', '.join(other)}"
    enough = completed >= _EXCHANGES and len(ways) >= 2 * _EXCHANGES
    return "" if enough else f"{completed} completed key exchanges"


@contextmanager
def fixed_group(peer: Peer) -> Generator[None]:
    """Let the peer's sshd have no moduli, so that it gives one group in every group exchange.

    Our client knows that group.  That the prime of any other is safe is proved again in each
    exchange, which takes middle a second.
    """
    peer.run_client(["mv", _MODULI, f"{_MODULI}.away"], timeout=10)
    try:
        yield
    finally:
        peer.run_client(["mv", f"{_MODULI}.away", _MODULI], timeout=10)


# ------------------------------------------------------------------ our client


async def _as_client(peer: Peer, cells: Sequence[Cell], size: int) -> Failures:
    """Connect to the peer's sshd, which echoes through `cat`."""
    turns = asyncio.Semaphore(_AT_ONCE)

    async def attempt(cell: Cell) -> str:
        try:
            async with turns, asyncio.timeout(_SECONDS):
                return await _connection(peer, cell, size)
        except Exception as error:  # noqa: BLE001 (whatever it is, it is this cell's)
            return repr(error)

    found = await asyncio.gather(*map(attempt, cells))
    return {cell: fault for cell, fault in zip(cells, found, strict=True) if fault}


async def _connection(peer: Peer, cell: Cell, size: int) -> str:
    """Echo data, with a rekey while some is on its way back; say what was wrong."""
    ways: list[_Way] = []
    data = _data(size)

    def trace(fact: Traced) -> None:
        if isinstance(fact, KexCompleted):
            ways.extend(_ways(fact.agreement))

    async with (
        connect(peer, algorithms=_only(cell), trace=trace) as connection,
        connection.start("cat") as echo,
        asyncio.TaskGroup() as beside,
    ):
        turned = asyncio.Event()
        beside.create_task(_send(echo, data, turned))
        back = await echo.stdout.readexactly(size // 4)
        connection.rekey()
        turned.set()
        back += await echo.stdout.read()
    return fault(cell, ways, len(ways) // 2) if back == data else "the data came back changed"


async def _send(process: Process, data: bytes, turned: asyncio.Event) -> None:
    """Send the second middle when the key exchange has begun: it leaves under the new keys."""
    middle = len(data) // 2
    await process.stdin.write(data[:middle])
    await turned.wait()
    await process.stdin.write(data[middle:])
    process.stdin.write_eof()


def _only(cell: Cell) -> Algorithms:
    return attrs.evolve(
        _LEGACY,
        kex=(cell.kex,),
        host_keys=(cell.host_key,),
        ciphers=(cell.cipher,),
        macs=cell.macs,
    )


def _ways(agreed: Agreement) -> list[_Way]:
    sides = (agreed.client_to_server, agreed.server_to_client)
    return [(agreed.kex, agreed.host_key, side.cipher, side.mac or IMPLICIT) for side in sides]


# ------------------------------------------------------------------ our server

# One program for all cells, since it takes as long to start one in a container as to try a cell.
_SCRIPT: Final = f"""
xargs -P {_AT_ONCE} -L 1 sh -c '
  cell=$1; shift
  {{ timeout {_SECONDS} ssh -v "$@" <data 2>$cell.stderr; echo $? >$cell.status; }} |
    sha256sum >$cell.sum
' ssh <cells
"""
_PRINTED: Final = re.compile(
    r"""kex:\ algorithm:\ (\S+)\s .*?
        kex:\ host\ key\ algorithm:\ (\S+)\s .*?
        kex:\ \S+\ cipher:\ (\S+)\ MAC:\ (\S+)\s .*?
        kex:\ \S+\ cipher:\ (\S+)\ MAC:\ (\S+)\s""",
    re.DOTALL | re.VERBOSE,
)


async def _echo(session: Session) -> int:
    # no program: to start one takes longer than all else that a cell is about
    while data := await session.stdin.read(2**16):
        await session.write(data)
    return 0


_ANYTHING: Final = attrs.evolve(profiles("legacy", "server"), kex=tuple(METHODS))
_OURS: Final[Given] = {
    "host_keys": [*HOST_KEYS, PrivateKey.generate(_MLDSA)],
    "algorithms": _ANYTHING.adjusted(host_keys=f"+{_MLDSA}"),
    "session": _echo,
}


async def _as_server(peer: Peer, cells: Sequence[Cell], size: int) -> Failures:
    """Serve the peer's ssh."""
    with open_workshop(peer) as shop:
        async with serve(peer, "product", **_OURS) as served:
            shop.write("data", _data(size))
            always = client_options(served.port, served.known_hosts, peer.keys.private["ed25519"])
            always += ["-oBatchMode=yes", "tester@127.0.0.1", "echo"]
            commands = [
                " ".join([str(number), *_options(cell), _limit(peer, cell, size), *always])
                for number, cell in enumerate(cells)
            ]
            shop.write("cells", "\n".join(commands))
            await asyncio.to_thread(shop.run, _SCRIPT, _SECONDS * len(cells))
        found = [_verdict(shop, number, cell, size) for number, cell in enumerate(cells)]
    return {cell: fault for cell, fault in zip(cells, found, strict=True) if fault}


def _options(cell: Cell) -> list[str]:
    """Return the options with which ssh wants these algorithms."""
    wanted = {
        "KexAlgorithms": cell.kex,
        "HostKeyAlgorithms": cell.host_key,
        "Ciphers": cell.cipher,
        "MACs": ",".join(cell.macs),
    }
    return [f"-o{option}={value}" for option, value in wanted.items()]


def _limit(peer: Peer, cell: Cell, size: int) -> str:
    """Return the option with which ssh wants new keys when middle is sent.

    It compares the blocks that it has sent, plus the next packet's bytes as if they were
    blocks, with the limit in blocks.
    """
    packet = _PACKETS.get(peer.name, 2**15)
    block = 16 if cell.cipher.startswith("aes") else 8
    return f"-oRekeyLimit={size // 2 + packet * block}"


def _verdict(shop: Workshop, number: int, cell: Cell, size: int) -> str:
    """Return what was wrong with a cell, from what ssh did and printed."""
    printed = shop.read(f"{number}.stderr").decode(errors="replace")
    status = shop.read(f"{number}.status").decode().strip()
    if status != "0":
        return f"ssh ended with {status}, and printed:\n{printed[-2000:]}"
    if shop.read(f"{number}.sum").split()[0].decode() != hashlib.sha256(_data(size)).hexdigest():
        return "the data came back changed"
    ways = [way for exchange in _PRINTED.findall(printed) for way in _both_ways(*exchange)]
    return fault(cell, ways, printed.count("SSH2_MSG_NEWKEYS received"))


def _both_ways(kex: str, host_key: str, *sides: str) -> list[_Way]:
    return [(kex, host_key, *sides[:2]), (kex, host_key, *sides[2:])]


ROLES: Final[Mapping[str, Role]] = {"client": _as_client, "server": _as_server}
"""What we are, and how the cells are tried then."""
